/* A template is text with fields and parts that may be left out:
 *
 *   {subject}   what a fact says; nothing where there is none. Any fact is a field, and
 *   {era}       the period, with "dynasty" after it where it is one
 *   {palette}   the picture's colours: "azurite blue ground above, cinnabar red below"
 *   {?site}     nothing, too, where the text so far says it already
 *   [, {site}]  left out if one of its fields says nothing; such parts may lie in each other
 *   [a|b]       the first of them that is not left out
 *   \{          a { that is meant so; the same for } [ ] | and \
 *
 * Separators at the start of the text are dropped, so that a part may bring its own. In Chinese a
 * field is what the fact of its name with -zh says ("site-zh"), or else the translation of the
 * English one, and no blank stands between two Chinese characters.
 *
 * Templates are checked when they are set, with words for a person; a draft then trusts it. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/utf8.h"
#include "catalogue/caption.h"
#include "catalogue/show.h"
#include "feature/caption_text.h"

enum { LONGEST = 4096, DEEPEST = 8, LONGEST_NAME = 68 };

const char *const kz__caption_languages[] = {"en", "zh"};
const char *const kz__caption_templates[] = {
    "[{caption}|[{subject}][, {era}[ {kind}]|, {kind}]][, {?site}][; {palette}]",
    "[{caption}|[{subject}][，{era}[ {kind}]|，{kind}]][，{?site}][；{palette}]"};

static const char special[] = "{}[]|\\";

/* ---- going through ---- */

/* From after "{" to "}": the name, without "?". Returns what follows the "}". */
static const char *take_name(const char *at, char name[LONGEST_NAME + 1], bool *once) {
  const char *end = strchr(at, '}');
  *once = *at == '?';
  at += *once;
  size_t n = (size_t)(end - at);
  memcpy(name, at, n);
  name[n] = 0;
  return end + 1;
}

/* The end of an alternative or part: its | or ], at this depth. */
static const char *end_of_part(const char *at) {
  for (int depth = 0; *at; at++) {
    if (*at == '\\' && at[1]) at++;
    else if (*at == '[') depth++;
    else if (*at == ']' && !depth--) return at;
    else if (*at == '|' && !depth) return at;
  }
  return at;
}

/* ---- fields ---- */

struct drafting {
  struct kz__line o;
  enum kz_language language;
  const struct kz_catalogue_fact *facts;
  int count;
};

static const char *told(const struct drafting *d, const char *key) {
  for (int i = 0; i < d->count; i++)
    if (!strcmp(d->facts[i].key, key) && kz__text_given(d->facts[i].value))
      return d->facts[i].value;
  return NULL;
}

/* Fills `text`; false: nothing is said. */
static bool value_of(const struct drafting *d, const char *name, char text[KZ_CAPTION_MOST]) {
  struct kz__line line = kz__line_start(text, KZ_CAPTION_MOST);
  bool era = !strcmp(name, "era");
  char chinese[LONGEST_NAME + 8], english[KZ_CAPTION_MOST];
  const char *key = era ? "period" : name, *value;
  snprintf(chinese, sizeof chinese, "%s-zh", key);
  value = d->language == KZ_LANGUAGE_ZH ? told(d, chinese) : NULL;
  if (value) {
    kz__line_put(&line, value);
    kz__line_trim(&line);
    return true;
  }
  value = told(d, key);
  if (!value) return false;
  struct kz__line plain = kz__line_start(english, sizeof english);
  kz__line_put(&plain, value);
  kz__line_trim(&plain);
  if (era && kz__is_dynasty(english)) kz__line_put(&plain, " dynasty");
  if (d->language == KZ_LANGUAGE_ZH) kz__line_translate(&line, english);
  else kz__line_put(&line, english);
  kz__line_trim(&line);
  return line.n > 0;
}

/* ---- putting ---- */

static void put(struct drafting *d, const char *text) {
  struct kz__line *o = &d->o;
  bool after_chinese =
      o->n > 1 && o->text[o->n - 1] == ' ' && (unsigned char)o->text[o->n - 2] >= 0x80;
  if (d->language == KZ_LANGUAGE_ZH && after_chinese && (unsigned char)*text >= 0x80)
    kz__line_trim(o);
  kz__line_put(o, text);
}

static bool is_separator(const char *character) {
  static const char *const all[] = {" ", ",", ";", ":", ".", "-", "，", "；", "：", "。", "、"};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (!strcmp(all[i], character)) return true;
  return false;
}

static void put_character(struct drafting *d, const char *at, int bytes) {
  char one[8] = "";
  memcpy(one, at, (size_t)bytes);
  bool separator = is_separator(one);
  if (!d->o.n && separator) return;
  if (separator && *one != ' ' && *one != '-') kz__line_trim(&d->o);
  put(d, one);
}

