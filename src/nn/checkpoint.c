/* A parameter set on disk. Moments and average lie beside the weights in arrays of
 * one layout, so a checkpoint is the same walk over the set for each of four
 * arrays, told apart by a prefix to the name. */
#include "nn/checkpoint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_LEN 112 /* prefix and a parameter's name */

struct part {
  const char *prefix;
  float *array;
};

static void parts_of(const struct kz_paramset *p, struct part parts[4]) {
  parts[0] = (struct part){"", p->data};
  parts[1] = (struct part){"ema.", p->ema};
  parts[2] = (struct part){"m.", p->m};
  parts[3] = (struct part){"v.", p->v};
}

/* Write `count` arrays of the set; names live in one block. */
static int save_parts(const struct kz_paramset *p, const char *path, const struct part *parts,
                      int count, enum kz_st_dtype dtype, const struct kz_st_meta *meta,
                      int meta_count, struct kz_err *err) {
  size_t total = (size_t)count * (size_t)p->len, at = 0;
  struct kz_st_write *tensors = calloc(total + 1, sizeof *tensors);
  char(*names)[NAME_MAX_LEN] = calloc(total + 1, sizeof *names);
  int code = 0;
  if (!tensors || !names) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: out of memory", path);
    goto out;
  }
  for (int k = 0; k < count; k++)
    for (int i = 0; i < p->len; i++, at++) {
      const struct kz_paraminfo *info = &p->info[i];
      struct kz_st_write *t = &tensors[at];
      snprintf(names[at], sizeof names[at], "%s%s", parts[k].prefix, info->name);
      *t = (struct kz_st_write){.name = names[at], .dtype = dtype, .rank = info->rank,
                                .data = parts[k].array + info->offset, .from_f32 = 1};
      for (int d = 0; d < info->rank; d++) t->shape[d] = info->shape[d];
    }
  code = kz_safetensors_save(path, tensors, (int)total, meta, meta_count, err);
out:
  free(tensors);
  free(names);
  return code;
}

int kz_checkpoint_save(const struct kz_paramset *p, const char *path, const struct kz_st_meta *meta,
                       int meta_count, struct kz_err *err) {
  struct part parts[4];
  parts_of(p, parts);
  return save_parts(p, path, parts, 4, KZ_ST_F32, meta, meta_count, err);
}

int kz_weights_save(const struct kz_paramset *p, const char *path, enum kz_st_dtype dtype,
                    const struct kz_st_meta *meta, int meta_count, struct kz_err *err) {
  struct part part = {"", p->ema ? p->ema : p->data};
  return save_parts(p, path, &part, 1, dtype, meta, meta_count, err);
}

static int check_tensor(const struct kz_paraminfo *info, const struct kz_st_tensor *t,
                        struct kz_err *err) {
  if (t->dtype != KZ_ST_F32 && t->dtype != KZ_ST_F16 && t->dtype != KZ_ST_BF16)
    return kz_err_set(err, KZ_EFORMAT, "tensor '%s': dtype: not F32, F16 or BF16", t->name);
  bool same = t->rank == info->rank;
  for (int i = 0; same && i < t->rank; i++) same = t->shape[i] == info->shape[i];
  if (same) return 0;
  char want[64] = "", have[96] = "";
  for (int i = 0, n = 0; i < info->rank && n < (int)sizeof want; i++)
    n += snprintf(want + n, sizeof want - (size_t)n, "%s%d", i ? "x" : "", info->shape[i]);
  for (int i = 0, n = 0; i < t->rank && n < (int)sizeof have; i++)
    n += snprintf(have + n, sizeof have - (size_t)n, "%s%lld", i ? "x" : "",
                  (long long)t->shape[i]);
  return kz_err_set(err, KZ_EFORMAT, "tensor '%s': shape: %s in the file, the network wants %s",
                    t->name, have, want);
}

