/* What captions are written with, here and by templates: lines of clean text, and Chinese for
 * English. */
#ifndef KZ_CAPTION_TEXT_H
#define KZ_CAPTION_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kizil/caption.h>
#include <kizil/image.h>

struct kz__line {
  char *text; /* [room], always ended by a 0 */
  size_t n, room;
  bool full; /* something did not fit: nothing more is taken */
};

struct kz__line kz__line_start(char *text, size_t room);
/* Well-formed characters of the text, one blank for blanks and controls, none at the start. */
void kz__line_put(struct kz__line *o, const char *text);
void kz__line_trim(struct kz__line *o); /* blanks off the end */
/* The same in Chinese, as far as there are words for it (caption_words.c). */
void kz__line_translate(struct kz__line *o, const char *english);

/* Whether text has anything to show; it may be NULL. */
bool kz__text_given(const char *text);
/* Whether a period is one that "dynasty" is said after. */
bool kz__is_dynasty(const char *period);

/* What of a picture a caption's colours are of: points of a grid that is spread over it evenly. */
enum { KZ__CAPTION_GRID = 128 };
/* Row or column of the picture at point i of `points`. */
int kz__caption_point(int i, int points, int size);
/* The points of pixels with 3 channels, [*h, *w, 3] in rgb[KZ__CAPTION_GRID^2 * 3]. */
void kz__caption_points(const struct kz_pixels *p, uint8_t *rgb, int *w, int *h);

/* What is not to be looked at: row y, [width], 0 where it is; row NULL: all is. */
struct kz__caption_holes {
  void *self;
  int (*row)(void *self, int y, int width, uint8_t *row, struct kz_err *err);
};
/* As kz_caption_of. */
int kz__caption_known(struct kz_image *image, struct kz__caption_holes holes,
                      enum kz_language language, const struct kz_caption_facts *facts,
                      char text[KZ_CAPTION_MOST], struct kz_err *err);

#endif
