/* The size of an image without decoding it: a folder of thousands is listed in seconds. */
#include "image/vips_io.h"

int kz_image_probe(const char *path, struct kz_image_info *info, struct kz_err *err) {
  VipsImage *im = NULL;
  enum kz_format format;
  int rc = kz__format_of_file(path, &format, err);
  if (!rc) rc = kz__load(path, format, VIPS_ACCESS_SEQUENTIAL, &im, err);
  if (rc) return rc;
  *info = (struct kz_image_info){.width = im->Xsize,
                                 .height = im->Ysize,
                                 .bands = im->Bands,
                                 .bits = im->BandFmt == VIPS_FORMAT_USHORT ? 16 : 8,
                                 .alpha = im->Bands == 2 || im->Bands == 4};
  g_object_unref(im);
  return 0;
}
