/* The list that `kizil train` streams: only what training needs, and paths as the bytes they are,
 * so that any file can be opened by it. */

#include "export/format.h"

static int begin(struct kz__export *x, struct kz_err *err) {
  (void)err;
  fputs(KZ_EXPORT_LIST_HEADER "\n", x->f);
  return 0;
}

static void put_text(FILE *f, const char *text) {
  fputc(',', f);
  if (text) kz__csv_put(f, text);
}

static void put_view(FILE *f, const struct kz_view *v) {
  fputc(',', f);
  if (v->w) fprintf(f, "%d %d %d %d", v->x, v->y, v->w, v->h);
  fputc(',', f);
  if (v->orientation) fprintf(f, "%d", v->orientation);
  fputs(v->to_srgb ? ",yes," : ",,", f);
  if (v->gain[0] > 0) fprintf(f, "%.9g %.9g %.9g", v->gain[0], v->gain[1], v->gain[2]);
}

void kz__list_put(FILE *f, const char *path, int width, int height, const struct kz_view *view,
                  const struct kz_catalogue_entry *e) {
  static const char *const facts[] = {"subject", "kind", "period", "site"};
  static const struct kz_view whole;
  kz__csv_put(f, path);
  put_text(f, e->sha256);
  put_text(f, e->part);
  fprintf(f, ",%d,%d", width, height);
  put_view(f, view ? view : &whole);
  for (int i = 0; i < 2; i++) put_text(f, e->caption_made[i] ? NULL : e->caption[i]);
  for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
    put_text(f, kz__record_fact(e, facts[i]));
  fputc('\n', f);
}

static int put(struct kz__export *x, const struct kz_catalogue_entry *e, struct kz_err *err) {
  (void)err;
  kz__list_put(x->f, kz__record_raw_path(x, e->path), e->width, e->height, &e->view, e);
  return 0;
}

static const struct kz__export_ops ops = {.opens = true, .begin = begin, .put = put};
const struct kz_export_format kz__export_list = {
    .name = "list", .text = true, .ops = &ops,
    .help = "a list that 'kizil train --images LIST' streams"};
