/* The list of measures and their order of work. The luma plane is made once and everything but
 * colour reads it; each part takes what it needs of it, sampled where a sample says as much.
 *
 * Thresholds were set on one half of the caves of the murals at hand (scans of books, JPEG), so
 * that at most 5 % of it as it is fails, and checked on the other half by bench/screening.py; that
 * of text-overlay also so that inscriptions on paintings of ink pass. See docs/screening.md. */
#include "screen/screen.h"

#include <math.h>

#include "screen/parts.h"

static const struct kz_screen_measure list[KZ__SCREEN_VALUES] = {
    [KZ__SHORT_SIDE] = {"short-side", "px", "the shorter side", 160, -1,
                        "too small: the short side is %g px"},
    [KZ__SHARPNESS] = {"sharpness", "px", "width of the sharper of the strong edges", 3.6, +1,
                       "blurred: edges are %g px wide"},
    [KZ__MOTION] = {"motion", "", "widest edges over narrowest, by direction", 1.65, +1,
                    "motion blur: edges are %g times as wide in one direction"},
    [KZ__EXPOSURE_HIGH] = {"exposure-high", "%", "clipped pixels, white paper apart", 6, +1,
                           "over-exposed: %g %% of the pixels are clipped"},
    [KZ__EXPOSURE_LOW] = {"exposure-low", "stops", "brightest pixels below white", 1.9, +1,
                          "under-exposed: the brightest pixels are %g stops below white"},
    [KZ__CONTRAST] = {"contrast", "levels", "5th to 95th percentile of luma", 45, -1,
                      "low contrast: tones span %g levels of 255"},
    [KZ__JPEG_BLOCK] = {"jpeg-block", "", "steps across an 8 px grid over those beside it", 1.28,
                        +1, "JPEG blocks: steps on the 8 px grid are %g times their neighbours"},
    [KZ__MOIRE] = {"moire", "dB", "highest peak of the spectrum over its surroundings", 22, +1,
                   "halftone or moire: a periodic pattern stands out by %g dB"},
    [KZ__UPSCALE] = {"upscale", "dB", "middle frequencies over high ones", 21.2, +1,
                     "enlarged: high frequencies lie %g dB below the middle"},
    [KZ__TEXT_OVERLAY] = {"text-overlay", "", "black or white strokes on a line, and nowhere else",
                          0.5, +1, "text laid over: %g uniform strokes a line in one place"},
    [KZ__FLAT] = {"flat", "%", "pixels equal to their right neighbour", 45, +1,
                  "not a painting: %g %% of the pixels equal their neighbour"},
    [KZ__COLOURS] = {"colours", "", "distinct colours of 32,768", 64, -1,
                     "not a painting: only %g colours"},
    [KZ__DAMAGE_SHARE] = {"damage-share", "%", "bare plaster and flaking, an estimate", 65, +1,
                          "badly damaged: about %g %% looks bare"},
};

const struct kz_screen_measure *const kz_screen_measures[] = {
    &list[0], &list[1], &list[2], &list[3],  &list[4],  &list[5],  &list[6],
    &list[7], &list[8], &list[9], &list[10], &list[11], &list[12], NULL};
_Static_assert(sizeof kz_screen_measures / sizeof *kz_screen_measures == KZ__SCREEN_VALUES + 1,
               "one pointer for each measure");

int kz_screen_count(void) { return KZ__SCREEN_VALUES; }

size_t kz_screen_scratch(int w, int h) {
  size_t columns = (size_t)w, rows = (size_t)h;
  return sizeof(struct kz__screen) + _Alignof(max_align_t) +
         (columns + rows) * sizeof(uint32_t) + columns * (4 * sizeof(uint16_t) + 6) +
         columns * rows;
}

static struct kz__screen *lay_out(const struct kz_screen_picture *p, void *scratch) {
  const uintptr_t unit = _Alignof(max_align_t);
  uint8_t *at = scratch;
  at += (unit - (uintptr_t)at % unit) % unit;
  struct kz__screen *s = (struct kz__screen *)at;
  size_t w = (size_t)p->w, h = (size_t)p->h;
  s->w = p->w;
  s->h = p->h;
  s->rgb = p->rgb;
  s->columns = (uint32_t *)(s + 1);
  s->sums = (uint16_t *)(s->columns + w + h);
  for (size_t i = 0; i < 3; i++) s->tall[i] = s->sums + (i + 1) * w;
  s->row[0] = (uint8_t *)(s->sums + 4 * w);
  s->row[1] = s->row[0] + w;
  s->row[2] = s->row[1] + w;
  s->row[3] = s->row[2] + w;
  s->luma = s->row[3] + 3 * w;
  return s;
}

void kz_screen_measure_all(const struct kz_screen_picture *p, double *values,
                           uint8_t damage[KZ_SCREEN_MAP * KZ_SCREEN_MAP], void *scratch) {
  struct kz__screen *s = lay_out(p, scratch);
  for (int i = 0; i < KZ__SCREEN_VALUES; i++) values[i] = NAN;
  values[KZ__SHORT_SIDE] = p->w < p->h ? p->w : p->h;
  kz__screen_tone(s, values); /* first: it makes the luma plane */
  kz__screen_edges(s, values);
  kz__screen_grid(s, values);
  kz__screen_spectrum(s, values);
  kz__screen_drawn(s, values);
  kz__screen_damage(s, values, damage);
}
