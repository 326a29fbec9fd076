/* Annotations come in any order and lie over one another; a map has one class a pixel, row by row.
 * So runs are heaped up as they come, shared out to their rows (a counting sort, which keeps their
 * order), and painted over one another in one row's buffer. Work and memory follow the runs. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "treat/parts.h"

int kz__rows_init(struct kz_treat_rows *r, int width, int height, struct kz_err *err) {
  *r = (struct kz_treat_rows){.width = width, .height = height};
  if (width < 1 || height < 1)
    return kz_err_set(err, KZ_ERANGE, "a map of %d x %d px; it needs the image's size", width,
                      height);
  r->row = calloc((size_t)height + 1, sizeof *r->row);
  if (!r->row) return kz_err_set(err, KZ_ENOMEM, "no memory for a map of %d rows", height);
  return 0;
}

void kz__rows_release(struct kz_treat_rows *r) {
  free(r->runs);
  free(r->row);
  *r = (struct kz_treat_rows){0};
}

int kz__rows_add(struct kz_treat_rows *r, int x, int len, int id, struct kz_err *err) {
  if (r->run_count == r->run_cap) {
    int64_t cap = r->run_cap ? r->run_cap * 2 : 1024;
    struct kz_treat_run *grown = NULL;
    if (cap <= INT_MAX) grown = realloc(r->runs, (size_t)cap * sizeof *grown);
    if (!grown)
      return kz_err_set(err, KZ_ENOMEM, "no memory for a map of more than %lld runs",
                        (long long)r->run_cap);
    r->runs = grown;
    r->run_cap = cap;
  }
  r->runs[r->run_count++] = (struct kz_treat_run){.x = x, .len = len, .id = id};
  return 0;
}

void kz__rows_end(struct kz_treat_rows *r, int y) { r->row[y + 1] = r->run_count; }

int kz__rows_take(struct kz_treat_rows *r, int y, uint8_t *buffer, int x0, int x1,
                  struct kz_err *err) {
  int code = 0;
  for (int x = x0; x < x1 && !code;) {
    if (!buffer[x]) {
      x++;
      continue;
    }
    int end = x + 1;
    while (end < x1 && buffer[end] == buffer[x]) end++;
    code = kz__rows_add(r, x, end - x, buffer[x] - 1, err);
    x = end;
  }
  if (x1 > x0) memset(buffer + x0, 0, (size_t)(x1 - x0));
  kz__rows_end(r, y);
  return code;
}

void kz__paint_run(struct kz__paint *p, int x, int y, int len, int cls) {
  if (y < 0 || y >= p->height || x >= p->width || len < 1) return;
  if (x < 0) {
    len += x;
    x = 0;
  }
  if (len > p->width - x) len = p->width - x;
  if (len < 1 || p->failed) return;
  if (p->count == p->cap) {
    int64_t cap = p->cap ? p->cap * 2 : 1024;
    struct kz__dab *grown = realloc(p->dabs, (size_t)cap * sizeof *grown);
    if (!grown) {
      p->failed = true;
      return;
    }
    p->dabs = grown;
    p->cap = cap;
  }
  p->dabs[p->count++] = (struct kz__dab){x, y, len, cls};
}

void kz__paint_release(struct kz__paint *p) {
  free(p->dabs);
  *p = (struct kz__paint){0};
}

/* Numbers of the dabs by row, in their order: row y's are order[start[y]] to order[start[y+1]-1].
 */
static int share_out(const struct kz__paint *p, int64_t **start, int64_t **order,
                     struct kz_err *err) {
  *start = calloc((size_t)p->height + 2, sizeof **start);
  *order = malloc((size_t)(p->count + 1) * sizeof **order);
  if (!*start || !*order)
    return kz_err_set(err, KZ_ENOMEM, "no memory to sort %lld runs", (long long)p->count);
  int64_t *next = *start + 1; /* next[y]: where row y's next goes; it ends as row y + 1's start */
  for (int64_t i = 0; i < p->count; i++)
    if (p->dabs[i].y + 2 <= p->height) (*start)[p->dabs[i].y + 2]++;
  for (int y = 1; y <= p->height; y++) (*start)[y] += (*start)[y - 1];
  for (int64_t i = 0; i < p->count; i++) (*order)[next[p->dabs[i].y]++] = i;
  return 0;
}

/* Over what is there; counts what changes its class. */
static int64_t paint_dab(uint8_t *buffer, const struct kz__dab *d) {
  uint8_t value = (uint8_t)(d->cls + 1);
  int64_t over = 0;
  for (int x = d->x; x < d->x + d->len; x++) {
    over += buffer[x] && buffer[x] != value;
    buffer[x] = value;
  }
  return over;
}

int kz__paint_finish(struct kz__paint *p, struct kz_treat_map *map, struct kz_err *err) {
  int64_t *start = NULL, *order = NULL;
  uint8_t *buffer = NULL;
  *map = (struct kz_treat_map){0};
  int code = p->failed ? kz_err_set(err, KZ_ENOMEM, "no memory for more than %lld runs of damage",
                                    (long long)p->count)
                       : kz__rows_init(&map->rows, p->width, p->height, err);
  if (!code) code = share_out(p, &start, &order, err);
  if (code) goto out;
  buffer = calloc((size_t)p->width, 1);
  if (!buffer) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory for a row of %d px", p->width);
    goto out;
  }
  for (int y = 0; y < p->height && !code; y++) {
    int x0 = p->width, x1 = 0;
    for (int64_t i = start[y]; i < start[y + 1]; i++) {
      const struct kz__dab *d = &p->dabs[order[i]];
      if (d->x < x0) x0 = d->x;
      if (d->x + d->len > x1) x1 = d->x + d->len;
      map->overlapped += paint_dab(buffer, d);
    }
    code = kz__rows_take(&map->rows, y, buffer, x0, x1, err);
  }
  for (int64_t i = 0; i < map->rows.run_count; i++)
    map->area[map->rows.runs[i].id] += map->rows.runs[i].len;
out:
  free(start);
  free(order);
  free(buffer);
  kz__paint_release(p);
  if (code) kz_treat_map_release(map);
  return code;
}

void kz_treat_map_release(struct kz_treat_map *map) {
  kz__rows_release(&map->rows);
  *map = (struct kz_treat_map){0};
}
