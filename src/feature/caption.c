/* A caption is made in English, facts first and then the colours, and put into Chinese piece by
 * piece: facts by a table of words, so that what is not in the table stays as it is, colours by a
 * template of their own. Everything written goes through a line of clean text (caption_text.c). A
 * colour is written whole or not at all. */
#include <kizil/caption.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "feature/caption_text.h"
#include "feature/palette.h"

enum { CLUSTERS = 8, LEAST_COLOURS = 3, MOST_COLOURS = 5, LOST_COLOURS = 4 };
enum { GRID = 64 }; /* points a side at which what is lost is looked at */

#define SEED 1           /* of the palette */
#define SMALL 0.04f      /* share of a colour that is not worth a word when there are others */
#define SMALLEST 0.02f   /* that is never worth one */
/* In deviations of what is known, which lies evenly, as a rule: */
#define ASIDE 0.42f    /* distance from its middle, to be called above, left, ... */
#define TOGETHER 0.73f /* deviation, to be called in the centre; 1: everywhere */

/* ---- facts ---- */

static void put_part(struct kz__line *o, const char *separator, const char *text) {
  kz__line_trim(o);
  if (o->n) kz__line_put(o, separator);
  kz__line_put(o, text);
}

static void put_facts(struct kz__line *o, const struct kz_caption_facts *f) {
  if (kz__text_given(f->caption)) {
    kz__line_put(o, f->caption);
  } else {
    if (kz__text_given(f->subject)) kz__line_put(o, f->subject);
    if (kz__text_given(f->period)) put_part(o, ", ", f->period);
    if (kz__text_given(f->period) && kz__is_dynasty(f->period)) put_part(o, " ", "dynasty");
    if (kz__text_given(f->kind)) put_part(o, kz__text_given(f->period) ? " " : ", ", f->kind);
  }
  kz__line_trim(o);
  if (kz__text_given(f->site) && !strcasestr(o->text, f->site)) put_part(o, ", ", f->site);
  kz__line_trim(o);
}

/* ---- colours ---- */

struct place {
  const char *english, *chinese;
};

/* Where what is known lies. */
struct extent {
  float x, y;               /* its middle */
  float spread_x, spread_y; /* its deviation, over 0 */
};

static struct extent extent_of(const struct kz_palette *palette) {
  struct extent e = {0};
  for (int i = 0; i < palette->count; i++) {
    e.x += palette->colours[i].share * palette->colours[i].x;
    e.y += palette->colours[i].share * palette->colours[i].y;
  }
  for (int i = 0; i < palette->count; i++) {
    const struct kz_palette_colour *c = &palette->colours[i];
    float dx = c->x - e.x, dy = c->y - e.y;
    e.spread_x += c->share * (dx * dx + c->spread_x * c->spread_x);
    e.spread_y += c->share * (dy * dy + c->spread_y * c->spread_y);
  }
  e.spread_x = fmaxf(sqrtf(e.spread_x), 1e-3f);
  e.spread_y = fmaxf(sqrtf(e.spread_y), 1e-3f);
  return e;
}

/* NULL: here and there. */
static const struct place *place_of(const struct kz_palette_colour *c, const struct extent *e) {
  static const struct place above = {"above", "上部"}, below = {"below", "下部"};
  static const struct place left = {"at left", "左侧"}, right = {"at right", "右侧"};
  static const struct place centre = {"in the centre", "中央"};
  float dx = (c->x - e->x) / e->spread_x, dy = (c->y - e->y) / e->spread_y;
  if (fmaxf(fabsf(dx), fabsf(dy)) > ASIDE) {
    if (fabsf(dx) > fabsf(dy)) return dx < 0 ? &left : &right;
    return dy < 0 ? &above : &below;
  }
  return c->spread_x / e->spread_x + c->spread_y / e->spread_y < 2 * TOGETHER ? &centre : NULL;
}

/* " red" after "cinnabar"; nothing after "red ochre". */
static void put_pigment(struct kz__line *o, const char *name, const char *between,
                        const char *colour) {
  kz__line_put(o, name);
  if (strstr(name, colour)) return;
  kz__line_put(o, between);
  kz__line_put(o, colour);
}

