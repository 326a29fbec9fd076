/* Small pictures of photographs, to be shown beside words. */
#ifndef KZ_IMAGE_THUMB_H
#define KZ_IMAGE_THUMB_H

#include <stddef.h>
#include <stdint.h>

#include <kizil/err.h>

struct kz_thumb {
  int width, height;
  void *jpeg; /* kz_thumb_release frees it */
  size_t size;
};

/* A photograph of any format that a data set takes, upright, in sRGB, reduced to fit width x height
 * (never enlarged), as JPEG. It is decoded only as finely as that needs (JPEG), top to bottom.
 * KZ_ERANGE where its decoder would hold more than 256 MB. Any thread. */
int kz_thumb_make(const char *path, int width, int height, struct kz_thumb *out,
                  struct kz_err *err);
void kz_thumb_release(struct kz_thumb *t);

#endif
