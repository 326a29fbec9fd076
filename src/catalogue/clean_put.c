/* What was found in one image, as rows. What the header says (how the camera was held, and the
 * samples' colour space) is sure; what pixels say is as sure as src/clean says. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/add.h"
#include "catalogue/clean.h"

const struct kz_catalogue_clean_kind kz_catalogue_clean_kinds[KZ_CATALOGUE_CLEAN_KINDS + 1] = {
    [KZ_CATALOGUE_CROP] = {"crop", 0.7, "frames and margins that are cut away"},
    [KZ_CATALOGUE_CARD] = {"card", 0.6, "colour cards and grey scales, cut away at an edge"},
    [KZ_CATALOGUE_CAST] = {"cast", 0.6, "the colour of the light, by something grey"},
    [KZ_CATALOGUE_ORIENTATION] = {"orientation", 0.5, "how the camera was held, by its file"},
    [KZ_CATALOGUE_PROFILE] = {"profile", 0.5, "colours brought to sRGB by the file's profile"},
};

struct put {
  const struct kz_catalogue *c;
  sqlite3_stmt *insert;
  int64_t image;
  struct kz_err *err;
};

/* Takes `o` over; NULL: it could not be made. */
static int put(const struct put *p, enum kz_catalogue_clean_kind_id kind, json_t *o,
               double confidence) {
  const struct kz_catalogue_clean_kind *k = &kz_catalogue_clean_kinds[kind];
  char *text = o ? json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(5)) : NULL;
  int code;
  if (text) {
    sqlite3_bind_int64(p->insert, 1, p->image);
    sqlite3_bind_text(p->insert, 2, k->name, -1, SQLITE_STATIC);
    sqlite3_bind_text(p->insert, 3, text, -1, SQLITE_STATIC);
    sqlite3_bind_double(p->insert, 4, confidence);
    sqlite3_bind_double(p->insert, 5, k->threshold);
    code = kz__db_run(p->c, p->insert, p->err);
  } else {
    code = kz_err_set(p->err, KZ_ENOMEM, "%s: no memory for what cleaning found", p->c->path);
  }
  free(text);
  json_decref(o);
  return code;
}

static bool is_srgb(const char *profile) {
  return strcasestr(profile, "srgb") || strcasestr(profile, "61966");
}

static json_t *rect_json(const struct kz_clean_rect *r) {
  return json_pack("{s:i, s:i, s:i, s:i}", "x", r->x, "y", r->y, "w", r->w, "h", r->h);
}

static json_t *crop_json(const struct kz_clean_found *f) {
  static const char *const names[] = {"top", "bottom", "left", "right"};
  json_t *o = rect_json(&f->crop.keep), *sides = json_array();
  for (int i = 0; i < 4; i++)
    if (f->crop.sides & 1u << i) json_array_append_new(sides, json_string(names[i]));
  json_object_set_new(o, "sides", sides);
  json_object_set_new(o, "colour", json_pack("[i, i, i]", f->crop.rgb[0], f->crop.rgb[1],
                                             f->crop.rgb[2]));
  return o;
}

static json_t *card_json(const struct kz_clean_found *f) {
  json_t *o = rect_json(&f->card.at);
  json_object_set_new(o, "patches", json_integer(f->card.patches));
  if (f->card.keep.w) json_object_set_new(o, "keep", rect_json(&f->card.keep));
  return o;
}

int kz__clean_put(const struct kz_catalogue *c, sqlite3_stmt *insert, int64_t image,
                  const struct kz__picture_info *info, const struct kz_clean_found *found,
                  struct kz_err *err) {
  const struct put p = {c, insert, image, err};
  int code = 0;
  if (info->orientation > 1)
    code = put(&p, KZ_CATALOGUE_ORIENTATION,
               json_pack("{s:i}", "orientation", info->orientation), 1);
  if (!code && *info->profile && !is_srgb(info->profile))
    code = put(&p, KZ_CATALOGUE_PROFILE, json_pack("{s:s}", "profile", info->profile), 1);
  if (!code && found->crop.keep.w)
    code = put(&p, KZ_CATALOGUE_CROP, crop_json(found), found->crop.confidence);
  if (!code && found->card.at.w)
    code = put(&p, KZ_CATALOGUE_CARD, card_json(found), found->card.confidence);
  if (!code && found->cast.from != KZ_CLEAN_NO_NEUTRAL)
    code = put(&p, KZ_CATALOGUE_CAST,
               json_pack("{s:[f, f, f], s:s}", "gain", found->cast.gain[0], found->cast.gain[1],
                         found->cast.gain[2], "from",
                         found->cast.from == KZ_CLEAN_GREYS ? "greys" : "margin"),
               found->cast.confidence);
  return code;
}
