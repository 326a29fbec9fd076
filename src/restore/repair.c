/* The only array that lasts as long as the restoration and is as large as the damage: what else
 * sampling needs is held for one group of tiles at a time (sample.c). */
#include "restore/repair.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

int kz__repair_init(struct kz__repair *c, const struct kz__holes *h, bool history,
                    struct kz_err *err) {
  *c = (struct kz__repair){.holes = h, .history = history};
  c->x = malloc((size_t)h->count * 3 * sizeof *c->x);
  if (c->x) return 0;
  return kz_err_set(err, KZ_ENOMEM, "no memory for %lld damaged pixels (%lld MiB)",
                    (long long)h->count, (long long)(h->count * 12 >> 20));
}

void kz__repair_release(struct kz__repair *c) {
  free(c->x);
  *c = (struct kz__repair){0};
}

static int by_place(const struct kz__run *a, const struct kz__run *b) {
  return a->y != b->y ? (a->y < b->y ? -1 : 1) : (a->x > b->x) - (a->x < b->x);
}

/* The run of the whole that is run r of the part, at `from` or after it. Parts are often a few runs
 * of many, so steps are doubled until they overshoot, then halved. */
static const struct kz__run *same_run(const struct kz__holes *whole, const struct kz__run *from,
                                      const struct kz__run *run) {
  const struct kz__run *end = whole->runs + whole->run_count;
  ptrdiff_t step = 1;
  while (end - from > step && by_place(from + step, run) <= 0) {
    from += step;
    step *= 2;
  }
  for (; step; step /= 2)
    if (end - from > step && by_place(from + step, run) <= 0) from += step;
  return from;
}

void kz__repair_take(struct kz__repair *whole, const struct kz__repair *part) {
  const struct kz__run *from = whole->holes->runs;
  for (int r = 0; r < part->holes->run_count; r++) {
    const struct kz__run *run = &part->holes->runs[r];
    from = same_run(whole->holes, from, run);
    memcpy(whole->x + from->first * 3, part->x + run->first * 3,
           (size_t)run->len * 3 * sizeof *part->x);
  }
}

void kz__repair_give(const struct kz__repair *whole, struct kz__repair *part) {
  const struct kz__run *from = whole->holes->runs;
  for (int r = 0; r < part->holes->run_count; r++) {
    const struct kz__run *run = &part->holes->runs[r];
    from = same_run(whole->holes, from, run);
    memcpy(part->x + run->first * 3, whole->x + from->first * 3,
           (size_t)run->len * 3 * sizeof *part->x);
  }
}

int kz__filled_read(void *self, int x, int y, int w, int h, float *rgb, struct kz_err *err) {
  const struct kz__filled *f = self;
  int code = f->image->read(f->image->self, x, y, w, h, rgb, err);
  if (code) return code;
  struct kz__span s;
  for (kz__span_start(&s, f->repair->holes, x, y, w, h); kz__span_next(&s);) {
    float *to = rgb + ((size_t)(s.y - y) * w + (s.x - x)) * 3;
    const float *from = f->repair->x + s.first * 3;
    for (int i = 0; i < s.len * 3; i++) to[i] = fminf(fmaxf(from[i] * 0.5f + 0.5f, 0), 1);
  }
  return 0;
}

int kz__stopped(const struct kz_restore_host *host, struct kz_err *err) {
  if (!host || !host->stop || !host->stop(host->self)) return 0;
  return kz_err_set(err, KZ_EINTR, "interrupted");
}