static void put_colour(struct kz__line *o, enum kz_language language, const struct kz_pigment *p,
                       const struct place *place, bool ground) {
  if (language == KZ_LANGUAGE_ZH) {
    if (place) kz__line_put(o, place->chinese);
    put_pigment(o, p->chinese, "", p->colour_chinese);
    if (ground) kz__line_put(o, "地");
  } else {
    put_pigment(o, p->name, " ", p->colour);
    if (ground) kz__line_put(o, " ground");
    if (place) kz__line_put(o, " "), kz__line_put(o, place->english);
  }
}

/* One red is enough: a second one would push out a colour that tells more. */
static bool named_before(const struct kz_palette *palette, int i) {
  for (int j = 0; j < i; j++)
    if (!strcmp(palette->colours[j].pigment->colour, palette->colours[i].pigment->colour))
      return true;
  return false;
}

/* `ground`: the largest is called so, and the first is set off from what stands before. */
static void put_palette(struct kz__line *o, enum kz_language language,
                        const struct kz_palette *palette, const struct extent *extent, int most,
                        bool ground) {
  static const char *const first[] = {"; ", "；"}, *const next[] = {", ", "，"};
  for (int i = 0, written = 0; i < palette->count && written < most; i++) {
    const struct kz_palette_colour *c = &palette->colours[i];
    size_t before = o->n;
    if (i && c->share < (written < LEAST_COLOURS ? SMALLEST : SMALL)) break;
    if (named_before(palette, i)) continue;
    if (written)
      kz__line_put(o, next[language]);
    else if (o->n && ground)
      kz__line_put(o, first[language]);
    put_colour(o, language, c->pigment, place_of(c, extent), ground && !written);
    written++;
    if (o->full) {
      o->text[o->n = before] = 0;
      break;
    }
  }
}

static struct kz_palette palette_of(int w, int h, const uint8_t *rgb, const uint8_t *mask) {
  struct kz_palette palette;
  struct kz_rng rng;
  kz_rng_init(&rng, SEED);
  kz_palette_find(w, h, rgb, mask, CLUSTERS, &rng, &palette);
  return palette;
}

/* "lost: flesh pink above, ink black; ": what is under the mask, on a grid of points, and where in the
 * picture. */
static void put_lost(struct kz__line *o, enum kz_language language, int w, int h,
                     const uint8_t *rgb, const uint8_t *mask) {
  static const char *const before[] = {"lost: ", "缺失处："}, *const after[] = {"; ", "；"};
  static const struct extent picture = {.5f, .5f, .2887f, .2887f}; /* of even density */
  uint8_t points[GRID * GRID * 3], sound[GRID * GRID];
  int lost = 0;
  for (int i = 0; i < GRID * GRID; i++) {
    size_t x = (size_t)(i % GRID) * (size_t)w / GRID, y = (size_t)(i / GRID) * (size_t)h / GRID;
    size_t at = y * (size_t)w + x;
    memcpy(points + 3 * i, rgb + 3 * at, 3);
    sound[i] = mask[at] ? 0 : 255;
    lost += !sound[i];
  }
  if (!lost) return;
  const struct kz_palette palette = palette_of(GRID, GRID, points, sound);
  kz__line_put(o, before[language]);
  put_palette(o, language, &palette, &picture, LOST_COLOURS, false);
  kz__line_put(o, after[language]);
}

void kz_caption_write(char text[KZ_CAPTION_MOST], enum kz_language language,
                      const struct kz_caption_facts *facts, int w, int h, const uint8_t *rgb,
                      const uint8_t *mask) {
  char english[KZ_CAPTION_MOST];
  struct kz__line lost = kz__line_start(text, KZ_CAPTION_MOST);
  if (facts && facts->lost && rgb && mask) put_lost(&lost, language, w, h, rgb, mask);
  struct kz__line o = kz__line_start(text + lost.n, KZ_CAPTION_MOST - lost.n);
  if (facts && language == KZ_LANGUAGE_ZH) {
    struct kz__line draft = kz__line_start(english, sizeof english);
    put_facts(&draft, facts);
    kz__line_translate(&o, english);
  } else if (facts) {
    put_facts(&o, facts);
  }
  if (rgb) {
    const struct kz_palette palette = palette_of(w, h, rgb, mask);
    const struct extent known = extent_of(&palette);
    put_palette(&o, language, &palette, &known, MOST_COLOURS, true);
  }
  kz__line_trim(&o);
}
