/* A TIFF with a page a layer. libvips can write pages only of one kind of sample and without names,
 * so libtiff is called here; libvips has already set its error handlers, which print nothing.
 * Pages are deflated line by line as libvips' threads hand them over, in order. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>
#include <unistd.h>

#include "base/file.h"
#include "image/vips_io.h"
#include "layers/picture.h"

static const double big_from = 2e9; /* B of samples */
enum { STRIP_BYTES = 1 << 18 };

struct pages {
  TIFF *tiff;
  const VipsImage *scale; /* whose resolution all have: masks seldom say theirs */
  int count, written;
  const char *path;
};

struct page {
  TIFF *tiff;
  uint8_t *row; /* libtiff takes differences in place */
  size_t size;
  bool write_failed;
};

static int on_rows(VipsRegion *region, VipsRect *area, void *user) {
  struct page *p = user;
  for (int y = area->top; y < VIPS_RECT_BOTTOM(area); y++) {
    memcpy(p->row, VIPS_REGION_ADDR(region, 0, y), p->size);
    if (TIFFWriteScanline(p->tiff, p->row, (uint32_t)y, 0) < 0) {
      p->write_failed = true;
      return -1;
    }
  }
  return 0;
}

static void describe(const struct pages *all, VipsImage *im, const char *name) {
  TIFF *t = all->tiff;
  bool alpha = im->Bands % 2 == 0;
  uint16_t extra = EXTRASAMPLE_UNASSALPHA;
  const void *icc;
  size_t icc_size, row = VIPS_IMAGE_SIZEOF_LINE(im);
  TIFFSetField(t, TIFFTAG_SUBFILETYPE, FILETYPE_PAGE);
  TIFFSetField(t, TIFFTAG_IMAGEWIDTH, (uint32_t)im->Xsize);
  TIFFSetField(t, TIFFTAG_IMAGELENGTH, (uint32_t)im->Ysize);
  TIFFSetField(t, TIFFTAG_BITSPERSAMPLE, im->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8);
  TIFFSetField(t, TIFFTAG_SAMPLESPERPIXEL, im->Bands);
  TIFFSetField(t, TIFFTAG_PHOTOMETRIC, im->Bands < 3 ? PHOTOMETRIC_MINISBLACK : PHOTOMETRIC_RGB);
  TIFFSetField(t, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(t, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  if (alpha) TIFFSetField(t, TIFFTAG_EXTRASAMPLES, 1, &extra);
  TIFFSetField(t, TIFFTAG_COMPRESSION, COMPRESSION_ADOBE_DEFLATE);
  TIFFSetField(t, TIFFTAG_PREDICTOR, PREDICTOR_HORIZONTAL);
  TIFFSetField(t, TIFFTAG_ROWSPERSTRIP, (uint32_t)(row < STRIP_BYTES ? STRIP_BYTES / row : 1));
  TIFFSetField(t, TIFFTAG_XRESOLUTION, all->scale->Xres * 25.4);
  TIFFSetField(t, TIFFTAG_YRESOLUTION, all->scale->Yres * 25.4);
  TIFFSetField(t, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
  TIFFSetField(t, TIFFTAG_PAGENAME, name);
  TIFFSetField(t, TIFFTAG_PAGENUMBER, all->written, all->count);
  if (vips_image_get_typeof(im, VIPS_META_ICC_NAME) &&
      !vips_image_get_blob(im, VIPS_META_ICC_NAME, &icc, &icc_size))
    TIFFSetField(t, TIFFTAG_ICCPROFILE, (uint32_t)icc_size, icc);
}

static int put_page(struct pages *all, const struct kz_layer *layer, struct kz_err *err) {
  struct page p = {.tiff = all->tiff};
  VipsImage *im = NULL;
  int rc = kz__layer_picture(layer, &im, err);
  if (rc) return rc;
  p.size = VIPS_IMAGE_SIZEOF_LINE(im);
  p.row = malloc(p.size);
  if (!p.row) {
    rc = kz_err_set(err, KZ_ENOMEM, "%s: no memory for a line of %d px", all->path, im->Xsize);
    goto out;
  }
  describe(all, im, layer->name);
  int failed = vips_sink_disc(im, on_rows, &p);
  if (p.write_failed || (!failed && !TIFFWriteDirectory(all->tiff)))
    rc = kz__vips_fail(err, KZ_EIO, "%s: cannot write", all->path);
  else if (failed)
    rc = kz__vips_fail(err, KZ_EFORMAT, "%s: cannot decode it for a layer", layer->image->path);
  all->written++;
out:
  free(p.row);
  g_object_unref(im);
  return rc;
}

static bool is_big(const struct kz_layer *layers, int count, const struct kz_image *merged) {
  double bytes = merged ? kz__decoded_bytes(merged->vips) : 0;
  for (int i = 0; i < count; i++) /* twice at most: grey gets an alpha */
    bytes += kz__decoded_bytes(layers[i].image->vips) * (layers[i].mask ? 2 : 1);
  return bytes > big_from;
}

int kz__layers_pages(const struct kz_layer *layers, int count, struct kz_image *merged,
                     const char *path, struct kz_err *err) {
  const struct kz_layer whole = {.name = "result", .image = merged};
  struct pages all = {.count = count + (merged ? 1 : 0), .path = path};
  struct kz_atomic_file file;
  int rc = kz_atomic_open(&file, path, err);
  if (rc) return rc;
  int fd = open(file.tmp, O_RDWR | O_CLOEXEC); /* libtiff reads where the last page is linked */
  all.scale = merged ? merged->vips : layers[count - 1].image->vips;
  if (fd >= 0) all.tiff = TIFFFdOpen(fd, path, is_big(layers, count, merged) ? "w8" : "w");
  if (!all.tiff) {
    rc = kz__vips_fail(err, KZ_EIO, "%s: cannot write", path);
    if (fd >= 0) close(fd);
    goto out;
  }
  if (merged) rc = put_page(&all, &whole, err);
  for (int i = count - 1; i >= 0 && !rc; i--) rc = put_page(&all, &layers[i], err);
  TIFFClose(all.tiff); /* every page is written already: nothing is left that could fail, */
  vips_error_clear();  /* but for a page that has failed, which is told */
out:
  if (!rc) return kz_atomic_commit(&file, err);
  kz_atomic_abort(&file);
  return rc;
}