static bool put_field(struct drafting *d, const char *name, bool once) {
  char text[KZ_CAPTION_MOST];
  if (!strcmp(name, "palette")) {
    struct kz__line *o = &d->o;
    if (o->n + 1 >= o->room) return false;
    o->text[o->n++] = KZ__CAPTION_PALETTE;
    o->text[o->n] = 0;
    return true;
  }
  if (!value_of(d, name, text) || (once && strcasestr(d->o.text, text))) return false;
  put(d, text);
  return true;
}

/* ---- parts ---- */

/* Put text[at, end); true unless it is to be left out: a field of its own says nothing, or it has
 * fields and parts and none of them says anything. */
static bool put_part(struct drafting *d, const char *at, const char *end);

/* From after "[" to after "]": the first alternative that holds. */
static const char *put_choice(struct drafting *d, const char *at, bool *said) {
  *said = false;
  for (;;) {
    const char *end = end_of_part(at);
    struct kz__line before = d->o;
    char last = before.n ? before.text[before.n - 1] : 0; /* a blank that a separator takes off */
    if (!*said) {
      *said = put_part(d, at, end);
      if (!*said) {
        d->o = before;
        if (before.n) d->o.text[before.n - 1] = last;
        d->o.text[before.n] = 0;
      }
    }
    at = end + (*end != 0);
    if (*end != '|') return at;
  }
}

static bool put_part(struct drafting *d, const char *at, const char *end) {
  bool missing = false, asks = false, says = false, said, once;
  while (at < end) {
    if (*at == '[') {
      at = put_choice(d, at + 1, &said);
      asks = true;
      says |= said;
    } else if (*at == '{') {
      char name[LONGEST_NAME + 1];
      at = take_name(at + 1, name, &once);
      said = put_field(d, name, once);
      asks = true;
      says |= said;
      missing |= !said;
    } else {
      uint32_t code;
      at += *at == '\\';
      int bytes = kz_utf8_step(at, &code);
      put_character(d, at, bytes);
      at += bytes;
    }
  }
  return !missing && (says || !asks);
}

void kz__caption_draft(char draft[KZ_CAPTION_MOST], const char *text, enum kz_language language,
                       const struct kz_catalogue_fact *facts, int fact_count) {
  struct drafting d = {.o = kz__line_start(draft, KZ_CAPTION_MOST),
                       .language = language,
                       .facts = facts,
                       .count = fact_count};
  put_part(&d, text, text + strlen(text));
  kz__line_trim(&d.o);
}

/* ---- colours ---- */

/* The palette up to before its last colour, as long as it has more than one. */
static bool shorten(char *palette) {
  char *last = NULL;
  for (char *at = palette; *at; at++)
    if (*at == ',' || !strncmp(at, "，", 3)) last = at;
  if (last) *last = 0;
  return last != NULL;
}

void kz__caption_finish(char caption[KZ_CAPTION_MOST], const char *draft, const char *palette) {
  char colours[KZ_CAPTION_MOST];
  struct kz__line o;
  snprintf(colours, sizeof colours, "%s", palette);
  do {
    o = kz__line_start(caption, KZ_CAPTION_MOST);
    for (const char *at = draft; *at;) {
      const char *next = strchr(at, KZ__CAPTION_PALETTE);
      char text[KZ_CAPTION_MOST];
      size_t n = next ? (size_t)(next - at) : strlen(at);
      snprintf(text, sizeof text, "%.*s", (int)n, at);
      kz__line_put(&o, text);
      if (next) kz__line_put(&o, colours);
      at += n + (next != NULL);
    }
  } while (o.full && shorten(colours));
  kz__line_trim(&o);
}

/* ---- checking ---- */

struct checking {
  struct kz_catalogue *c;
  const char *text;
  struct kz_err *err;
};

static int wrong(const struct checking *k, const char *at, const char *what) {
  int character = 1;
  uint32_t code;
  for (const char *p = k->text; p < at; p += kz_utf8_step(p, &code)) character++;
  char *near = kz__show(at, strnlen(at, 24));
  kz_err_set(k->err, KZ_EFORMAT, "the template is wrong at character %d, '%s': %s", character,
             near ? near : "", what);
  free(near);
  return KZ_EFORMAT;
}

/* A field of its own, or a fact that some image has, in whichever language. */
static int is_known(const struct checking *k, const char *name) {
  static const char *const always[] = {"palette", "era",  "caption", "subject",
                                       "period",  "site", "kind"};
  sqlite3_stmt *s = NULL;
  for (size_t i = 0; i < sizeof always / sizeof *always; i++)
    if (!strcmp(always[i], name)) return 1;
  int code = kz__db_prepare(k->c, "SELECT 1 FROM fact WHERE key IN (?1, ?1 || '-zh') LIMIT 1", &s,
                            k->err);
  if (!code) {
    sqlite3_bind_text(s, 1, name, -1, SQLITE_STATIC);
    code = kz__db_step(k->c, s, k->err);
  }
  sqlite3_finalize(s);
  return code;
}

