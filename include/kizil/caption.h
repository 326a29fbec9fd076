/* Captions: what a picture shows and with which colours, in a sentence, English or Chinese. They
 * guide the network; the same templates write them in training and, where the user gives none, when
 * restoring. */
#ifndef KIZIL_CAPTION_H
#define KIZIL_CAPTION_H

#include <stdbool.h>
#include <stdint.h>

#include <kizil/err.h>

#define KZ_CAPTION_MOST 512 /* bytes, with the final 0 */

enum kz_language { KZ_LANGUAGE_EN, KZ_LANGUAGE_ZH };

/* What is known of a picture; any field may be NULL or "". Text is UTF-8. */
struct kz_caption_facts {
  const char *subject; /* "flying apsara" */
  const char *kind;    /* "mural", "thangka" */
  const char *period;  /* "Northern Liang" */
  const char *site;    /* "Mogao" */
  const char *caption; /* written by hand: used as it is instead of subject, kind and period */
  /* Say first which colours are under the mask, as somebody would who knows what was there: for
   * training, and to measure what such knowledge is worth. Needs pixels that are intact there. */
  bool lost;
};

/* "flying apsara, Northern Liang dynasty mural, Mogao; azurite blue ground above, cinnabar red
 * below, ..." into text[KZ_CAPTION_MOST]; with facts->lost "lost: flesh pink above, ink black; " before
 * it. rgb [h, w, 3] sRGB with mask [h, w] (non-zero = hole, not
 * looked at) or NULL gives the palette phrase; rgb NULL: none. `facts` may be NULL. Deterministic.
 * Allocates nothing. */
void kz_caption_write(char text[KZ_CAPTION_MOST], enum kz_language language,
                      const struct kz_caption_facts *facts, int w, int h, const uint8_t *rgb,
                      const uint8_t *mask);

/* The same for a picture in a file, seen at up to 128 x 128 points, and its mask (white: damage) of
 * the same size (else KZ_ESHAPE) or NULL. kz_image_startup comes first. */
struct kz_image;
int kz_caption_of(struct kz_image *image, struct kz_image *mask, enum kz_language language,
                  const struct kz_caption_facts *facts, char text[KZ_CAPTION_MOST],
                  struct kz_err *err);
/* ... by their names. */
int kz_caption_image(const char *image, const char *mask, enum kz_language language,
                     const struct kz_caption_facts *facts, char text[KZ_CAPTION_MOST],
                     struct kz_err *err);

/* ---- a list of pictures and what is known of them ---- */

/* A CSV file with a header line: column `file` (path as written by its owner, matched by its last
 * component) and any of subject, kind, period, site, caption; other columns are ignored. */
struct kz_manifest;
int kz_manifest_load(const char *path, struct kz_manifest **out, struct kz_err *err);
void kz_manifest_free(struct kz_manifest *m);
int kz_manifest_count(const struct kz_manifest *m);
/* The facts of the picture whose file name (last component of `path`) is listed; NULL if none is.
 * Borrowed. */
const struct kz_caption_facts *kz_manifest_find(const struct kz_manifest *m, const char *path);

#endif
