/* Facts come from anybody's list: what is written of them goes through a line that takes
 * well-formed characters only, makes one blank of blanks and controls, and ends between two
 * characters. */
#include "feature/caption_text.h"

#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "feature/caption_words.h"

/* ---- a line of clean text ---- */

struct kz__line kz__line_start(char *text, size_t room) {
  text[0] = 0;
  return (struct kz__line){.text = text, .room = room};
}

static bool is_blank(uint32_t c) { return c <= ' ' || (c >= 0x7f && c <= 0xa0) || c == 0x3000; }

static void put_character(struct kz__line *o, const char *p, int bytes, uint32_t c) {
  bool blank = is_blank(c);
  if (blank && (o->n == 0 || o->text[o->n - 1] == ' ')) return;
  if (blank) p = " ", bytes = 1;
  o->full |= o->n + (size_t)bytes >= o->room;
  if (o->full) return;
  memcpy(o->text + o->n, p, (size_t)bytes);
  o->n += (size_t)bytes;
  o->text[o->n] = 0;
}

void kz__line_put(struct kz__line *o, const char *text) {
  while (*text) {
    uint32_t c = 0;
    int bytes = kz_utf8_step(text, &c);
    if (bytes) put_character(o, text, bytes, c);
    text += bytes ? bytes : 1;
  }
}

void kz__line_trim(struct kz__line *o) {
  while (o->n && o->text[o->n - 1] == ' ') o->text[--o->n] = 0;
}

bool kz__text_given(const char *text) {
  uint32_t c = 0;
  for (int bytes; text && *text; text += bytes ? bytes : 1) {
    bytes = kz_utf8_step(text, &c);
    if (bytes && !is_blank(c)) return true;
  }
  return false;
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

void kz__line_translate(struct kz__line *o, const char *text) {
  for (const char *at = text; *at;) {
    size_t n = 0;
    bool begins = at == text || !is_letter(at[-1]);
    const struct kz__caption_word *dynasty = begins ? longest(kz__dynasties, at, &n) : NULL;
    const struct kz__caption_word *word = begins ? longest(kz__caption_words, at, &n) : NULL;
    uint32_t c = 0;
    if (!word) word = dynasty;
    if (word || (unsigned char)*at >= 0x80) { /* no blank between Chinese and Chinese */
      bool after_chinese = o->n > 1 && (unsigned char)o->text[o->n - 2] >= 0x80;
      if (after_chinese) kz__line_trim(o);
    }
    if (word) {
      kz__line_put(o, word->chinese);
    } else if (*at == ',') {
      kz__line_trim(o);
      kz__line_put(o, "，");
      n = 1 + strspn(at + 1, " ");
    } else {
      n = (size_t)kz_utf8_step(at, &c);
      if (n) put_character(o, at, (int)n, c);
      else n = 1;
    }
    at += n;
  }
}

bool kz__is_dynasty(const char *period) {
  for (const struct kz__caption_word *d = kz__dynasties; d->english; d++)
    if (!strcasecmp(d->english, period)) return true;
  return false;
}
