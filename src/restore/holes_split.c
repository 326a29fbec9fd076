/* Thin damage apart from wide. How wide a part is, is told by the largest square that ends at each
 * of its pixels:
 *   side(x, y) = 1 + min(side(x - 1, y), side(x, y - 1), side(x - 1, y - 1))
 * which needs the row before and no picture. */
#include "restore/holes.h"

#include <stdlib.h>

struct split {
  const struct kz__holes *h;
  int *part;        /* of each run: the first run of its part */
  bool *wide;       /* of each run: it holds the corner of a square that is too large */
  int *side, *last; /* [width + 1], of this row and the one before, from place 1 on */
};

static int least(int a, int b) { return a < b ? a : b; }

static void measure_row(struct split *s, int y, int width) {
  const struct kz__holes *h = s->h;
  for (int r = h->row[y]; r < h->row[y + 1]; r++) {
    const struct kz__run *run = &h->runs[r];
    s->wide[r] |= run->slow;
    for (int x = run->x; x < run->x + run->len; x++) {
      s->side[x + 1] = 1 + least(s->side[x], least(s->last[x + 1], s->last[x]));
      s->wide[r] |= s->side[x + 1] > width;
    }
  }
  int *swap = s->last;
  s->last = s->side;
  s->side = swap;
  for (int r = y ? h->row[y - 1] : 0; r < h->row[y]; r++) /* what `side` holds of row y - 1 */
    for (int x = h->runs[r].x; x < h->runs[r].x + h->runs[r].len; x++) s->side[x + 1] = 0;
}

static int share_out(struct split *s, struct kz__holes *thin, struct kz__holes *wide,
                     struct kz_err *err) {
  const struct kz__holes *h = s->h;
  for (int r = 0; r < h->run_count; r++)
    if (s->wide[r]) s->wide[s->part[r]] = true;
  for (int y = 0; y < h->height; y++) {
    for (int r = h->row[y]; r < h->row[y + 1]; r++) {
      const struct kz__run *run = &h->runs[r];
      struct kz__holes *to = s->wide[s->part[r]] ? wide : thin;
      int code = kz__holes_add_run(to, run->x, run->y, run->len, err);
      if (code) return code;
    }
    kz__holes_end_row(thin, y);
    kz__holes_end_row(wide, y);
  }
  return 0;
}

int kz__holes_split(const struct kz__holes *h, int width, struct kz__holes *thin,
                    struct kz__holes *wide, struct kz_err *err) {
  size_t runs = (size_t)h->run_count + 1, columns = (size_t)h->width + 1;
  struct split s = {.h = h,
                    .part = malloc(runs * sizeof *s.part),
                    .wide = calloc(runs, sizeof *s.wide),
                    .side = calloc(columns, sizeof *s.side),
                    .last = calloc(columns, sizeof *s.last)};
  *wide = (struct kz__holes){0};
  int code = kz__holes_init(thin, h->width, h->height, err);
  if (!code) code = kz__holes_init(wide, h->width, h->height, err);
  if (!code && !(s.part && s.wide && s.side && s.last))
    code = kz_err_set(err, KZ_ENOMEM, "no memory to sort %d runs of a mask", h->run_count);
  if (code) goto out;
  kz__holes_parts(h, s.part);
  for (int y = 0; y < h->height; y++) measure_row(&s, y, width);
  code = share_out(&s, thin, wide, err);
out:
  free(s.part);
  free(s.wide);
  free(s.side);
  free(s.last);
  if (code) {
    kz__holes_release(thin);
    kz__holes_release(wide);
  }
  return code;
}
