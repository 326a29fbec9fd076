/* A trained FEDR network, as `kizil train` writes it: a safetensors file whose
 * metadata holds the configuration. */
#ifndef KIZIL_MODEL_H
#define KIZIL_MODEL_H

#include <stdbool.h>

#include <kizil/err.h>

enum kz_precision { KZ_PRECISION_AUTO, KZ_PRECISION_F32, KZ_PRECISION_BF16 };

/* Is only read after loading: restorers of several threads may share one. */
struct kz_model;

/* Load weights (EMA weights where the file has them). A truncated, foreign or oversized file is
 * refused with a message that names the field. `precision` AUTO: bf16 where the processor has
 * bf16 instructions, f32 elsewhere. */
int kz_model_load(const char *path, enum kz_precision precision, struct kz_model **out,
                  struct kz_err *err);
void kz_model_free(struct kz_model *m);
/* SHA-256 of the file, 64 hex digits; borrowed. */
const char *kz_model_hash(const struct kz_model *m);

#endif
