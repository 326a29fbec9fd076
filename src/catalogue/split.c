/* A split of a catalogue: what is asked, what is kept of an earlier one, and the rows. What was
 * asked is kept in the catalogue, so that a check, or a split after more images were added, goes by
 * the same facts. All is done in one transaction that ends with the leak check. */
#include "catalogue/split.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const kz_catalogue_parts[] = {"train", "val", "test", NULL};

#define FIELD(name) offsetof(struct kz_catalogue_split_options, name)
const struct kz_param kz_catalogue_split_params[] = {
    {.name = "train", .type = KZ_PARAM_FLOAT, .offset = FIELD(share[0]), .def = 80, .max = 100,
     .unit = "%", .help = "of the images, to train on"},
    {.name = "val", .type = KZ_PARAM_FLOAT, .offset = FIELD(share[1]), .def = 10, .max = 100,
     .unit = "%", .help = "to choose models by"},
    {.name = "test", .type = KZ_PARAM_FLOAT, .offset = FIELD(share[2]), .def = 10, .max = 100,
     .unit = "%", .help = "to judge the last one by"},
    {.name = "by", .type = KZ_PARAM_STRING, .offset = FIELD(by),
     .help = "facts that keep images together, as cave,site (else the mural or the cave)"},
    {.name = "seed", .type = KZ_PARAM_INT, .offset = FIELD(seed), .def = 1, .max = 1e9,
     .help = "another one gives another split"},
    {.name = "anew", .type = KZ_PARAM_BOOL, .offset = FIELD(anew), .max = 1,
     .help = "forget the parts that images have"},
    {.name = "from-facts", .type = KZ_PARAM_BOOL, .offset = FIELD(from_facts), .max = 1,
     .help = "take the parts that the fact 'split' names"},
    {0}};

/* ---- what is asked ---- */

int kz_catalogue_split_asked(struct kz_catalogue *c, struct kz_catalogue_split_options *o,
                             struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  kz_params_defaults(kz_catalogue_split_params, o);
  int code = kz__db_prepare(c, "SELECT value FROM setting WHERE key = 'split'", &s, err);
  if (!code) code = kz__db_step(c, s, err);
  if (code == 1)
    code = kz_params_from_json(kz_catalogue_split_params, o,
                               (const char *)sqlite3_column_text(s, 0), c->path, err);
  sqlite3_finalize(s);
  if (code) kz_params_release(kz_catalogue_split_params, o);
  return code;
}

static int remember(struct kz_catalogue *c, const struct kz_catalogue_split_options *o,
                    struct kz_err *err) {
  struct kz_catalogue_split_options kept = *o;
  sqlite3_stmt *s = NULL;
  kept.anew = kept.from_facts = false;
  char *json = kz_params_to_json(kz_catalogue_split_params, &kept);
  int code = json ? 0 : kz_err_set(err, KZ_ENOMEM, "%s: no memory to keep what was asked", c->path);
  if (!code)
    code = kz__db_prepare(c, "INSERT OR REPLACE INTO setting(key, value) VALUES('split', ?1)", &s,
                          err);
  if (!code) {
    sqlite3_bind_text(s, 1, json, -1, SQLITE_STATIC);
    code = kz__db_run(c, s, err);
  }
  sqlite3_finalize(s);
  free(json);
  return code;
}

/* To shares of 1. */
static int take_shares(const struct kz_catalogue_split_options *o, double *share,
                       struct kz_err *err) {
  double sum = 0;
  for (int p = 0; p < KZ_CATALOGUE_PARTS; p++) sum += o->share[p];
  if (fabs(sum - 100) > 1e-6 && fabs(sum - 1) > 1e-6)
    return kz_err_set(err, KZ_ERANGE,
                      "train %g, val %g and test %g add up to %g; they must add up to 100 (or 1)",
                      o->share[0], o->share[1], o->share[2], sum);
  if (o->share[0] <= 0)
    return kz_err_set(err, KZ_ERANGE, "train must have a share; val or test may be 0");
  for (int p = 0; p < KZ_CATALOGUE_PARTS; p++) share[p] = o->share[p] / sum;
  return 0;
}

/* ---- what is there ---- */

