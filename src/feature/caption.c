/* A caption is made in English, facts first and then the colours, and put into Chinese piece by
 * piece: facts by a table of words, so that what is not in the table stays as it is, colours by a
 * template of their own. Facts come from anybody's list: everything written goes through a line that
 * takes well-formed characters only, makes one blank of blanks and controls, and ends between two
 * characters. A colour is written whole or not at all. */
#include <kizil/caption.h>

#include <math.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "feature/caption_words.h"
#include "feature/palette.h"

enum { CLUSTERS = 8, LEAST_COLOURS = 3, MOST_COLOURS = 5, LOST_COLOURS = 4 };
enum { GRID = 64 }; /* points a side at which what is lost is looked at */

#define SEED 1           /* of the palette */
#define SMALL 0.04f      /* share of a colour that is not worth a word when there are others */
#define SMALLEST 0.02f   /* that is never worth one */
/* In deviations of what is known, which lies evenly, as a rule: */
#define ASIDE 0.42f    /* distance from its middle, to be called above, left, ... */
#define TOGETHER 0.73f /* deviation, to be called in the centre; 1: everywhere */

/* ---- a line of clean text ---- */

struct line {
  char *text; /* [room], always ended by a 0 */
  size_t n, room;
  bool full; /* something did not fit: nothing more is taken */
};

static struct line line_start(char *text, size_t room) {
  text[0] = 0;
  return (struct line){.text = text, .room = room};
}

static bool is_blank(uint32_t c) { return c <= ' ' || (c >= 0x7f && c <= 0xa0) || c == 0x3000; }

static void put_character(struct line *o, const char *p, int bytes, uint32_t c) {
  bool blank = is_blank(c);
  if (blank && (o->n == 0 || o->text[o->n - 1] == ' ')) return;
  if (blank) p = " ", bytes = 1;
  o->full |= o->n + (size_t)bytes >= o->room;
  if (o->full) return;
  memcpy(o->text + o->n, p, (size_t)bytes);
  o->n += (size_t)bytes;
  o->text[o->n] = 0;
}

static void put(struct line *o, const char *text) {
  while (*text) {
    uint32_t c = 0;
    int bytes = kz_utf8_step(text, &c);
    if (bytes) put_character(o, text, bytes, c);
    text += bytes ? bytes : 1;
  }
}

static void trim(struct line *o) {
  while (o->n && o->text[o->n - 1] == ' ') o->text[--o->n] = 0;
}

/* Whether text has anything to show. */
static bool given(const char *text) {
  uint32_t c = 0;
  for (int bytes; text && *text; text += bytes ? bytes : 1) {
    bytes = kz_utf8_step(text, &c);
    if (bytes && !is_blank(c)) return true;
  }
  return false;
}

/* ---- facts ---- */

static void put_part(struct line *o, const char *separator, const char *text) {
  trim(o);
  if (o->n) put(o, separator);
  put(o, text);
}

static bool is_dynasty(const char *period) {
  for (const struct kz__caption_word *d = kz__dynasties; d->english; d++)
    if (!strcasecmp(d->english, period)) return true;
  return false;
}

static void put_facts(struct line *o, const struct kz_caption_facts *f) {
  if (given(f->caption)) {
    put(o, f->caption);
  } else {
    if (given(f->subject)) put(o, f->subject);
    if (given(f->period)) put_part(o, ", ", f->period);
    if (given(f->period) && is_dynasty(f->period)) put_part(o, " ", "dynasty");
    if (given(f->kind)) put_part(o, given(f->period) ? " " : ", ", f->kind);
  }
  trim(o);
  if (given(f->site) && !strcasestr(o->text, f->site)) put_part(o, ", ", f->site);
  trim(o);
}

