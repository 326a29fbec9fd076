/* Whether what is trained on is seen in what is judged by. The table is not trusted: it may have
 * been edited, images may have been found to be alike since, facts corrected. So all that holds
 * images together is gone through again: pairs that were found alike, groups (over images that are
 * out themselves), and facts that units are made of. An image that is out, or has no part, is in
 * no set and leaks nothing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/utf8.h"
#include "catalogue/show.h"
#include "catalogue/split.h"

enum { TOLD = 3, PATH_TOLD = 72 }; /* leaks in the message, bytes of a path in it */

struct check {
  struct kz__split s;
  const struct kz_catalogue_host *host;
  sqlite3_stmt *path;
  const int *order; /* images by group, or by link */
  int64_t pairs, groups, links;
  char told[800];
};

static int no_memory(const struct check *k, struct kz_err *err) {
  return kz_err_set(err, KZ_ENOMEM, "%s: no memory to check the split", k->s.c->path);
}

/* ---- telling ---- */

/* The end of a path tells more than its beginning. */
static const char *end_of(const char *text) {
  size_t n = strlen(text);
  if (n <= PATH_TOLD) return text;
  text += n - PATH_TOLD;
  while (((unsigned char)*text & 0xc0) == 0x80) text++;
  return text;
}

/* NULL: err is set. */
static char *path_of(struct check *k, int i, struct kz_err *err) {
  char *shown = NULL;
  sqlite3_bind_int64(k->path, 1, k->s.images[i].image);
  int code = kz__db_step(k->s.c, k->path, err);
  if (code >= 0) {
    const void *bytes = code ? sqlite3_column_blob(k->path, 0) : NULL;
    shown = kz__show(bytes ? bytes : "", code ? (size_t)sqlite3_column_bytes(k->path, 0) : 0);
    if (!shown) no_memory(k, err);
  }
  sqlite3_reset(k->path);
  return shown;
}

/* One leak: two images in different parts, and why they belong together. */
static int tell(struct check *k, int a, int b, const char *why, struct kz_err *err) {
  int64_t before = k->pairs + k->groups + k->links;
  if (before >= TOLD && !(k->host && k->host->failed)) return 0;
  char *from = path_of(k, a, err), *to = from ? path_of(k, b, err) : NULL, *text = NULL;
  int code = 0;
  if (!to) {
    code = err ? err->code : KZ_ENOMEM;
    goto out;
  }
  text = kz_format("%s '%s' and %s '%s': %s", k->s.images[a].part, from, k->s.images[b].part, to,
                   why);
  if (!text) {
    code = no_memory(k, err);
    goto out;
  }
  if (k->host && k->host->failed) k->host->failed(k->host->user, text);
  if (before < TOLD) {
    size_t used = strlen(k->told);
    snprintf(k->told + used, sizeof k->told - used, "; %s '%s%s' and %s '%s%s': %s",
             k->s.images[a].part, end_of(from) == from ? "" : "...", end_of(from),
             k->s.images[b].part, end_of(to) == to ? "" : "...", end_of(to), why);
  }
out:
  free(from);
  free(to);
  free(text);
  return code;
}

static bool apart(const struct check *k, int a, int b) {
  const char *x = k->s.images[a].part, *y = k->s.images[b].part;
  return x && y && strcmp(x, y);
}

/* ---- looking ---- */

static int check_pairs(struct check *k, struct kz_err *err) {
  int code = 0;
  for (int i = 0; i < k->s.pair_count && !code; i++) {
    const struct kz__split_pair *p = &k->s.pairs[i];
    if (!apart(k, p->a, p->b)) continue;
    char *why = kz_format("they show the same (%s)", p->how ? p->how : "in part");
    code = why ? tell(k, p->a, p->b, why, err) : no_memory(k, err);
    free(why);
    k->pairs++;
  }
  return code;
}

/* Of images from order[from] to before order[to], the first two that are apart; false: none. */
static bool find_apart(const struct check *k, int from, int to, int *a, int *b) {
  while (from < to && !k->s.images[k->order[from]].part) from++;
  for (int i = from + 1; i < to; i++) {
    if (!apart(k, k->order[from], k->order[i])) continue;
    *a = k->order[from];
    *b = k->order[i];
    return true;
  }
  return false;
}

/* A pair that was told tells of its group. */
static bool is_pair(const struct check *k, int64_t group) {
  for (int i = 0; i < k->s.pair_count; i++) {
    const struct kz__split_pair *p = &k->s.pairs[i];
    if (k->s.images[p->a].group == group && apart(k, p->a, p->b)) return true;
  }
  return false;
}

