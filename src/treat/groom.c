/* Grooming by runs. Each step takes the map apart into rows once more and builds a new one; only
 * one row at a time is pixels. Nothing here takes a pixel from a class: what is filled or widened
 * over was sound. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "treat/parts.h"

bool kz__groomed(const struct kz_policy *policy, int cls) {
  return policy->rule[cls].decision == KZ_RESTORE || policy->rule[cls].decision == KZ_ASK;
}

static void replace(struct kz_treat_rows *rows, struct kz_treat_rows *made, int code) {
  kz__rows_release(code ? made : rows);
  if (!code) *rows = *made;
}

static int make_buffer(uint8_t **buffer, int width, struct kz_err *err) {
  *buffer = calloc((size_t)width, 1);
  return *buffer ? 0 : kz_err_set(err, KZ_ENOMEM, "no memory for a row of %d px", width);
}

/* What of a row's buffer is in use. */
struct part {
  uint8_t *buffer;
  int width, x0, x1;
};

/* Give what is sound in [from, to) the class; returns how much that was. */
static int64_t add_sound(struct part *p, int from, int to, int cls) {
  int64_t count = 0;
  if (from < 0) from = 0;
  if (to > p->width) to = p->width;
  for (int x = from; x < to; x++)
    if (!p->buffer[x]) {
      p->buffer[x] = (uint8_t)(cls + 1);
      count++;
    }
  if (from < p->x0) p->x0 = from;
  if (to > p->x1) p->x1 = to;
  return count;
}

static void add_row(struct part *p, const struct kz_treat_rows *rows, int y) {
  for (int64_t i = rows->row[y]; i < rows->row[y + 1]; i++)
    add_sound(p, rows->runs[i].x, rows->runs[i].x + rows->runs[i].len, rows->runs[i].id);
}

/* ---- specks ---- */

int kz__drop_specks(struct kz_treat_rows *rows, const struct kz_policy *policy, int64_t *pixels,
                    struct kz_err *err) {
  struct kz_treat_rows made = {0};
  int *label = NULL, count = 0;
  int64_t *area = NULL;
  int code = kz__label(rows, true, &label, &count, err);
  if (!code) code = kz__rows_init(&made, rows->width, rows->height, err);
  if (code) goto out;
  area = calloc((size_t)count + 1, sizeof *area);
  if (!area) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory for %d parts", count);
    goto out;
  }
  for (int64_t i = 0; i < rows->run_count; i++) area[label[i]] += rows->runs[i].len;
  for (int y = 0; y < rows->height && !code; y++) {
    for (int64_t i = rows->row[y]; i < rows->row[y + 1] && !code; i++) {
      const struct kz_treat_run *r = &rows->runs[i];
      if (kz__groomed(policy, r->id) && area[label[i]] < policy->rule[r->id].least)
        *pixels += r->len;
      else
        code = kz__rows_add(&made, r->x, r->len, r->id, err);
    }
    kz__rows_end(&made, y);
  }
out:
  free(label);
  free(area);
  replace(rows, &made, code);
  return code;
}

/* ---- holes ---- */

/* Everything that is not of the class. */
static int invert(const struct kz_treat_rows *rows, int cls, struct kz_treat_rows *out,
                  struct kz_err *err) {
  int code = kz__rows_init(out, rows->width, rows->height, err);
  for (int y = 0; y < rows->height && !code; y++) {
    int x = 0;
    for (int64_t i = rows->row[y]; i < rows->row[y + 1] && !code; i++) {
      const struct kz_treat_run *r = &rows->runs[i];
      if (r->id != cls) continue;
      if (r->x > x) code = kz__rows_add(out, x, r->x - x, 0, err);
      x = r->x + r->len;
    }
    if (!code && x < rows->width) code = kz__rows_add(out, x, rows->width - x, 0, err);
    kz__rows_end(out, y);
  }
  return code;
}

/* area[part]: its pixels, 0 if it reaches the image's border or is larger than `most`. */
static int measure_holes(const struct kz_treat_rows *gaps, int64_t most, int **label,
                         int64_t **area, int *count, struct kz_err *err) {
  int code = kz__label(gaps, false, label, count, err);
  if (code) return code;
  *area = calloc((size_t)*count + 1, sizeof **area);
  if (!*area) return kz_err_set(err, KZ_ENOMEM, "no memory for %d holes", *count);
  for (int y = 0; y < gaps->height; y++)
    for (int64_t i = gaps->row[y]; i < gaps->row[y + 1]; i++) {
      const struct kz_treat_run *r = &gaps->runs[i];
      int64_t *a = &(*area)[(*label)[i]];
      bool border = y == 0 || y + 1 == gaps->height || r->x == 0 || r->x + r->len == gaps->width;
      *a = border || *a < 0 ? -1 : *a + r->len;
    }
  for (int i = 0; i < *count; i++)
    if ((*area)[i] < 0 || (*area)[i] > most) (*area)[i] = 0;
  return 0;
}

