/* What the files about captions share: templates. */
#ifndef KZ_CATALOGUE_CAPTION_H
#define KZ_CATALOGUE_CAPTION_H

#include <kizil/caption.h>

#include "catalogue/db.h"

/* Stands in a draft for the colours, which are known only when the picture is decoded. */
#define KZ__CAPTION_PALETTE '\x01'

/* By enum kz_language: what 'kizil caption' writes. */
extern const char *const kz__caption_templates[2];
extern const char *const kz__caption_languages[2]; /* "en", "zh" */

/* The template that holds: the catalogue's, or the built-in one. malloc'd. */
int kz__caption_template(struct kz_catalogue *c, enum kz_language language, char **text,
                         struct kz_err *err);
/* What it says with these facts. `text` is a template that was checked. */
void kz__caption_draft(char draft[KZ_CAPTION_MOST], const char *text, enum kz_language language,
                       const struct kz_catalogue_fact *facts, int fact_count);
/* A draft with its colours; those that do not fit are left out whole. */
void kz__caption_finish(char caption[KZ_CAPTION_MOST], const char *draft, const char *palette);

#endif
