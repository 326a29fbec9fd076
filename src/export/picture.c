/* The bytes of a picture, as its file has them or as cleaning shows it.
 *
 * A file's content is compared to the SHA-256 that the catalogue knows before the first byte is
 * written, because an archive cannot take back a member. Files of usual size are read once and
 * kept; of larger ones the beginning is kept and the rest read again, compared again on the way. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <vips/vips.h>

#include "base/file.h"
#include "export/format.h"
#include "image/vips_io.h"

enum { QUALITY = 95, COMPRESSION = 3, PIECE = 1 << 16, JPEG_MOST = 65535 };

static const char changed[] = "has changed since it was added: add its folder again";

/* ---- the file as it is ---- */

static const char *suffix_of(const char *format) {
  static const char *const names[][2] = {{"JPEG", "jpg"},  {"PNG", "png"},   {"TIFF", "tif"},
                                         {"WebP", "webp"}, {"HEIC", "heic"}, {"AVIF", "avif"},
                                         {"JPEG XL", "jxl"}};
  for (size_t i = 0; format && i < sizeof names / sizeof *names; i++)
    if (!strcmp(names[i][0], format)) return names[i][1];
  return "bin";
}

static int reserve(const struct kz__export *x, struct kz__picture *p, size_t size,
                   struct kz_err *err) {
  if (size <= p->room) return 0;
  char *grown = realloc(p->data, size);
  if (!grown) return kz__export_no_memory(x, err);
  p->data = grown;
  p->room = size;
  return 0;
}