static int check_groups(struct check *k, struct kz_err *err) {
  int a = 0, b = 0, code = 0;
  for (int from = 0, to; from < k->s.count && !code; from = to) {
    int64_t group = k->s.images[k->order[from]].group;
    for (to = from + 1; to < k->s.count && k->s.images[k->order[to]].group == group;) to++;
    if (!group || !find_apart(k, from, to, &a, &b) || is_pair(k, group)) continue;
    code = tell(k, a, b, "they are of one group of duplicates, by way of others", err);
    k->groups++;
  }
  return code;
}

static int check_links(struct check *k, const int *link, struct kz_err *err) {
  int a = 0, b = 0, code = 0;
  for (int from = 0, to; from < k->s.count && !code; from = to) {
    for (to = from + 1; to < k->s.count && link[k->order[to]] == link[k->order[from]];) to++;
    if (link[k->order[from]] < 0 || !find_apart(k, from, to, &a, &b)) continue;
    char *why = kz_format("both are of %s", k->s.images[a].link);
    code = why ? tell(k, a, b, why, err) : no_memory(k, err);
    free(why);
    k->links++;
  }
  return code;
}

/* Nothing was found, but two links that meet in an image without a part hold others together. */
static int check_units(struct check *k, struct kz_err *err) {
  int a = 0, b = 0, code = 0;
  for (int from = 0, to; from < k->s.count && !code; from = to) {
    int unit = k->s.images[k->order[from]].unit;
    for (to = from + 1; to < k->s.count && k->s.images[k->order[to]].unit == unit;) to++;
    if (!find_apart(k, from, to, &a, &b)) continue;
    code = tell(k, a, b, "they belong together by way of others", err);
    k->groups++;
  }
  return code;
}

/* ---- all of it ---- */

struct key {
  int64_t value;
  int at;
};

static int by_value(const void *a, const void *b) {
  const struct key *x = a, *y = b;
  if (x->value != y->value) return x->value < y->value ? -1 : 1;
  return x->at - y->at;
}

static void put_in_order(struct key *keys, int count, int *order) {
  qsort(keys, (size_t)count, sizeof *keys, by_value);
  for (int i = 0; i < count; i++) order[i] = keys[i].at;
}

static int look(struct check *k, struct kz_err *err) {
  size_t n = (size_t)k->s.count + 1;
  struct key *keys = calloc(n, sizeof *keys);
  int *order = calloc(n, sizeof *order), *link = calloc(n, sizeof *link);
  int code = keys && order && link ? 0 : no_memory(k, err);
  k->order = order;
  if (!code) code = check_pairs(k, err);
  if (!code) {
    for (int i = 0; i < k->s.count; i++) keys[i] = (struct key){k->s.images[i].group, i};
    put_in_order(keys, k->s.count, order);
    code = check_groups(k, err);
  }
  if (!code) code = kz__split_number(&k->s, offsetof(struct kz__split_image, link), link, err);
  if (code >= 0) {
    for (int i = 0; i < k->s.count; i++) keys[i] = (struct key){link[i], i};
    put_in_order(keys, k->s.count, order);
    code = check_links(k, link, err);
  }
  if (!code && !(k->pairs + k->groups + k->links)) {
    for (int i = 0; i < k->s.count; i++) keys[i] = (struct key){k->s.images[i].unit, i};
    put_in_order(keys, k->s.count, order);
    code = check_units(k, err);
  }
  free(keys);
  free(order);
  free(link);
  return code;
}

static int judge(const struct check *k, struct kz_err *err) {
  int64_t leaks = k->pairs + k->groups + k->links;
  char more[64] = "";
  if (!leaks) return 0;
  if (leaks > TOLD) snprintf(more, sizeof more, "; and %lld more", (long long)(leaks - TOLD));
  return kz_err_set(err, KZ_EFORMAT,
                    "%s: the split leaks: %lld pair%s, %lld group%s and %lld place%s lie in "
                    "several parts%s%s; 'kizil dataset split' puts them together",
                    k->s.c->path, (long long)k->pairs, k->pairs == 1 ? "" : "s",
                    (long long)k->groups, k->groups == 1 ? "" : "s", (long long)k->links,
                    k->links == 1 ? "" : "s", k->told, more);
}

int kz_catalogue_check_split(struct kz_catalogue *c, const struct kz_catalogue_host *host,
                             struct kz_err *err) {
  struct check k = {.host = host};
  struct kz_catalogue_split_options asked;
  int code = kz_catalogue_split_asked(c, &asked, err);
  if (code) return code;
  code = kz__split_load(&k.s, c, asked.by, false, err);
  if (!code)
    code = kz__db_prepare(c, "SELECT min(path) FROM file WHERE image = ?1 AND NOT gone", &k.path,
                          err);
  if (!code) code = look(&k, err);
  if (!code) code = judge(&k, err);
  sqlite3_finalize(k.path);
  kz__split_release(&k.s);
  kz_params_release(kz_catalogue_split_params, &asked);
  return code;
}
