/* Looking at a restoration: figures against the original, a sheet of pictures
 * side by side, a picture with its holes painted out. */
#ifndef KIZIL_REPORT_H
#define KIZIL_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include <kizil/err.h>
#include <kizil/image.h>
#include <kizil/param.h>

struct kz_figures {
  int64_t damaged;    /* pixels */
  double cover;       /* share of pixels */
  double hole_psnr;   /* dB, 8-bit RGB, inside the mask; INFINITY when equal */
  double full_psnr;   /* dB, over the whole picture */
  int largest_outside; /* largest change of a sample outside the mask, 8-bit levels */
};

/* A whole file as 8-bit RGB, in the orientation its pixels are stored in, as restoring sees it
 * (kz_pixels_load turns by EXIF). Release with kz_pixels_release. */
int kz_report_load(const char *path, struct kz_pixels *out, struct kz_err *err);
/* The same for a mask: one channel, 255 where damaged. */
int kz_report_load_mask(const char *path, struct kz_pixels *out, struct kz_err *err);
/* kz_pixels_save, refusing (KZ_EEXIST) to write over one of `sources` (NULL-terminated). */
int kz_report_save(const struct kz_pixels *p, const char *path, const char *const *sources,
                   struct kz_err *err);

/* Compare two RGB pictures under a mask of the same size (else KZ_ESHAPE). An empty mask has an
 * infinite hole_psnr. */
int kz_report_compare(const struct kz_pixels *original, const struct kz_pixels *restored,
                      const struct kz_pixels *mask, struct kz_figures *figures,
                      struct kz_err *err);

/* Write image `path` to `out` with the holes of `mask` painted in a flat plaster colour; what is
 * outside keeps its exact value, depth and profile (see kz_image_write_patched). An existing `out`
 * is replaced, unless it is the source. */
int kz_report_plaster(const char *path, const struct kz_pixels *mask, const char *out,
                      struct kz_err *err);

struct kz_sheet_options {
  int64_t panel;   /* largest width of a panel, px */
  int64_t columns; /* panels in a row */
};
extern const struct kz_param kz_sheet_params[];

/* What goes on a sheet; all RGB but the mask, all of one size (else KZ_ESHAPE). */
struct kz_sheet {
  const struct kz_pixels *original; /* may be NULL: no panel */
  const struct kz_pixels *damaged;  /* may be NULL: `restored` with its holes painted out */
  const struct kz_pixels *mask, *restored;
};
/* Panels original, damaged, mask, restored, with captions; larger pictures are scaled down. `out`
 * is RGB; release with kz_pixels_release. */
int kz_sheet_draw(const struct kz_sheet *sheet, const struct kz_sheet_options *options,
                  struct kz_pixels *out, struct kz_err *err);

#endif
