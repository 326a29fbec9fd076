/* An image as a record: the one place that decides what an export says of it, whatever the format.
 * Records are flat, so that a table has the same names as a line of JSON, and a list that kizil
 * wrote can be told from others by them when it is read back. */
#include <glib.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/caption.h>

#include "base/utf8.h"
#include "catalogue/show.h"
#include "export/format.h"

const char *const kz__record_names[] = {
    "file",        "file-base64", "sha256", "part",   "bytes",   "format",     "width",
    "height",      "crop",        "orientation", "srgb", "gains", "caption",   "caption-zh",
    "review",      "review-by",   "review-reason", NULL};

static bool is_reserved(const char *key) {
  for (int i = 0; kz__record_names[i]; i++)
    if (!strcmp(key, kz__record_names[i])) return true;
  return !strncmp(key, "score:", 6);
}

/* ---- text ---- */

static bool is_utf8(const char *text) {
  uint32_t code;
  for (int step; *text; text += step)
    if (!(step = kz_utf8_step(text, &code))) return false;
  return true;
}

json_t *kz__record_text(const char *text) {
  if (is_utf8(text)) return json_string(text);
  char *shown = kz__show(text, strlen(text));
  json_t *v = shown ? json_string(shown) : NULL;
  free(shown);
  return v;
}

const char *kz__record_raw_path(const struct kz__export *x, const char *path) {
  size_t n = x->folder ? strlen(x->folder) : 0;
  return n && !strncmp(path, x->folder, n) && path[n] ? path + n : path;
}

int kz__record_path(const struct kz__export *x, const char *path, char **shown, char **exact,
                    struct kz_err *err) {
  path = kz__record_raw_path(x, path);
  *exact = NULL;
  if (is_utf8(path)) {
    *shown = strdup(path);
  } else {
    *shown = kz__show(path, strlen(path));
    *exact = g_base64_encode((const guchar *)path, strlen(path));
  }
  return *shown ? 0 : kz__export_no_memory(x, err);
}

const char *kz__record_fact(const struct kz_catalogue_entry *e, const char *key) {
  for (int i = 0; i < e->fact_count; i++)
    if (!strcmp(e->facts[i].key, key)) return e->facts[i].value;
  return NULL;
}

void kz__csv_put(FILE *f, const char *text) {
  size_t n = strlen(text);
  bool spaced = n && (text[0] == ' ' || text[n - 1] == ' ');
  if (!spaced && !text[strcspn(text, ",\"\r\n")]) {
    fputs(text, f);
    return;
  }
  fputc('"', f);
  for (; *text; text++) {
    if (*text == '"') fputc('"', f);
    fputc(*text, f);
  }
  fputc('"', f);
}

/* ---- the record ---- */

struct making {
  json_t *object;
  bool failed; /* no memory */
};

static void put(struct making *m, const char *key, json_t *value) {
  if (json_object_set_new(m->object, key, value)) m->failed = true; /* NULL too */
}

static void put_text(struct making *m, const char *key, const char *text) {
  if (text) put(m, key, kz__record_text(text));
}

static json_t *three(const double *v) { return json_pack("[fff]", v[0], v[1], v[2]); }

static void put_view(struct making *m, const struct kz_view *v) {
  if (v->w) put(m, "crop", json_pack("[iiii]", v->x, v->y, v->w, v->h));
  if (v->orientation) put(m, "orientation", json_integer(v->orientation));
  put(m, "srgb", json_boolean(v->to_srgb));
  if (v->gain[0] > 0) put(m, "gains", three(v->gain));
}

static int put_score(void *user, const char *measure, double value, struct kz_err *err) {
  char key[96];
  (void)err;
  snprintf(key, sizeof key, "score:%s", measure);
  if (isfinite(value)) put(user, key, json_real(value));
  return 0;
}

static int put_path(struct kz__export *x, struct making *m, const char *path,
                    struct kz_err *err) {
  char *shown = NULL, *exact = NULL;
  int code = kz__record_path(x, path, &shown, &exact, err);
  if (!code) {
    put_text(m, "file", shown);
    put_text(m, "file-base64", exact);
  }
  free(shown);
  g_free(exact);
  return code;
}

static int put_review(struct kz__export *x, struct making *m, int64_t image, struct kz_err *err) {
  struct kz__word word;
  int code = kz__more_review(&x->more, image, &word, err);
  if (code) return code;
  put_text(m, "review", word.verdict);
  put_text(m, "review-by", word.who);
  put_text(m, "review-reason", word.reason);
  return 0;
}

int kz__record(struct kz__export *x, const struct kz_catalogue_entry *e, json_t **out,
               struct kz_err *err) {
  struct making m = {.object = json_object()};
  if (!m.object) return kz__export_no_memory(x, err);
  int code = put_path(x, &m, e->path, err);
  put_text(&m, "sha256", e->sha256);
  put_text(&m, "part", e->part);
  put(&m, "bytes", json_integer(e->bytes));
  put_text(&m, "format", e->format);
  put(&m, "width", json_integer(e->width));
  put(&m, "height", json_integer(e->height));
  put_view(&m, &e->view);
  put_text(&m, "caption", e->caption[KZ_LANGUAGE_EN]);
  put_text(&m, "caption-zh", e->caption[KZ_LANGUAGE_ZH]);
  if (!code) code = put_review(x, &m, e->image, err);
  for (int i = 0; i < e->fact_count; i++)
    if (!is_reserved(e->facts[i].key)) put_text(&m, e->facts[i].key, e->facts[i].value);
  if (!code) code = kz__more_scores(&x->more, e->image, put_score, &m, err);
  if (!code && m.failed) code = kz__export_no_memory(x, err);
  if (code)
    json_decref(m.object);
  else
    *out = m.object;
  return code;
}
