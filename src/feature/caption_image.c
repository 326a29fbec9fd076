/* The caption of a picture in a file: colours are looked at on a grid of points, row by row, so
 * that a picture of any size costs a few rows of memory. */
#include <kizil/caption.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/image.h>

#include "feature/caption_text.h"

enum { GRID = KZ__CAPTION_GRID };

int kz__caption_point(int i, int points, int size) {
  return (int)((2 * i + 1) * (int64_t)size / (2 * points));
}

void kz__caption_points(const struct kz_pixels *p, uint8_t *rgb, int *w, int *h) {
  *w = p->width < GRID ? p->width : GRID;
  *h = p->height < GRID ? p->height : GRID;
  for (int j = 0; j < *h; j++)
    for (int i = 0; i < *w; i++, rgb += 3) {
      size_t y = (size_t)kz__caption_point(j, *h, p->height);
      memcpy(rgb, p->data + 3 * (y * (size_t)p->width +
                                 (size_t)kz__caption_point(i, *w, p->width)), 3);
    }
}

struct sampler {
  struct kz_image *image; /* borrowed */
  struct kz__caption_holes holes;
  int width, height;
  float *line; /* [width, 3] */
  uint8_t *damaged; /* [width] */
  int w, h; /* points of the grid */
  uint8_t *rgb, *hole; /* [h, w, 3], [h, w] */
};

static void release(struct sampler *s) {
  free(s->line);
  free(s->damaged);
  free(s->rgb);
  free(s->hole);
}

static int make_room(struct sampler *s, struct kz_err *err) {
  s->w = s->width < GRID ? s->width : GRID;
  s->h = s->height < GRID ? s->height : GRID;
  s->line = malloc((size_t)s->width * 3 * sizeof *s->line);
  s->damaged = calloc((size_t)s->width, 1);
  s->rgb = malloc((size_t)s->w * (size_t)s->h * 3);
  s->hole = malloc((size_t)s->w * (size_t)s->h);
  if (s->line && s->damaged && s->rgb && s->hole) return 0;
  return kz_err_set(err, KZ_ENOMEM, "no memory for rows of %d px", s->width);
}

static int look(struct sampler *s, struct kz_err *err) {
  for (int j = 0; j < s->h; j++) {
    int y = kz__caption_point(j, s->h, s->height);
    int code = kz_image_read_rgb(s->image, 0, y, s->width, 1, s->line, err);
    if (!code && s->holes.row) code = s->holes.row(s->holes.self, y, s->width, s->damaged, err);
    if (code) return code;
    for (int i = 0; i < s->w; i++) {
      int x = kz__caption_point(i, s->w, s->width);
      size_t at = (size_t)j * (size_t)s->w + (size_t)i;
      for (int c = 0; c < 3; c++)
        s->rgb[3 * at + (size_t)c] =
            (uint8_t)lrintf(fminf(fmaxf(s->line[3 * x + c], 0), 1) * 255);
      s->hole[at] = s->damaged[x];
    }
  }
  return 0;
}

int kz__caption_known(struct kz_image *image, struct kz__caption_holes holes,
                      enum kz_language language, const struct kz_caption_facts *facts,
                      char text[KZ_CAPTION_MOST], struct kz_err *err) {
  struct kz_image_info info;
  kz_image_get_info(image, &info);
  struct sampler s = {.image = image, .holes = holes, .width = info.width, .height = info.height};
  int code = make_room(&s, err);
  if (!code) code = look(&s, err);
  if (!code) kz_caption_write(text, language, facts, s.w, s.h, s.rgb, s.hole);
  release(&s);
  return code;
}

static int mask_row(void *self, int y, int width, uint8_t *row, struct kz_err *err) {
  return kz_image_read_mask(self, 0, y, width, 1, row, err);
}

int kz_caption_of(struct kz_image *image, struct kz_image *mask, enum kz_language language,
                  const struct kz_caption_facts *facts, char text[KZ_CAPTION_MOST],
                  struct kz_err *err) {
  const struct kz__caption_holes holes = {mask, mask ? mask_row : NULL};
  return kz__caption_known(image, holes, language, facts, text, err);
}

int kz_caption_image(const char *image, const char *mask, enum kz_language language,
                     const struct kz_caption_facts *facts, char text[KZ_CAPTION_MOST],
                     struct kz_err *err) {
  struct kz_image *im = NULL, *m = NULL;
  int code = kz_image_open(image, &im, err);
  if (!code && mask) code = kz_image_open(mask, &m, err);
  if (!code && m) code = kz_image_same_size(im, m, "mask", err);
  if (!code) code = kz_caption_of(im, m, language, facts, text, err);
  kz_image_close(im);
  kz_image_close(m);
  return code;
}
