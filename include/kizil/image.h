/* Images: decode, encode, resize, pixels (libvips below). A kz_image keeps the
 * file as it is (depth, bands, ICC profile, metadata); pixels are read from it
 * region by region, so an image may be larger than memory. */
#ifndef KIZIL_IMAGE_H
#define KIZIL_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kizil/err.h>

/* A plain block of pixels, rows packed, channels interleaved. Owned by whoever made it. */
struct kz_pixels {
  int width, height, channels;
  uint8_t *data; /* [height, width, channels] */
};

void kz_pixels_release(struct kz_pixels *p);
int kz_pixels_init(struct kz_pixels *p, int width, int height, int channels, struct kz_err *err);

struct kz_image; /* a file being read; opaque */

/* How samples are brought to sRGB when they are read, and fills back when they are written. */
enum kz_colour {
  KZ_COLOUR_SRGB,    /* they are sRGB: no profile, or one that tells nothing else */
  KZ_COLOUR_LINEAR,  /* floats without a profile: linear light of sRGB's primaries */
  KZ_COLOUR_PROFILE, /* by the file's ICC profile */
  KZ_COLOUR_CMYK,    /* inks without a usable profile: by the one that libvips brings */
};

struct kz_image_info {
  int width, height;
  int bands;  /* 1 grey, 3 RGB, 4 CMYK, and one more with alpha; open refuses anything else */
  int bits;   /* 8 or 16 per band; 32: float */
  bool alpha; /* last band is alpha */
  bool cmyk;
  enum kz_colour colour;
  bool profile_unused; /* there is a profile, but broken, of another model, or without a way back */
  bool xmp_unread;     /* there is XMP, but it cannot be parsed: see kz_image_set_marks */
  bool pyramid;        /* TIFF with smaller copies of itself: they are made anew when written */
  int pages;           /* of a TIFF that is no pyramid; only the first is read and written */
};

/* Call once, before any other function here (starts libvips; safe to repeat). `threads` bounds
 * libvips' workers, 0 for no bound; it is given one for the whole process (see vips_io.c). */
int kz_image_startup(const char *program, int threads, struct kz_err *err);
void kz_image_shutdown(void);

/* Open for random access. Undecodable, truncated or unsupported files are errors that name the
 * path and the reason. Nothing is rotated or converted. */
int kz_image_open(const char *path, struct kz_image **out, struct kz_err *err);
void kz_image_close(struct kz_image *im);
void kz_image_get_info(const struct kz_image *im, struct kz_image_info *info);
/* KZ_ESHAPE, naming both, unless `im` and what belongs to it ("mask", "drawing") are of one size. */
int kz_image_same_size(const struct kz_image *im, const struct kz_image *other, const char *what,
                       struct kz_err *err);
/* Size and kind from the file's header alone: fast, but damage further on goes unseen. */
int kz_image_probe(const char *path, struct kz_image_info *info, struct kz_err *err);

/* Read a rectangle as 3-channel f32 sRGB in [0,1]: grey is repeated, alpha dropped, colours go
 * through the file's profile (relative colorimetric, black point compensated; what sRGB cannot
 * show is clipped). dst [h, w, 3]. The rectangle must lie inside. */
int kz_image_read_rgb(struct kz_image *im, int x, int y, int w, int h, float *dst,
                      struct kz_err *err);
/* Read a rectangle of a mask: one byte a pixel, 255 where the image's luminance is above half
 * (damage), 0 elsewhere; alpha, if any, must be above half too. Samples are taken as they are,
 * whatever their profile; KZ_EUNSUPPORTED for CMYK. dst [h, w]. */
int kz_image_read_mask(struct kz_image *im, int x, int y, int w, int h, uint8_t *dst,
                       struct kz_err *err);

/* A restored rectangle to be laid over an image: sRGB f32 [h,w,3] in [0,1], mask [h,w] 255 where
 * pixels are replaced. Patches of one list must not overlap where their masks are set. */
struct kz_patch {
  int x, y, w, h;
  float *rgb;
  uint8_t *mask;
};

/* What a picture that is written from this one says about itself, in its XMP:
 * - generated: Iptc4xmpExt:DigitalSourceType, IPTC's property for it, becomes
 *   http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia, in place
 *   of the source's if it has one;
 * - record: the file name of the picture's record, from the picture's folder ("wall.tif.json"),
 *   is added to dc:relation, if it is not there, as a relative URI reference (percent-encoded). */
