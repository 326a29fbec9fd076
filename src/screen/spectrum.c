/* What the spectrum tells: enlarged pictures have nothing in the upper half of their frequencies;
 * halftone and its moire are peaks that stand out of their surroundings.
 *
 * Four tiles of 128 px, a Hann window, the sum of their power spectra. Two tiles are transformed at
 * once, as real and imaginary part z = a + i b, for
 *     |A(k)|^2 + |B(k)|^2 = (|Z(k)|^2 + |Z(-k)|^2) / 2.
 * The transform is decimation in frequency, radix 2 (Gentleman and Sande, 1966), down the columns,
 * a stripe of them at a time in the nearest cache; then transposed, and once more. Its order of
 * bits is left reversed and undone where the power is read.
 *
 * Medians are read from histograms of the powers' floating-point bits: sixteen bins an octave. */
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "screen/parts.h"

enum { N = KZ__TILE, STRIPE = 16, LOG_N = 7, AXIS = 3, BLOCK = N / 8, LEAST_POWER = 84 };
/* Bands, of KZ__BANDS: those an enlargement by 2 keeps, and those it leaves empty; screens. */
enum { MIDDLE = 5, MIDDLE_END = 8, HIGH = 17, HIGH_END = 22, SCREEN = 6 };
_Static_assert(1 << LOG_N == N, "powers of two");

static void make_tables(struct kz__screen *s) {
  for (int i = 0; i < N; i++) {
    double turn = 2 * M_PI * i / N;
    s->part.spectrum.cosine[i] = (float)cos(turn);
    s->part.spectrum.sine[i] = (float)-sin(turn);
    s->part.spectrum.window[i] = (float)(0.5 - 0.5 * cos(2 * M_PI * (i + 0.5) / N));
  }
}

static void butterfly(float *restrict ar, float *restrict ai, float *restrict br,
                      float *restrict bi, float c, float d) {
  for (int x = 0; x < STRIPE; x++) {
    float er = ar[x] - br[x], ei = ai[x] - bi[x];
    ar[x] += br[x];
    ai[x] += bi[x];
    br[x] = er * c - ei * d;
    bi[x] = er * d + ei * c;
  }
}

static void down_columns(struct kz__screen *s, float *re, float *im) {
  const float *c = s->part.spectrum.cosine, *d = s->part.spectrum.sine;
  for (int left = 0; left < N; left += STRIPE)
    for (int half = N / 2; half; half /= 2)
      for (int from = 0; from < N; from += 2 * half)
        for (int k = 0; k < half; k++) {
          int a = (from + k) * N + left, b = a + half * N, turn = k * (N / 2 / half);
          butterfly(re + a, im + a, re + b, im + b, c[turn], d[turn]);
        }
}

static void transpose(float *m) {
  for (int top = 0; top < N; top += STRIPE)
    for (int left = top; left < N; left += STRIPE)
      for (int y = top; y < top + STRIPE; y++)
        for (int x = left > y ? left : y + 1; x < left + STRIPE; x++) {
          float t = m[y * N + x];
          m[y * N + x] = m[x * N + y];
          m[x * N + y] = t;
        }
}

static void take_tile(struct kz__screen *s, int left, int top, float *restrict out) {
  const float *window = s->part.spectrum.window;
  uint32_t sum = 0;
  for (int y = 0; y < N; y++) {
    const uint8_t *p = s->luma + (size_t)(top + y) * (size_t)s->w + left;
    for (int x = 0; x < N; x++) sum += p[x];
  }
  float mean = (float)sum / (N * N);
  for (int y = 0; y < N; y++) {
    const uint8_t *p = s->luma + (size_t)(top + y) * (size_t)s->w + left;
    for (int x = 0; x < N; x++) out[y * N + x] = ((float)p[x] - mean) * window[y] * window[x];
  }
}

static void add_pair(struct kz__screen *s, const int left[2], const int top[2], bool first) {
  float *restrict re = s->part.spectrum.re, *restrict im = s->part.spectrum.im;
  float *restrict power = s->part.spectrum.power;
  take_tile(s, left[0], top[0], re);
  take_tile(s, left[1], top[1], im);
  down_columns(s, re, im);
  transpose(re);
  transpose(im);
  down_columns(s, re, im);
  for (int i = 0; i < N * N; i++)
    power[i] = (first ? 0 : power[i]) + re[i] * re[i] + im[i] * im[i];
}

