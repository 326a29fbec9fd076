/* SHA-256 (FIPS 180-4), in pieces. */
#ifndef KZ_SHA256_H
#define KZ_SHA256_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct kz_sha256 {
  uint32_t state[8];
  uint64_t length; /* bytes so far */
  uint8_t block[64];
  bool fast; /* by the processor's instructions; init sets it, tests may clear it */
};

void kz_sha256_init(struct kz_sha256 *h);
void kz_sha256_add(struct kz_sha256 *h, const void *data, size_t len);
/* 64 hex digits and a NUL; the struct must be initialised anew afterwards. */
void kz_sha256_hex(struct kz_sha256 *h, char hex[65]);

/* sha256_ni.c: whether this processor can, and `blocks` x 64 bytes by it; k as in FIPS 180-4. */
bool kz__sha256_ni(void);
void kz__sha256_ni_compress(uint32_t state[8], const uint32_t k[64], const uint8_t *p,
                            size_t blocks);

#endif
