/* Facts about pictures: pairs of texts, from EXIF or from lists. */
#ifndef KZ_CATALOGUE_FACT_H
#define KZ_CATALOGUE_FACT_H

#include <vips/vips.h>

#include <kizil/err.h>

enum { KZ__FACTS_MOST = 8 };

struct kz__facts {
  int count;
  struct kz__fact {
    const char *key; /* static */
    char value[256];
  } fact[KZ__FACTS_MOST];
};

/* What the picture's own metadata tells: camera, lens, date, place, holder, author. */
void kz__facts_of_exif(VipsImage *im, struct kz__facts *facts);

#endif
