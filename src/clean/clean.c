/* The parts in their order: a card is looked for first, so that a frame can be found in what is
 * left without it; the light comes last, from what both have found. */
#include "clean/clean.h"

#include <string.h>

#include "clean/parts.h"

static const double rest_least = 0.5; /* of the picture, that must remain beside a card */
static const double card_sure = 0.6;  /* to look for frames in what remains */

struct work {
  struct kz__card card, trial;
  struct kz__patch patches[KZ__PATCHES];
};

size_t kz_clean_scratch(int w, int h) {
  return sizeof(struct work) + _Alignof(max_align_t) + kz__clean_patch_scratch(w, h);
}

/* The largest rectangle of the picture beside the card, if it is most of the picture. */
static void lay_aside(int w, int h, const struct kz_clean_rect *card, struct kz_clean_rect *keep) {
  const struct kz_clean_rect rest[4] = {
      {0, 0, w, card->y},
      {0, card->y + card->h, w, h - card->y - card->h},
      {0, 0, card->x, h},
      {card->x + card->w, 0, w - card->x - card->w, h},
  };
  int64_t most = (int64_t)(rest_least * w * h);
  for (int i = 0; i < 4; i++) {
    int64_t area = (int64_t)rest[i].w * rest[i].h;
    if (area <= most) continue;
    most = area;
    *keep = rest[i];
  }
}

void kz_clean_propose(int w, int h, const uint8_t *rgb, struct kz_clean_found *out,
                      void *scratch) {
  const uintptr_t unit = _Alignof(max_align_t);
  const struct kz__plane p = {w, h, rgb};
  uint8_t *at = scratch;
  at += (unit - (uintptr_t)at % unit) % unit;
  struct work *m = (struct work *)at;
  memset(out, 0, sizeof *out);
  int count = kz__clean_patches(&p, m->patches, m + 1);
  kz__clean_card(&p, m->patches, count, &m->trial, &m->card);
  struct kz_clean_rect from = {0, 0, w, h};
  if (m->card.at.w) {
    out->card.at = m->card.at;
    out->card.confidence = m->card.confidence;
    out->card.patches = m->card.count;
    lay_aside(w, h, &m->card.at, &out->card.keep);
    if (out->card.keep.w && out->card.confidence >= card_sure) from = out->card.keep;
  }
  kz__clean_frame(&p, &from, out);
  kz__clean_cast(&m->card, out);
}
