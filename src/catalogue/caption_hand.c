/* Captions that a person writes, and all of them as text. Of what was written by hand the last one
 * holds: an image has one caption of a person in a language. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "catalogue/caption.h"
#include "catalogue/show.h"

/* ---- by hand ---- */

static bool is_line(const char *text) {
  uint32_t code;
  int step;
  for (; *text; text += step)
    if (!(step = kz_utf8_step(text, &code)) || code < ' ' || code == 127) return false;
  return true;
}

static int forget(struct kz_catalogue *c, int64_t image, enum kz_language language,
                  struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c,
                            "DELETE FROM caption WHERE image = ?1 AND language = ?2"
                            " AND source <> 'made'",
                            &s, err);
  if (!code) {
    sqlite3_bind_int64(s, 1, image);
    sqlite3_bind_text(s, 2, kz__caption_languages[language], -1, SQLITE_STATIC);
    code = kz__db_run(c, s, err);
  }
  sqlite3_finalize(s);
  return code;
}

static int put(struct kz_catalogue *c, int64_t image, enum kz_language language, const char *text,
               const char *who, struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c,
                            "INSERT INTO caption(image, language, source, text)"
                            " SELECT id, ?2, 'hand ' || ?3, ?4 FROM image WHERE id = ?1",
                            &s, err);
  if (!code) {
    sqlite3_bind_int64(s, 1, image);
    sqlite3_bind_text(s, 2, kz__caption_languages[language], -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, who, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 4, text, -1, SQLITE_STATIC);
    code = kz__db_run(c, s, err);
  }
  if (!code && !sqlite3_changes(c->db))
    code = kz_err_set(err, KZ_ENOENT, "%s: no image %lld", c->path, (long long)image);
  sqlite3_finalize(s);
  return code;
}

int kz_catalogue_caption_by_hand(struct kz_catalogue *c, int64_t image, enum kz_language language,
                                 const char *text, const char *who, struct kz_err *err) {
  if (!is_line(text) || !is_line(who) || !*who)
    return kz_err_set(err, KZ_ERANGE, "a caption needs a name, and each is a line of text");
  if (strlen(text) >= KZ_CAPTION_MOST)
    return kz_err_set(err, KZ_ERANGE, "a caption has at most %d bytes, this one %zu",
                      KZ_CAPTION_MOST - 1, strlen(text));
  int code = kz__db_begin(c, err);
  if (code) return code;
  code = forget(c, image, language, err);
  if (!code && *text) code = put(c, image, language, text, who, err);
  return kz__db_end(c, code, err);
}

/* ---- telling ---- */

struct telling {
  struct kz_catalogue *c;
  FILE *f;
  int64_t image; /* 0: all */
  bool found;
  sqlite3_stmt *hand;
};

static void show(FILE *f, const char *text) {
  char *shown = kz__show(text, strlen(text));
  fputs(shown ? shown : "?", f);
  free(shown);
}

/* Where the caption that holds comes from. */
static int tell_source(struct telling *t, const struct kz_catalogue_entry *e, int language,
                       struct kz_err *err) {
  static const char *const keys[] = {"caption", "caption-zh"};
  if (e->caption_made[language]) {
    fputs("made", t->f);
    return 0;
  }
  sqlite3_bind_int64(t->hand, 1, e->image);
  sqlite3_bind_text(t->hand, 2, kz__caption_languages[language], -1, SQLITE_STATIC);
  int code = kz__db_step(t->c, t->hand, err);
  if (code == 1) show(t->f, (const char *)sqlite3_column_text(t->hand, 0));
  for (int i = 0; i < e->fact_count && !code; i++)
    if (!strcmp(e->facts[i].key, keys[language])) show(t->f, e->facts[i].source);
  sqlite3_reset(t->hand);
  return code < 0 ? code : 0;
}

static int tell_image(void *user, const struct kz_catalogue_entry *e, struct kz_err *err) {
  struct telling *t = user;
  int code = 0;
  if (t->image && t->image != e->image) return 0;
  t->found = true;
  show(t->f, e->path);
  fputc('\n', t->f);
  for (int l = 0; l < 2 && !code; l++) {
    if (!e->caption[l]) continue;
    fprintf(t->f, "  %s  ", kz__caption_languages[l]);
    show(t->f, e->caption[l]);
    fputs("  (", t->f);
    code = tell_source(t, e, l, err);
    fputs(")\n", t->f);
  }
  return code;
}

int kz_catalogue_tell_captions(struct kz_catalogue *c, int64_t image, char **text,
                               struct kz_err *err) {
  struct telling t = {.c = c, .image = image};
  char *data = NULL;
  size_t size;
  int code = kz__db_prepare(c,
                            "SELECT source FROM caption WHERE image = ?1 AND language = ?2"
                            " AND source <> 'made'",
                            &t.hand, err);
  if (code) return code;
  t.f = open_memstream(&data, &size);
  code = t.f ? kz_catalogue_each(c, NULL, tell_image, &t, err)
             : kz_err_set(err, KZ_ENOMEM, "%s: no memory to tell of captions", c->path);
  if (t.f && fclose(t.f) && !code)
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory to tell of captions", c->path);
  if (!code && image && !t.found)
    code = kz_err_set(err, KZ_ENOENT, "%s: image %lld is not in the data set", c->path,
                      (long long)image);
  sqlite3_finalize(t.hand);
  if (code) free(data);
  else *text = data;
  return code;
}
