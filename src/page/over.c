/* What lies over the overview: where something was filled, of which class the damage is, how far
 * candidates disagree. A wall of 30,000 px is shown at 1,600, and a crack of one pixel must still
 * be seen: a place of the grid is marked as soon as one of its pixels is, and shows the most
 * disagreement of them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "page/page.h"

enum { STRIP = 32, STRIPE = 5, MOST_SPREAD = 64 };

#define HEAT_TOP 20.0 /* delta E that shows white */

/* Place of the grid in which pixel `at` of `from` lies, and how many pixels a place has. */
static int place(int64_t at, int to, int64_t from) { return (int)(at * to / from); }

static int pixels_of(int64_t place, int64_t to, int64_t from) {
  return (int)(((place + 1) * from + to - 1) / to - (place * from + to - 1) / to);
}

/* ---- fill ---- */

static int read_cover(struct kz__scene *s, struct kz_err *err) {
  const int W = (int)s->entry->r.width, H = (int)s->entry->r.height;
  const size_t cells = (size_t)s->width * s->height;
  uint8_t *rows = malloc((size_t)W * STRIP);
  uint32_t *sum = calloc(cells, sizeof *sum);
  int code = 0;
  if (!rows || !sum || !(s->cover = calloc(cells, 1))) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for its fill", s->filled.path);
    goto out;
  }
  s->filled_px = 0;
  for (int y = 0; y < H && !code; y += STRIP) {
    const int n = H - y < STRIP ? H - y : STRIP;
    code = kz_image_read_mask(s->filled.image, 0, y, W, n, rows, err);
    for (int i = 0; i < n && !code; i++) {
      uint32_t *to = sum + (size_t)place(y + i, s->height, H) * s->width;
      for (int x = 0; x < W; x++)
        if (rows[(size_t)i * W + x]) to[place(x, s->width, W)]++, s->filled_px++;
    }
  }
  for (int i = 0; i < s->width * s->height && !code; i++) {
    const int w = pixels_of(i % s->width, s->width, W), h = pixels_of(i / s->width, s->height, H);
    if (sum[i]) s->cover[i] = (uint8_t)fmax(1, 255.0 * sum[i] / ((double)w * h));
  }
out:
  free(rows);
  free(sum);
  return code;
}

/* ---- classes ---- */

/* Filled places that no class reaches (the fill is wider than the damage, or the record knows no
 * classes) take the class beside them; what is then left is damage of no class. */
static void spread(struct kz__scene *s) {
  const int w = s->width, h = s->height;
  bool more = true;
  for (int pass = 0; pass < MOST_SPREAD && more; pass++) {
    more = false;
    for (int turn = 0; turn < 2; turn++)
      for (int i = 0; i < w * h; i++) {
        const int at = turn ? w * h - 1 - i : i, x = at % w;
        if (s->cls[at] || !s->cover[at]) continue;
        uint8_t c = 0;
        if (x > 0) c = s->cls[at - 1];
        if (!c && x < w - 1) c = s->cls[at + 1];
        if (!c && at >= w) c = s->cls[at - w];
        if (!c && at < w * (h - 1)) c = s->cls[at + w];
        s->cls[at] = c;
        more |= c != 0;
      }
  }
  for (int i = 0; i < w * h; i++)
    if (s->cover[i] && !s->cls[i]) s->cls[i] = KZ_UNCLASSIFIED + 1;
}

static void paint_map(struct kz__scene *s, const struct kz_treat_map *map) {
  const struct kz_treat_rows *rows = &map->rows;
  for (int y = 0; y < rows->height; y++) {
    uint8_t *to = s->cls + (size_t)place(y, s->height, rows->height) * s->width;
    for (int64_t i = rows->row[y]; i < rows->row[y + 1]; i++) {
      const struct kz_treat_run *run = &rows->runs[i];
      const int from = place(run->x, s->width, rows->width);
      const int last = place(run->x + run->len - 1, s->width, rows->width);
      memset(to + from, run->id + 1, (size_t)(last - from + 1));
    }
  }
}

/* As the restoration read them. A map that cannot be read any more is no error: the fill is shown
 * without classes then. */
