/* The only place that knows libvips' loaders, savers and error buffer.
 *
 * Files are recognised by their first bytes and handed to that format's loader by name: libvips'
 * own search would try every module it has (ImageMagick, PDF, ...) on a foreign file, and would
 * take "[...]" at the end of a file's name for options.
 *
 * libvips' error buffer is one for the process. It is emptied after every failure; when two
 * threads fail at the same moment, one message may hold both reasons. */
#include "image/vips_io.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <vips/vector.h>

#include "image/sink.h"
#include "image/tags.h"

enum { DEFLATE_ABOVE = 1 << 30, TILE = 256 };

const struct kz_format_info kz__formats[KZ_FORMAT_COUNT] = {
    [KZ_FORMAT_PNG] = {"PNG", {".png"}, .lossless = true, .deep = true, .alpha = true},
    [KZ_FORMAT_JPEG] = {"JPEG", {".jpg", ".jpeg"}, .inks = true, .max_side = 65500},
    [KZ_FORMAT_TIFF] = {"TIFF", {".tif", ".tiff"}, .lossless = true, .deep = true, .real = true,
                        .inks = true, .alpha = true, .ink_alpha = true},
    [KZ_FORMAT_WEBP] = {"WebP", {".webp"}, .lossless = true, .alpha = true, .max_side = 16383},
};

/* ---- start and errors ---- */

static void swallow_log(const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer p) {
  (void)domain, (void)level, (void)text, (void)p;
}

int kz_image_startup(const char *program, int threads, struct kz_err *err) {
  static gsize once;
  if (g_once_init_enter(&once)) {
    g_log_set_handler("VIPS", G_LOG_LEVEL_MASK | G_LOG_FLAG_FATAL | G_LOG_FLAG_RECURSION,
                      swallow_log, NULL);
    g_once_init_leave(&once, 1);
  }
  if (VIPS_INIT(program ? program : "kizil"))
    return kz__vips_fail(err, KZ_EBACKEND, "cannot start libvips");
  /* Results must follow the files, and pixels belong to whoever asked for them. */
  vips_cache_set_max(0);
  /* One worker: libvips 8.14 with more loses, about once in 2,000 times, the error that a worker
   * met in a truncated JPEG, and hands out grey pixels as good. Decoders and encoders have one
   * thread anyway, and the processors belong to the network. */
  (void)threads;
  vips_concurrency_set(1);
  /* Orc 0.4.33, which libvips 8.14 has its vector code made by, frees such code without a lock: two
   * threads that finish with resized images at once corrupt its memory. Compiled C is exact, too. */
  vips_vector_set_enabled(FALSE);
  return 0;
}

void kz_image_shutdown(void) { vips_shutdown(); }

/* One line: newlines become "; ", a line that repeats the one before is dropped. */
static void tidy(const char *text, char *out, size_t size) {
  char last[256] = "";
  size_t used = 0;
  out[0] = 0;
  while (*text) {
    size_t n = strcspn(text, "\n");
    char line[256];
    snprintf(line, sizeof line, "%.*s", (int)(n < 250 ? n : 250), text);
    if (n && strcmp(line, last) != 0) {
      int k = snprintf(out + used, size - used, "%s%s", used ? "; " : "", line);
      used += (size_t)k < size - used ? (size_t)k : size - used - 1;
      memcpy(last, line, sizeof last);
    }
    text += n + (text[n] == '\n');
  }
}

int kz__vips_fail(struct kz_err *err, int code, const char *fmt, ...) {
  char head[700], reason[300];
  va_list args;
  va_start(args, fmt);
  vsnprintf(head, sizeof head, fmt, args);
  va_end(args);
  char *text = vips_error_buffer_copy();
  tidy(text ? text : "", reason, sizeof reason);
  g_free(text);
  vips_error_clear();
  return kz_err_set(err, code, "%s: %s", head, reason[0] ? reason : "no reason given");
}

/* ---- formats ---- */

static int foreign(const char *path, struct kz_err *err) {
  return kz_err_set(err, KZ_EFORMAT, "%s: not a PNG, JPEG, TIFF or WebP image", path);
}