/* Read `size` bytes at most; < 0: errno is set. */
static ssize_t read_some(int fd, void *to, size_t size) {
  size_t done = 0;
  while (done < size) {
    ssize_t n = read(fd, (char *)to + done, size - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return -1;
    if (!n) break;
    done += (size_t)n;
  }
  return (ssize_t)done;
}

/* Keep the beginning, hash all; false: errno is set. */
static bool read_all(struct kz__picture *p, size_t keep, char hex[65]) {
  char piece[PIECE];
  struct kz_sha256 h;
  kz_sha256_init(&h);
  ssize_t n = read_some(p->fd, p->data, keep);
  if (n < 0) return false;
  p->held = (size_t)n;
  p->size = n;
  kz_sha256_add(&h, p->data, p->held);
  while ((n = read_some(p->fd, piece, sizeof piece)) > 0) {
    kz_sha256_add(&h, piece, (size_t)n);
    p->size += n;
  }
  kz_sha256_hex(&h, hex);
  return n == 0;
}

static int open_file(struct kz__export *x, struct kz__picture *p,
                     const struct kz_catalogue_entry *e, struct kz_err *err) {
  struct stat st;
  char hex[65];
  p->suffix = suffix_of(e->format);
  p->width = e->width;
  p->height = e->height;
  p->fd = open(e->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe by now is not waited for */
  if (p->fd < 0 || fstat(p->fd, &st)) {
    kz__export_leave_out(x, e, errno == ENOENT ? "is not there any more" : strerror(errno));
    return 0;
  }
  if (!S_ISREG(st.st_mode) || st.st_size != e->bytes) {
    kz__export_leave_out(x, e, changed);
    return 0;
  }
  size_t keep = st.st_size < KZ__PICTURE_HELD ? (size_t)st.st_size : KZ__PICTURE_HELD;
  int code = reserve(x, p, keep + 1, err);
  if (code) return code;
  bool read = read_all(p, keep, hex);
  if (read && p->size == e->bytes && !strcmp(hex, e->sha256)) {
    memcpy(p->sha256, hex, sizeof p->sha256);
    return 1;
  }
  kz__export_leave_out(x, e, read ? changed : strerror(errno));
  return 0;
}

/* ---- as cleaning shows it ---- */

static int encode(struct kz__export *x, struct kz__picture *p, const struct kz_pixels *pixels,
                  struct kz_err *err) {
  void *data = NULL;
  size_t size = 0;
  bool png = x->o->encoding == 1;
  VipsImage *raw = vips_image_new_from_memory(
      pixels->data, (size_t)pixels->width * (size_t)pixels->height * 3, pixels->width,
      pixels->height, 3, VIPS_FORMAT_UCHAR);
  VipsImage *im = NULL;
  int failed = !raw || vips_copy(raw, &im, "interpretation", VIPS_INTERPRETATION_sRGB, NULL);
  if (!failed && png)
    failed = vips_pngsave_buffer(im, &data, &size, "compression", COMPRESSION, "strip", TRUE, NULL);
  else if (!failed)
    failed = vips_jpegsave_buffer(im, &data, &size, "Q", QUALITY, "strip", TRUE, NULL);
  if (im) g_object_unref(im);
  if (raw) g_object_unref(raw);
  if (failed) return kz__vips_fail(err, KZ_EFORMAT, "cannot be encoded");
  int code = reserve(x, p, size, err);
  if (!code) memcpy(p->data, data, size);
  p->held = size;
  p->size = (int64_t)size;
  p->suffix = png ? "png" : "jpg";
  p->width = pixels->width;
  p->height = pixels->height;
  g_free(data);
  return code;
}

static int open_pixels(struct kz__export *x, struct kz__picture *p,
                       const struct kz_catalogue_entry *e, struct kz_err *err) {
  struct kz_err why = {0};
  struct kz_pixels pixels = {0};
  char hex[65];
  int code = kz_file_sha256(e->path, hex, &why);
  if (!code && strcmp(hex, e->sha256)) code = kz_err_set(&why, KZ_EFORMAT, "%s", changed);
  if (!code)
    code = kz_pixels_load_view(e->path, &e->view, (int)x->o->short_side, 0, &pixels, &why);
  if (!code && x->o->encoding == 0 && (pixels.width > JPEG_MOST || pixels.height > JPEG_MOST))
    code = kz_err_set(&why, KZ_EUNSUPPORTED, "too wide or high for JPEG; use --encoding png");
  if (!code) code = encode(x, p, &pixels, &why);
  kz_pixels_release(&pixels);
  p->sha256[0] = 0;
  if (!code) return 1;
  if (code == KZ_ENOMEM) return kz_err_set(err, code, "%s", why.msg);
  kz__export_leave_out(x, e, why.msg);
  return 0;
}

/* ---- */

int kz__picture_open(struct kz__export *x, struct kz__picture *p,
                     const struct kz_catalogue_entry *e, struct kz_err *err) {
  p->fd = -1;
  int code = x->o->pixels ? open_pixels(x, p, e, err) : open_file(x, p, e, err);
  if (code < 1) kz__picture_close(p);
  return code;
}

static int copy_rest(struct kz__picture *p, const struct kz_catalogue_entry *e,
                     kz__picture_write *write, void *user, struct kz_err *err) {
  char piece[PIECE], hex[65];
  struct kz_sha256 h;
  int64_t left = p->size - (int64_t)p->held;
  int code = 0;
  kz_sha256_init(&h);
  kz_sha256_add(&h, p->data, p->held);
  bool sought = lseek(p->fd, (off_t)p->held, SEEK_SET) >= 0;
  while (sought && left > 0 && !code) {
    ssize_t n = read_some(p->fd, piece, left < PIECE ? (size_t)left : PIECE);
    if (n <= 0) break;
    kz_sha256_add(&h, piece, (size_t)n);
    code = write(user, piece, (size_t)n, err);
    left -= n;
  }
  if (code) return code;
  kz_sha256_hex(&h, hex);
  if (left || strcmp(hex, p->sha256))
    return kz_err_set(err, KZ_EIO, "%s: changed while it was copied", e->path);
  return 0;
}

int kz__picture_copy(struct kz__picture *p, const struct kz_catalogue_entry *e,
                     kz__picture_write *write, void *user, struct kz_err *err) {
  int code = write(user, p->data, p->held, err);
  if (!code && p->size > (int64_t)p->held) code = copy_rest(p, e, write, user, err);
  return code;
}

void kz__picture_close(struct kz__picture *p) {
  if (p->fd >= 0) close(p->fd);
  p->fd = -1;
}

void kz__picture_release(struct kz__picture *p) {
  free(p->data);
  *p = (struct kz__picture){.fd = -1};
}
