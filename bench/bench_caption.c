/* What a caption costs in training, where every crop gets one: finding the palette, the whole
 * caption, its tokens; processor time, one thread. On crops of plain noise, which is the most work.
 *
 *     bench_caption [SIDE [ROUNDS]]
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <kizil/caption.h>
#include <kizil/rng.h>

#include "feature/palette.h"
#include "text/vocabulary.h"

static double busy(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

int main(int argc, char **argv) {
  static const struct kz_caption_facts facts = {"flying apsara", "mural", "Northern Liang", "Mogao",
                                                NULL};
  int side = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 128;
  int rounds = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 1000, tokens = 0;
  if (side < 1 || side > 8192 || rounds < 1) return fprintf(stderr, "1 to 8192 px\n"), 2;
  size_t samples = (size_t)side * (size_t)side * 3;
  uint8_t *rgb = malloc(samples);
  char text[KZ_CAPTION_MOST];
  int32_t rows[KZ_TEXT_TOKENS];
  struct kz_palette palette;
  struct kz_rng rng;
  if (!rgb) return fprintf(stderr, "no memory\n"), 1;
  kz_rng_init(&rng, 1);
  for (size_t i = 0; i < samples; i++) rgb[i] = (uint8_t)kz_rng_below(&rng, 256);
  double start = busy();
  for (int i = 0; i < rounds; i++) kz_palette_find(side, side, rgb, NULL, 8, &rng, &palette);
  double found = busy();
  for (int i = 0; i < rounds; i++)
    kz_caption_write(text, KZ_LANGUAGE_EN, &facts, side, side, rgb, NULL);
  double written = busy();
  for (int i = 0; i < rounds; i++) tokens = kz_text_encode(text, rows);
  double encoded = busy();
  printf("%d x %d: palette of %d %.3f ms, caption %.3f ms, its %d tokens %.2f us\n", side, side,
         palette.count, 1e3 * (found - start) / rounds, 1e3 * (written - found) / rounds, tokens,
         1e6 * (encoded - written) / rounds);
  free(rgb);
  return 0;
}
