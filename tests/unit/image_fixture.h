/* What the image tests share: a folder of their own, noise images made with libvips, and a look at
 * what a folder holds. */
#ifndef IMAGE_FIXTURE_H
#define IMAGE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <dirent.h>
#include <vips/vips.h>

#include <kizil/image.h>

static char folder[64];

static inline int fixture_setup(void **state) {
  (void)state;
  struct kz_err err;
  snprintf(folder, sizeof folder, "/tmp/kizil_image_XXXXXX");
  if (!mkdtemp(folder)) return -1;
  return kz_image_startup("test_image", 2, &err);
}

/* Number of files in the test folder whose name holds `part`. */
static inline int count_files(const char *part) {
  DIR *d = opendir(folder);
  assert_non_null(d);
  int count = 0;
  for (struct dirent *e; (e = readdir(d));)
    if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..") && strstr(e->d_name, part)) count++;
  closedir(d);
  return count;
}

static inline void empty_folder(void) {
  DIR *d = opendir(folder);
  char path[512];
  assert_non_null(d);
  for (struct dirent *e; (e = readdir(d));) {
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    if (strcmp(e->d_name, ".") && strcmp(e->d_name, "..")) unlink(path);
  }
  closedir(d);
}

static inline int fixture_teardown(void **state) {
  (void)state;
  empty_folder();
  rmdir(folder);
  kz_image_shutdown();
  return 0;
}

static inline const char *in_folder(const char *name) {
  static _Thread_local char ring[8][256];
  static _Thread_local int next;
  char *path = ring[next++ % 8];
  snprintf(path, sizeof ring[0], "%s/%s", folder, name);
  return path;
}

static inline uint32_t noise(uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  return *state >> 8;
}

/* Noise samples; the caller frees. 16 bits use the whole range, alpha included. */
static inline void *make_samples(int w, int h, int bands, int bits, uint32_t seed) {
  size_t count = (size_t)w * h * bands;
  uint8_t *p = malloc(count * (bits / 8));
  assert_non_null(p);
  for (size_t i = 0; i < count; i++) {
    uint32_t v = noise(&seed);
    if (bits == 16)
      ((uint16_t *)(void *)p)[i] = (uint16_t)v;
    else
      p[i] = (uint8_t)v;
  }
  return p;
}

/* A libvips image that holds a copy of `samples`. */
static inline VipsImage *make_vips(const void *samples, int w, int h, int bands, int bits) {
  VipsImage *im = vips_image_new_from_memory_copy(
      samples, (size_t)w * h * bands * (bits / 8), w, h, bands,
      bits == 16 ? VIPS_FORMAT_USHORT : VIPS_FORMAT_UCHAR);
  assert_non_null(im);
  if (bands < 3)
    im->Type = bits == 16 ? VIPS_INTERPRETATION_GREY16 : VIPS_INTERPRETATION_B_W;
  else
    im->Type = bits == 16 ? VIPS_INTERPRETATION_RGB16 : VIPS_INTERPRETATION_sRGB;
  return im;
}

static const char caption[] = "a caption for the test";
static const char xmp_packet[] = "<x:xmpmeta xmlns:x='adobe:ns:meta/'><a>kizil</a></x:xmpmeta>";

/* Give it sRGB's ICC profile, EXIF, XMP, a resolution and an orientation. */
static inline void add_metadata(VipsImage *im) {
  VipsBlob *profile = NULL;
  assert_int_equal(vips_profile_load("srgb", &profile, NULL), 0);
  size_t size;
  const void *data = vips_blob_get(profile, &size);
  char *copy = g_memdup2(data, size);
  if (im->Bands < 3) memcpy(copy + 16, "GRAY", 4); /* the colour space, which savers look at */
  vips_image_set_blob_copy(im, VIPS_META_ICC_NAME, copy, size);
  g_free(copy);
  vips_area_unref(VIPS_AREA(profile));
  vips_image_set_blob_copy(im, VIPS_META_XMP_NAME, xmp_packet, sizeof xmp_packet - 1);
  vips_image_set_string(im, "exif-ifd0-ImageDescription", caption);
  vips_image_set_int(im, VIPS_META_ORIENTATION, 6);
  im->Xres = im->Yres = 10.0; /* px/mm */
}

