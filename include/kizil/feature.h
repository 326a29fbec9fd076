/* Features of a picture: what its known pixels say of lines, directions, texture, colours and the
 * holes, as pictures to look at and to measure. They are what the network's structure branch reads,
 * and the palette beside. */
#ifndef KIZIL_FEATURE_H
#define KIZIL_FEATURE_H

#include <stdbool.h>
#include <stdint.h>

#include <kizil/err.h>
#include <kizil/param.h>

/* One page of the TIFF. */
struct kz_feature {
  const char *name; /* "line" */
  const char *unit;
  double min, max;  /* a sample v of 0 to 65535 stands for min + (max - min) v / 65535 */
  const char *help;
  const struct kz_param *params; /* of struct kz_features_options that concern it, or NULL */
};
enum { KZ_FEATURES = 13 };
/* In the order of the pages; ends with a NULL name. */
extern const struct kz_feature kz_features[];

struct kz_features_options {
  double line_threshold; /* of the fused picture and the drawing */
  double outline;        /* of the drawing: contrast from which an edge of colour is outlined */
  double grain;          /* of the fused picture: how far texture shows */
  int64_t colours;       /* of the palette */
  int64_t seed;          /* of the palette */
  int64_t panel;         /* px, largest side of a panel of the sheet */
  int64_t threads;       /* 0: all processors; four at most are used, which bounds the memory */
  bool overwrite;
  const char *drawing;   /* NULL: none; a .png for the line drawing. In no table */
};
/* Three tables over the one struct: of the line, of the palette, of the rest. */
extern const struct kz_param kz_line_params[], kz_palette_params[], kz_features_params[];

struct kz_features_stats {
  int width, height;
  double damaged;     /* share of pixels */
  double seconds;
  char palette[512];  /* "azurite 34 %, cinnabar 21 %, ..."; "" where nothing is known */
};

struct kz_features_host {
  void *self;
  void (*progress)(void *self, int done, int total); /* may be NULL */
  bool (*stop)(void *self);                          /* may be NULL */
};

/* Compute the features of `image` and write three files beside each other (and options->drawing);
 * OUT is `out` without a suffix .tif, .tiff or .png:
 *   OUT.tif        a page a feature, 16-bit grey; ImageDescription is JSON with their names and
 *                  ranges
 *   OUT.png        one picture of them all, for people: the colour layout as ground, texture as
 *                  grain, lines dark on top, holes hatched, the drawing red
 *   OUT-sheet.png  the pages side by side with captions, and the palette
 *   options->drawing  a line drawing of what is known, black on white, 8-bit grey: painted lines
 *                  and outlines of shapes, for a person to correct and complete
 * `mask` (NULL: no damage): white is damage, whose pixels are not looked at. `lines` (NULL: none):
 * a line drawing of the image's size, black or coloured on white or transparent, which counts in
 * the holes. Computed by tiles that see KZ_FUSED_HALO px around, so any size goes, in bounded
 * memory, with what the whole picture would give (to 1e-5; see fused.h; a faint stretch of an
 * outline that begins further off than that may be missing from the drawing).
 * Errors, after which nothing new is left: files that cannot be read or written, sizes that differ
 * (KZ_ESHAPE), outputs that exist (KZ_EEXIST, unless options->overwrite) or are an input, a stop
 * (KZ_EINTR). `host` and `stats` may be NULL; its functions are called by one thread at a time. */
int kz_features_file(const char *image, const char *mask, const char *lines, const char *out,
                     const struct kz_features_options *options,
                     const struct kz_features_host *host, struct kz_features_stats *stats,
                     struct kz_err *err);

#endif
