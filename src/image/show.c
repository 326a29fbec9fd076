/* The colour that samples show: through Little CMS to XYZ, and from there by hand. Asked for sRGB
 * itself, lcms spends most of its time on three powers in double precision for every pixel; the
 * curve is read from a table here, to 0.0006 levels of 255. */
#include "image/show.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

enum { STEP_BITS = 16, FIRST = (127 - 9) << 23 }; /* of a float's pattern */

/* IEC 61966-2-1. */
static float curve(float v) {
  return v <= 0.0031308f ? 12.92f * v : 1.055f * powf(v, 1 / 2.4f) - 0.055f;
}

static inline float encode(const struct kz__show *s, float v) {
  uint32_t bits;
  if (!(v > 0.0031308f && v < 1)) return curve(v);
  memcpy(&bits, &v, sizeof bits);
  bits -= FIRST;
  const float *at = s->encoded + (bits >> STEP_BITS);
  return at[0] + (at[1] - at[0]) * ((float)(bits & ((1 << STEP_BITS) - 1)) / (1 << STEP_BITS));
}

/* From XYZ to linear light: the inverse of the primaries, which are columns. */
static bool set_matrix(struct kz__show *s, cmsHPROFILE srgb) {
  const cmsCIEXYZ *p[3] = {cmsReadTag(srgb, cmsSigRedColorantTag),
                           cmsReadTag(srgb, cmsSigGreenColorantTag),
                           cmsReadTag(srgb, cmsSigBlueColorantTag)};
  if (!p[0] || !p[1] || !p[2]) return false;
  const double m[3][3] = {{p[0]->X, p[1]->X, p[2]->X},
                          {p[0]->Y, p[1]->Y, p[2]->Y},
                          {p[0]->Z, p[1]->Z, p[2]->Z}};
  double minor[3][3], det = 0;
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 3; c++) {
      int i = (r + 1) % 3, j = (r + 2) % 3, k = (c + 1) % 3, l = (c + 2) % 3;
      minor[r][c] = m[i][k] * m[j][l] - m[i][l] * m[j][k];
    }
  for (int c = 0; c < 3; c++) det += m[0][c] * minor[0][c];
  for (int r = 0; r < 3; r++)
    for (int c = 0; c < 3; c++) s->to_linear[r][c] = (float)(minor[c][r] / det);
  return true;
}

bool kz__show_init(struct kz__show *s, cmsContext context, cmsHPROFILE profile,
                   cmsUInt32Number format) {
  cmsHPROFILE srgb = cmsCreate_sRGBProfileTHR(context), xyz = cmsCreateXYZProfileTHR(context);
  *s = (struct kz__show){0};
  for (int i = 0; i < KZ__ENCODED; i++) {
    uint32_t bits = FIRST + ((uint32_t)i << STEP_BITS);
    float v;
    memcpy(&v, &bits, sizeof v);
    s->encoded[i] = curve(v);
  }
  if (srgb && xyz && set_matrix(s, srgb))
    s->to_xyz = cmsCreateTransformTHR(context, profile, format, xyz, TYPE_XYZ_FLT,
                                      INTENT_RELATIVE_COLORIMETRIC,
                                      cmsFLAGS_BLACKPOINTCOMPENSATION | cmsFLAGS_NOCACHE);
  if (srgb) cmsCloseProfile(srgb);
  if (xyz) cmsCloseProfile(xyz);
  return s->to_xyz != NULL;
}

void kz__show_release(struct kz__show *s) {
  if (s->to_xyz) cmsDeleteTransform(s->to_xyz);
  s->to_xyz = NULL;
}

void kz__show_samples(const struct kz__show *s, const float *samples, int n, float *srgb) {
  const float(*m)[3] = s->to_linear;
  cmsDoTransform(s->to_xyz, samples, srgb, (cmsUInt32Number)n);
  for (int i = 0; i < n; i++) {
    float *p = srgb + 3 * (size_t)i, v[3] = {p[0], p[1], p[2]};
    for (int k = 0; k < 3; k++) p[k] = encode(s, m[k][0] * v[0] + m[k][1] * v[1] + m[k][2] * v[2]);
  }
}
