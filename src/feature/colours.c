/* Colours of a features job: the palette, found on a grid of sample points, and the tables that
 * make it quick to look a pixel up. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "feature/job.h"

enum { SAMPLES = 256 }; /* along the longer side */

const uint8_t kz__blank[3] = {205, 191, 170};

static float inverse_curve(float t) {
  return t > 6.0f / 29 ? t * t * t : (t - 4.0f / 29) * (108.0f / 841);
}

static uint8_t encode(const struct kz__job *job, float v) {
  if (!(v > 0)) return 0;
  return v >= 1 ? 255 : job->gamma[(int)(v * 4095 + 0.5f)];
}

void kz__job_srgb(const struct kz__job *job, const float lab[3], uint8_t rgb[3]) {
  float fy = (lab[0] + 16) / 116;
  float x = 0.95047f * inverse_curve(fy + lab[1] / 500), y = inverse_curve(fy);
  float z = 1.08883f * inverse_curve(fy - lab[2] / 200);
  rgb[0] = encode(job, 3.2404542f * x - 1.5371385f * y - 0.4985314f * z);
  rgb[1] = encode(job, -0.9692660f * x + 1.8760108f * y + 0.0415560f * z);
  rgb[2] = encode(job, 0.0556434f * x - 0.2040259f * y + 1.0572252f * z);
}

static void fill_gamma(struct kz__job *job) {
  for (int i = 0; i < 4096; i++) {
    double v = i / 4095.0;
    v = v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055;
    job->gamma[i] = (uint8_t)lrint(255 * v);
  }
}

static uint8_t nearest_colour(const struct kz_palette *p, const uint8_t rgb[3]) {
  float lab[3], least = INFINITY;
  int found = 0;
  kz_lab_from_srgb(rgb, lab);
  for (int k = 0; k < p->count; k++) {
    const float *c = p->colours[k].lab;
    float l = (lab[0] - c[0]) * KZ_PALETTE_LIGHTNESS, a = lab[1] - c[1], b = lab[2] - c[2];
    float d = l * l + a * a + b * b;
    if (d >= least) continue;
    least = d;
    found = k + 1;
  }
  return (uint8_t)found;
}

static void fill_nearest(struct kz__job *job) {
  for (int i = 0; i < KZ__NEAREST; i++) {
    const uint8_t rgb[3] = {(uint8_t)(i >> 10 << 3 | 4), (uint8_t)((i >> 5 & 31) << 3 | 4),
                            (uint8_t)((i & 31) << 3 | 4)};
    job->nearest[i] = nearest_colour(&job->palette, rgb);
  }
}

struct sample {
  int w, h, step;
  uint8_t *rgb, *mask;
  float *row;
  uint8_t *mask_row;
};

static int sample_row(const struct kz__job *job, struct sample *s, int j, struct kz_err *err) {
  int y = j * s->step + s->step / 2;
  if (y >= job->h) y = job->h - 1;
  int code = kz_image_read_rgb(job->image, 0, y, job->w, 1, s->row, err);
  if (!code && job->mask)
    code = kz_image_read_mask(job->mask, 0, y, job->w, 1, s->mask_row, err);
  if (code) return code;
  for (int i = 0; i < s->w; i++) {
    int x = i * s->step + s->step / 2;
    if (x >= job->w) x = job->w - 1;
    size_t at = (size_t)j * s->w + i;
    for (int c = 0; c < 3; c++)
      s->rgb[3 * at + c] = (uint8_t)lrintf(255 * fminf(fmaxf(s->row[3 * x + c], 0), 1));
    s->mask[at] = job->mask ? s->mask_row[x] : 0;
  }
  return 0;
}

int kz__job_colours(struct kz__job *job, struct kz_err *err) {
  int longest = job->w > job->h ? job->w : job->h, code = 0;
  struct sample s = {.step = (longest + SAMPLES - 1) / SAMPLES};
  struct kz_rng rng;
  s.w = (job->w + s.step - 1) / s.step;
  s.h = (job->h + s.step - 1) / s.step;
  s.rgb = malloc((size_t)s.w * s.h * 3);
  s.mask = malloc((size_t)s.w * s.h);
  s.row = malloc((size_t)job->w * 3 * sizeof *s.row);
  s.mask_row = malloc((size_t)job->w);
  job->nearest = malloc(KZ__NEAREST);
  if (!s.rgb || !s.mask || !s.row || !s.mask_row || !job->nearest) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory for the palette");
    goto out;
  }
  for (int j = 0; j < s.h && !code; j++) code = sample_row(job, &s, j, err);
  if (code) goto out;
  kz_rng_init(&rng, (uint64_t)job->o->seed);
  kz_palette_find(s.w, s.h, s.rgb, s.mask, (int)job->o->colours, &rng, &job->palette);
  fill_gamma(job);
  fill_nearest(job);
  memcpy(job->swatch[0], kz__blank, 3);
  for (int k = 0; k < job->palette.count; k++)
    kz__job_srgb(job, job->palette.colours[k].lab, job->swatch[k + 1]);
out:
  free(s.rgb);
  free(s.mask);
  free(s.row);
  free(s.mask_row);
  return code;
}
