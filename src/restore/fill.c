/* Thin damage and wide damage are different questions. Across a crack of a few pixels both rims say
 * what was between them: the mean estimate, one call, is nearer to the truth and as sharp as what
 * further calls make of it. In a wide hole the mean is a blur, and sampling paints. (Held-out
 * photographs, default model, one call against three: strokes of 4 px 1.0 dB more, LPIPS equal; of
 * 6 px 1.0 dB more, LPIPS 7 % worse; of 9 px 0.8 dB more, LPIPS 24 % worse.)
 * So thin damage is closed first, by one call, and is then part of what is known to the sampling of
 * the wide. */
#include <math.h>
#include <string.h>

#include "restore/sample.h"

/* Known pixels of the image, with the canvas' own where it has been filled. */
struct filled {
  const struct kz__known *image;
  const struct kz__repair *canvas;
};

static int read_filled(void *self, int x, int y, int w, int h, float *rgb, struct kz_err *err) {
  const struct filled *f = self;
  int code = f->image->read(f->image->self, x, y, w, h, rgb, err);
  if (code) return code;
  struct kz__span s;
  for (kz__span_start(&s, f->canvas->holes, x, y, w, h); kz__span_next(&s);) {
    float *to = rgb + ((size_t)(s.y - y) * w + (s.x - x)) * 3;
    const float *from = f->canvas->x + s.first * 3;
    for (int i = 0; i < s.len * 3; i++) to[i] = fminf(fmaxf(from[i] * 0.5f + 0.5f, 0), 1);
  }
  return 0;
}

/* The damage of `from` is part of that of `to`, run by run. */
static void take_over(struct kz__repair *to, const struct kz__repair *from) {
  const struct kz__run *run = to->holes->runs;
  for (int r = 0; r < from->holes->run_count; r++) {
    const struct kz__run *part = &from->holes->runs[r];
    while (run->y != part->y || run->x != part->x) run++;
    memcpy(to->x + run->first * 3, from->x + part->first * 3, (size_t)part->len * 3 * sizeof(float));
  }
}

static int plan(struct kz__tiles *t, const struct kz__holes *h, const struct kz_restore_options *o,
                struct kz_err *err) {
  return o->tile ? kz__tiles_plan(t, h, (int)o->tile, (int)o->overlap, err)
                 : kz__tiles_choose(t, h, (int)o->overlap, err);
}

/* Both kinds, the wide in a canvas of its own. */
static int fill_both(struct kz__repair *c, const struct kz__holes *wide,
                     const struct kz__tiles tiles[2], struct kz__means m, struct kz_err *err) {
  struct filled filled = {m.known, c};
  const struct kz__known known = {&filled, read_filled};
  struct kz__repair part = {0};
  int code = kz__sample(c, &tiles[0], 1, &m, err);
  if (!code) code = kz__repair_init(&part, wide, c->x0_prev != NULL, err);
  m.known = &known;
  m.done = tiles[0].count;
  if (!code) code = kz__sample(&part, &tiles[1], (int)m.options->steps, &m, err);
  if (!code) take_over(c, &part);
  kz__repair_release(&part);
  return code;
}

int kz__fill(struct kz__repair *c, const struct kz__means *means, int *tiles, int *calls,
             struct kz_err *err) {
  struct kz__means m = *means;
  const struct kz_restore_options *o = m.options;
  struct kz__holes thin = {0}, wide = {0};
  struct kz__tiles t[2] = {0}; /* of the thin, of the wide */
  int width = o->steps > 1 ? (int)o->thin : 0; /* one call is one call */
  int code = kz__holes_split(c->holes, width, &thin, &wide, err);
  if (!code && thin.count) code = plan(&t[0], &thin, o, err);
  if (!code && wide.count) code = plan(&t[1], &wide, o, err);
  if (code) goto out;
  *tiles = t[0].count + t[1].count;
  m.total = t[0].count + t[1].count * (int)o->steps;
  *calls = t[0].count * (int)o->views + t[1].count * (int)(o->steps > 1 ? o->steps : o->views);
  if (thin.count && wide.count)
    code = fill_both(c, &wide, t, m, err);
  else if (thin.count)
    code = kz__sample(c, &t[0], 1, &m, err);
  else
    code = kz__sample(c, &t[1], (int)o->steps, &m, err);
out:
  kz__tiles_release(&t[0]);
  kz__tiles_release(&t[1]);
  kz__holes_release(&thin);
  kz__holes_release(&wide);
  return code;
}
