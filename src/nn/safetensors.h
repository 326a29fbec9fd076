/* Reading and writing safetensors: an 8-byte little-endian header length, a JSON
 * header, then raw tensors. */
#ifndef KZ_SAFETENSORS_H
#define KZ_SAFETENSORS_H

#include <stdint.h>

#include <kizil/err.h>

#include "tensor/tensor.h"

enum kz_st_dtype { KZ_ST_F32, KZ_ST_F16, KZ_ST_BF16, KZ_ST_I64, KZ_ST_U8 };

struct kz_st_tensor {
  const char *name;
  enum kz_st_dtype dtype;
  int rank;
  int64_t shape[8];
  const void *data; /* into the mapped file; may be unaligned */
  uint64_t bytes;
};

struct kz_safetensors; /* an open (memory-mapped) file */

/* Validates everything before it returns: sizes against the file, offsets in order, no overlap, no
 * gap, dtype and shape against byte length, header under 16 MiB, JSON well-formed. Each refusal
 * (KZ_EFORMAT) names the path, the tensor and the field. */
int kz_safetensors_open(const char *path, struct kz_safetensors **out, struct kz_err *err);
void kz_safetensors_close(struct kz_safetensors *s);
int kz_safetensors_count(const struct kz_safetensors *s);
const struct kz_st_tensor *kz_safetensors_at(const struct kz_safetensors *s, int i);
/* NULL if there is none. */
const struct kz_st_tensor *kz_safetensors_find(const struct kz_safetensors *s, const char *name);
/* Value of a key of __metadata__, or NULL. */
const char *kz_safetensors_meta(const struct kz_safetensors *s, const char *key);

/* What to write; data in native dtype (for F16, `data` is f32 if `from_f32`, converted on the way;
 * likewise BF16). */
struct kz_st_write {
  const char *name;
  enum kz_st_dtype dtype;
  int rank;
  int64_t shape[8];
  const void *data;
  int from_f32;
};
struct kz_st_meta {
  const char *key, *value;
};
/* Writes beside `path`, fsyncs, renames. On failure the old file stays and nothing else is left. */
int kz_safetensors_save(const char *path, const struct kz_st_write *tensors, int count,
                        const struct kz_st_meta *meta, int meta_count, struct kz_err *err);

#endif