int kz__format_of_file(const char *path, enum kz_format *format, struct kz_err *err) {
  unsigned char b[12];
  FILE *f = fopen(path, "rb");
  if (!f)
    return kz_err_set(err, errno == ENOENT ? KZ_ENOENT : KZ_EIO, "%s: cannot open: %s", path,
                      strerror(errno));
  size_t n = fread(b, 1, sizeof b, f);
  int failed = ferror(f) ? errno : 0;
  fclose(f);
  if (failed) return kz_err_set(err, KZ_EIO, "%s: cannot read: %s", path, strerror(failed));
  if (n == 0) return kz_err_set(err, KZ_EFORMAT, "%s: the file is empty", path);
  if (n < sizeof b) return foreign(path, err);
  if (!memcmp(b, "\x89PNG\r\n\x1a\n", 8))
    *format = KZ_FORMAT_PNG;
  else if (!memcmp(b, "\xff\xd8\xff", 3))
    *format = KZ_FORMAT_JPEG;
  else if (!memcmp(b, "II*\0", 4) || !memcmp(b, "MM\0*", 4) || !memcmp(b, "II+\0", 4) ||
           !memcmp(b, "MM\0+", 4))
    *format = KZ_FORMAT_TIFF;
  else if (!memcmp(b, "RIFF", 4) && !memcmp(b + 8, "WEBP", 4))
    *format = KZ_FORMAT_WEBP;
  else
    return foreign(path, err);
  return 0;
}

int kz__format_of_name(const char *path, enum kz_format *format, struct kz_err *err) {
  const char *dot = strrchr(path, '.');
  for (int i = 0; dot && i < KZ_FORMAT_COUNT; i++)
    for (const char *const *s = kz__formats[i].suffixes; *s; s++)
      if (!strcasecmp(dot, *s)) {
        *format = (enum kz_format)i;
        return 0;
      }
  return kz_err_set(err, KZ_EUNSUPPORTED,
                    "%s: the name must end in .png, .jpg, .tif or .webp to say the format", path);
}

int kz_image_lossless(const char *path, bool *lossless, struct kz_err *err) {
  enum kz_format format;
  int rc = kz__format_of_name(path, &format, err);
  if (!rc) *lossless = kz__formats[format].lossless;
  return rc;
}

/* ---- load ---- */

double kz__decoded_bytes(const VipsImage *im) {
  return (double)im->Xsize * im->Ysize * (double)VIPS_IMAGE_SIZEOF_PEL(im);
}

static const char *sample_name(VipsBandFormat f) {
  switch (f) {
    case VIPS_FORMAT_CHAR: return "signed 8-bit";
    case VIPS_FORMAT_SHORT: return "signed 16-bit";
    case VIPS_FORMAT_UINT: return "32-bit integer";
    case VIPS_FORMAT_INT: return "signed 32-bit integer";
    case VIPS_FORMAT_FLOAT: return "32-bit float CMYK";
    case VIPS_FORMAT_DOUBLE: return "64-bit float";
    default: return "complex";
  }
}

static const char *model_name(const VipsImage *im) {
  switch (im->Type) {
    case VIPS_INTERPRETATION_LAB:
    case VIPS_INTERPRETATION_LABQ:
    case VIPS_INTERPRETATION_LABS: return "CIELAB";
    case VIPS_INTERPRETATION_XYZ: return "XYZ";
    default: return NULL;
  }
}

static int check_samples(const char *path, const VipsImage *im, struct kz_err *err) {
  const char *model = model_name(im);
  const char *advice = "convert it to 8- or 16-bit RGB or grey first";
  bool inks = im->Type == VIPS_INTERPRETATION_CMYK;
  if (im->BandFmt != VIPS_FORMAT_UCHAR && im->BandFmt != VIPS_FORMAT_USHORT &&
      (im->BandFmt != VIPS_FORMAT_FLOAT || inks))
    return kz_err_set(err, KZ_EUNSUPPORTED, "%s: %s samples; %s", path, sample_name(im->BandFmt),
                      advice);
  if (model) return kz_err_set(err, KZ_EUNSUPPORTED, "%s: %s colours; %s", path, model, advice);
  if (im->Coding != VIPS_CODING_NONE || im->Bands < (inks ? 4 : 1) || im->Bands > (inks ? 5 : 4))
    return kz_err_set(err, KZ_EUNSUPPORTED, "%s: %d bands; %s", path, im->Bands, advice);
  return 0;
}

const uint8_t *kz__exif_of(VipsImage *im, size_t *size) {
  const void *data = NULL;
  *size = 0;
  if (vips_image_get_typeof(im, VIPS_META_EXIF_NAME) &&
      vips_image_get_blob(im, VIPS_META_EXIF_NAME, &data, size))
    vips_error_clear();
  const uint8_t *exif = data;
  if (*size <= KZ__EXIF_PREFIX || memcmp(exif, "Exif\0", KZ__EXIF_PREFIX)) return exif;
  *size -= KZ__EXIF_PREFIX;
  return exif + KZ__EXIF_PREFIX;
}

