/* From findings and a person's words to the view of an image. Parameters are JSON, so that other
 * programs can read them and a kind can gain one; what cannot be read as a kind's parameters (a
 * newer version's, or changed by hand) applies nothing. */
#include "catalogue/clean.h"

#include <jansson.h>
#include <string.h>

/* ---- parameters ---- */

static bool read_rect(json_t *o, const char *key, struct kz_clean_rect *r) {
  json_error_t e;
  struct kz_clean_rect read;
  if (key) o = json_object_get(o, key);
  if (json_unpack_ex(o, &e, 0, "{s:i, s:i, s:i, s:i}", "x", &read.x, "y", &read.y, "w", &read.w,
                     "h", &read.h) ||
      read.x < 0 || read.y < 0 || read.w < 1 || read.h < 1)
    return false;
  *r = read;
  return true;
}

static void cut_to(struct kz_view *v, const struct kz_clean_rect *r) {
  if (!v->w) {
    v->x = r->x, v->y = r->y, v->w = r->w, v->h = r->h;
    return;
  }
  int left = v->x > r->x ? v->x : r->x, top = v->y > r->y ? v->y : r->y;
  int right = v->x + v->w < r->x + r->w ? v->x + v->w : r->x + r->w;
  int bottom = v->y + v->h < r->y + r->h ? v->y + v->h : r->y + r->h;
  if (left >= right || top >= bottom) return;
  v->x = left, v->y = top, v->w = right - left, v->h = bottom - top;
}

static void read_gain(json_t *o, struct kz_view *v) {
  json_error_t e;
  double g[3];
  if (!json_unpack_ex(o, &e, 0, "{s:[F, F, F]}", "gain", &g[0], &g[1], &g[2]) && g[0] > 0 &&
      g[1] > 0 && g[2] > 0)
    memcpy(v->gain, g, sizeof g);
}

/* ---- the view ---- */

/* A person's rectangle, or word that nothing is to be cut, counts for cards too. */
struct merging {
  struct kz_view *view;
  bool crop_by_hand;
  struct kz_clean_rect card;
};

static void merge(struct merging *m, const char *kind, json_t *o, bool applied, bool by_hand) {
  struct kz_clean_rect r;
  int turn;
  if (!strcmp(kind, "crop")) {
    m->crop_by_hand = by_hand;
    if (applied && read_rect(o, NULL, &r)) cut_to(m->view, &r);
  } else if (!strcmp(kind, "card")) {
    if (applied) read_rect(o, "keep", &m->card);
  } else if (!strcmp(kind, "cast")) {
    if (applied) read_gain(o, m->view);
  } else if (!strcmp(kind, "profile")) {
    m->view->to_srgb = applied;
  } else if (!strcmp(kind, "orientation")) {
    turn = (int)json_integer_value(json_object_get(o, "orientation"));
    m->view->orientation = applied && turn >= 1 && turn <= 8 ? turn : 1;
  }
}

static int view_of(struct kz_catalogue *c, int64_t image, const char *sql, struct kz_view *view,
                   struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  struct merging m = {.view = view};
  *view = (struct kz_view){0};
  int code = kz__db_prepare(c, sql, &s, err);
  if (!code) sqlite3_bind_int64(s, 1, image);
  while (code >= 0 && (code = kz__db_step(c, s, err)) == 1) {
    const char *params = (const char *)sqlite3_column_text(s, 1);
    json_t *o = params ? json_loads(params, 0, NULL) : NULL;
    merge(&m, (const char *)sqlite3_column_text(s, 0), o, sqlite3_column_int(s, 2) != 0,
          sqlite3_column_int(s, 3) != 0);
    json_decref(o);
  }
  sqlite3_finalize(s);
  if (!code && m.card.w && !m.crop_by_hand) cut_to(view, &m.card);
  return code;
}

#define BY_HAND "coalesce(decision, 'default') <> 'default'"

int kz__clean_view(struct kz_catalogue *c, int64_t image, struct kz_view *view,
                   struct kz_err *err) {
  return view_of(c, image,
                 "SELECT kind, params, applied, " BY_HAND " FROM cleaning WHERE image = ?1", view,
                 err);
}

int kz__clean_proposal(struct kz_catalogue *c, int64_t image, struct kz_view *view,
                       struct kz_err *err) {
  return view_of(c, image,
                 "SELECT kind, params, coalesce(decision, '') <> 'none', " BY_HAND
                 " FROM cleaning WHERE image = ?1",
                 view, err);
}