/* ---- English to Chinese ---- */

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static const struct kz__caption_word *longest(const struct kz__caption_word *words, const char *at,
                                              size_t *most) {
  const struct kz__caption_word *found = NULL;
  for (; words->english; words++) {
    size_t n = strlen(words->english);
    if (n <= *most || strncasecmp(words->english, at, n) || is_letter(at[n])) continue;
    *most = n;
    found = words;
  }
  return found;
}

static void translate(struct line *o, const char *text) {
  for (const char *at = text; *at;) {
    size_t n = 0;
    bool begins = at == text || !is_letter(at[-1]);
    const struct kz__caption_word *dynasty = begins ? longest(kz__dynasties, at, &n) : NULL;
    const struct kz__caption_word *word = begins ? longest(kz__caption_words, at, &n) : NULL;
    uint32_t c = 0;
    if (!word) word = dynasty;
    if (word || (unsigned char)*at >= 0x80) { /* no blank between Chinese and Chinese */
      bool after_chinese = o->n > 1 && (unsigned char)o->text[o->n - 2] >= 0x80;
      if (after_chinese) trim(o);
    }
    if (word) {
      put(o, word->chinese);
    } else if (*at == ',') {
      trim(o);
      put(o, "，");
      n = 1 + strspn(at + 1, " ");
    } else {
      n = (size_t)kz_utf8_step(at, &c);
      put_character(o, at, (int)n, c);
    }
    at += n;
  }
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
static void put_pigment(struct line *o, const char *name, const char *between, const char *colour) {
  put(o, name);
  if (strstr(name, colour)) return;
  put(o, between);
  put(o, colour);
}

static void put_colour(struct line *o, enum kz_language language, const struct kz_pigment *p,
                       const struct place *place, bool ground) {
  if (language == KZ_LANGUAGE_ZH) {
    if (place) put(o, place->chinese);
    put_pigment(o, p->chinese, "", p->colour_chinese);
    if (ground) put(o, "地");
  } else {
    put_pigment(o, p->name, " ", p->colour);
    if (ground) put(o, " ground");
    if (place) put(o, " "), put(o, place->english);
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
static void put_palette(struct line *o, enum kz_language language,
                        const struct kz_palette *palette, const struct extent *extent, int most,
                        bool ground) {
  static const char *const first[] = {"; ", "；"}, *const next[] = {", ", "，"};
  for (int i = 0, written = 0; i < palette->count && written < most; i++) {
    const struct kz_palette_colour *c = &palette->colours[i];
    size_t before = o->n;
    if (i && c->share < (written < LEAST_COLOURS ? SMALLEST : SMALL)) break;
    if (named_before(palette, i)) continue;
    if (written)
      put(o, next[language]);
    else if (o->n && ground)
      put(o, first[language]);
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
static void put_lost(struct line *o, enum kz_language language, int w, int h, const uint8_t *rgb,
                     const uint8_t *mask) {
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
  put(o, before[language]);
  put_palette(o, language, &palette, &picture, LOST_COLOURS, false);
  put(o, after[language]);
}

void kz_caption_write(char text[KZ_CAPTION_MOST], enum kz_language language,
                      const struct kz_caption_facts *facts, int w, int h, const uint8_t *rgb,
                      const uint8_t *mask) {
  char english[KZ_CAPTION_MOST];
  struct line lost = line_start(text, KZ_CAPTION_MOST);
  if (facts && facts->lost && rgb && mask) put_lost(&lost, language, w, h, rgb, mask);
  struct line o = line_start(text + lost.n, KZ_CAPTION_MOST - lost.n);
  if (facts && language == KZ_LANGUAGE_ZH) {
    struct line draft = line_start(english, sizeof english);
    put_facts(&draft, facts);
    translate(&o, english);
  } else if (facts) {
    put_facts(&o, facts);
  }
  if (rgb) {
    const struct kz_palette palette = palette_of(w, h, rgb, mask);
    const struct extent known = extent_of(&palette);
    put_palette(&o, language, &palette, &known, MOST_COLOURS, true);
  }
  trim(&o);
}
