/* The composition, in units of a wall 512 high: mountains over the whole
 * field, the seated figure in its mandorla in the middle, attendants beside
 * it, celestials above, lotus flowers where there is room, pearls along the
 * upper and lower edge. */
#include <cairo.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include <kizil/sample.h>

#include "sample/aging.h"
#include "sample/motif.h"
#include "sample/noise.h"

enum { TILE = 256, WALL = 512, BORDER = 34 };

#define FIELD(f) offsetof(struct kz_sample_options, f)
const struct kz_param kz_sample_params[] = {
    {.name = "seed", .type = KZ_PARAM_INT, .offset = FIELD(seed),
     .def = 1, .min = 0, .max = 4294967295.0, .unit = "", .help = "another seed, another mural"},
    {.name = "wear", .type = KZ_PARAM_FLOAT, .offset = FIELD(wear),
     .def = 0.25, .min = 0, .max = 1, .unit = "", .help = "how much paint is rubbed off"},
    {.name = NULL},
};
#undef FIELD

/* A tile of noise that repeats: four copies, blended across the seams. */
static cairo_surface_t *noise_tile(uint32_t seed, float fx, float fy, float floor_at) {
  cairo_surface_t *s = cairo_image_surface_create(CAIRO_FORMAT_A8, TILE, TILE);
  uint8_t *data = cairo_image_surface_get_data(s);
  int stride = cairo_image_surface_get_stride(s);
  for (int y = 0; data && y < TILE; y++)
    for (int x = 0; x < TILE; x++) {
      float u = (float)x / TILE, v = (float)y / TILE, sum = 0, norm = 0;
      for (int k = 0; k < 4; k++) {
        float wx = k & 1 ? u : 1 - u, wy = k & 2 ? v : 1 - v;
        float px = (float)(k & 1 ? x - TILE : x), py = (float)(k & 2 ? y - TILE : y);
        sum += wx * wy * kz__noise_sum(seed, px / fx, py / fy, 4);
        norm += wx * wx * wy * wy;
      }
      float value = 0.5f + 0.75f * sum / sqrtf(norm) - floor_at;
      data[y * stride + x] = (uint8_t)lrintf(255 * fminf(fmaxf(value * 1.4f, 0), 1));
    }
  cairo_surface_mark_dirty(s);
  return s;
}

static struct kz__brush at(const struct kz__brush *b, double x, double y, double scale,
                           bool mirror) {
  struct kz__brush c = *b;
  c.frame = kz__frame_at(&b->frame, x, y, scale, mirror, 0);
  return c;
}

static const struct kz__pigment *mountain_pigment(int row, int column) {
  static const struct kz__pigment *const turn[4] = {&kz__malachite, &kz__iron, &kz__azurite,
                                                    &kz__chalk};
  return turn[(unsigned)(column + 2 * (row & 1) + (row >> 1)) % 4];
}

static void mountains(const struct kz__brush *b, double width) {
  double w = 92, h = 50;
  int columns = (int)(width / w) + 2;
  for (int row = 0; row <= 10; row++)
    for (int i = -1; i <= columns; i++) {
      double x = (i + 0.5 * (row & 1)) * w + kz__between(b, -2, 2);
      double y = BORDER - 14 + row * h + kz__between(b, -2, 2);
      struct kz__brush c = at(b, x, y, 1.08, false), d = at(b, x, y - 6, 0.62, false);
      kz__mountain(&c, mountain_pigment(row, i));
      float dice = kz_rng_uniform(b->rng);
      if (dice < 0.3f) {
        d.frame.y += 14 * b->unit;
        kz__tree(&d);
      } else if (dice < 0.42f) {
        kz__pond(&d);
      } else if (dice < 0.52f) {
        kz__lotus(&d, &kz__chalk);
      } else if (dice < 0.66f) {
        d.frame.sx *= kz__between(b, -1, 1) < 0 ? -1 : 1;
        kz__bird(&d);
      }
    }
}