struct kz_image_marks {
  bool generated;
  const char *record; /* NULL: none */
};
/* Set the marks of all that kz_image_write_patched writes from `im` from now on; {0}: none, as at
 * first. Copied. All else in the source's XMP stays as it is, byte by byte. XMP that cannot be
 * parsed (info.xmp_unread) stands in the way of nothing: its bytes go, as base64, into the property
 * kizil:UnreadXMP of a new packet; without marks it is copied. Into a JPEG goes no XMP over 60,000
 * bytes: of such a packet, only the marks. KZ_ERANGE: an empty or an absolute name; KZ_ENOMEM. */
int kz_image_set_marks(struct kz_image *im, const struct kz_image_marks *marks, struct kz_err *err);

/* Write `im` with patches laid over it to `path` (format by suffix: png, jpg, tif, webp), at the
 * source's depth and bands, with its ICC profile and metadata. Outside the masks every sample is
 * bit-identical to the decoded source (lossless formats; JPEG cannot promise it, see
 * kz_image_lossless; WebP drops the colour under fully transparent pixels). Patches go back into
 * the source's colours by its profile; grey images take their luminance; alpha is kept.
 * Metadata, between any two formats: ICC, EXIF (with GPS; of a TIFF all tags that describe it;
 * orientation and resolution as they were) and XMP byte by byte, but for what kz_image_set_marks
 * adds; IPTC where the format has a place for it, which PNG and WebP have not. Left behind are
 * Photoshop's layers in a TIFF, and its resources other than IPTC between TIFF and other formats;
 * EXIF's thumbnail on the way into a TIFF (elsewhere it shows the picture as it was); a TIFF's tags
 * over 1 MiB; in a JPEG, EXIF over 65,527 bytes and XMP over 60,000.
 * A TIFF made from a TIFF is compressed as that is (not at all, LZW, Deflate, PackBits); others are
 * LZW, above 1 GiB Deflate.
 * Streams by strips; writes beside and renames; on failure nothing is left. `overwrite` false:
 * KZ_EEXIST if the file is there. Refuses to write over the source (same device and inode). */
int kz_image_write_patched(struct kz_image *im, const struct kz_patch *patches, int count,
                           const char *path, bool overwrite, struct kz_err *err);
/* Every refusal of kz_image_write_patched that can be known beforehand, to be asked before hours of
 * computing: unknown suffix, a format that cannot hold the source's 16 bits, floats, inks, alpha or
 * size (KZ_EUNSUPPORTED), the source itself or a file that is there (KZ_EEXIST), no such folder. */
int kz_image_can_write(const struct kz_image *im, const char *path, bool overwrite,
                       struct kz_err *err);
/* Whether the format of `path`'s suffix stores pixels exactly; KZ_EUNSUPPORTED unknown suffix. */
int kz_image_lossless(const char *path, bool *lossless, struct kz_err *err);

/* How a file's pixels are to be seen: what cleaning found, applied where they are read and never
 * written into the file. {0}: all of it, upright, in its own colours. */
struct kz_view {
  int x, y, w, h;   /* what is kept, px of the file as it is stored; w = 0: all of it */
  int orientation;  /* 1 to 8, EXIF's numbers; 0: as the file says */
  bool to_srgb;     /* by the file's ICC profile; without one the samples are sRGB already */
  double gain[3];   /* on the linear light of R, G and B, after all else; [0] = 0: none */
};

/* A photograph as 8-bit RGB (alpha dropped, grey repeated, 16 bits reduced), for training: JPEG,
 * PNG, TIFF, WebP, HEIC, AVIF or JPEG XL, whatever its samples and colour model, of an animation
 * the first frame. In this order: cropped, brought to sRGB if the view asks for it (relative
 * colorimetric with black point compensation; a profile that is broken or of another model than the
 * samples is passed over), reduced (Lanczos) to `short_side` > 0 if the short side of what is kept
 * is longer, enlarged (cubic) to `at_least` > 0 if it is shorter, turned upright, its colours
 * multiplied. KZ_ERANGE over 500 megapixels in the file or 100 in the result, or where the decoder
 * would hold more than 1 GiB, and for a view that leaves the picture. */
int kz_pixels_load_view(const char *path, const struct kz_view *view, int short_side, int at_least,
                        struct kz_pixels *out, struct kz_err *err);
/* The same with a view of {0}. */
int kz_pixels_load(const char *path, int short_side, int at_least, struct kz_pixels *out,
                   struct kz_err *err);
/* The size of such a photograph as it is stored, from the file's header alone. */
int kz_pixels_probe(const char *path, int *width, int *height, struct kz_err *err);

/* Save 1- or 3-channel pixels by suffix; writes beside and renames. */
int kz_pixels_save(const struct kz_pixels *p, const char *path, struct kz_err *err);

#endif
