/* A restoration taken apart again: fills that can be told from the original by eye, and files whose
 * layers are the original, the fill, the mask and the doubt. */
#ifndef KIZIL_LAYERS_H
#define KIZIL_LAYERS_H

#include <stdbool.h>
#include <stdint.h>

#include <kizil/err.h>
#include <kizil/image.h>
#include <kizil/param.h>

/* ---- styles of a fill ---- */

enum kz_style { KZ_STYLE_PLAIN, KZ_STYLE_TRATTEGGIO, KZ_STYLE_LOWERED, KZ_STYLE_OUTLINE };

struct kz_style_options {
  int style;        /* enum kz_style */
  double dpi;       /* px of the image an inch, printed at its own size */
  double scale;     /* of the print: 0.5 is half that size, and lines take twice the px */
  double line;      /* mm on the print, of a line of tratteggio and of the gap beside it */
  double contrast;  /* of tratteggio, from the fill to a line's middle; 1: black to white */
  double lower;     /* lowered: share of the way to middle grey */
  double fade;      /* lowered: share of the chroma that is taken away before */
  int64_t outline;  /* px, 1 to 3 */
};
extern const struct kz_param kz_style_params[];

/* Width of a line and its gap together, px, even, at least 4. */
int kz_style_pitch(const struct kz_style_options *o);
/* How far a pixel's style looks, px: what `src` below must show around `dst`. */
int kz_style_margin(const struct kz_style_options *o);
/* Style src's fill into dst->rgb. dst is a rectangle inside src, both in px of the picture; its
 * mask is not looked at (may be NULL), and pixels that src's mask leaves out are copied. Every
 * pixel depends on its place in the picture and on `margin` px around it: tiles fit without a
 * seam if src reaches that far past dst, or to the picture's edge. The fill is taken as it will be
 * stored: below 0 (and NaN) as 0, above 1 as 1.
 *   tratteggio  vertical lines: each cell of `pitch` px of a row keeps the mean of its filled
 *               samples, so lines fade where the fill is all but black or white
 *   lowered     v' = v + fade (Y - v), then v' + lower (1/2 - v'); Y is Rec. 709 luma
 *   outline     filled pixels within `outline` px of an unfilled one become white where the fill
 *               around them (8 px) is dark, black where it is light
 * KZ_ERANGE if dst leaves src or an option its range. Thread-safe for distinct dst. */
int kz_style_apply(const struct kz_style_options *o, const struct kz_patch *src,
                   struct kz_patch *dst, struct kz_err *err);
/* Style all patches of a picture in place, as if they were one: lines go on from patch to patch and
 * no outline runs where two meet. All or none is changed. While it works it holds the patches' rgb
 * twice. Patches as for kz_image_write_patched. */
int kz_style_patches(const struct kz_style_options *o, int width, int height,
                     struct kz_patch *patches, int count, struct kz_err *err);

/* ---- files with layers ---- */

struct kz_layer {
  const char *name;       /* UTF-8, as programs show it */
  struct kz_image *image; /* its pixels; borrowed */
  struct kz_image *mask;  /* transparent where it is not white (kz_image_read_mask); NULL: opaque */
  bool hidden;            /* at first */
};

/* Write layers, the uppermost first, all of one size, as one file by the suffix of `path`:
 *   .ora        OpenRaster, as Krita, GIMP and MyPaint exchange it; `merged` is the picture as
 *               viewers and the thumbnail show it
 *   .tif .tiff  a page a layer with its PageName, the undermost first; `merged` (may be NULL) is a
 *               first page named "result"
 * Samples, depth (8 or 16 bits) and ICC profile are the image's own, one alpha band is added where
 * there is a mask; samples under a mask that is not white are 0. Other kinds of sample (float,
 * CMYK) become sRGB of 8 bits. Nothing is turned, whatever an orientation says; pages have the
 * resolution of `merged`, or of the undermost layer. Written strip by strip, beside, and renamed.
 * The same input gives the same bytes. KZ_ESHAPE for sizes that differ, KZ_EEXIST for a file that
 * is there (unless `overwrite`) or a source, KZ_EUNSUPPORTED for another suffix, KZ_EFORMAT for a
 * name that is not UTF-8 or a source that cannot be decoded, KZ_EIO for a disk that is full. */
int kz_layers_write(const struct kz_layer *layers, int count, struct kz_image *merged,
                    const char *path, bool overwrite, struct kz_err *err);

/* KZ_EUNSUPPORTED for a suffix that kz_layers_write does not know: to be asked before hours of
 * computing. */
int kz_layers_check(const char *path, struct kz_err *err);

struct kz_layers_files {
  const char *original, *result, *mask;
  const char *disagreement; /* grey; NULL: none */
};
/* The layers of a restoration from its files: disagreement and mask (hidden), fill (the result's
 * pixels under the mask), original. The result must be of a lossless format to be exact. */
int kz_layers_write_files(const struct kz_layers_files *files, const char *path, bool overwrite,
                          struct kz_err *err);

#endif
