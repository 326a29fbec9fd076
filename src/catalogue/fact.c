/* Facts out of EXIF, as libvips hands it on: each tag is a string "exif-ifd0-Model" whose text is
 * "VALUE (VALUE, TYPE, N components, M bytes)". Only what tells where a photograph comes from is
 * kept; text that is not UTF-8 is passed over, because it would be guessed at. */
#include "catalogue/fact.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* Where the value ends in a tag's text. The value may hold anything, " (" too: what stands before
 * the last ", ASCII, " is "V (V", so it is halved. */
static size_t value_length(const char *text) {
  const char *type = NULL;
  for (const char *p = text; (p = strstr(p, ", ASCII, ")); p++) type = p;
  if (!type) return strcspn(text, "(");
  size_t both = (size_t)(type - text), n = both >= 2 ? (both - 2) / 2 : 0;
  return strncmp(text + n, " (", 2) ? strcspn(text, "(") : n;
}

/* The value of a tag of text, trimmed; false if there is none. */
static bool tag_text(VipsImage *im, const char *name, char *to, size_t size) {
  const char *text;
  if (!vips_image_get_typeof(im, name) || vips_image_get_string(im, name, &text)) return false;
  if (!strcmp(text, "<invalid utf-8 string>")) return false; /* libvips' own words */
  size_t n = value_length(text);
  while (n && (unsigned char)text[n - 1] <= ' ') n--;
  while (n && (unsigned char)*text <= ' ') text++, n--;
  if (!n || n >= size) return false;
  memcpy(to, text, n);
  to[n] = 0;
  uint32_t code;
  int step;
  for (const char *p = to; *p; p += step)
    if (!(step = kz_utf8_step(p, &code)) || code < ' ') {
      *to = 0;
      return false;
    }
  return true;
}

/* "a/b c/d e/f" degrees, minutes, seconds; NaN if it is not that. */
static double tag_degrees(VipsImage *im, const char *name) {
  const char *text;
  long v[6];
  if (!vips_image_get_typeof(im, name) || vips_image_get_string(im, name, &text)) return NAN;
  if (sscanf(text, "%ld/%ld %ld/%ld %ld/%ld", v, v + 1, v + 2, v + 3, v + 4, v + 5) != 6)
    return NAN;
  if (!v[1] || !v[3] || !v[5]) return NAN;
  return (double)v[0] / (double)v[1] + (double)v[2] / (double)v[3] / 60 +
         (double)v[4] / (double)v[5] / 3600;
}

static void add(struct kz__facts *facts, const char *key, const char *value) {
  if (!*value || facts->count == KZ__FACTS_MOST) return;
  struct kz__fact *f = &facts->fact[facts->count++];
  f->key = key;
  snprintf(f->value, sizeof f->value, "%s", value);
}

static void add_camera(VipsImage *im, struct kz__facts *facts) {
  char make[100] = "", model[120] = "", both[256];
  tag_text(im, "exif-ifd0-Make", make, sizeof make);
  tag_text(im, "exif-ifd0-Model", model, sizeof model);
  bool named = *make && !strncmp(model, make, strlen(make)); /* "Canon", "Canon EOS 5D" */
  snprintf(both, sizeof both, "%s%s%s", named ? "" : make, *make && *model && !named ? " " : "",
           model);
  add(facts, "camera", both);
}

static void add_place(VipsImage *im, struct kz__facts *facts) {
  char south[8] = "", west[8] = "", place[64];
  double latitude = tag_degrees(im, "exif-ifd3-GPSLatitude");
  double longitude = tag_degrees(im, "exif-ifd3-GPSLongitude");
  if (!(latitude >= 0 && latitude <= 90 && longitude >= 0 && longitude <= 180)) return;
  tag_text(im, "exif-ifd3-GPSLatitudeRef", south, sizeof south);
  tag_text(im, "exif-ifd3-GPSLongitudeRef", west, sizeof west);
  snprintf(place, sizeof place, "%.6f, %.6f", *south == 'S' ? -latitude : latitude,
           *west == 'W' ? -longitude : longitude);
  add(facts, "place", place);
}

void kz__facts_of_exif(VipsImage *im, struct kz__facts *facts) {
  static const struct {
    const char *tag, *key;
  } texts[] = {{"exif-ifd2-LensModel", "lens"},
               {"exif-ifd2-DateTimeOriginal", "date"},
               {"exif-ifd0-Artist", "author"},
               {"exif-ifd0-Copyright", "holder"}};
  char value[256];
  facts->count = 0;
  add_camera(im, facts);
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
    if (tag_text(im, texts[i].tag, value, sizeof value)) add(facts, texts[i].key, value);
  add_place(im, facts);
}