static int read_classes(struct kz__scene *s, struct kz_err *err) {
  const struct kz__entry *e = s->entry;
  const struct kz_treat_source source = {.format = (enum kz_treat_format)e->r.treatment.format,
                                         .width = (int)e->r.width,
                                         .height = (int)e->r.height,
                                         .picture = s->source.path,
                                         .mask_class = KZ_UNCLASSIFIED};
  char *mask = kz_record_path(e->path, e->r.files.mask.path);
  char *rules = e->r.files.policy.path ? kz_record_path(e->path, e->r.files.policy.path) : NULL;
  struct kz_policy policy;
  struct kz_treat_map map;
  struct kz_err gone;
  int code = 0;
  s->cls = calloc((size_t)s->width * s->height, 1);
  if (!mask || !s->cls) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for its classes", e->path);
    goto out;
  }
  if (!rules || kz_policy_load(&policy, rules, &gone)) kz_policy_defaults(&policy);
  if (!kz_treat_map_load(&map, mask, &source, &policy, &gone)) {
    paint_map(s, &map);
    kz_treat_map_release(&map);
  }
  kz_policy_release(&policy);
  if (s->cover) spread(s);
out:
  free(mask);
  free(rules);
  return code;
}

/* ---- disagreement ---- */

/* Hundredths of a delta E in 16 bits, which are read as [0,1]. */
static int read_heat(struct kz__scene *s, struct kz_err *err) {
  const int W = (int)s->entry->r.width, H = (int)s->entry->r.height;
  float *rows = malloc((size_t)W * STRIP * 3 * sizeof *rows);
  int code = 0;
  s->heat = calloc((size_t)s->width * s->height, sizeof *s->heat);
  if (!rows || !s->heat) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for it", s->doubt.path);
    goto out;
  }
  for (int y = 0; y < H && !code; y += STRIP) {
    const int n = H - y < STRIP ? H - y : STRIP;
    code = kz_image_read_rgb(s->doubt.image, 0, y, W, n, rows, err);
    for (int i = 0; i < n && !code; i++) {
      float *to = s->heat + (size_t)place(y + i, s->height, H) * s->width;
      for (int x = 0; x < W; x++) {
        const float v = rows[3 * ((size_t)i * W + x)] * 655.35f;
        float *cell = &to[place(x, s->width, W)];
        if (v > *cell) *cell = v;
        if (v > s->most_heat) s->most_heat = v;
      }
    }
  }
out:
  free(rows);
  return code;
}

int kz__scene_read(struct kz__scene *s, struct kz_err *err) {
  int code = s->filled.image ? read_cover(s, err) : 0;
  if (!code) code = read_classes(s, err);
  if (!code && s->doubt.image) code = read_heat(s, err);
  return code;
}

/* ---- layers ---- */

static uint8_t byte(double v) { return v > 0 ? v < 1 ? (uint8_t)(v * 255 + 0.5) : 255 : 0; }

void kz__heat_colour(double doubt, uint8_t rgb[3]) {
  const double t = 3 * doubt / HEAT_TOP;
  for (int c = 0; c < 3; c++) rgb[c] = byte(t - c);
}

static void put(struct kz_pixels *px, size_t at, const uint8_t rgb[3], uint8_t alpha) {
  memcpy(px->data + 4 * at, rgb, 3);
  px->data[4 * at + 3] = alpha;
}

/* What was left as it was is striped. */
int kz__layer_classes(const struct kz__scene *s, struct kz_pixels *out, struct kz_err *err) {
  int code = kz_pixels_init(out, s->width, s->height, 4, err);
  for (int i = 0; i < s->width * s->height && !code; i++) {
    if (!s->cls[i]) continue;
    const bool left = s->cover && !s->cover[i];
    const bool gap = (i % s->width + i / s->width) / STRIPE % 2;
    put(out, (size_t)i, kz_damage_classes[s->cls[i] - 1].colour, left && gap ? 40 : 185);
  }
  return code;
}

int kz__layer_heat(const struct kz__scene *s, struct kz_pixels *out, struct kz_err *err) {
  int code = kz_pixels_init(out, s->width, s->height, 4, err);
  for (int i = 0; i < s->width * s->height && !code; i++) {
    uint8_t rgb[3];
    if (!s->cover[i]) continue;
    kz__heat_colour(s->heat[i], rgb);
    put(out, (size_t)i, rgb, 235);
  }
  return code;
}

/* Grey over all that was not filled. */
int kz__layer_veil(const struct kz__scene *s, struct kz_pixels *out, struct kz_err *err) {
  static const uint8_t grey[3] = {128, 128, 128};
  int code = kz_pixels_init(out, s->width, s->height, 4, err);
  for (int i = 0; i < s->width * s->height && !code; i++)
    put(out, (size_t)i, grey, (uint8_t)(255 - s->cover[i]));
  return code;
}