/* The part that an image has before the draw; -1: none yet, -2: it gets none. */
static int part_before(const struct kz__split_image *im,
                       const struct kz_catalogue_split_options *o) {
  if (o->from_facts && im->fact) {
    int part = kz__split_part(im->fact);
    return part < 0 ? -2 : part;
  }
  return o->anew ? -1 : kz__split_part(im->part);
}

/* A unit that lies in several parts goes to the first of them. What facts say is not moved: the
 * check tells if it leaks. */
static void gather(const struct kz__split *s, const struct kz_catalogue_split_options *o,
                   int *fixed, int *first) {
  for (int i = 0; i < s->count; i++) first[i] = -1;
  for (int i = 0; i < s->count; i++) {
    int unit = s->images[i].unit;
    fixed[i] = part_before(&s->images[i], o);
    if (fixed[i] >= 0 && (first[unit] < 0 || fixed[i] < first[unit])) first[unit] = fixed[i];
  }
  for (int i = 0; i < s->count; i++)
    if (fixed[i] >= 0 && !(o->from_facts && s->images[i].fact)) fixed[i] = first[s->images[i].unit];
}

/* ---- rows ---- */

static int store(const struct kz__split *s, const int *part, struct kz_err *err) {
  sqlite3_stmt *q = NULL;
  int code = kz__db_exec(s->c, "DELETE FROM split", err);
  if (!code)
    code = kz__db_prepare(s->c, "INSERT INTO split(image, part) VALUES(?1, ?2)", &q, err);
  for (int i = 0; i < s->count && !code; i++) {
    if (part[i] < 0) continue;
    sqlite3_bind_int64(q, 1, s->images[i].image);
    sqlite3_bind_text(q, 2, kz_catalogue_parts[part[i]], -1, SQLITE_STATIC);
    code = kz__db_run(s->c, q, err);
  }
  sqlite3_finalize(q);
  return code;
}

static void count(const struct kz__split *s, const struct kz_catalogue_split_options *o,
                  const int *part, struct kz_catalogue_split_done *done) {
  for (int i = 0; i < s->count; i++) {
    const struct kz__split_image *im = &s->images[i];
    done->images++;
    done->units += im->unit == i;
    done->elsewhere += part[i] < 0;
    if (part[i] >= 0) done->parted[part[i]]++;
    if (!im->part || part[i] < 0 || o->anew) continue;
    if (kz__split_part(im->part) == part[i]) done->kept++;
    else done->moved++;
  }
}

/* ---- all of it ---- */

static int place(const struct kz__split *s, const struct kz_catalogue_split_options *o,
                 const double *share, struct kz_catalogue_split_done *done, struct kz_err *err) {
  size_t n = (size_t)s->count + 1;
  int *fixed = calloc(n, sizeof *fixed), *part = calloc(n, sizeof *part), code;
  if (!fixed || !part) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for %d images", s->c->path, s->count);
    goto out;
  }
  gather(s, o, fixed, part);
  struct kz__split_draw d = {.split = s, .fixed = fixed, .seed = o->seed};
  memcpy(d.share, share, sizeof d.share);
  code = kz__split_draw(&d, part, err);
  if (!code) code = store(s, part, err);
  if (!code) count(s, o, part, done);
out:
  free(fixed);
  free(part);
  return code;
}

static int split(struct kz_catalogue *c, const struct kz_catalogue_split_options *o,
                 const double *share, struct kz_catalogue_split_done *done, struct kz_err *err) {
  struct kz__split s;
  int code = kz__split_load(&s, c, o->by, true, err);
  if (!code && !s.count)
    code = kz_err_set(err, KZ_ENOENT, "%s: no image is in, there is nothing to split", c->path);
  if (!code) code = place(&s, o, share, done, err);
  if (!code) code = remember(c, o, err);
  if (!code) code = kz_catalogue_check_split(c, NULL, err);
  kz__split_release(&s);
  return code;
}

int kz_catalogue_split(struct kz_catalogue *c, const struct kz_catalogue_split_options *o,
                       struct kz_catalogue_split_done *done, struct kz_err *err) {
  double share[KZ_CATALOGUE_PARTS];
  *done = (struct kz_catalogue_split_done){0};
  int code = take_shares(o, share, err);
  if (!code) code = kz__db_begin(c, err);
  if (code) return code;
  return kz__db_end(c, split(c, o, share, done, err), err);
}
