/* Damaged pixels as runs. Built once from the mask in strips, so that the mask is never whole in
 * memory, and searched by row afterwards. */
#include "restore/holes.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define STRIP 64 /* rows of the mask read at once */

int kz__holes_init(struct kz__holes *h, int width, int height, struct kz_err *err) {
  *h = (struct kz__holes){.width = width, .height = height};
  h->row = calloc((size_t)height + 1, sizeof *h->row);
  if (!h->row) return kz_err_set(err, KZ_ENOMEM, "no memory for the rows of a mask of %d", height);
  return 0;
}

void kz__holes_release(struct kz__holes *h) {
  free(h->runs);
  free(h->row);
  *h = (struct kz__holes){0};
}

int kz__holes_add_run(struct kz__holes *h, int x, int y, int len, struct kz_err *err) {
  if (h->run_count == h->run_cap) {
    int cap = h->run_cap ? h->run_cap * 2 : 1024;
    struct kz__run *grown = NULL;
    if (h->run_cap <= INT_MAX / 2) grown = realloc(h->runs, (size_t)cap * sizeof *grown);
    if (!grown)
      return kz_err_set(err, KZ_ENOMEM, "no memory for a mask of more than %d runs", h->run_cap);
    h->runs = grown;
    h->run_cap = cap;
  }
  h->runs[h->run_count++] = (struct kz__run){.x = x, .y = y, .len = len, .first = h->count};
  h->count += len;
  return 0;
}

void kz__holes_end_row(struct kz__holes *h, int y) { h->row[y + 1] = h->run_count; }

int kz__holes_add_row(struct kz__holes *h, int y, const uint8_t *mask, struct kz_err *err) {
  for (int x = 0; x < h->width;) {
    if (!mask[x]) {
      x++;
      continue;
    }
    int end = x + 1;
    while (end < h->width && mask[end]) end++;
    int code = kz__holes_add_run(h, x, y, end - x, err);
    if (code) return code;
    x = end;
  }
  kz__holes_end_row(h, y);
  return 0;
}

int kz__holes_read(struct kz__holes *h, struct kz_image *mask, struct kz_err *err) {
  struct kz_image_info info;
  kz_image_get_info(mask, &info);
  int code = kz__holes_init(h, info.width, info.height, err);
  uint8_t *strip = NULL;
  if (code) goto out;
  strip = malloc((size_t)info.width * STRIP);
  if (!strip) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory to read a mask %d px wide", info.width);
    goto out;
  }
  for (int y = 0; y < info.height; y += STRIP) {
    int rows = info.height - y < STRIP ? info.height - y : STRIP;
    code = kz_image_read_mask(mask, 0, y, info.width, rows, strip, err);
    for (int r = 0; r < rows && !code; r++)
      code = kz__holes_add_row(h, y + r, strip + (size_t)r * info.width, err);
    if (code) goto out;
  }
out:
  free(strip);
  if (code) kz__holes_release(h);
  return code;
}

/* Runs of row y that touch a region which is not fast. */
static void mark_slow(struct kz__holes *h, const struct kz_treat_plan *plan, int y) {
  const struct kz_treat_rows *rows = &plan->rows;
  int r = h->row[y];
  for (int64_t i = rows->row[y]; i < rows->row[y + 1]; i++) {
    const struct kz_treat_run *part = &rows->runs[i];
    const struct kz_treat_region *region = &plan->regions[part->id];
    if (region->decision != KZ_RESTORE) continue;
    while (h->runs[r].x + h->runs[r].len <= part->x) r++;
    h->runs[r].slow |= !region->fast;
  }
}

int kz__holes_plan(struct kz__holes *h, const struct kz_treat_plan *plan, struct kz_err *err) {
  const int width = plan->rows.width, height = plan->rows.height;
  uint8_t *row = malloc((size_t)width + 1);
  int code = kz__holes_init(h, width, height, err);
  if (!code && !row) code = kz_err_set(err, KZ_ENOMEM, "no memory for a row of %d px", width);
  for (int y = 0; y < height && !code; y++) {
    kz_treat_plan_row(plan, y, row);
    code = kz__holes_add_row(h, y, row, err);
    if (!code) mark_slow(h, plan, y);
  }
  free(row);
  if (code) kz__holes_release(h);
  return code;
}

void kz__holes_row(const struct kz__holes *h, int y, uint8_t *row) {
  memset(row, 0, (size_t)h->width);
  for (int r = h->row[y]; r < h->row[y + 1]; r++)
    memset(row + h->runs[r].x, 255, (size_t)h->runs[r].len);
}

int kz__holes_find(const struct kz__holes *h, int y, int x) {
  int lo = h->row[y], hi = h->row[y + 1];
  while (lo < hi) {
    int mid = lo + (hi - lo) / 2;
    if (h->runs[mid].x + h->runs[mid].len > x)
      hi = mid;
    else
      lo = mid + 1;
  }
  return lo;
}

bool kz__holes_any(const struct kz__holes *h, int x, int y, int width, int height) {
  struct kz__span s;
  kz__span_start(&s, h, x, y, width, height);
  return kz__span_next(&s);
}

void kz__span_start(struct kz__span *s, const struct kz__holes *h, int x, int y, int width,
                    int height) {
  *s = (struct kz__span){.holes = h, .x0 = x, .x1 = x + width, .y = y, .y1 = y + height};
  s->run = kz__holes_find(h, y, x);
}

bool kz__span_next(struct kz__span *s) {
  const struct kz__holes *h = s->holes;
  while (s->y < s->y1) {
    if (s->run < h->row[s->y + 1] && h->runs[s->run].x < s->x1) {
      const struct kz__run *r = &h->runs[s->run++];
      int end = r->x + r->len < s->x1 ? r->x + r->len : s->x1;
      s->x = r->x > s->x0 ? r->x : s->x0;
      s->len = end - s->x;
      s->first = r->first + (s->x - r->x);
      return true;
    }
    s->y++;
    if (s->y < s->y1) s->run = kz__holes_find(h, s->y, s->x0);
  }
  return false;
}
