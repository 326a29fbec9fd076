/* Between a file's samples and sRGB, both ways.
 *
 * The network knows sRGB only, but a photograph of a mural comes in whatever its camera or scanner
 * wrote. Pixels are brought to sRGB where they are read, and only the fills are brought back; what
 * is not filled never passes here.
 *
 * Little CMS is asked directly and in floats: libvips goes through 8 or 16 bits and whole images,
 * while fills are scattered rows. Floats also keep lcms from its own tables, so that there and back
 * is the profile's error alone (and for inks not even that, see ink.c). Intent: relative
 * colorimetric with black point compensation, as when photographs are loaded for training.
 *
 * A profile that is sRGB but for its roundings (there are many, by two levels of 255 at most)
 * counts as sRGB: the samples are then taken as they are. A profile that has no way back, as some
 * scanners' have not, cannot be used, since a fill would not fit what is around it. */
#include "image/colour.h"

#include <lcms2.h>
#include <math.h>
#include <stdlib.h>

#include "image/ink.h"
#include "image/vips_io.h"

enum { GRID = 9, CHUNK = 256 };
static const float nearly = 2.0f / 255; /* libvips' own sRGB differs by 1.4 in pure green */

struct kz__colour {
  enum kz_colour kind;
  bool profile_unused;
  int bands;
  cmsContext context; /* of its own: silent, and not shared with libvips */
  struct kz__show show; /* with to_xyz NULL: samples are sRGB, or linear */
  cmsHTRANSFORM from;
  struct kz__inks *inks; /* for four bands */
};

/* ---- the profile ---- */

static void drop_transforms(struct kz__colour *c) {
  kz__show_release(&c->show);
  if (c->from) cmsDeleteTransform(c->from);
  c->from = NULL;
}

/* Both transforms for a profile, or none. */
static bool use_profile(struct kz__colour *c, const void *data, size_t size) {
  static const struct {
    cmsColorSpaceSignature space;
    cmsUInt32Number format;
  } models[] = {[1] = {cmsSigGrayData, TYPE_GRAY_FLT},
                [3] = {cmsSigRgbData, TYPE_RGB_FLT},
                [4] = {cmsSigCmykData, TYPE_CMYK_FLT}};
  const cmsUInt32Number flags = cmsFLAGS_BLACKPOINTCOMPENSATION | cmsFLAGS_NOCACHE;
  cmsHPROFILE srgb = cmsCreate_sRGBProfileTHR(c->context);
  cmsHPROFILE file = cmsOpenProfileFromMemTHR(c->context, data, (cmsUInt32Number)size);
  if (srgb && file && cmsGetColorSpace(file) == models[c->bands].space) {
    cmsUInt32Number format = models[c->bands].format;
    kz__show_init(&c->show, c->context, file, format);
    c->from = cmsCreateTransformTHR(c->context, srgb, TYPE_RGB_FLT, file, format,
                                    INTENT_RELATIVE_COLORIMETRIC, flags);
  }
  if (srgb) cmsCloseProfile(srgb);
  if (file) cmsCloseProfile(file);
  if (c->show.to_xyz && c->from) return true;
  drop_transforms(c);
  return false;
}

/* Whether the profile shows grey or RGB samples as sRGB would, over a grid of them. */
static bool is_srgb(const struct kz__colour *c) {
  float step = 1.0f / (GRID - 1);
  if (c->bands == 4) return false;
  for (int i = 0; i < GRID * GRID * GRID; i++) {
    float in[3] = {step * (float)(i % GRID), step * (float)(i / GRID % GRID),
                   step * (float)(i / GRID / GRID)};
    float out[3];
    kz__show_samples(&c->show, in, 1, out);
    for (int k = 0; k < 3; k++)
      if (!(fabsf(out[k] - in[c->bands == 1 ? 0 : k]) < nearly)) return false;
  }
  return true;
}

static int use_builtin_cmyk(struct kz__colour *c, const char *path, struct kz_err *err) {
  VipsBlob *blob = NULL;
  size_t size;
  if (vips_profile_load("cmyk", &blob, NULL) || !blob)
    return kz__vips_fail(err, KZ_EBACKEND, "%s: libvips here has no profile for CMYK", path);
  const void *data = vips_blob_get(blob, &size);
  bool used = use_profile(c, data, size);
  vips_area_unref(VIPS_AREA(blob));
  if (!used)
    return kz_err_set(err, KZ_EBACKEND, "%s: libvips' profile for CMYK cannot be used", path);
  c->kind = KZ_COLOUR_CMYK;
  return 0;
}

/* ---- new and free ---- */

