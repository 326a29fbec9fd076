/* The feature-fusion image as the network reads it: what the known pixels of a picture say about
 * its structure, in KZ_FUSED channels at the picture's own size. Plain arithmetic on arrays, shared
 * by training and restoring.
 *
 * Every channel is computed from known pixels only, by normalised convolution (Knutsson and Westin,
 * 1993): what a hole holds never reaches it. Smooth channels (gradient field, texture, colour) are
 * carried on into the hole as far as its rim tells, so that they say what runs into it. */
#ifndef KZ_FUSED_H
#define KZ_FUSED_H

#include <stddef.h>
#include <stdint.h>

enum kz_fused_channel {
  KZ_FUSED_LINE,        /* painted line, flow-guided difference of Gaussians, 0 none to 1 */
  KZ_FUSED_GRADIENT,    /* magnitude of the structure tensor's gradient, 0 to about 1 */
  KZ_FUSED_COS,         /* coherence * cos 2 theta, -1 to 1; theta: direction along the structure */
  KZ_FUSED_SIN,         /* coherence * sin 2 theta */
  KZ_FUSED_TEXTURE,     /* energy of fine texture (band about 2 to 4 px), 0 to about 1 */
  KZ_FUSED_TEXTURE_2,   /* of coarse texture (band about 4 to 8 px) */
  KZ_FUSED_L,           /* colour layout: low-passed CIELAB, (L - 50) / 50 */
  KZ_FUSED_A,           /* a / 50 */
  KZ_FUSED_B,           /* b / 50 */
  KZ_FUSED_DISTANCE,    /* to the hole's border: log2(1 + px) / 8, negative outside the hole; px
                         * is Euclidean, capped at 127 */
  KZ_FUSED_DRAWN,       /* the user's line drawing in the hole, 0 to 1, where it is valid */
  KZ_FUSED_DRAWN_VALID, /* 1 where the user's drawing says what is there: line or no line */
  KZ_FUSED              /* how many */
};

/* No channel looks further than this, px. Outside the picture counts as unknown: a part of a
 * picture cut at multiples of 32 px gives, this far from the cut, what the whole gives. */
#define KZ_FUSED_HALO 160

struct kz_fused_input {
  int w, h;                    /* any size >= 1 */
  const float *rgb;            /* [h, w, 3] in [-1, 1]; values in holes are ignored */
  const float *mask;           /* [h, w], 1 = hole, 0 = known; NULL: all is known */
  const uint8_t *drawn;        /* [h, w], 255 = line; NULL: no drawing */
  const uint8_t *drawn_valid;  /* [h, w], 255 = valid; NULL: valid nowhere */
};

/* out [h, w, KZ_FUSED]. scratch: kz_fused_scratch(w, h) floats. One thread, no allocation; call in
 * parallel over pictures. */
size_t kz_fused_scratch(int w, int h);
void kz_fused_compute(const struct kz_fused_input *in, float *out, float *scratch);

/* The line drawing alone: line [h, w], 255 = line, as soft as the line is. `mask` NULL: all is
 * known. This is what a drawing "of the truth" means in training. Same scratch. */
void kz_fused_line(int w, int h, const float *rgb, const float *mask, uint8_t *line,
                   float *scratch);

#endif
