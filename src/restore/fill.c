/* Damage is filled by its width, each kind with what was filled before it among the known.
 *
 * Thin and wide damage are different questions. Across a crack of a few pixels both rims say what
 * was between them: the mean estimate, one call, is nearer to the truth and as sharp as what
 * further calls make of it. In a wide hole the mean is a blur, and sampling paints. (Held-out
 * photographs, default model, one call against three: strokes of 4 px 1.0 dB more, LPIPS equal; of
 * 6 px 1.0 dB more, LPIPS 7 % worse; of 9 px 0.8 dB more, LPIPS 24 % worse.)
 *
 * In the middle of a hole much wider than what the network was shown in training it has nothing to
 * go by, and paints worms on a mean colour. Such a hole is vast: it is filled in the picture at
 * half its size first, if need be at half of that. What comes of it, enlarged, with the noise of
 * the second step over it, is where sampling begins (Meng et al., SDEdit, 2022). It does not stand
 * in for the coarse fill: the network adds what a coarse fill lacks, and where nothing lacks it
 * doubles all edges. (Figures: bench/README.md, vast.py.) */
#include <limits.h>

#include "restore/levels.h"
#include "restore/sample.h"

#define LEVELS 24 /* sizes: more than any picture can be halved */
#define FIELD 160 /* px: a part of the damage that holds a square of more is vast */

/* The damage at one size of the picture. */
struct level {
  struct kz__holes all, wide, vast; /* `all`: of the first level all that is not thin */
  struct kz__tiles wide_tiles, vast_tiles;
};

struct plan {
  struct kz__holes thin;
  struct kz__tiles thin_tiles;
  struct level levels[LEVELS];
  int count;
};

static void plan_release(struct plan *p) {
  kz__holes_release(&p->thin);
  kz__tiles_release(&p->thin_tiles);
  for (int i = 0; i < LEVELS; i++) {
    struct level *l = &p->levels[i];
    kz__holes_release(&l->all);
    kz__holes_release(&l->wide);
    kz__holes_release(&l->vast);
    kz__tiles_release(&l->wide_tiles);
    kz__tiles_release(&l->vast_tiles);
  }
}

static int plan_tiles(struct kz__tiles *t, const struct kz__holes *h,
                      const struct kz_restore_options *o, struct kz_err *err) {
  if (!h->count) return 0;
  if (!o->tile) return kz__tiles_choose(t, h, (int)o->overlap, err);
  int code = kz__tiles_plan(t, h, (int)o->tile, (int)o->overlap, err);
  return code ? code : kz__tiles_thin_out(t, h, (int)o->overlap, err);
}

/* Share out what the level has, and halve what is too wide for it. */
static int plan_level(struct plan *p, int field, const struct kz_restore_options *o,
                      struct kz_err *err) {
  struct level *l = &p->levels[p->count++];
  int code = kz__holes_split(&l->all, p->count < LEVELS ? field : INT_MAX, &l->wide, &l->vast, err);
  if (!code) code = plan_tiles(&l->wide_tiles, &l->wide, o, err);
  if (!code) code = plan_tiles(&l->vast_tiles, &l->vast, o, err);
  if (!code && l->vast.count) code = kz__holes_halve(&l->vast, &l[1].all, err);
  return code;
}

/* A tile that is told to be small sees less. */
static int field_of(const struct kz_restore_options *o) {
  const int64_t seen = o->tile * 5 / 8;
  return o->tile && seen < FIELD ? (int)seen : FIELD;
}

static int make_plan(struct plan *p, const struct kz__holes *h, const struct kz_restore_options *o,
                     struct kz_err *err) {
  const bool one = o->steps == 1; /* one call is one call: nothing is thin, nothing vast */
  int code = kz__holes_split(h, one ? 0 : (int)o->thin, &p->thin, &p->levels[0].all, err);
  if (!code) code = plan_tiles(&p->thin_tiles, &p->thin, o, err);
  if (!code) code = plan_level(p, one ? INT_MAX : field_of(o), o, err);
  while (!code && p->levels[p->count - 1].vast.count) code = plan_level(p, field_of(o), o, err);
  return code;
}

static void add_effort(struct kz__effort *e, const struct kz__tiles *t, int64_t calls) {
  e->tiles += t->count;
  e->calls += t->count * calls;
  e->megapixels += (double)t->count * (double)calls * t->ax.size * t->ay.size / 1e6;
}

