/* COCO's annotations: polygons, and runs down the columns, plain ("counts" a list) or packed
 * ("counts" a string of 6-bit groups, each count from the third on a difference to the one two
 * before). A map runs along the rows, so runs of columns are turned: for every row it is kept where
 * the run that reached the last column began. */
#include <stdlib.h>
#include <string.h>

#include "treat/parts.h"

static int broken(const struct kz__reading *r, long long id, const char *what, struct kz_err *err) {
  return kz_err_set(err, KZ_EFORMAT, "%s: annotation %lld: %s", r->path, id, what);
}

/* ---- runs down the columns ---- */

struct columns {
  const struct kz__reading *r;
  int cls;
  int *from, *last; /* [height]: the run that row y has open; from -1: none */
  int64_t at;       /* px done, down the columns */
};

static void cover(struct columns *c, int x, int y) {
  if (c->from[y] >= 0 && c->last[y] == x - 1) {
    c->last[y] = x;
    return;
  }
  if (c->from[y] >= 0)
    kz__paint_run(c->r->paint, c->from[y], y, c->last[y] - c->from[y] + 1, c->cls);
  c->from[y] = c->last[y] = x;
}

/* False if the run leaves the image. */
static bool take_run(struct columns *c, int64_t count, bool set) {
  int height = c->r->source->height;
  int64_t all = (int64_t)c->r->source->width * height;
  if (count < 0 || count > all - c->at) return false;
  for (int64_t i = set ? c->at : c->at + count; i < c->at + count; i++)
    cover(c, (int)(i / height), (int)(i % height));
  c->at += count;
  return true;
}

static bool take_list(struct columns *c, const json_t *counts) {
  for (size_t i = 0; i < json_array_size(counts); i++) {
    const json_t *v = json_array_get(counts, i);
    if (!json_is_integer(v) || !take_run(c, json_integer_value(v), i & 1)) return false;
  }
  return true;
}

static bool take_packed(struct columns *c, const char *s) {
  int64_t before[2] = {0, 0};
  for (int n = 0; *s; n++) {
    int64_t v = 0;
    int shift = 0;
    for (bool more = true; more; shift += 5) {
      int digit = *s++ - 48;
      if (digit < 0 || digit > 63 || shift > 50) return false;
      v |= (int64_t)(digit & 31) << shift;
      more = digit & 32;
      if (!more && digit & 16) v |= -((int64_t)1 << (shift + 5));
    }
    if (n > 2) v += before[n & 1];
    before[n & 1] = v;
    if (!take_run(c, v, n & 1)) return false;
  }
  return true;
}

static int read_runs(const struct kz__reading *r, const json_t *seg, int cls, long long id,
                     struct kz_err *err) {
  const json_t *size = json_object_get(seg, "size"), *counts = json_object_get(seg, "counts");
  int height = r->source->height, code = 0;
  struct columns c = {.r = r, .cls = cls};
  if (json_array_size(size) != 2 || !(json_is_string(counts) || json_is_array(counts)))
    return broken(r, id, "runs need \"size\": [height, width] and \"counts\"", err);
  code = kz__same_size(r, json_integer_value(json_array_get(size, 1)),
                       json_integer_value(json_array_get(size, 0)), err);
  if (code) return code;
  c.from = malloc((size_t)height * sizeof *c.from);
  c.last = malloc((size_t)height * sizeof *c.last);
  if (!c.from || !c.last) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory to turn runs of %d rows", height);
    goto out;
  }
  for (int y = 0; y < height; y++) c.from[y] = -1;
  bool good =
      json_is_string(counts) ? take_packed(&c, json_string_value(counts)) : take_list(&c, counts);
  if (!good || c.at != (int64_t)r->source->width * height) {
    code = broken(r, id, "its run lengths do not add up to the image's pixels", err);
    goto out;
  }
  for (int y = 0; y < height; y++)
    if (c.from[y] >= 0) kz__paint_run(r->paint, c.from[y], y, c.last[y] - c.from[y] + 1, cls);
out:
  free(c.from);
  free(c.last);
  return code;
}

/* ---- polygons ---- */

