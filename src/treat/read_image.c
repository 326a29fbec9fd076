/* Class maps that are images. They are read in strips through the image module, which expands
 * palettes; what the palette was is read from the file's own chunks, so that an index is known by
 * its number and not only by its colour. */
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/image.h>

#include "base/file.h"
#include "treat/parts.h"

enum { STRIP = 16, NOTHING = KZ_IGNORE, UNKNOWN = -1 };

static int open_map(const struct kz__reading *r, const char *path, struct kz_image **im,
                    struct kz_image_info *info, struct kz_err *err) {
  int code = kz_image_open(path, im, err);
  if (code) return code;
  kz_image_get_info(*im, info);
  if (info->width == r->source->width && info->height == r->source->height) return 0;
  return kz_err_set(err, KZ_ESHAPE,
                    "%s: %d x %d px, but the image is %d x %d: they must be of one "
                    "size",
                    path, info->width, info->height, r->source->width, r->source->height);
}

/* ---- plain masks ---- */

static void paint_mask_row(struct kz__paint *p, int y, const uint8_t *row, int cls) {
  for (int x = 0; x < p->width;) {
    int end = x + 1;
    while (end < p->width && row[end] == row[x]) end++;
    if (row[x]) kz__paint_run(p, x, y, end - x, cls);
    x = end;
  }
}

/* A map in colours read as a mask would lose what is dark: refused, unless a mask was asked for. */
static int check_grey(const struct kz__reading *r, struct kz_image *im, const char *path, int y,
                      int rows, float *rgb, struct kz_err *err) {
  int code = kz_image_read_rgb(im, 0, y, r->source->width, rows, rgb, err);
  size_t n = code ? 0 : (size_t)rows * r->source->width;
  for (size_t i = 0; i < n; i++, rgb += 3) {
    float most = fmaxf(rgb[0], fmaxf(rgb[1], rgb[2])), least = fminf(rgb[0], fminf(rgb[1], rgb[2]));
    if (most - least > 0.25f)
      return kz_err_set(err, KZ_EUNSUPPORTED,
                        "%s: in colour at %d, %d: a mask is black and white; say that it is a map "
                        "of classes in colours, or make it grey",
                        path, (int)(i % r->source->width), y + (int)(i / r->source->width));
  }
  return code;
}

int kz__read_mask(const struct kz__reading *r, const char *path, int cls, struct kz_err *err) {
  float *rgb = NULL;
  struct kz_image *im = NULL;
  struct kz_image_info info;
  uint8_t *strip = NULL;
  int code = open_map(r, path, &im, &info, err);
  if (code) goto out;
  bool check = info.bands > 2 && r->source->format != KZ_TREAT_MASK;
  strip = malloc((size_t)info.width * STRIP);
  if (check) rgb = malloc((size_t)info.width * STRIP * 3 * sizeof *rgb);
  if (!strip || (check && !rgb)) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory to read a mask %d px wide", info.width);
    goto out;
  }
  for (int y = 0; y < info.height && !code; y += STRIP) {
    int rows = info.height - y < STRIP ? info.height - y : STRIP;
    if (rgb) code = check_grey(r, im, path, y, rows, rgb, err);
    if (code) break;
    code = kz_image_read_mask(im, 0, y, info.width, rows, strip, err);
    for (int i = 0; i < rows && !code; i++)
      paint_mask_row(r->paint, y + i, strip + (size_t)i * info.width, cls);
  }
out:
  free(strip);
  free(rgb);
  kz_image_close(im);
  return code;
}

/* ---- palettes ---- */

struct palette {
  int depth, count; /* bits an index; colours, 0: a grey PNG, whose indices are its values */
  bool direct;      /* no palette: every pixel has its colour, and no index */
  uint8_t rgb[256][3];
  int cls[256]; /* of an index */
};

