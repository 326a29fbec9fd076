/* Samples of several pictures in one: what was decided region by region among restorations of one
 * photograph. A fill that was written once is rounded to the file's depth, so it is copied and not
 * made anew. A strip of an image is decoded only where pieces of it lie. */
#include "image/pieces.h"

#include <stdlib.h>
#include <string.h>

#include "image/vips_io.h"

struct mosaic {
  const struct kz__pieces *pieces;
  VipsImage **images; /* the base, then those of pieces; NULL at the end */
  const struct kz_image *base;
  struct kz__generator pixels;
};

static int check_alike(const struct kz_image *a, const struct kz_image *b, struct kz_err *err) {
  const VipsImage *p = a->vips, *q = b->vips;
  bool ink = p->Type == VIPS_INTERPRETATION_CMYK;
  if (p->Xsize == q->Xsize && p->Ysize == q->Ysize && p->Bands == q->Bands &&
      p->BandFmt == q->BandFmt && ink == (q->Type == VIPS_INTERPRETATION_CMYK))
    return 0;
  return kz_err_set(err, KZ_ESHAPE,
                    "%s has %d x %d px, %d bands of %d bits, %s has %d x %d px, %d bands of %d "
                    "bits%s: samples cannot be copied from one to the other",
                    b->path, q->Xsize, q->Ysize, q->Bands, kz__bits_of(q), a->path, p->Xsize,
                    p->Ysize, p->Bands, kz__bits_of(p), ink ? ", inks" : "");
}

static int check_pieces(const struct kz_image *base, const struct kz__pieces *p,
                        struct kz_err *err) {
  for (int i = 0; i < p->image_count; i++) {
    int code = p->images[i] ? check_alike(base, p->images[i], err) : 0;
    if (code) return code;
  }
  for (int64_t i = 0; i < p->count; i++) {
    const struct kz__piece *piece = &p->list[i];
    if (piece->x < 0 || piece->y < 0 || piece->len < 1 || piece->y >= base->vips->Ysize ||
        piece->x > base->vips->Xsize - piece->len || piece->from < 0 ||
        piece->from >= p->image_count || !p->images[piece->from])
      return kz_err_set(err, KZ_ERANGE, "a piece of %d px at %d, %d of image %d is not in %s",
                        piece->len, piece->x, piece->y, piece->from, base->path);
  }
  return 0;
}

/* The first piece at row y or below. */
static int64_t first_from(const struct kz__pieces *p, int y) {
  int64_t low = 0, high = p->count;
  while (low < high) {
    int64_t middle = low + (high - low) / 2;
    if (p->list[middle].y < y)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* What of a piece lies in `all`; false: nothing of it. */
static bool cut(const struct kz__piece *p, const VipsRect *all, VipsRect *part) {
  VipsRect run = {p->x, p->y, p->len, 1};
  vips_rect_intersectrect(&run, all, part);
  return !vips_rect_isempty(part);
}

/* Lay over `out` what pieces there are of image `from`, which `in` shows. */
static int lay(const struct kz__pieces *p, int from, VipsRegion *in, VipsRegion *out) {
  const VipsRect *all = &out->valid;
  const int64_t first = first_from(p, all->top), end = first_from(p, VIPS_RECT_BOTTOM(all));
  VipsRect box = {0}, part;
  for (int64_t i = first; i < end; i++)
    if (p->list[i].from == from && cut(&p->list[i], all, &part))
      vips_rect_unionrect(&box, &part, &box);
  if (vips_rect_isempty(&box)) return 0;
  if (vips_region_prepare(in, &box)) return -1;
  for (int64_t i = first; i < end; i++)
    if (p->list[i].from == from && cut(&p->list[i], all, &part))
      memcpy(VIPS_REGION_ADDR(out, part.left, part.top),
             VIPS_REGION_ADDR(in, part.left, part.top),
             (size_t)part.width * VIPS_IMAGE_SIZEOF_PEL(out->im));
  return 0;
}

/* VipsGenerateFn: the base, then the pieces that lie in this region. */
static int generate(VipsRegion *out, void *seq, void *a, void *b, gboolean *stop) {
  VipsRegion **in = seq;
  struct mosaic *m = b;
  const VipsRect *r = &out->valid;
  const char *unread = m->base->path;
  (void)a, (void)stop;
  if (vips_region_prepare(in[0], r)) goto fail;
  vips_region_copy(in[0], out, r, r->left, r->top);
  for (int k = 0; k < m->pieces->image_count; k++) {
    if (!m->pieces->images[k]) continue;
    unread = m->pieces->images[k]->path;
    if (lay(m->pieces, k, in[1 + k], out)) goto fail;
  }
  return 0;
fail:
  g_atomic_pointer_set(&m->pixels.unread, unread);
  return -1;
}

int kz__image_write_pieces(struct kz_image *base, const struct kz__pieces *pieces, const char *path,
                           bool overwrite, struct kz_err *err) {
  struct mosaic m = {.pieces = pieces, .base = base};
  int code = check_pieces(base, pieces, err);
  if (code) return code;
  m.images = calloc((size_t)pieces->image_count + 2, sizeof *m.images);
  if (!m.images) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for its pieces", path);
  m.images[0] = base->vips;
  for (int k = 0; k < pieces->image_count; k++)
    m.images[1 + k] = pieces->images[k] ? pieces->images[k]->vips : base->vips;
  m.pixels = (struct kz__generator){.start = vips_start_many, .generate = generate,
                                    .stop = vips_stop_many, .a = m.images, .b = &m};
  code = kz__image_write(base, &m.pixels, path, overwrite, err);
  free(m.images);
  return code;
}
