/* JSON Lines: a record a line. */
#include "export/format.h"

static int put(struct kz__export *x, const struct kz_catalogue_entry *e, struct kz_err *err) {
  json_t *record = NULL;
  int code = kz__record(x, e, &record, err);
  if (code) return code;
  json_dumpf(record, x->f, JSON_COMPACT | JSON_REAL_PRECISION(9));
  fputc('\n', x->f);
  json_decref(record);
  return 0;
}

static const struct kz__export_ops ops = {.put = put};
const struct kz_export_format kz__export_jsonl = {
    .name = "jsonl", .text = true, .ops = &ops, .help = "the same, a JSON object a line"};
