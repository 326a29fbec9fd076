/* Restore the damaged part of a photograph with a trained network. */
#ifndef KIZIL_RESTORE_H
#define KIZIL_RESTORE_H

#include <stdbool.h>
#include <stdint.h>

#include <kizil/caption.h>
#include <kizil/err.h>
#include <kizil/model.h>
#include <kizil/param.h>

struct kz_restore_options {
  int64_t steps;   /* network calls; 1 gives the mean estimate */
  int64_t thin;    /* px; damage nowhere wider gets one call whatever `steps`; 0: none does */
  int64_t views;   /* 1..4 mirrored copies over which the answer of one call is averaged */
  int sampler;     /* index into kz_sampler_list() */
  int64_t seed;
  int64_t threads; /* 0: all processors */
  int64_t tile;    /* px, multiple of 32; 0: 256 to 512, whichever computes fewest pixels */
  int64_t overlap; /* px, at most half a tile */
  bool overwrite;
  /* Guides; what a model does not have is refused (KZ_EUNSUPPORTED). */
  const char *text;  /* caption, any language; NULL or "": one is made from what can be seen */
  const char *lines; /* file of a line drawing as large as the image: black or coloured lines on white
                      * or transparent ground; NULL or "": none */
  double guidance_text, guidance_structure; /* 1: as learned; more: follow the guide more */
};
extern const struct kz_param kz_restore_params[];

struct kz_restore_stats {
  int width, height;
  int tiles;             /* that contain damage; those with thin and with wide damage count twice */
  int calls;             /* of the network, over all tiles */
  double damaged;        /* share of pixels */
  double seconds;        /* sampling and writing */
  char caption[KZ_CAPTION_MOST]; /* that was used; "": none */
  bool caption_made;     /* from the picture, because none was given */
};

struct kz_restore_host {
  void *self;
  void (*progress)(void *self, int done, int total); /* tile-steps; may be NULL */
  bool (*stop)(void *self);                          /* may be NULL */
};

/* Restore `image` where `mask` is white and write `out`. Errors (nothing is left behind): masks of
 * another size (KZ_ESHAPE), empty or full (KZ_ERANGE), unreadable files, an output that would
 * overwrite the input, an output that exists (unless options->overwrite). Pixels outside the mask
 * come back bit for bit where the output format is lossless. Same seed, same machine, same bytes.
 * Memory follows the number of damaged pixels, not the size of the image. Several threads may use one
 * model at once. */
int kz_restore_file(struct kz_model *model, const char *image, const char *mask, const char *out,
                    const struct kz_restore_options *options, const struct kz_restore_host *host,
                    struct kz_restore_stats *stats, struct kz_err *err);

/* The same for many images: what a size of tile needs is kept from one image to the next. The model
 * must outlive the restorer. A restorer is used by the thread that first ran it, which has its
 * kernels' threads; restorers of other threads may share the model. */
struct kz_restorer;
int kz_restorer_new(struct kz_model *model, struct kz_restorer **out, struct kz_err *err);
void kz_restorer_free(struct kz_restorer *r); /* NULL is allowed */
int kz_restorer_run(struct kz_restorer *r, const char *image, const char *mask, const char *out,
                    const struct kz_restore_options *options, const struct kz_restore_host *host,
                    struct kz_restore_stats *stats, struct kz_err *err);
/* Megapixels a second that the network computes on this machine with options->threads and guides, by
 * timing calls over one tile of 256 x 256 px. Other work on the machine shows. */
int kz_restorer_rate(struct kz_restorer *r, const struct kz_restore_options *options,
                     double *megapixels, struct kz_err *err);

#endif