static int fill_class(struct kz_treat_rows *rows, int cls, int64_t most, int64_t *pixels,
                      struct kz_err *err) {
  struct kz_treat_rows gaps = {0}, made = {0};
  int *label = NULL, count = 0;
  int64_t *area = NULL;
  struct part p = {.width = rows->width};
  int code = invert(rows, cls, &gaps, err);
  if (!code) code = measure_holes(&gaps, most, &label, &area, &count, err);
  if (!code) code = kz__rows_init(&made, rows->width, rows->height, err);
  if (!code) code = make_buffer(&p.buffer, rows->width, err);
  for (int y = 0; y < rows->height && !code; y++) {
    p.x0 = p.width;
    p.x1 = 0;
    add_row(&p, rows, y);
    for (int64_t i = gaps.row[y]; i < gaps.row[y + 1]; i++)
      if (area[label[i]])
        *pixels += add_sound(&p, gaps.runs[i].x, gaps.runs[i].x + gaps.runs[i].len, cls);
    code = kz__rows_take(&made, y, p.buffer, p.x0, p.x1, err);
  }
  kz__rows_release(&gaps);
  free(label);
  free(area);
  free(p.buffer);
  replace(rows, &made, code);
  return code;
}

int kz__fill_holes(struct kz_treat_rows *rows, const struct kz_policy *policy, int64_t *pixels,
                   struct kz_err *err) {
  bool there[KZ_DAMAGE_CLASSES] = {false};
  int code = 0;
  for (int64_t i = 0; i < rows->run_count; i++) there[rows->runs[i].id] = true;
  for (int c = 0; c < KZ_DAMAGE_CLASSES && !code; c++) {
    const struct kz_policy_rule *rule = &policy->rule[c];
    if (there[c] && kz__groomed(policy, c) && rule->fill_holes && rule->largest_hole > 0)
      code = fill_class(rows, c, rule->largest_hole, pixels, err);
  }
  return code;
}

/* ---- dilation ---- */

/* Widen what row `from` has into row `y`; a disc of radius r reaches sqrt(r^2 - dy^2) px to the
 * sides. */
static int64_t widen(struct part *p, const struct kz_treat_rows *rows, int from, int y,
                     const struct kz_policy *policy) {
  int64_t count = 0;
  if (from < 0 || from >= rows->height) return 0;
  for (int64_t i = rows->row[from]; i < rows->row[from + 1]; i++) {
    const struct kz_treat_run *run = &rows->runs[i];
    int r = policy->rule[run->id].dilate, dy = from - y;
    if (!kz__groomed(policy, run->id) || dy * dy > r * r) continue;
    int side = (int)sqrt((double)(r * r - dy * dy));
    count += add_sound(p, run->x - side, run->x + run->len + side, run->id);
  }
  return count;
}

int kz__dilate(struct kz_treat_rows *rows, const struct kz_policy *policy, int64_t *pixels,
               struct kz_err *err) {
  struct kz_treat_rows made = {0};
  struct part p = {.width = rows->width};
  int most = 0;
  for (int c = 0; c < KZ_DAMAGE_CLASSES; c++)
    if (kz__groomed(policy, c) && policy->rule[c].dilate > most) most = policy->rule[c].dilate;
  int code = kz__rows_init(&made, rows->width, rows->height, err);
  if (!code) code = make_buffer(&p.buffer, rows->width, err);
  for (int y = 0; y < rows->height && !code; y++) {
    p.x0 = p.width;
    p.x1 = 0;
    add_row(&p, rows, y); /* first, so that no class loses a pixel; then the nearest rows */
    *pixels += widen(&p, rows, y, y, policy);
    for (int dy = 1; dy <= most; dy++)
      *pixels += widen(&p, rows, y - dy, y, policy) + widen(&p, rows, y + dy, y, policy);
    code = kz__rows_take(&made, y, p.buffer, p.x0, p.x1, err);
  }
  free(p.buffer);
  replace(rows, &made, code);
  return code;
}