/* A TIFF's descriptive tags, in the place that EXIF has with other formats. */
static void read_tags(const char *path, VipsImage *im) {
  size_t size;
  uint8_t *exif = kz__tags_of_tiff(path, &size);
  char *whole = exif ? malloc(KZ__EXIF_PREFIX + size) : NULL;
  if (whole) {
    memcpy(mempcpy(whole, "Exif\0", KZ__EXIF_PREFIX), exif, size);
    vips_image_set_blob_copy(im, VIPS_META_EXIF_NAME, whole, KZ__EXIF_PREFIX + size);
  }
  free(whole);
  free(exif);
}

int kz__load(const char *path, enum kz_format format, VipsAccess access, VipsImage **out,
             struct kz_err *err) {
  int failed = -1;
  const VipsFailOn strict = VIPS_FAIL_ON_ERROR;
  VipsImage *im = NULL;
  switch (format) {
    case KZ_FORMAT_PNG:
      failed = vips_pngload(path, &im, "access", access, "fail_on", strict, NULL);
      break;
    case KZ_FORMAT_JPEG:
      failed = vips_jpegload(path, &im, "access", access, "fail_on", strict, NULL);
      break;
    case KZ_FORMAT_TIFF:
      failed = vips_tiffload(path, &im, "access", access, "fail_on", strict, NULL);
      break;
    default:
      failed = vips_webpload(path, &im, "access", access, "fail_on", strict, NULL);
      break;
  }
  if (failed)
    return kz__vips_fail(err, KZ_EFORMAT, "%s: cannot decode this %s file", path,
                         kz__formats[format].name);
  int rc = check_samples(path, im, err);
  if (rc) {
    g_object_unref(im);
    return rc;
  }
  if (format == KZ_FORMAT_PNG) kz__png_read_exif(path, im);
  if (format == KZ_FORMAT_TIFF) read_tags(path, im);
  *out = im;
  return 0;
}

/* ---- save ---- */

/* libvips 8.14 gives libtiff 4.5 a quarter of IPTC's size, counting words where bytes are meant.
 * With three times as many zeros behind it all of it is written; where libvips counts right, the
 * zeros are padding, which IPTC allows. */
static int stretch_iptc(VipsImage *im) {
  const void *data;
  size_t size;
  if (!vips_image_get_typeof(im, VIPS_META_IPTC_NAME)) return 0;
  if (vips_image_get_blob(im, VIPS_META_IPTC_NAME, &data, &size)) return -1;
  char *longer = g_try_malloc0(4 * size + 1);
  if (!longer) {
    vips_error("write", "no memory for %zu bytes of IPTC", size);
    return -1;
  }
  memcpy(longer, data, size);
  vips_image_set_blob_copy(im, VIPS_META_IPTC_NAME, longer, 4 * size);
  g_free(longer);
  return 0;
}

static int put_tags(VipsImage *im, const char *path, bool resolution) {
  size_t size;
  const uint8_t *exif = kz__exif_of(im, &size);
  if (!kz__tags_into_tiff(path, exif, size, resolution)) return 0;
  vips_error("write", "EXIF: %s", strerror(errno));
  return -1;
}

static int save_tiff(VipsImage *im, const char *path, const struct kz__save_options *o) {
  double bytes = kz__decoded_bytes(im);
  bool real = im->BandFmt == VIPS_FORMAT_FLOAT;
  if (stretch_iptc(im)) return -1;
  const int best = bytes > DEFLATE_ABOVE ? VIPS_FOREIGN_TIFF_COMPRESSION_DEFLATE
                                         : VIPS_FOREIGN_TIFF_COMPRESSION_LZW;
  int failed = vips_tiffsave(im, path, "compression", o->compression < 0 ? best : o->compression,
                       "predictor", real ? VIPS_FOREIGN_TIFF_PREDICTOR_FLOAT
                                         : VIPS_FOREIGN_TIFF_PREDICTOR_HORIZONTAL,
                       "tile", (gboolean)(o->tiled || o->pyramid), "tile_width", TILE,
                       "tile_height", TILE, "pyramid", (gboolean)o->pyramid, "subifd",
                       (gboolean)o->subifds, "bigtiff",
                       (gboolean)(bytes * (o->pyramid ? 1.34 : 1) > 2e9), NULL);
  return failed ? failed : put_tags(im, path, o->resolution);
}

int kz__save(VipsImage *im, enum kz_format format, const char *path,
             const struct kz__save_options *options) {
  static const struct kz__save_options plain = {.compression = -1};
  if (kz__iptc_fit(im, format)) return -1;
  switch (format) {
    case KZ_FORMAT_PNG: return kz__png_save(im, path);
    case KZ_FORMAT_JPEG: return kz__jpeg_save(im, path);
    case KZ_FORMAT_TIFF: return save_tiff(im, path, options ? options : &plain);
    default: return kz__webp_save(im, path);
  }
}