/* A field from its "{"; *next is after its "}". */
static int check_field(const struct checking *k, const char *at, const char **next) {
  char name[LONGEST_NAME + 1];
  size_t n = strcspn(at + 1, special);
  bool once;
  if (at[1 + n] != '}') return wrong(k, at, "this { has no }");
  if (n > LONGEST_NAME) return wrong(k, at, "no fact has so long a name");
  *next = take_name(at + 1, name, &once);
  if (!*name) return wrong(k, at, "a field needs a name: {subject}");
  int known = is_known(k, name);
  if (known) return known < 0 ? known : 0;
  return wrong(k, at, "no image has such a fact; fields are subject, period, era, kind, site, "
                      "caption, palette, and all that 'kizil dataset info' lists as facts");
}

static int check(const struct checking *k) {
  int depth = 0, code = 0, bytes;
  const char *opened[DEEPEST] = {NULL}, *next;
  uint32_t number;
  for (const char *at = k->text; *at && !code; at = next) {
    bytes = kz_utf8_step(at, &number);
    next = at + bytes;
    if (!bytes) code = wrong(k, at, "this is no UTF-8");
    else if (*at == '{') code = check_field(k, at, &next);
    else if (*at == '}') code = wrong(k, at, "this } has no {; write \\} if it is meant so");
    else if (*at == '[' && depth == DEEPEST) code = wrong(k, at, "too many parts in each other");
    else if (*at == '[') opened[depth++] = at;
    else if (*at == ']' && !depth--)
      code = wrong(k, at, "this ] has no [; write \\] if it is meant so");
    else if (*at == '|' && !depth)
      code = wrong(k, at, "choices stand in [ ]; write \\| if it is meant so");
    else if (*at == '\\' && (!at[1] || !strchr(special, at[1])))
      code = wrong(k, at, "after \\ comes one of { } [ ] | \\");
    else if (*at == '\\') next = at + 2;
  }
  if (!code && depth) code = wrong(k, opened[depth - 1], "this [ has no ]");
  return code;
}

/* ---- keeping ---- */

static const char *key_of(enum kz_language language) {
  return language == KZ_LANGUAGE_ZH ? "caption-template-zh" : "caption-template-en";
}

static int keep(struct kz_catalogue *c, enum kz_language language, const char *text,
                struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c,
                            text ? "INSERT OR REPLACE INTO setting(key, value) VALUES(?1, ?2)"
                                 : "DELETE FROM setting WHERE key = ?1",
                            &s, err);
  if (!code) {
    sqlite3_bind_text(s, 1, key_of(language), -1, SQLITE_STATIC);
    if (text) sqlite3_bind_text(s, 2, text, -1, SQLITE_STATIC);
    code = kz__db_run(c, s, err);
  }
  sqlite3_finalize(s);
  return code;
}

static int check_text(struct kz_catalogue *c, const char *text, size_t size, struct kz_err *err) {
  const struct checking k = {.c = c, .text = text, .err = err};
  if (size > LONGEST)
    return kz_err_set(err, KZ_ERANGE, "the template is longer than %d bytes", LONGEST);
  if (strlen(text) != size || !strchr(text, '{'))
    return kz_err_set(err, KZ_EFORMAT, "the template has no field such as {subject}");
  return check(&k);
}

int kz_catalogue_caption_template(struct kz_catalogue *c, enum kz_language language,
                                  const char *template, struct kz_err *err) {
  char *text = NULL;
  size_t size;
  int code;
  if (!template) return keep(c, language, NULL, err);
  if (strchr(template, '{')) {
    code = check_text(c, template, strlen(template), err);
    return code ? code : keep(c, language, template, err);
  }
  code = kz_file_read(template, 1 << 20, &text, &size, err);
  if (!code) {
    while (size && strchr(" \r\n", text[size - 1])) text[--size] = 0;
    code = check_text(c, text, size, err);
    if (code) kz_err_prefix(err, "%s", template);
  }
  if (!code) code = keep(c, language, text, err);
  free(text);
  return code;
}

int kz__caption_template(struct kz_catalogue *c, enum kz_language language, char **text,
                         struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c, "SELECT value FROM setting WHERE key = ?1", &s, err);
  if (!code) {
    sqlite3_bind_text(s, 1, key_of(language), -1, SQLITE_STATIC);
    code = kz__db_step(c, s, err);
  }
  if (code >= 0) {
    const char *kept = code ? (const char *)sqlite3_column_text(s, 0) : NULL;
    struct checking k = {.c = c, .text = kept, .err = err};
    code = kept ? check(&k) : 0; /* the file may have been edited */
    if (!code) *text = strdup(kept ? kept : kz__caption_templates[language]);
    if (!code && !*text) code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for a template", c->path);
  }
  sqlite3_finalize(s);
  return code;
}