static uint32_t be32(const uint8_t *p) {
  return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* From a PNG's header and its PLTE; false if it is no PNG of at most 8 bits. */
static bool read_palette(const char *path, struct palette *p) {
  uint8_t b[33], head[8];
  bool done = false, good = false;
  FILE *f = fopen(path, "rb");
  *p = (struct palette){0};
  if (!f) return false;
  if (fread(b, 1, sizeof b, f) == sizeof b && !memcmp(b, "\x89PNG\r\n\x1a\n", 8)) {
    p->depth = b[24];
    p->direct = b[25] == 2 || b[25] == 6;
    good = p->depth <= 8;
    done = b[25] != 3;
  } else {
    done = true;
  }
  while (!done && fread(head, 1, 8, f) == 8 && memcmp(head + 4, "IDAT", 4)) {
    uint32_t n = be32(head);
    if (!memcmp(head + 4, "PLTE", 4)) {
      done = true;
      good = n % 3 == 0 && n > 0 && n <= 768 && fread(p->rgb, 1, n, f) == n;
      p->count = good ? (int)n / 3 : 0;
    } else if (n > INT32_MAX - 4 || fseek(f, (long)n + 4, SEEK_CUR)) {
      done = true;
    }
  }
  fclose(f);
  return good;
}

bool kz__is_indexed(const char *path) {
  struct palette p;
  if (!read_palette(path, &p)) return false;
  for (int i = 0; i < p.count; i++)
    for (int k = 0; k < 3; k++)
      if (p.rgb[i][k] != p.rgb[i][0] || (p.rgb[i][k] && p.rgb[i][k] != 255)) return true;
  return false;
}

/* What a colour stands for: its name in the policy, the class that has it. */
static int colour_class(const struct kz_policy *policy, const uint8_t c[3]) {
  char name[16];
  snprintf(name, sizeof name, "#%02x%02x%02x", c[0], c[1], c[2]);
  int cls = kz__name_class(policy, name);
  for (int k = 0; k < KZ_DAMAGE_CLASSES && cls == UNKNOWN; k++)
    if (!memcmp(kz_damage_classes[k].colour, c, 3)) cls = k;
  return cls;
}

/* What index i stands for: its name in the policy, or its colour. */
static int index_class(const struct kz_policy *policy, const struct palette *p, int i) {
  char name[16];
  snprintf(name, sizeof name, "%d", i);
  int cls = kz__name_class(policy, name);
  if (cls == UNKNOWN && p->count) cls = colour_class(policy, p->rgb[i]);
  return cls == UNKNOWN && i == 0 ? NOTHING : cls;
}

/* What is known of the pixel before, which is mostly as the next. */
struct pixel {
  uint8_t rgb[3];
  int index, cls; /* index -1: none */
};

static void look_up(const struct kz__reading *r, const struct palette *p, struct pixel *px) {
  px->index = -1;
  if (p->direct) {
    static const uint8_t black[3] = {0, 0, 0};
    px->cls = colour_class(r->policy, px->rgb);
    if (px->cls == UNKNOWN && !memcmp(px->rgb, black, 3)) px->cls = NOTHING;
    return;
  }
  if (!p->count) px->index = px->rgb[0] * ((1 << p->depth) - 1) / 255;
  for (int i = 0; i < p->count && px->index < 0; i++)
    if (!memcmp(p->rgb[i], px->rgb, 3)) px->index = i;
  px->cls = px->index < 0 ? UNKNOWN : p->cls[px->index];
}

static int unknown_pixel(const struct kz__reading *r, const struct pixel *px, int x, int y,
                         struct kz_err *err) {
  char where[64], name[16];
  snprintf(where, sizeof where, "at %d, %d the %s", x, y, px->index < 0 ? "colour" : "index");
  if (px->index < 0)
    snprintf(name, sizeof name, "#%02x%02x%02x", px->rgb[0], px->rgb[1], px->rgb[2]);
  else
    snprintf(name, sizeof name, "%d", px->index);
  return kz__name_unknown(r->path, where, name, err);
}

/* Two indices of one colour cannot be told apart, which matters if they mean different things. */
static int check_palette(const char *path, const struct palette *p, struct kz_err *err) {
  for (int i = 0; i < p->count; i++)
    for (int k = 0; k < i; k++)
      if (!memcmp(p->rgb[i], p->rgb[k], 3) && p->cls[i] != p->cls[k] && p->cls[i] != UNKNOWN)
        return kz_err_set(err, KZ_EUNSUPPORTED,
                          "%s: the indices %d and %d have one colour (#%02x%02x%02x) but not one "
                          "meaning; give them colours of their own",
                          path, k, i, p->rgb[i][0], p->rgb[i][1], p->rgb[i][2]);
  return 0;
}

static int paint_index_row(const struct kz__reading *r, const struct palette *p, int y,
                           const float *rgb, struct pixel *px, struct kz_err *err) {
  int begin = 0, cls = NOTHING, width = r->source->width;
  for (int x = 0; x < width; x++) {
    uint8_t c[3];
    for (int k = 0; k < 3; k++) c[k] = (uint8_t)lrintf(rgb[3 * (size_t)x + k] * 255);
    if (memcmp(px->rgb, c, 3)) {
      memcpy(px->rgb, c, 3);
      look_up(r, p, px);
    }
    if (px->cls == UNKNOWN) return unknown_pixel(r, px, x, y, err);
    if (px->cls == cls) continue;
    if (cls >= 0) kz__paint_run(r->paint, begin, y, x - begin, cls);
    begin = x;
    cls = px->cls;
  }
  if (cls >= 0) kz__paint_run(r->paint, begin, y, width - begin, cls);
  return 0;
}

int kz__read_indexed(const struct kz__reading *r, struct kz_err *err) {
  struct kz_image *im = NULL;
  struct kz_image_info info;
  struct palette p;
  struct pixel px = {.index = -1};
  float *strip = NULL;
  int code = open_map(r, r->path, &im, &info, err);
  if (code) goto out;
  if (!read_palette(r->path, &p)) {
    code = kz_err_set(err, KZ_EUNSUPPORTED,
                      "%s: classes as colours or indices are read "
                      "from PNGs of at most 8 bits",
                      r->path);
    goto out;
  }
  for (int i = 0; i < 256; i++) p.cls[i] = index_class(r->policy, &p, i);
  code = check_palette(r->path, &p, err);
  if (code) goto out;
  look_up(r, &p, &px);
  strip = malloc((size_t)info.width * STRIP * 3 * sizeof *strip);
  if (!strip) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory to read a map %d px wide", info.width);
    goto out;
  }
  for (int y = 0; y < info.height && !code; y += STRIP) {
    int rows = info.height - y < STRIP ? info.height - y : STRIP;
    code = kz_image_read_rgb(im, 0, y, info.width, rows, strip, err);
    for (int i = 0; i < rows && !code; i++)
      code = paint_index_row(r, &p, y + i, strip + (size_t)i * info.width * 3, &px, err);
  }
out:
  free(strip);
  kz_image_close(im);
  return code;
}