static void centre(const struct kz__brush *b, double x) {
  static const struct kz__pigment *const body[7] = {
      &kz__chalk, &kz__azurite, &kz__chalk, &kz__iron, &kz__ochre, &kz__malachite, &kz__lead};
  static const struct kz__pigment *const head[5] = {&kz__chalk, &kz__iron, &kz__chalk,
                                                    &kz__malachite, &kz__ochre};
  struct kz__brush c = at(b, x, 262, 1, false);
  kz__halo(&c, 142, 192, body, 7);
  c = at(b, x, 204, 1, false);
  kz__halo(&c, 70, 72, head, 5);
  c = at(b, x, 402, 1.12, false);
  kz__lotus_seat(&c);
  c = at(b, x, 404, 1.28, false);
  kz__seated(&c);
}

static void company(const struct kz__brush *b, double width) {
  double mid = 0.5 * width, near = fmin(250, 0.34 * width), far = fmin(262, 0.35 * width);
  struct kz__brush c = at(b, mid - near, 418, 1.12, false);
  kz__attendant(&c, &kz__azurite, &kz__malachite);
  c = at(b, mid + near, 418, 1.12, true);
  kz__attendant(&c, &kz__malachite, &kz__lead);
  c = at(b, mid - far, 140, 0.98, false);
  kz__celestial(&c, &kz__lead, &kz__azurite);
  c = at(b, mid + far, 134, 0.98, true);
  kz__celestial(&c, &kz__ochre, &kz__malachite);
}

static void flowers(const struct kz__brush *b, double width) {
  int n = 3 + (int)(width / 130);
  for (int i = 0; i < n; i++) {
    double x = width * (i + kz__between(b, 0.3, 0.7)) / n, y = kz__between(b, 452, 470);
    struct kz__brush c = at(b, x, y, kz__between(b, 0.7, 0.95), false);
    kz__lotus(&c, i % 2 ? &kz__lead : &kz__chalk);
  }
}

static void compose(const struct kz__brush *b, int width, int height) {
  double across = width / b->unit;
  struct kz__brush c;
  kz__ground(b, width, height);
  mountains(b, across);
  centre(b, 0.5 * across);
  company(b, across);
  flowers(b, across);
  c = at(b, 0, 0, 1, false);
  kz__pearls(&c, across, BORDER);
  c = at(b, 0, WALL - BORDER, 1, false);
  kz__pearls(&c, across, BORDER);
}

int kz_sample_paint(const struct kz_sample_options *options, int width, int height,
                    struct kz_pixels *out, struct kz_err *err) {
  struct kz_rng rng;
  struct kz__brush b = {.rng = &rng, .unit = (double)height / WALL};
  cairo_surface_t *wall = NULL;
  uint32_t seed = (uint32_t)options->seed * 2654435761u + 12345u;
  int code = 0;
  if (width < KZ_SAMPLE_MIN || height < KZ_SAMPLE_MIN || width > KZ_SAMPLE_MAX ||
      height > KZ_SAMPLE_MAX)
    return kz_err_set(err, KZ_ERANGE, "%d x %d px: each side must be %d to %d", width,
                      height, KZ_SAMPLE_MIN, KZ_SAMPLE_MAX);
  code = kz_pixels_init(out, width, height, 3, err);
  if (code) return code;
  kz_rng_init(&rng, (uint64_t)options->seed);
  wall = cairo_image_surface_create(CAIRO_FORMAT_RGB24, width, height);
  b.cloud = noise_tile(seed, 26, 26, 0.1f);
  b.streak = noise_tile(seed + 50, 60, 3, 0.15f);
  b.cr = cairo_create(wall);
  b.frame = (struct kz__frame){.sx = b.unit, .sy = b.unit};
  compose(&b, width, height);
  cairo_surface_flush(wall);
  if (cairo_status(b.cr) || cairo_surface_status(b.cloud) || cairo_surface_status(b.streak))
    code = kz_err_set(err, KZ_ENOMEM, "no memory to paint %d x %d px", width, height);
  else
    kz__age(cairo_image_surface_get_data(wall), cairo_image_surface_get_stride(wall), width,
            height, seed, b.unit, options->wear, out->data);
  cairo_destroy(b.cr);
  cairo_surface_destroy(b.streak);
  cairo_surface_destroy(b.cloud);
  cairo_surface_destroy(wall);
  if (code) kz_pixels_release(out);
  return code;
}