/* Save by suffix with libvips' own defaults; options in libvips' "[...]" notation. */
static inline void save_vips(VipsImage *im, const char *name, const char *options) {
  char path[512];
  snprintf(path, sizeof path, "%s/%s%s", folder, name, options);
  if (vips_image_write_to_file(im, path, NULL)) fail_msg("%s", vips_error_buffer());
}

static inline void make_file(const char *name, const char *options, int w, int h, int bands,
                             int bits, bool metadata) {
  void *samples = make_samples(w, h, bands, bits, (uint32_t)(w * 31 + bands));
  VipsImage *im = make_vips(samples, w, h, bands, bits);
  if (metadata) add_metadata(im);
  save_vips(im, name, options);
  g_object_unref(im);
  free(samples);
}

static inline void write_bytes(const char *path, const void *data, size_t size) {
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(data, 1, size, f), size);
  assert_int_equal(fclose(f), 0);
}

static inline char *read_whole(const char *path, size_t *size) {
  FILE *f = fopen(path, "rb");
  assert_non_null(f);
  fseek(f, 0, SEEK_END);
  *size = (size_t)ftell(f);
  rewind(f);
  char *data = malloc(*size);
  assert_non_null(data);
  assert_int_equal(fread(data, 1, *size, f), *size);
  fclose(f);
  return data;
}

static inline uint32_t crc_of(const unsigned char *p, size_t n) {
  uint32_t c = 0xffffffffu;
  for (size_t i = 0; i < n; i++) {
    c ^= p[i];
    for (int k = 0; k < 8; k++) c = c & 1 ? 0xedb88320u ^ (c >> 1) : c >> 1;
  }
  return c ^ 0xffffffffu;
}

/* Turn a small PNG into one that claims `side` squared. */
static inline void claim_side(const char *name, uint32_t side) {
  size_t size;
  char *data = read_whole(in_folder(name), &size);
  unsigned char *p = (unsigned char *)data;
  for (int i = 0; i < 8; i++) p[16 + i] = (unsigned char)(side >> (24 - 8 * (i % 4)));
  uint32_t crc = crc_of(p + 12, 17);
  for (int i = 0; i < 4; i++) p[29 + i] = (unsigned char)(crc >> (24 - 8 * i));
  write_bytes(in_folder(name), data, size);
  free(data);
}

enum { W = 97, H = 61 }; /* of the files below */

static const struct file_kind {
  const char *name, *options;
  int bands, bits;
} kinds[] = {
    {"g8.png", "", 1, 8},           {"ga8.png", "", 2, 8},
    {"rgb8.png", "", 3, 8},         {"rgba8.png", "[interlace]", 4, 8},
    {"g16.png", "", 1, 16},         {"ga16.png", "", 2, 16},
    {"rgb16.png", "", 3, 16},       {"rgba16.png", "", 4, 16},
    {"g8.tif", "", 1, 8},           {"ga8.tif", "[compression=lzw]", 2, 8},
    {"rgb8.tif", "[tile,tile_width=32,tile_height=32]", 3, 8},
    {"rgba8.tif", "[compression=deflate]", 4, 8},
    {"g16.tif", "[compression=deflate,predictor=horizontal]", 1, 16},
    {"ga16.tif", "", 2, 16},        {"rgb16.tif", "[tile,tile_width=32,tile_height=32]", 3, 16},
    {"rgba16.tif", "[bigtiff]", 4, 16},
    {"rgb8.webp", "[lossless]", 3, 8}, {"rgba8.webp", "[lossless]", 4, 8},
    {"lossy.webp", "[Q=60]", 3, 8}, {"g8.jpg", "", 1, 8},
    {"rgb8.jpg", "[Q=80]", 3, 8},
};
enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* All samples of a file, by libvips; the caller frees with g_free. */
static inline void *decode(const char *name, VipsImage **header) {
  VipsImage *im = vips_image_new_from_file(in_folder(name), NULL);
  size_t size;
  if (!im) fail_msg("%s", vips_error_buffer());
  void *samples = vips_image_write_to_memory(im, &size);
  assert_non_null(samples);
  *header = im;
  return samples;
}

static inline double sample_at(const void *p, int bits, size_t i) {
  return bits == 16 ? ((const uint16_t *)p)[i] : ((const uint8_t *)p)[i];
}

#endif
