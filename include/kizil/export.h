/* What leaves a catalogue: lists, tables and archives of the images that are in, for training, for
 * other programs and for people. Nothing here changes the catalogue or the pictures. */
#ifndef KIZIL_EXPORT_H
#define KIZIL_EXPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <kizil/catalogue.h>
#include <kizil/err.h>
#include <kizil/param.h>

/* ---- lists, tables, archives ---- */

/* The first line of a training list (`--as list`), which `kizil train --images LIST` streams; CSV
 * by RFC 4180 (kizil/csv.h). A reader finds columns by name; only `file` must be there.
 *   file         the path's bytes as they are, UTF-8 or not; relative to the list's folder if it is
 *                not absolute
 *   sha256       of the file, 64 hex digits
 *   part         "train", "val", "test", or empty: not split
 *   width,height of the file as stored, px
 *   crop         "X Y WIDTH HEIGHT" of what is kept, px of the file as stored; empty: all of it
 *   orientation  1 to 8, EXIF's numbers; empty: as the file says
 *   srgb         "yes": convert by the file's ICC profile; else empty
 *   gains        "R G B", on linear light, after all else; empty: none
 *   caption, caption-zh, subject, kind, period, site    UTF-8, may be empty */
#define KZ_EXPORT_LIST_HEADER                                                               \
  "file,sha256,part,width,height,crop,orientation,srgb,gains,caption,caption-zh,subject,kind," \
  "period,site"

/* ---- the report ---- */

#endif
