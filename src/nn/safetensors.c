/* Reading safetensors.
 *
 * A model file comes from a stranger as often as from us, so everything in the
 * header is checked against the size of the file before a single tensor is
 * handed out: after kz_safetensors_open no offset, shape or length can lead
 * outside the mapping. Tensors are laid end to end in the file; sorted by offset,
 * each must begin where the one before ended, which rules out gaps and overlaps
 * in one comparison. The file is mapped, not read: a tensor that nobody asks for
 * costs nothing. Names and metadata stay in the parsed header, which is kept. */
#include "nn/safetensors.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define HEADER_LIMIT (16u << 20)
#define RANK_LIMIT 8

struct kz_safetensors {
  const char *path; /* the caller's, only while opening */
  unsigned char *map;
  size_t size;
  json_t *header;
  struct kz_st_tensor *tensors; /* in the order of the file */
  int len;
};

static const struct {
  const char *name;
  enum kz_st_dtype dtype;
  unsigned size;
} dtypes[] = {{"F32", KZ_ST_F32, 4},
              {"F16", KZ_ST_F16, 2},
              {"BF16", KZ_ST_BF16, 2},
              {"I64", KZ_ST_I64, 8},
              {"U8", KZ_ST_U8, 1}};
#define DTYPES (sizeof dtypes / sizeof *dtypes)