static int reversed(int i) {
  int r = 0;
  for (int k = 0; k < LOG_N; k++) r |= (i >> k & 1) << (LOG_N - 1 - k);
  return r;
}

/* Where a power falls: its exponent and four bits more, from 2^-32 on. */
static int bin_of(float power) {
  uint32_t u;
  memcpy(&u, &power, sizeof u);
  int bin = (int)(u >> 19) - (127 - 32) * 16;
  return bin < 0 ? 0 : bin < KZ__POWERS ? bin : KZ__POWERS - 1;
}

/* dB above 2^-32, of the middle of the powers in bands [from, to); negative if there are none. */
static double median(const struct kz__screen *s, int from, int to) {
  uint64_t total = 0, sum = 0;
  for (int band = from; band < to; band++)
    for (int i = 0; i < KZ__POWERS; i++) total += s->part.spectrum.count[band][i];
  for (int i = 0; i < KZ__POWERS; i++) {
    uint64_t here = 0;
    for (int band = from; band < to; band++) here += s->part.spectrum.count[band][i];
    if (here && 2 * (sum + here) >= total)
      return 10 * log10(2) / 16 * (i + ((double)total / 2 - (double)sum) / (double)here);
    sum += here;
  }
  return -1;
}

struct peak {
  float power[KZ__BANDS]; /* the highest that may be a screen's */
};

/* Off the axes, where straight edges are, and off the harmonics of JPEG's 8 px grid. */
static bool may_be_screen(int u, int v) {
  u = u < 0 ? -u : u;
  bool block = (u + 1) % BLOCK <= 2 && (v + 1) % BLOCK <= 2;
  return u > AXIS && v > AXIS && !block;
}

static void sort_powers(struct kz__screen *s, struct peak *peak) {
  int at[N];
  memset(s->part.spectrum.count, 0, sizeof s->part.spectrum.count);
  memset(peak, 0, sizeof *peak);
  for (int i = 0; i < N; i++) at[i] = reversed(i);
  for (int v = 0; v <= N / 2; v++)
    for (int u = 1 - N / 2; u < N / 2; u++) {
      int r2 = u * u + v * v;
      if (r2 >= N * N / 4 || (v == 0 && u <= 0)) continue;
      int band = (int)(sqrtf((float)r2) * ((float)KZ__BANDS / (N / 2)));
      const float *power = s->part.spectrum.power;
      float p = 0.5f * (power[at[(u + N) % N] * N + at[v % N]] +
                        power[at[(N - u) % N] * N + at[(N - v) % N]]);
      s->part.spectrum.count[band][bin_of(p)]++;
      if (may_be_screen(u, v) && p > peak->power[band]) peak->power[band] = p;
    }
}

void kz__screen_spectrum(struct kz__screen *s, double *values) {
  struct peak peak;
  double moire = 0;
  if (s->w < N || s->h < N) return;
  make_tables(s);
  int x[2] = {s->w / 4 - N / 2, s->w - N}, y[2] = {s->h / 4 - N / 2, s->h - N};
  x[0] = x[0] < 0 ? 0 : x[0];
  y[0] = y[0] < 0 ? 0 : y[0];
  x[1] -= x[0];
  y[1] -= y[0];
  add_pair(s, (int[]){x[0], x[1]}, (int[]){y[0], y[1]}, true);
  add_pair(s, (int[]){x[1], x[0]}, (int[]){y[0], y[1]}, false);
  sort_powers(s, &peak);
  double middle = median(s, MIDDLE, MIDDLE_END);
  if (middle < LEAST_POWER) return; /* nothing there but rounding */
  values[KZ__UPSCALE] = middle - median(s, HIGH, HIGH_END);
  for (int band = SCREEN; band < KZ__BANDS; band++) {
    double around = median(s, band - 1, band + 1);
    double over = 10 * log10((double)peak.power[band] + 1e-30) + 320 * log10(2) - around;
    moire = over > moire && around > LEAST_POWER ? over : moire;
  }
  values[KZ__MOIRE] = moire;
}