/* To f32. Data in a foreign file may lie at any byte, so it goes through an aligned piece. */
static void fill(const struct kz_paramset *p, const struct kz_paraminfo *info,
                 const struct kz_st_tensor *t, float *dst) {
  if (t->dtype == KZ_ST_F32) {
    memcpy(dst, t->data, (size_t)info->count * sizeof *dst);
    return;
  }
  enum kz_dtype from = t->dtype == KZ_ST_F16 ? KZ_F16 : KZ_BF16;
  if ((uintptr_t)t->data % 2 == 0) {
    p->backend->kernels->convert(from, KZ_F32, info->count, t->data, dst);
    return;
  }
  uint16_t piece[4096];
  for (int64_t i = 0; i < info->count; i += 4096) {
    int64_t n = info->count - i < 4096 ? info->count - i : 4096;
    memcpy(piece, (const char *)t->data + 2 * i, (size_t)n * 2);
    p->backend->kernels->convert(from, KZ_F32, n, piece, dst + i);
  }
}

/* Which array of the set a name belongs to (0 plain, 1 ema., 2 m., 3 v.) and which parameter. */
static int place(const struct kz_paramset *p, const struct part parts[4], const char *name,
                 int *index) {
  for (int k = 0; k < 4; k++) {
    size_t n = strlen(parts[k].prefix);
    if (!strncmp(name, parts[k].prefix, n) &&
        (*index = kz_paramset_find(p, name + n)) >= 0)
      return k;
  }
  return -1;
}

static int count_missing(const struct kz_paramset *p, const struct part parts[4],
                         const unsigned char *seen, bool all, struct kz_err *err) {
  for (int i = 0; i < p->len; i++) {
    unsigned want = all ? 15 : seen[i] & 3 ? 0 : 1;
    for (int k = 0; k < 4; k++)
      if ((want & ~seen[i]) >> k & 1)
        return kz_err_set(err, KZ_EFORMAT, "tensor '%s%s' is missing", parts[k].prefix,
                          p->info[i].name);
  }
  return 0;
}

enum { ALL = 1, WHOLE = 2 };

/* ALL: moments and average too. WHOLE: nothing may be missing, nothing be left over. */
static int load(struct kz_paramset *p, const struct kz_safetensors *s, unsigned how,
                struct kz_err *err) {
  const bool all = how & ALL;
  struct part parts[4];
  parts_of(p, parts);
  int code = 0, n = kz_safetensors_count(s), index = -1;
  unsigned char *seen = calloc((size_t)p->len + 1, 1);
  if (!seen) return kz_err_set(err, KZ_ENOMEM, "out of memory");
  for (int i = 0; i < n; i++) {
    const struct kz_st_tensor *t = kz_safetensors_at(s, i);
    int k = place(p, parts, t->name, &index);
    if (k < 0 && !(how & WHOLE)) continue;
    if (k < 0) {
      code = kz_err_set(err, KZ_EFORMAT, "tensor '%s' is not part of this network", t->name);
      goto out;
    }
    if ((code = check_tensor(&p->info[index], t, err)) != 0) goto out;
    seen[index] |= (unsigned char)(1u << k);
  }
  if (how & WHOLE && (code = count_missing(p, parts, seen, all, err)) != 0) goto out;
  for (int i = 0; i < n; i++) {
    const struct kz_st_tensor *t = kz_safetensors_at(s, i);
    int k = place(p, parts, t->name, &index);
    if (k < 0) continue;
    const struct kz_paraminfo *info = &p->info[index];
    if (all)
      fill(p, info, t, parts[k].array + info->offset);
    else if (k == 1 || (k == 0 && !(seen[index] & 2)))
      fill(p, info, t, p->data + info->offset);
  }
  p->version++;
out:
  free(seen);
  return code;
}

int kz_checkpoint_load(struct kz_paramset *p, const struct kz_safetensors *s, bool all,
                       struct kz_err *err) {
  return load(p, s, WHOLE | (all ? ALL : 0), err);
}

int kz_checkpoint_adopt(struct kz_paramset *p, const struct kz_safetensors *s, struct kz_err *err) {
  return load(p, s, 0, err);
}