/* ---- folders ---- */

static bool is_picture(const char *name) {
  static const char *const suffixes[] = {".png", ".tif", ".tiff", ".jpg", ".jpeg", ".webp"};
  const char *dot = strrchr(name, '.');
  if (name[0] == '.' || !dot) return false;
  for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
    if (!strcasecmp(dot, suffixes[i])) return true;
  return false;
}

int kz__read_folder(const struct kz__reading *r, struct kz_err *err) {
  struct dirent **list = NULL;
  int n = scandir(r->path, &list, NULL, alphasort), code = 0, seen = 0;
  if (n < 0) return kz_err_set(err, KZ_EIO, "%s: cannot read this folder", r->path);
  for (int i = 0; i < n && !code; i++) {
    const char *name = list[i]->d_name;
    if (!is_picture(name)) continue;
    char *stem = strndup(name, (size_t)(strrchr(name, '.') - name));
    char *path = kz_format("%s/%s", r->path, name);
    int cls = stem ? kz__name_class(r->policy, stem) : UNKNOWN;
    seen++;
    if (!stem || !path)
      code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for a name", r->path);
    else if (cls == UNKNOWN)
      code = kz__name_unknown(r->path, "the mask", stem, err);
    else if (cls != KZ_IGNORE)
      code = kz__read_mask(r, path, cls, err);
    free(stem);
    free(path);
  }
  for (int i = 0; i < n; i++) free(list[i]);
  free(list);
  if (!code && !seen)
    code =
        kz_err_set(err, KZ_ENOENT, "%s: no masks here; name each by its class: crack.png", r->path);
  return code;
}
