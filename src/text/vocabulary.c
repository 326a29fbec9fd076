/* Byte-pair encoding, exactly as trained: within a word the merge that was learned first is applied
 * first, its leftmost place first. Words are runs of one class of characters with the blank before
 * them, so that no token reaches from one word into the next; a run of Chinese is a word. A word
 * keeps, beside its rows, the merge that each neighbouring pair would make, so that a merge costs
 * two look-ups and a scan of small numbers: quadratic in the length of a word on paper, but a text
 * is bounded and words are short. */
#include "text/vocabulary.h"

#include <stdbool.h>
#include <string.h>

#include "base/utf8.h"
#include "text/merges.inc.h"

enum {
  MERGES = sizeof merges / sizeof merges[0],
  FIRST_MERGE = KZ_TEXT_FIRST_BYTE + 256,
  NO_MERGE = MERGES
};
_Static_assert(FIRST_MERGE + MERGES == KZ_TEXT_ROWS, "merges.inc.h is of another vocabulary");

enum group { NONE, LETTER, DIGIT, HAN, OTHER };

struct word {
  int n;
  uint16_t rows[KZ_TEXT_MOST];
  uint16_t merge[KZ_TEXT_MOST]; /* of rows[i] and rows[i + 1]: its number, or NO_MERGE */
};

/* Where tokens go; counts on when there is no place left. */
struct output {
  int32_t *tokens;
  int count;
};

static bool is_blank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

/* The class of a character; tools/train-vocabulary.py has the same. */
static enum group group_of(uint32_t c) {
  if (c < 0x80) {
    if ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') return LETTER;
    return c >= '0' && c <= '9' ? DIGIT : OTHER;
  }
  if (c < 0xc0 || (c >= 0x2000 && c < 0x2070) || (c >= 0x3000 && c < 0x3040) ||
      (c >= 0xff00 && c < 0xfff0))
    return OTHER;
  if ((c >= 0x2e80 && c < 0xa000) || (c >= 0xf900 && c < 0xfb00) || (c >= 0x20000 && c < 0x40000))
    return HAN;
  return LETTER;
}

static uint16_t merge_of(uint16_t left, uint16_t right) {
  int low = 0, high = MERGES;
  while (low < high) {
    int middle = (low + high) / 2;
    const uint16_t *pair = merges[by_pair[middle]];
    if (pair[0] == left && pair[1] == right) return by_pair[middle];
    if (pair[0] < left || (pair[0] == left && pair[1] < right)) low = middle + 1;
    else high = middle;
  }
  return NO_MERGE;
}

static void join(struct word *w, int at) {
  w->rows[at] = (uint16_t)(FIRST_MERGE + w->merge[at]);
  size_t after = (size_t)(--w->n - at - 1);
  memmove(w->rows + at + 1, w->rows + at + 2, after * sizeof *w->rows);
  memmove(w->merge + at + 1, w->merge + at + 2, after * sizeof *w->merge);
  if (at > 0) w->merge[at - 1] = merge_of(w->rows[at - 1], w->rows[at]);
  w->merge[at] = at + 1 < w->n ? merge_of(w->rows[at], w->rows[at + 1]) : NO_MERGE;
}

/* Merge what can be merged, hand the rows out, and begin a new word. */
static void end_word(struct word *w, struct output *o) {
  for (int i = 0; i < w->n; i++)
    w->merge[i] = i + 1 < w->n ? merge_of(w->rows[i], w->rows[i + 1]) : NO_MERGE;
  while (w->n > 1) {
    int first = 0;
    for (int i = 1; i < w->n; i++)
      if (w->merge[i] < w->merge[first]) first = i;
    if (w->merge[first] == NO_MERGE) break;
    join(w, first);
  }
  for (int i = 0; i < w->n; i++, o->count++)
    if (o->count < KZ_TEXT_TOKENS - 2) o->tokens[1 + o->count] = w->rows[i];
  w->n = 0;
}

static void add_byte(struct word *w, unsigned char byte) {
  if (byte >= 'A' && byte <= 'Z') byte = (unsigned char)(byte - 'A' + 'a');
  w->rows[w->n++] = (uint16_t)(KZ_TEXT_FIRST_BYTE + byte);
}

static void encode(const char *text, struct output *o) {
  struct word w;
  enum group group = NONE;
  int room = KZ_TEXT_MOST;
  bool blank = false; /* one is due before the next character */
  w.n = 0;
  for (; is_blank(*text); text++)
    ;
  while (*text) {
    uint32_t c = 0;
    if (is_blank(*text)) {
      blank = true;
      text++;
      continue;
    }
    int bytes = kz_utf8_step(text, &c);
    enum group now = bytes ? group_of(c) : OTHER;
    if (!bytes) bytes = 1;
    if (bytes + blank > room) break;
    if (blank || now != group) end_word(&w, o);
    if (blank) add_byte(&w, ' ');
    room -= bytes + blank;
    group = now;
    blank = false;
    for (; bytes; bytes--) add_byte(&w, (unsigned char)*text++);
  }
  end_word(&w, o);
}

int kz_text_encode(const char *text, int32_t tokens[KZ_TEXT_TOKENS]) {
  struct output o = {.tokens = tokens};
  _Static_assert(KZ_TEXT_PAD == 0, "padding is what is not written");
  memset(tokens, 0, KZ_TEXT_TOKENS * sizeof *tokens);
  tokens[0] = KZ_TEXT_BEGIN;
  if (text) encode(text, &o);
  tokens[1 + (o.count < KZ_TEXT_TOKENS - 2 ? o.count : KZ_TEXT_TOKENS - 2)] = KZ_TEXT_END;
  return o.count;
}
