/* From regions that were taken to runs of samples. */
#include <stdlib.h>

#include "image/pieces.h"
#include "restoration/recorded.h"

/* Every run whose region is taken, in reading order as the plan has them; how many. */
static int64_t list_pieces(const struct kz__assembly *a, struct kz__piece *list) {
  const struct kz_treat_rows *rows = &a->plan->rows;
  int64_t count = 0;
  for (int y = 0; y < rows->height; y++)
    for (int64_t r = rows->row[y]; r < rows->row[y + 1]; r++) {
      const struct kz_treat_run *run = &rows->runs[r];
      const int from = a->taken[run->id];
      if (from >= 0) list[count++] = (struct kz__piece){run->x, y, run->len, from};
    }
  return count;
}

int kz__assemble(const struct kz__assembly *a, const char *out, bool overwrite,
                 struct kz_err *err) {
  const struct kz_image_marks marks = {.generated = true, .record = a->record};
  struct kz_image *base = NULL, **images = calloc((size_t)a->count + 1, sizeof *images);
  struct kz__piece *list = malloc(((size_t)a->plan->rows.run_count + 1) * sizeof *list);
  int code = 0;
  if (!images || !list) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for its pieces", out);
    goto out;
  }
  code = kz_image_open(a->source, &base, err);
  for (int k = 0; k < a->count && !code; k++)
    if (a->pictures[k]) code = kz_image_open(a->pictures[k], &images[k], err);
  if (!code) code = kz_image_set_marks(base, &marks, err);
  if (code) goto out;
  const struct kz__pieces pieces = {images, a->count, list, list_pieces(a, list)};
  code = kz__image_write_pieces(base, &pieces, out, overwrite, err);
out:
  for (int k = 0; images && k < a->count; k++) kz_image_close(images[k]);
  kz_image_close(base);
  free(images);
  free(list);
  return code;
}
