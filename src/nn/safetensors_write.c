/* Writing safetensors: header, then tensors end to end, beside the final name and
 * renamed, so that a reader never meets half a file. The header is padded with
 * blanks (the format allows it) to put the first tensor on a 64-byte boundary.
 * Half precision is converted piece by piece: no copy of the whole network. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "nn/safetensors.h"
#include "tensor/kernels.h"

#define ALIGN 64
#define PIECE 65536 /* elements converted at a time */

static const char *const names[] = {
    [KZ_ST_F32] = "F32", [KZ_ST_F16] = "F16", [KZ_ST_BF16] = "BF16", [KZ_ST_I64] = "I64",
    [KZ_ST_U8] = "U8"};
static const unsigned sizes[] = {
    [KZ_ST_F32] = 4, [KZ_ST_F16] = 2, [KZ_ST_BF16] = 2, [KZ_ST_I64] = 8, [KZ_ST_U8] = 1};

static int64_t elements(const struct kz_st_write *t) {
  int64_t n = 1;
  for (int i = 0; i < t->rank; i++) n *= t->shape[i];
  return n;
}

/* {"dtype": ..., "shape": [...], "data_offsets": [begin, end]}, or NULL. */
static json_t *entry(const struct kz_st_write *t, int64_t begin, int64_t end) {
  json_t *shape = json_array();
  for (int i = 0; shape && i < t->rank; i++)
    if (json_array_append_new(shape, json_integer(t->shape[i])) != 0) {
      json_decref(shape);
      return NULL;
    }
  return json_pack("{s:s, s:o, s:[I, I]}", "dtype", names[t->dtype], "shape", shape,
                   "data_offsets", (json_int_t)begin, (json_int_t)end);
}

/* The header as text, padded; the caller frees. */
static int make_header(const char *path, const struct kz_st_write *tensors, int count,
                       const struct kz_st_meta *meta, int meta_count, char **text, size_t *len,
                       struct kz_err *err) {
  int code = 0;
  int64_t at = 0;
  char *dump = NULL, *padded;
  json_t *root = json_object(), *m = json_object();
  bool bad = !root || !m;
  for (int i = 0; i < meta_count && !bad; i++)
    bad = json_object_set_new(m, meta[i].key, json_string(meta[i].value)) != 0;
  if (!bad && meta_count > 0) bad = json_object_set(root, "__metadata__", m) != 0;
  for (int i = 0; i < count && !bad; i++) {
    const struct kz_st_write *t = &tensors[i];
    if (!strcmp(t->name, "__metadata__") || json_object_get(root, t->name)) {
      code = kz_err_set(err, KZ_EEXIST, "%s: tensor '%s': the name is taken", path, t->name);
      goto out;
    }
    int64_t end = at + elements(t) * sizes[t->dtype];
    bad = json_object_set_new(root, t->name, entry(t, at, end)) != 0;
    at = end;
  }
  if (!bad) dump = json_dumps(root, JSON_COMPACT);
  size_t used = dump ? strlen(dump) : 0;
  *len = (used + 8 + ALIGN - 1) / ALIGN * ALIGN - 8;
  padded = dump ? realloc(dump, *len + 1) : NULL;
  if (!padded) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: out of memory, or a name or value that is not UTF-8",
                      path);
    goto out;
  }
  memset(padded + used, ' ', *len - used);
  *text = padded;
  dump = NULL;
out:
  free(dump);
  json_decref(root);
  json_decref(m);
  return code;
}

static bool write_tensor(FILE *f, const struct kz_st_write *t, void *piece) {
  int64_t n = elements(t);
  if (!t->from_f32 || t->dtype == KZ_ST_F32)
    return fwrite(t->data, sizes[t->dtype], (size_t)n, f) == (size_t)n;
  enum kz_dtype to = t->dtype == KZ_ST_F16 ? KZ_F16 : KZ_BF16;
  const struct kz_kernels *k = kz_kernels_get(NULL);
  for (int64_t i = 0; i < n; i += PIECE) {
    int64_t len = n - i < PIECE ? n - i : PIECE;
    k->convert(KZ_F32, to, len, (const float *)t->data + i, piece);
    if (fwrite(piece, 2, (size_t)len, f) != (size_t)len) return false;
  }
  return true;
}

int kz_safetensors_save(const char *path, const struct kz_st_write *tensors, int count,
                        const struct kz_st_meta *meta, int meta_count, struct kz_err *err) {
  char *header = NULL;
  size_t len = 0;
  unsigned char prefix[8];
  struct kz_atomic_file file;
  void *piece = malloc(PIECE * 2);
  int code = piece ? make_header(path, tensors, count, meta, meta_count, &header, &len, err)
                   : kz_err_set(err, KZ_ENOMEM, "%s: out of memory", path);
  if (code) goto out;
  if ((code = kz_atomic_open(&file, path, err)) != 0) goto out;
  for (int i = 0; i < 8; i++) prefix[i] = (unsigned char)((uint64_t)len >> (8 * i));
  bool good = fwrite(prefix, 1, 8, file.f) == 8 && fwrite(header, 1, len, file.f) == len;
  for (int i = 0; i < count && good; i++) good = write_tensor(file.f, &tensors[i], piece);
  if (good) {
    code = kz_atomic_commit(&file, err);
  } else {
    kz_atomic_abort(&file);
    code = kz_err_set(err, KZ_EIO, "%s: cannot write (disk full?)", path);
  }
out:
  free(header);
  free(piece);
  return code;
}