static struct kz__effort effort_of(const struct plan *p, const struct kz_restore_options *o) {
  struct kz__effort e = {0};
  add_effort(&e, &p->thin_tiles, o->views);
  for (int i = 0; i < p->count; i++) {
    add_effort(&e, &p->levels[i].wide_tiles, o->steps > 1 ? o->steps : o->views);
    add_effort(&e, &p->levels[i].vast_tiles, o->steps - 1);
  }
  return e;
}

/* Tiles times steps, for the host. */
static int count_all(const struct plan *p, int steps) {
  int total = p->thin_tiles.count;
  for (int i = 0; i < p->count; i++)
    total += p->levels[i].wide_tiles.count * steps + p->levels[i].vast_tiles.count * (steps - 1);
  return total;
}

int kz__fill_foresee(const struct kz__holes *h, const struct kz_restore_options *o,
                     struct kz__effort *effort, struct kz_err *err) {
  struct plan p = {0};
  int code = make_plan(&p, h, o, err);
  if (!code) *effort = effort_of(&p, o);
  plan_release(&p);
  return code;
}

typedef int filler(const struct level *l, struct kz__repair *c, struct kz__means *m,
                   struct kz_err *err);

/* Fill the part `h` of a repair whose rest is filled. */
static int fill_rest(filler *fill, const struct level *l, const struct kz__holes *h,
                     struct kz__repair *c, struct kz__means *m, struct kz_err *err) {
  const struct kz__known *image = m->known;
  struct kz__filled filled = {image, c};
  const struct kz__known known = {&filled, kz__filled_read};
  struct kz__repair part;
  int code = kz__repair_init(&part, h, c->history, err);
  if (code) return code;
  m->known = &known;
  code = fill(l, &part, m, err);
  m->known = image;
  if (!code) kz__repair_take(c, &part);
  kz__repair_release(&part);
  return code;
}

static filler fill_level;

/* All of c is vast. */
static int fill_vast(const struct level *l, struct kz__repair *c, struct kz__means *m,
                     struct kz_err *err) {
  struct kz__half half = {m->known, c->holes, m->drawn};
  struct kz__repair small;
  const struct kz__known known = {&half, kz__half_read};
  const struct kz__drawn drawn = {&half, kz__half_read_drawn};
  struct kz__filled filled = {&known, &small};
  const struct kz__known whole = {&filled, kz__filled_read};
  struct kz__means means = *m;
  int code = kz__repair_init(&small, &l[1].all, c->history, err);
  if (code) return code;
  means.known = &known;
  means.drawn = m->drawn ? &drawn : NULL;
  means.level++;
  code = fill_level(l + 1, &small, &means, err);
  m->done = means.done;
  if (!code) code = kz__repair_enlarge(c, &whole, err);
  kz__repair_release(&small);
  return code ? code : kz__sample(c, &l->vast_tiles, 1, (int)m->options->steps, m, err);
}

static int fill_level(const struct level *l, struct kz__repair *c, struct kz__means *m,
                      struct kz_err *err) {
  int code = 0;
  if (l->wide.count) code = kz__sample(c, &l->wide_tiles, 0, (int)m->options->steps, m, err);
  if (code || !l->vast.count) return code;
  return l->wide.count ? fill_rest(fill_vast, l, &l->vast, c, m, err) : fill_vast(l, c, m, err);
}

int kz__fill(struct kz__repair *c, const struct kz__means *means, int *tiles, int *calls,
             struct kz_err *err) {
  struct kz__means m = *means;
  struct plan p = {0};
  const struct level *l = p.levels;
  struct kz__effort effort;
  int code = make_plan(&p, c->holes, m.options, err);
  if (code) goto out;
  effort = effort_of(&p, m.options);
  *tiles = (int)effort.tiles;
  *calls = (int)effort.calls;
  m.total = count_all(&p, (int)m.options->steps);
  if (p.thin.count) code = kz__sample(c, &p.thin_tiles, 0, 1, &m, err);
  if (!code && l->all.count)
    code = p.thin.count ? fill_rest(fill_level, l, &l->all, c, &m, err) : fill_level(l, c, &m, err);
out:
  plan_release(&p);
  return code;
}
