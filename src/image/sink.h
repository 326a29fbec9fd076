/* A file that libvips encodes into, with something of ours put into its header. */
#ifndef KZ_IMAGE_SINK_H
#define KZ_IMAGE_SINK_H

#include <stdbool.h>

#include <vips/vips.h>

struct kz__sink {
  /* Bytes of the header of which the first n are there; 0: more are needed. */
  size_t (*header_size)(const unsigned char *p, size_t n);
  /* Write the header, of n bytes, with what belongs into it, by kz__sink_write; 0 or -1. */
  int (*write_header)(struct kz__sink *s, const unsigned char *p, size_t n);
  unsigned char *more; /* what belongs into it, malloc'd; NULL: nothing */
  size_t size;
  /* The sink's own: */
  int fd;
  unsigned char *held; /* the header as far as it came; NULL: it is written */
  size_t held_size, held_room;
  bool passed;
};

/* To make the file at `path`; the two functions are set. NULL: libvips' error says why. */
VipsTarget *kz__sink_open(struct kz__sink *s, const char *path);
int kz__sink_write(struct kz__sink *s, const void *p, size_t n);
/* End it, whether all went well (rc = 0) or not; -1: something did not. Frees `more`. */
int kz__sink_close(struct kz__sink *s, VipsTarget *target, int rc);

/* JPEG and WebP with EXIF as it was, where libvips makes it anew. */
int kz__jpeg_save(VipsImage *im, const char *path);
int kz__webp_save(VipsImage *im, const char *path);

#endif