static int read_polygon(const struct kz__reading *r, const json_t *flat, int cls, long long id,
                        struct kz_err *err) {
  size_t n = json_array_size(flat);
  struct kz__outline o = {0};
  int code = 0;
  if (n < 6 || n % 2) return broken(r, id, "a polygon needs x, y of at least three corners", err);
  for (size_t i = 0; i < n && !code; i += 2) {
    const json_t *x = json_array_get(flat, i), *y = json_array_get(flat, i + 1);
    if (!json_is_number(x) || !json_is_number(y))
      code = broken(r, id, "a corner of a polygon is not a number", err);
    else
      kz__outline_line(&o, json_number_value(x), json_number_value(y));
  }
  if (!code) {
    code = kz__outline_fill(&o, r->paint, cls, err);
    if (code) kz_err_prefix(err, "%s: annotation %lld: ", r->path, id);
  }
  kz__outline_release(&o);
  return code;
}

static int read_segmentation(const struct kz__reading *r, const json_t *seg, int cls, long long id,
                             struct kz_err *err) {
  if (json_is_object(seg)) return read_runs(r, seg, cls, id, err);
  if (!json_array_size(seg))
    return broken(r, id, "no \"segmentation\"; a box alone does not say which pixels", err);
  int code = 0;
  for (size_t i = 0; i < json_array_size(seg) && !code; i++)
    code = read_polygon(r, json_array_get(seg, i), cls, id, err);
  return code;
}

/* ---- the file ---- */

static const char *base_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* The entry of "images" that is the picture. */
static int find_image(const struct kz__reading *r, const json_t *images, const json_t **out,
                      struct kz_err *err) {
  const char *want = r->source->picture ? base_name(r->source->picture) : NULL;
  size_t n = json_array_size(images);
  for (size_t i = 0; want && i < n; i++) {
    const json_t *im = json_array_get(images, i);
    const char *name = json_string_value(json_object_get(im, "file_name"));
    if (name && !strcmp(base_name(name), want)) {
      *out = im;
      return 0;
    }
  }
  if (n == 1) {
    *out = json_array_get(images, 0);
    return 0;
  }
  return kz_err_set(err, KZ_ENOENT, "%s: none of its %zu images has the file_name \"%.200s\"",
                    r->path, n, want ? want : "(none given)");
}

static int category_class(const struct kz__reading *r, const json_t *categories, const json_t *id,
                          long long annotation, int *cls, struct kz_err *err) {
  const json_t *c;
  size_t i;
  json_array_foreach((json_t *)(uintptr_t)categories, i, c) {
    const char *name = json_string_value(json_object_get(c, "name"));
    if (!name || !json_equal(json_object_get(c, "id"), id)) continue;
    *cls = kz__name_class(r->policy, name);
    return *cls == -1 ? kz__name_unknown(r->path, "category", name, err) : 0;
  }
  return broken(r, annotation, "its category_id is not in \"categories\"", err);
}

int kz__read_coco(const struct kz__reading *r, const json_t *root, struct kz_err *err) {
  const json_t *notes = json_object_get(root, "annotations"), *image = NULL;
  int code = find_image(r, json_object_get(root, "images"), &image, err);
  const json_t *w = json_object_get(image, "width"), *h = json_object_get(image, "height");
  if (!code && w && h) code = kz__same_size(r, json_integer_value(w), json_integer_value(h), err);
  for (size_t i = 0; i < json_array_size(notes) && !code; i++) {
    const json_t *a = json_array_get(notes, i);
    const json_t *of = json_object_get(a, "image_id");
    const json_t *number = json_object_get(a, "id");
    long long id = json_is_integer(number) ? json_integer_value(number) : (long long)i + 1;
    int cls = -1;
    if (!of || !json_equal(of, json_object_get(image, "id"))) continue;
    code = category_class(r, json_object_get(root, "categories"), json_object_get(a, "category_id"),
                          id, &cls, err);
    if (!code && cls != KZ_IGNORE)
      code = read_segmentation(r, json_object_get(a, "segmentation"), cls, id, err);
  }
  return code;
}
