/* How much damage lies in training crops of a catalogue that is split, by the maps of screening, and
 * what keeping away from it costs: windows drawn as for a picture without a map, and as
 * `kizil train` draws them. Nothing is decoded.
 *   bench_crops CATALOGUE */
#include "bench.h"

#include <time.h>

#include "dataset/source.h"
#include "dataset/sound.h"

enum { SHORT_SIDE = 440, AT_LEAST = 256, DRAWS = 200000 };

struct result {
  double mean, tenth, quarter, half; /* damage; shares of crops with more */
  double seconds;
};

static double busy(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void draw_many(const struct kz__list *list, int size, bool sound, struct result *r) {
  struct kz_rng rng;
  struct kz__cut cut;
  double start, spent = 0;
  kz_rng_init_stream(&rng, 1, 1);
  *r = (struct result){0};
  for (int i = 0; i < DRAWS; i++) {
    const struct kz__item *item = &list->items[i % list->count];
    int side = item->width < item->height ? item->width : item->height;
    double scale = kz__short_target(item->width, item->height, SHORT_SIDE, AT_LEAST) / (double)side;
    int w = (int)(item->width * scale), h = (int)(item->height * scale);
    start = busy();
    if (sound) kz__sound_draw(&cut, &rng, item, w, h, size);
    else kz__cut_draw(&cut, &rng, w, h, size);
    spent += busy() - start;
    double damage = kz__sound_damage(item, w, h, &cut);
    r->mean += damage / DRAWS;
    r->tenth += (damage > 0.10) / (double)DRAWS;
    r->quarter += (damage > 0.25) / (double)DRAWS;
    r->half += (damage > 0.50) / (double)DRAWS;
  }
  r->seconds = spent / DRAWS;
}

int main(int argc, char **argv) {
  struct kz__list list = {0};
  struct kz__log log;
  struct kz_stream_options o;
  struct kz_err err = {0};
  char *told = NULL;
  if (argc != 2) return bench_die("usage: bench_crops CATALOGUE");
  kz_stream_options_defaults(&o);
  o.images = argv[1];
  if (kz_image_startup("bench", 1, &err) || kz__log_init(&log, &err) ||
      kz__source_list(&list, &o, &log, &told, &err) ||
      kz__list_probe(&list, SHORT_SIDE, AT_LEAST, &log, &err))
    return bench_die(err.msg);
  printf("%s\ncrops, px                 mean damage  over 10 %%  over 25 %%  over 50 %%  us a crop\n",
         told ? told : "");
  for (int i = 0; i < 4; i++) {
    struct result r;
    int size = i < 2 ? 128 : 256;
    draw_many(&list, size, i % 2, &r);
    printf("%4d %-20s %9.1f %% %8.1f %% %8.1f %% %8.1f %% %10.2f\n", size,
           i % 2 ? "away from damage" : "anywhere", 100 * r.mean, 100 * r.tenth, 100 * r.quarter,
           100 * r.half, 1e6 * r.seconds);
  }
  kz__list_release(&list);
  kz__log_release(&log);
  free(told);
  return 0;
}