static int map_file(struct kz_safetensors *s, struct kz_err *err) {
  int code = 0;
  int fd = open(s->path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return kz_err_set(err, errno == ENOENT ? KZ_ENOENT : KZ_EIO, "%s: cannot open: %s", s->path,
                      strerror(errno));
  struct stat st;
  if (fstat(fd, &st) != 0) {
    code = kz_err_set(err, KZ_EIO, "%s: cannot stat: %s", s->path, strerror(errno));
  } else if (!S_ISREG(st.st_mode)) {
    code = kz_err_set(err, KZ_EFORMAT, "%s: not a regular file", s->path);
  } else if (st.st_size < 10) {
    code = kz_err_set(err, KZ_EFORMAT,
                      "%s: header length: the file has %lld bytes, a safetensors file at least 10",
                      s->path, (long long)st.st_size);
  } else {
    s->size = (size_t)st.st_size;
    void *map = mmap(NULL, s->size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (map == MAP_FAILED)
      code = kz_err_set(err, KZ_EIO, "%s: cannot map: %s", s->path, strerror(errno));
    else
      s->map = map;
  }
  close(fd);
  return code;
}

/* Parse the header; *data_start is where the tensors begin. */
static int parse_header(struct kz_safetensors *s, size_t *data_start, struct kz_err *err) {
  uint64_t len = 0;
  for (int i = 7; i >= 0; i--) len = len << 8 | s->map[i];
  if (len > HEADER_LIMIT)
    return kz_err_set(err, KZ_EFORMAT,
                      "%s: header length: %llu bytes is over the limit of %u (not a safetensors "
                      "file?)",
                      s->path, (unsigned long long)len, HEADER_LIMIT);
  if (len > s->size - 8)
    return kz_err_set(err, KZ_EFORMAT,
                      "%s: header length: %llu bytes, but only %zu follow (truncated?)", s->path,
                      (unsigned long long)len, s->size - 8);
  json_error_t e;
  s->header = json_loadb((const char *)s->map + 8, (size_t)len, JSON_REJECT_DUPLICATES, &e);
  if (!s->header)
    return kz_err_set(err, KZ_EFORMAT, "%s: header: not JSON: %s at byte %d", s->path, e.text,
                      e.position);
  if (!json_is_object(s->header))
    return kz_err_set(err, KZ_EFORMAT, "%s: header: not a JSON object", s->path);
  *data_start = 8 + (size_t)len;
  return 0;
}

static int check_meta(struct kz_safetensors *s, struct kz_err *err) {
  json_t *meta = json_object_get(s->header, "__metadata__"), *value;
  const char *key;
  if (!meta) return 0;
  if (!json_is_object(meta))
    return kz_err_set(err, KZ_EFORMAT, "%s: __metadata__: not an object", s->path);
  json_object_foreach(meta, key, value) if (!json_is_string(value))
    return kz_err_set(err, KZ_EFORMAT, "%s: __metadata__: '%s' is not a string", s->path, key);
  return 0;
}

/* A refusal names the path, the tensor and the field. */
#define REFUSE(field, ...) \
  (kz_err_set(err, KZ_EFORMAT, __VA_ARGS__), \
   kz_err_prefix(err, "%s: tensor '%s': %s", s->path, t->name, field))

static int parse_shape(struct kz_safetensors *s, struct kz_st_tensor *t, json_t *shape,
                       unsigned item, uint64_t *bytes, struct kz_err *err) {
  if (!json_is_array(shape)) return REFUSE("shape", "not an array");
  size_t rank = json_array_size(shape);
  if (rank > RANK_LIMIT) return REFUSE("shape", "%zu dimensions, at most %d", rank, RANK_LIMIT);
  t->rank = (int)rank;
  *bytes = item;
  for (size_t i = 0; i < rank; i++) {
    json_t *v = json_array_get(shape, i);
    if (!json_is_integer(v) || json_integer_value(v) < 0)
      return REFUSE("shape", "dimension %zu is not a whole number of 0 or more", i);
    t->shape[i] = json_integer_value(v);
    if (__builtin_mul_overflow(*bytes, (uint64_t)t->shape[i], bytes))
      return REFUSE("shape", "more elements than memory has addresses");
  }
  return 0;
}

static int parse_tensor(struct kz_safetensors *s, struct kz_st_tensor *t, json_t *entry,
                        size_t data_start, struct kz_err *err) {
  const char *key;
  json_t *value;
  if (!json_is_object(entry)) return REFUSE("entry", "not an object");
  json_object_foreach(entry, key, value)
    if (strcmp(key, "dtype") && strcmp(key, "shape") && strcmp(key, "data_offsets"))
      return REFUSE(key, "unknown field");
  const char *dtype = json_string_value(json_object_get(entry, "dtype"));
  if (!dtype) return REFUSE("dtype", "missing or not a string");
  size_t d = 0;
  while (d < DTYPES && strcmp(dtype, dtypes[d].name)) d++;
  if (d == DTYPES)
    return REFUSE("dtype", "'%.20s' is not one of F32, F16, BF16, I64, U8", dtype);
  t->dtype = dtypes[d].dtype;
  uint64_t bytes = 0;
  int code = parse_shape(s, t, json_object_get(entry, "shape"), dtypes[d].size, &bytes, err);
  if (code) return code;

  json_t *offsets = json_object_get(entry, "data_offsets");
  if (!json_is_array(offsets) || json_array_size(offsets) != 2 ||
      !json_is_integer(json_array_get(offsets, 0)) || !json_is_integer(json_array_get(offsets, 1)))
    return REFUSE("data_offsets", "not an array of two whole numbers");
  int64_t begin = json_integer_value(json_array_get(offsets, 0));
  int64_t end = json_integer_value(json_array_get(offsets, 1));
  size_t room = s->size - data_start;
  if (begin < 0 || end < begin)
    return REFUSE("data_offsets", "[%lld, %lld] is not a range", (long long)begin,
                  (long long)end);
  if ((uint64_t)end > room)
    return REFUSE("data_offsets", "ends at byte %lld of the data, but the file has %zu "
                                  "(truncated?)", (long long)end, room);
  t->bytes = (uint64_t)(end - begin);
  if (t->bytes != bytes)
    return REFUSE("data_offsets", "%llu bytes, but dtype and shape make %llu",
                  (unsigned long long)t->bytes, (unsigned long long)bytes);
  t->data = s->map + data_start + begin;
  return 0;
}

static int by_offset(const void *a, const void *b) {
  const struct kz_st_tensor *x = a, *y = b;
  if (x->data != y->data) return (const char *)x->data < (const char *)y->data ? -1 : 1;
  return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

static int check_layout(struct kz_safetensors *s, size_t data_start, struct kz_err *err) {
  const unsigned char *at = s->map + data_start;
  qsort(s->tensors, (size_t)s->len, sizeof *s->tensors, by_offset);
  for (int i = 0; i < s->len; i++) {
    struct kz_st_tensor *t = &s->tensors[i];
    const unsigned char *begin = t->data;
    if (begin < at)
      return REFUSE("data_offsets", "overlaps tensor '%s'", s->tensors[i - 1].name);
    if (begin > at)
      return REFUSE("data_offsets", "leaves a gap of %lld bytes before it",
                    (long long)(begin - at));
    at = begin + t->bytes;
  }
  if (at != s->map + s->size)
    return kz_err_set(err, KZ_EFORMAT, "%s: %lld bytes follow the last tensor (oversized file)",
                      s->path, (long long)(s->map + s->size - at));
  return 0;
}

int kz_safetensors_open(const char *path, struct kz_safetensors **out, struct kz_err *err) {
  size_t data_start = 0;
  struct kz_safetensors *s = calloc(1, sizeof *s);
  if (!s) return kz_err_set(err, KZ_ENOMEM, "%s: out of memory", path);
  s->path = path;
  int code = map_file(s, err);
  if (code) goto out;
  if ((code = parse_header(s, &data_start, err)) != 0) goto out;
  if ((code = check_meta(s, err)) != 0) goto out;
  s->tensors = calloc(json_object_size(s->header) + 1, sizeof *s->tensors);
  if (!s->tensors) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: out of memory", path);
    goto out;
  }
  const char *key;
  json_t *entry;
  json_object_foreach(s->header, key, entry) {
    if (!strcmp(key, "__metadata__")) continue;
    struct kz_st_tensor *t = &s->tensors[s->len];
    t->name = key;
    if ((code = parse_tensor(s, t, entry, data_start, err)) != 0) goto out;
    s->len++;
  }
  code = check_layout(s, data_start, err);
out:
  s->path = NULL;
  if (code) {
    kz_safetensors_close(s);
    s = NULL;
  }
  if (!code) *out = s;
  return code;
}

void kz_safetensors_close(struct kz_safetensors *s) {
  if (!s) return;
  if (s->map) munmap(s->map, s->size);
  json_decref(s->header);
  free(s->tensors);
  free(s);
}

int kz_safetensors_count(const struct kz_safetensors *s) { return s->len; }

const struct kz_st_tensor *kz_safetensors_at(const struct kz_safetensors *s, int i) {
  return i >= 0 && i < s->len ? &s->tensors[i] : NULL;
}

const struct kz_st_tensor *kz_safetensors_find(const struct kz_safetensors *s, const char *name) {
  for (int i = 0; i < s->len; i++)
    if (!strcmp(s->tensors[i].name, name)) return &s->tensors[i];
  return NULL;
}

const char *kz_safetensors_meta(const struct kz_safetensors *s, const char *key) {
  return json_string_value(json_object_get(json_object_get(s->header, "__metadata__"), key));
}
