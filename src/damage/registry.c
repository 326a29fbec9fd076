/* The list of generators. Adding one is a file, a number in generator.h, a
 * line here, a line in meson.build and a test. */
#include <stddef.h>
#include <string.h>

#include "damage/generator.h"

const struct kz__generator *const kz__generators[KZ__GENERATORS] = {
    [KZ__CRACK] = &kz__crack,     [KZ__FLAKING] = &kz__flaking, [KZ__LOSS] = &kz__loss,
    [KZ__SCRATCH] = &kz__scratch, [KZ__BAND] = &kz__band,       [KZ__STROKE] = &kz__stroke,
};

static const struct kz_damage *const list[KZ__GENERATORS + 1] = {
    [KZ__CRACK] = &kz__crack.public,     [KZ__FLAKING] = &kz__flaking.public,
    [KZ__LOSS] = &kz__loss.public,       [KZ__SCRATCH] = &kz__scratch.public,
    [KZ__BAND] = &kz__band.public,       [KZ__STROKE] = &kz__stroke.public,
};

const struct kz_damage *const *kz_damage_list(void) { return list; }

const struct kz_damage *kz_damage_find(const char *name) {
  for (const struct kz_damage *const *d = list; *d; d++)
    if (strcmp((*d)->name, name) == 0) return *d;
  return NULL;
}
