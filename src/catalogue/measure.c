/* What is measured of a picture in a catalogue: all of src/screen, a print by src/near, and what
 * src/clean finds.
 *
 * A picture too large for memory comes reduced. Its measures are then those of the reduced copy,
 * which is what training would see of it; only its size and its print's are the file's own. */
#include "catalogue/measure.h"

#include <string.h>

int kz__measure_count(const struct kz__measuring *m) {
  int n = 0;
  while (n < KZ__MEASURES_MOST && m->measures[n]) n++;
  return n;
}

int kz__measure_find(const struct kz__measuring *m, const char *name) {
  int count = kz__measure_count(m);
  for (int i = 0; i < count; i++)
    if (!strcmp(m->measures[i]->name, name)) return i;
  return -1;
}

static size_t scratch(int w, int h) {
  size_t a = kz_screen_scratch(w, h), b = kz_near_scratch(w, h), c = kz_clean_scratch(w, h);
  a = a > b ? a : b;
  return a > c ? a : c;
}

/* From the reduced picture to the file's, within it. */
static void enlarge(struct kz_clean_rect *r, int factor, int full_w, int full_h) {
  int right = (r->x + r->w) * factor, bottom = (r->y + r->h) * factor;
  if (!r->w) return;
  r->x *= factor;
  r->y *= factor;
  r->w = (right < full_w ? right : full_w) - r->x;
  r->h = (bottom < full_h ? bottom : full_h) - r->y;
}

static void measure(const struct kz_screen_picture *p, int factor, int full_w, int full_h,
                    struct kz__measured *out, void *memory) {
  struct kz_near_print print;
  kz_screen_measure_all(p, out->values, out->map, memory);
  if (factor > 1)
    for (int i = 0; kz_screen_measures[i]; i++)
      if (!strcmp(kz_screen_measures[i]->name, "short-side"))
        out->values[i] = full_w < full_h ? full_w : full_h;
  kz_near_make(p->w, p->h, p->rgb, &print, memory);
  print.width = full_w;
  print.height = full_h;
  out->print_size = kz_near_pack(&print, out->print);
  kz_clean_propose(p->w, p->h, p->rgb, &out->clean, memory);
  enlarge(&out->clean.crop.keep, factor, full_w, full_h);
  enlarge(&out->clean.card.at, factor, full_w, full_h);
  enlarge(&out->clean.card.keep, factor, full_w, full_h);
}

const struct kz__measuring kz__measuring = {
    .measures = kz_screen_measures,
    .print_version = KZ_NEAR_VERSION,
    .scratch = scratch,
    .measure = measure,
};