int kz__colour_new(VipsImage *im, const char *path, struct kz__colour **out, struct kz_err *err) {
  const void *data = NULL;
  size_t size = 0;
  int code = 0;
  struct kz__colour *c = calloc(1, sizeof *c);
  if (c) c->context = cmsCreateContext(NULL, NULL);
  if (!c || !c->context) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for its colours", path);
    goto out;
  }
  bool inks = im->Type == VIPS_INTERPRETATION_CMYK;
  c->bands = kz__colours_of(im);
  c->kind = im->BandFmt == VIPS_FORMAT_FLOAT ? KZ_COLOUR_LINEAR : KZ_COLOUR_SRGB;
  if (vips_image_get_typeof(im, VIPS_META_ICC_NAME) &&
      vips_image_get_blob(im, VIPS_META_ICC_NAME, &data, &size))
    vips_error_clear();
  if (size && use_profile(c, data, size)) {
    c->kind = is_srgb(c) ? KZ_COLOUR_SRGB : KZ_COLOUR_PROFILE;
    if (c->kind == KZ_COLOUR_SRGB) drop_transforms(c);
  } else {
    c->profile_unused = size > 0;
    if (inks) code = use_builtin_cmyk(c, path, err);
  }
  if (!code && inks && !(c->inks = kz__inks_new(&c->show, c->from)))
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for its inks", path);
out:
  if (code)
    kz__colour_free(c);
  else
    *out = c;
  return code;
}

void kz__colour_free(struct kz__colour *c) {
  if (!c) return;
  kz__inks_free(c->inks);
  drop_transforms(c);
  if (c->context) cmsDeleteContext(c->context);
  free(c);
}

enum kz_colour kz__colour_kind(const struct kz__colour *c) { return c->kind; }

bool kz__colour_profile_unused(const struct kz__colour *c) { return c->profile_unused; }

int kz__colour_bands(const struct kz__colour *c) { return c->bands; }

/* ---- samples ---- */

/* Into [0,1]; NaN becomes 0. */
static inline float clip(float v) { return v > 0 ? (v < 1 ? v : 1) : 0; }

/* IEC 61966-2-1, and its inverse. */
static float encode(float v) {
  return v <= 0.0031308f ? 12.92f * v : 1.055f * powf(v, 1 / 2.4f) - 0.055f;
}

static float decode(float v) {
  return v <= 0.04045f ? v / 12.92f : powf((v + 0.055f) / 1.055f, 2.4f);
}

static void plain_to_srgb(const struct kz__colour *c, const float *device, int n, float *srgb) {
  bool linear = c->kind == KZ_COLOUR_LINEAR;
  for (int i = 0; i < n; i++)
    for (int k = 0; k < 3; k++) {
      float v = clip(device[c->bands == 1 ? i : 3 * i + k]);
      srgb[3 * i + k] = linear ? clip(encode(v)) : v;
    }
}

void kz__colour_to_srgb(const struct kz__colour *c, const float *device, int n, float *srgb) {
  float in[4 * CHUNK];
  const float scale = c->bands == 4 ? 100 : 1; /* lcms counts ink in percent */
  if (!c->show.to_xyz) {
    plain_to_srgb(c, device, n, srgb);
    return;
  }
  for (int at = 0; at < n; at += CHUNK) {
    int m = n - at < CHUNK ? n - at : CHUNK;
    float *out = srgb + 3 * (size_t)at;
    for (int i = 0; i < m * c->bands; i++) in[i] = scale * clip(device[(size_t)at * c->bands + i]);
    kz__show_samples(&c->show, in, m, out);
    for (int i = 0; i < 3 * m; i++) out[i] = clip(out[i]);
  }
}

static void plain_from_srgb(const struct kz__colour *c, const float *srgb, int n, float *device) {
  bool linear = c->kind == KZ_COLOUR_LINEAR;
  for (int i = 0; i < n; i++) {
    const float *p = srgb + 3 * (size_t)i;
    float v[3] = {p[0], p[1], p[2]};
    for (int k = 0; linear && k < 3; k++) v[k] = decode(clip(v[k]));
    if (c->bands == 1)
      device[i] = clip(0.2126f * v[0] + 0.7152f * v[1] + 0.0722f * v[2]);
    else
      for (int k = 0; k < 3; k++) device[3 * (size_t)i + k] = clip(v[k]);
  }
}

void kz__colour_from_srgb(const struct kz__colour *c, const float *srgb, int n, float *device) {
  float in[3 * CHUNK];
  const float scale = c->bands == 4 ? 0.01f : 1;
  if (!c->from) {
    plain_from_srgb(c, srgb, n, device);
    return;
  }
  for (int at = 0; at < n; at += CHUNK) {
    int m = n - at < CHUNK ? n - at : CHUNK;
    float *out = device + (size_t)at * c->bands;
    for (int i = 0; i < 3 * m; i++) in[i] = clip(srgb[3 * (size_t)at + i]);
    if (c->inks)
      kz__inks_of(c->inks, in, m, out);
    else
      cmsDoTransform(c->from, in, out, (cmsUInt32Number)m);
    for (int i = 0; i < m * c->bands; i++) out[i] = clip(scale * out[i]);
  }
}
