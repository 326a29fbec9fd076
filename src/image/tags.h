/* Descriptive tags of a TIFF, which is also what EXIF is. */
#ifndef KZ_IMAGE_TAGS_H
#define KZ_IMAGE_TAGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What describes a TIFF's first page, its EXIF and GPS directories with it, as a small TIFF in
 * malloc'd memory; NULL: there is nothing of the kind, or the file is too damaged to tell. */
uint8_t *kz__tags_of_tiff(const char *path, size_t *size);

/* Put the tags of such a small TIFF into the first page of the TIFF at `path`, where it has none of
 * their number; orientation and resolution replace those that are there. `resolution`: where the
 * small one has none, the file's is taken out. 0; -1: errno says why, and the file is spoilt. */
int kz__tags_into_tiff(const char *path, const uint8_t *exif, size_t size, bool resolution);

#endif
