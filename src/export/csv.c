/* The table of everything: each fact and each score a column. Which columns there are is known
 * before the first image is visited, from the names of all facts and measures; a table too wide for
 * kizil's own reader is refused rather than written. */
#include <string.h>

#include <kizil/csv.h>

#include "export/format.h"

static bool is_base(const char *key) {
  for (int i = 0; kz__record_names[i]; i++)
    if (!strcmp(key, kz__record_names[i])) return true;
  return !strncmp(key, "score:", 6);
}

static int begin(struct kz__export *x, struct kz_err *err) {
  int count = 0;
  for (; kz__record_names[count]; count++) {
    if (count) fputc(',', x->f);
    fputs(kz__record_names[count], x->f);
  }
  for (int i = 0; i < x->facts.count; i++) {
    if (is_base(x->facts.name[i])) continue;
    fputc(',', x->f);
    kz__csv_put(x->f, x->facts.name[i]);
    count++;
  }
  for (int i = 0; i < x->measures.count; i++, count++)
    fprintf(x->f, ",score:%s", x->measures.name[i]);
  fputc('\n', x->f);
  if (count <= KZ_CSV_FIELDS) return 0;
  return kz_err_set(err, KZ_ERANGE,
                    "%s: a table of %d columns, over the %d that can be read back: export as jsonl",
                    x->c->path, count, KZ_CSV_FIELDS);
}

static void put_value(FILE *f, const json_t *v) {
  size_t i;
  json_t *one;
  if (json_is_string(v)) kz__csv_put(f, json_string_value(v));
  else if (json_is_integer(v)) fprintf(f, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
  else if (json_is_real(v)) fprintf(f, "%.9g", json_real_value(v));
  else if (json_is_true(v)) fputs("yes", f);
  else if (json_is_array(v)) {
    json_array_foreach(v, i, one) {
      if (i) fputc(' ', f);
      put_value(f, one);
    }
  }
}

static void put_named(struct kz__export *x, const json_t *record, const char *name) {
  fputc(',', x->f);
  put_value(x->f, json_object_get(record, name));
}

static int put(struct kz__export *x, const struct kz_catalogue_entry *e, struct kz_err *err) {
  json_t *record = NULL;
  char key[96];
  int code = kz__record(x, e, &record, err);
  if (code) return code;
  put_value(x->f, json_object_get(record, kz__record_names[0]));
  for (int i = 1; kz__record_names[i]; i++) put_named(x, record, kz__record_names[i]);
  for (int i = 0; i < x->facts.count; i++)
    if (!is_base(x->facts.name[i])) put_named(x, record, x->facts.name[i]);
  for (int i = 0; i < x->measures.count; i++) {
    snprintf(key, sizeof key, "score:%s", x->measures.name[i]);
    put_named(x, record, key);
  }
  fputc('\n', x->f);
  json_decref(record);
  return 0;
}

static const struct kz__export_ops ops = {.begin = begin, .put = put};
const struct kz_export_format kz__export_csv = {
    .name = "csv", .text = true, .ops = &ops,
    .help = "a table of everything: every fact and every score a column"};
