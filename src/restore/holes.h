/* The damaged pixels of an image, and nothing else: runs of them row by row, numbered in raster
 * order. What the sampler stores for each damaged pixel lies in plain arrays in that order, so
 * memory follows the damage and not the size of the wall: an 8192 x 8192 photograph with 1 %
 * damage needs room for 0.7 million pixels, wherever they lie. */
#ifndef KZ_RESTORE_HOLES_H
#define KZ_RESTORE_HOLES_H

#include <stdbool.h>
#include <stdint.h>

#include <kizil/err.h>
#include <kizil/image.h>
#include <kizil/treat.h>

struct kz__run {
  int x, y, len; /* px */
  bool slow;     /* is never taken for thin, whatever its width */
  int64_t first; /* number of its first pixel */
};

struct kz__holes {
  int width, height;
  int64_t count; /* damaged pixels */
  struct kz__run *runs;
  int run_count, run_cap;
  int *row; /* [height + 1]: row y's runs are row[y] to row[y + 1] - 1 */
};

/* Starts empty; rows are then added from 0 to height - 1. */
int kz__holes_init(struct kz__holes *h, int width, int height, struct kz_err *err);
void kz__holes_release(struct kz__holes *h);
/* A run of row y, right of those that the row has; the row ends with kz__holes_end_row. */
int kz__holes_add_run(struct kz__holes *h, int x, int y, int len, struct kz_err *err);
void kz__holes_end_row(struct kz__holes *h, int y);
/* mask [width], 0 = sound. */
int kz__holes_add_row(struct kz__holes *h, int y, const uint8_t *mask, struct kz_err *err);
/* part [run_count]: of each run the first run of its part, pixels connected over 8 neighbours. */
void kz__holes_parts(const struct kz__holes *h, int *part);
/* The first run of all that is joined with `run`, and parts joined further: the earlier first run is
 * that of both. */
int kz__parts_root(int *part, int run);
void kz__parts_join(int *part, int a, int b);
/* Init both, and share out `h`: parts (connected over 8 neighbours) that nowhere hold a square
 * of more than `width` px, nor a slow run, go to `thin`, all others to `wide`. */
int kz__holes_split(const struct kz__holes *h, int width, struct kz__holes *thin,
                    struct kz__holes *wide, struct kz_err *err);
/* Init, and add every row of an open mask, strip by strip. */
int kz__holes_read(struct kz__holes *h, struct kz_image *mask, struct kz_err *err);

/* Init, and add every row of what a plan has to be restored; runs of regions that may not take
 * the fast path are slow. */
int kz__holes_plan(struct kz__holes *h, const struct kz_treat_plan *plan, struct kz_err *err);
/* Row y, 255 where it is damaged, else 0. row [width]. */
void kz__holes_row(const struct kz__holes *h, int y, uint8_t *row);

/* The first run of row y that reaches beyond column x (its end > x); h->row[y + 1] if none. */
int kz__holes_find(const struct kz__holes *h, int y, int x);
/* Whether any pixel of the rectangle is damaged; the rectangle lies inside. */
bool kz__holes_any(const struct kz__holes *h, int x, int y, int width, int height);

/* A walk over the parts of runs that lie in a rectangle, in raster order.
 *   struct kz__span s;
 *   for (kz__span_start(&s, h, x, y, width, height); kz__span_next(&s);) use(s.x, s.y, s.len); */
struct kz__span {
  const struct kz__holes *holes;
  int x0, x1, y1, run;
  int x, y, len; /* of this part, in the image */
  int64_t first; /* number of its first pixel */
};
void kz__span_start(struct kz__span *s, const struct kz__holes *h, int x, int y, int width,
                    int height);
bool kz__span_next(struct kz__span *s);

#endif
