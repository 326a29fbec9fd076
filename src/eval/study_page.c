/* What raters get, and what they must not: index.html holds the order of the pictures' names and
 * nothing else of the list; the key holds the rest. Script and style are files of their own, beside
 * this one, that the build makes into the byte arrays included here. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "eval/page.h"
#include "eval/study.h"
#include "eval/study_assets.inc.h"

static const char *const langs[] = {"en", "zh-Hans"};
static const char *const default_titles[] = {"Which is better restored?", "哪一个修复得更好？"};

/* ---- page ---- */

static json_t *showing_json(const struct kz__study *s, const struct kz__trial *t,
                            const kz__name *names, bool show_original) {
  const struct kz__study_row *r = &s->rows[t->row];
  json_t *o = json_pack("{s:s, s:s, s:s, s:i, s:i}", "damaged",
                        names[kz__study_file(s, t->row, KZ__DAMAGED)], "left",
                        names[kz__study_file(s, t->row, KZ__RESULTS + t->left)], "right",
                        names[kz__study_file(s, t->row, KZ__RESULTS + t->right)], "width",
                        r->width, "height", r->height);
  if (show_original)
    json_object_set_new(o, "original",
                        json_string(names[kz__study_file(s, t->row, KZ__ORIGINAL)]));
  return o;
}

static char *page_data(const struct kz__study *s, const struct kz_study_options *o,
                       const kz__name *names, const char *title) {
  json_t *trials = json_array();
  for (int i = 0; i < s->trial_count; i++)
    json_array_append_new(trials, showing_json(s, &s->trials[i], names, o->show_original));
  json_t *data = json_pack("{s:s, s:s, s:o}", "study", s->id, "title", title, "trials", trials);
  char *text = data ? json_dumps(data, JSON_COMPACT) : NULL;
  json_decref(data);
  return text;
}

/* JSON inside a script element: only "<" could end it. */
static void put_script_json(FILE *f, const char *text) {
  for (; *text; text++) {
    if (*text == '<') fputs("\\u003c", f);
    else fputc(*text, f);
  }
}

int kz__study_write_page(const struct kz__study *s, const struct kz_study_options *o,
                         const kz__name *names, const char *path, struct kz_err *err) {
  struct kz_atomic_file a;
  const char *title = o->title && *o->title ? o->title : default_titles[o->lang];
  json_t *utf8 = json_string(title);
  if (!utf8) return kz_err_set(err, KZ_EFORMAT, "title: is not UTF-8");
  json_decref(utf8);
  char *data = page_data(s, o, names, title);
  int code = data ? kz_atomic_open(&a, path, err)
                  : kz_err_set(err, KZ_ENOMEM, "%s: no memory for the page", path);
  if (code) goto out;
  fprintf(a.f, "<!DOCTYPE html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width\">\n<title>", langs[o->lang]);
  kz__put_html(a.f, title);
  fputs("</title>\n<style>\n", a.f);
  fwrite(kz__study_css, 1, sizeof kz__study_css, a.f);
  fputs("</style></head><body>\n<noscript>This page needs JavaScript. 本页需要 JavaScript。"
        "</noscript>\n<script type=\"application/json\" id=\"study\">", a.f);
  put_script_json(a.f, data);
  fputs("</script>\n<script>\n", a.f);
  fwrite(kz__study_js, 1, sizeof kz__study_js, a.f);
  fputs("</script>\n</body></html>\n", a.f);
  code = kz_atomic_commit(&a, err);
out:
  free(data);
  return code;
}

/* ---- key ---- */

static json_t *row_json(const struct kz__study *s, int row, const kz__name *names) {
  const struct kz__study_row *r = &s->rows[row];
  json_t *results = json_object(), *files = json_object();
  for (int m = 0; m < s->method_count; m++) {
    json_object_set_new(results, s->methods[m], json_string(r->result[m]));
    json_object_set_new(files, s->methods[m],
                        json_string(names[kz__study_file(s, row, KZ__RESULTS + m)]));
  }
  json_t *o = json_pack("{s:s, s:s}", "original", r->original, "mask", r->mask);
  if (r->group) json_object_set_new(o, "group", json_string(r->group));
  json_object_set_new(o, "results", results);
  json_object_set_new(o, "files", files);
  return o;
}

static json_t *trials_json(const struct kz__study *s) {
  json_t *list = json_array();
  for (int i = 0; i < s->trial_count; i++) {
    const struct kz__trial *t = &s->trials[i];
    json_t *o = json_pack("{s:i, s:i, s:s, s:s}", "trial", i + 1, "picture", t->row + 1, "left",
                          s->methods[t->left], "right", s->methods[t->right]);
    if (t->first >= 0) json_object_set_new(o, "repeats", json_integer(t->first + 1));
    json_array_append_new(list, o);
  }
  return list;
}

static json_t *key_json(const struct kz__study *s, const struct kz_study_options *o,
                        const kz__name *names) {
  json_t *methods = json_array(), *pictures = json_array(), *list = json_string(s->path);
  if (!list) list = json_string("(not UTF-8)"); /* its rows are: see study_list.c */
  for (int m = 0; m < s->method_count; m++)
    json_array_append_new(methods, json_string(s->methods[m]));
  for (int i = 0; i < s->count; i++) json_array_append_new(pictures, row_json(s, i, names));
  return json_pack("{s:s, s:s, s:s, s:o, s:I, s:f, s:b, s:o, s:o, s:o}", "kizil", KZ_VERSION,
                   "study", s->id, "title", o->title ? o->title : "", "list", list, "seed",
                   (json_int_t)o->seed, "repeat", o->repeat, "show_original", o->show_original,
                   "methods", methods, "pictures", pictures, "trials", trials_json(s));
}

int kz__study_write_key(const struct kz__study *s, const struct kz_study_options *o,
                        const kz__name *names, const char *path, struct kz_err *err) {
  json_t *key = key_json(s, o, names);
  char *text = key ? json_dumps(key, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) : NULL;
  int code = text ? kz_file_write(path, text, strlen(text), err)
                  : kz_err_set(err, KZ_ENOMEM, "%s: no memory for the key", path);
  free(text);
  json_decref(key);
  return code;
}
