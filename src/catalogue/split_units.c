/* Which images never part. Two are of one unit if a fact says that they are of one place, or if the
 * search for duplicates has seen something of one in the other, and so is what is linked over
 * others. It is better to keep too much together than too little: a fact is compared without regard
 * to case, blanks and leading zeros (lists disagree on whether a cave is 39 or 039), and a group of
 * duplicates holds together over images that are out themselves. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "catalogue/split.h"

enum { KEYS_MOST = 8, LONGEST_KEY = 64 };

static const char mural_or_cave[] = "mural,cave"; /* without --by; not all need to be there */

/* A cave's number means nothing without its site, nor a wall's name without its cave. */
static const char *const above[][2] = {{"mural", "cave"}, {"cave", "site"}};

struct keys {
  char key[KEYS_MOST][LONGEST_KEY + 1];
  bool seen[KEYS_MOST];
  int count;
};

static int no_memory(const struct kz__split *s, struct kz_err *err) {
  return kz_err_set(err, KZ_ENOMEM, "%s: no memory for %d images", s->c->path, s->count);
}

/* ---- which facts ---- */

static int take_keys(struct keys *k, const char *by, struct kz_err *err) {
  for (const char *at = by; *at;) {
    at += strspn(at, " ");
    size_t size = strcspn(at, ","), n = size;
    while (n && at[n - 1] == ' ') n--;
    if (!n || n > LONGEST_KEY || k->count == KEYS_MOST)
      return kz_err_set(err, KZ_EFORMAT,
                        "'%s' names no facts: give up to %d with commas between, as in cave,site",
                        by, KEYS_MOST);
    memcpy(k->key[k->count], at, n);
    k->key[k->count++][n] = 0;
    at += size + (at[size] == ',');
  }
  return 0;
}

static const char *value_of(const struct kz_catalogue_entry *e, const char *key) {
  for (int i = 0; i < e->fact_count; i++)
    if (!strcmp(e->facts[i].key, key) && e->facts[i].value[strspn(e->facts[i].value, " ")])
      return e->facts[i].value;
  return NULL;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Lower case, single blanks, no leading zeros. */
static char *folded(const char *value) {
  char *text = malloc(strlen(value) + 1), *to = text;
  if (!text) return NULL;
  for (const char *at = value; *at; at++) {
    bool inside = to > text && is_digit(to[-1]);
    if (*at == '0' && !inside && is_digit(at[1])) continue;
    if (*at == ' ' && (to == text || to[-1] == ' ')) continue;
    *to++ = (char)((unsigned char)*at < 0x80 ? tolower((unsigned char)*at) : *at);
  }
  while (to > text && to[-1] == ' ') to--;
  *to = 0;
  return text;
}

static const char *key_above(const char *key) {
  for (size_t i = 0; i < sizeof above / sizeof *above; i++)
    if (!strcmp(above[i][0], key)) return above[i][1];
  return NULL;
}

/* "mural 'north wall' of cave '285' of site 'mogao'"; NULL: no memory. */
static char *link_of(const struct kz_catalogue_entry *e, const char *key) {
  char *text = NULL;
  for (; key; key = key_above(key)) {
    const char *value = value_of(e, key);
    if (!value) continue;
    char *plain = folded(value), *before = text;
    text = plain ? kz_format("%s%s%s '%s'", before ? before : "", before ? " of " : "", key, plain)
                 : NULL;
    free(plain);
    free(before);
    if (!text) return NULL;
  }
  return text;
}

/* ---- images ---- */

struct loading {
  struct kz__split *s;
  struct keys keys;
};

static int copy(const struct kz__split *s, const char *text, char **out, struct kz_err *err) {
  *out = text ? strdup(text) : NULL;
  return text && !*out ? no_memory(s, err) : 0;
}

static int find_link(struct loading *l, const struct kz_catalogue_entry *e, char **link,
                     struct kz_err *err) {
  bool found = false;
  for (int i = 0; i < l->keys.count; i++) {
    if (!value_of(e, l->keys.key[i])) continue;
    l->keys.seen[i] = true;
    if (found) continue;
    found = true;
    *link = link_of(e, l->keys.key[i]);
    if (!*link) return no_memory(l->s, err);
  }
  return 0;
}

static int take_image(void *user, const struct kz_catalogue_entry *e, struct kz_err *err) {
  struct loading *l = user;
  struct kz__split *s = l->s;
  if (s->count == s->room) {
    int room = s->room ? 2 * s->room : 1024;
    struct kz__split_image *grown = realloc(s->images, (size_t)room * sizeof *grown);
    if (!grown) return no_memory(s, err);
    s->images = grown;
    s->room = room;
  }
  struct kz__split_image *im = &s->images[s->count++];
  int w = e->view.w ? e->view.w : e->width, h = e->view.w ? e->view.h : e->height;
  *im = (struct kz__split_image){.image = e->image, .pixels = (double)w * h, .unit = s->count - 1};
  int code = find_link(l, e, &im->link, err);
  if (!code) code = copy(s, e->part, &im->part, err);
  if (!code) code = copy(s, value_of(e, "split"), &im->fact, err);
  if (!code) code = copy(s, value_of(e, "period"), &im->period, err);
  if (!code) code = copy(s, value_of(e, "site"), &im->site, err);
  return code;
}

/* ---- links ---- */

struct place {
  int64_t image;
  int at;
};

static int by_image(const void *a, const void *b) {
  int64_t x = ((const struct place *)a)->image, y = ((const struct place *)b)->image;
  return (x > y) - (x < y);
}

/* Number of an image, -1 for one that is not chosen. */
static int find_image(const struct place *places, int count, int64_t image) {
  struct place key = {.image = image};
  const struct place *found = count ? bsearch(&key, places, (size_t)count, sizeof key, by_image)
                                    : NULL;
  return found ? found->at : -1;
}

static int add_pair(struct kz__split *s, int a, int b, const char *how, struct kz_err *err) {
  if (s->pair_count == s->pair_room) {
    int room = s->pair_room ? 2 * s->pair_room : 256;
    struct kz__split_pair *grown = realloc(s->pairs, (size_t)room * sizeof *grown);
    if (!grown) return no_memory(s, err);
    s->pairs = grown;
    s->pair_room = room;
  }
  struct kz__split_pair *p = &s->pairs[s->pair_count++];
  *p = (struct kz__split_pair){.a = a < b ? a : b, .b = a < b ? b : a};
  return copy(s, how, &p->how, err);
}

static int load_pairs(struct kz__split *s, const struct place *places, struct kz_err *err) {
  sqlite3_stmt *q = NULL;
  int code = kz__db_prepare(s->c, "SELECT a, b, kind FROM pair", &q, err);
  while (code >= 0 && (code = kz__db_step(s->c, q, err)) == 1) {
    int a = find_image(places, s->count, sqlite3_column_int64(q, 0));
    int b = find_image(places, s->count, sqlite3_column_int64(q, 1));
    if (a >= 0 && b >= 0)
      code = add_pair(s, a, b, (const char *)sqlite3_column_text(q, 2), err);
  }
  sqlite3_finalize(q);
  return code;
}

static int load_groups(struct kz__split *s, const struct place *places, struct kz_err *err) {
  sqlite3_stmt *q = NULL;
  int code = kz__db_prepare(s->c, "SELECT image, grp FROM grp", &q, err);
  while (code >= 0 && (code = kz__db_step(s->c, q, err)) == 1) {
    int at = find_image(places, s->count, sqlite3_column_int64(q, 0));
    if (at >= 0) s->images[at].group = sqlite3_column_int64(q, 1);
  }
  sqlite3_finalize(q);
  return code;
}

static int by_pair(const void *a, const void *b) {
  const struct kz__split_pair *x = a, *y = b;
  return x->a != y->a ? x->a - y->a : x->b - y->b;
}

static int load_links(struct kz__split *s, struct kz_err *err) {
  struct place *places = calloc((size_t)s->count + 1, sizeof *places);
  if (!places) return no_memory(s, err);
  for (int i = 0; i < s->count; i++) places[i] = (struct place){s->images[i].image, i};
  qsort(places, (size_t)s->count, sizeof *places, by_image);
  int code = load_pairs(s, places, err);
  if (!code) code = load_groups(s, places, err);
  free(places);
  if (s->pair_count) qsort(s->pairs, (size_t)s->pair_count, sizeof *s->pairs, by_pair);
  return code;
}

/* ---- units: union and find, the first image standing for all ---- */

static int root(struct kz__split *s, int i) {
  while (s->images[i].unit != i) {
    s->images[i].unit = s->images[s->images[i].unit].unit;
    i = s->images[i].unit;
  }
  return i;
}

static void unite(struct kz__split *s, int a, int b) {
  a = root(s, a);
  b = root(s, b);
  if (a < b) s->images[b].unit = a;
  else s->images[a].unit = b;
}

static int by_text(const void *a, const void *b) {
  const char *x = **(const char *const *const *)a, *y = **(const char *const *const *)b;
  return strcmp(x, y);
}

int kz__split_number(const struct kz__split *s, size_t offset, int *number, struct kz_err *err) {
  const char **text = calloc((size_t)s->count + 1, sizeof *text);
  const char ***order = calloc((size_t)s->count + 1, sizeof *order);
  int named = 0, different = 0;
  if (!text || !order) {
    different = no_memory(s, err);
    goto out;
  }
  for (int i = 0; i < s->count; i++) {
    memcpy(&text[i], (const char *)&s->images[i] + offset, sizeof *text);
    number[i] = -1;
    if (text[i]) order[named++] = &text[i];
  }
  qsort(order, (size_t)named, sizeof *order, by_text);
  for (int i = 0; i < named; i++) {
    if (i && strcmp(*order[i - 1], *order[i])) different++;
    number[order[i] - text] = different;
  }
  different += named > 0;
out:
  free(text);
  free(order);
  return different;
}

/* Images that a number joins; number < 0: nothing does. `first` has room for each number. */
static void unite_numbered(struct kz__split *s, const int *number, int *first) {
  for (int i = 0; i < s->count; i++) first[i] = -1;
  for (int i = 0; i < s->count; i++) {
    if (number[i] < 0) continue;
    if (first[number[i]] >= 0) unite(s, first[number[i]], i);
    else first[number[i]] = i;
  }
}

static int by_group(const void *a, const void *b) {
  int64_t x = (*(const struct kz__split_image *const *)a)->group;
  int64_t y = (*(const struct kz__split_image *const *)b)->group;
  return (x > y) - (x < y);
}

static void unite_groups(struct kz__split *s, const struct kz__split_image **order) {
  for (int i = 0; i < s->count; i++) order[i] = &s->images[i];
  qsort(order, (size_t)s->count, sizeof *order, by_group);
  for (int i = 1; i < s->count; i++)
    if (order[i]->group && order[i]->group == order[i - 1]->group)
      unite(s, (int)(order[i - 1] - s->images), (int)(order[i] - s->images));
}

static int make_units(struct kz__split *s, struct kz_err *err) {
  int *number = calloc((size_t)s->count + 1, sizeof *number);
  int *first = calloc((size_t)s->count + 1, sizeof *first);
  const struct kz__split_image **order = calloc((size_t)s->count + 1, sizeof *order);
  int code = number && first && order ? 0 : no_memory(s, err);
  if (!code) {
    code = kz__split_number(s, offsetof(struct kz__split_image, link), number, err);
    if (code > 0) code = 0;
  }
  if (!code) {
    unite_numbered(s, number, first);
    unite_groups(s, order);
    for (int i = 0; i < s->pair_count; i++) unite(s, s->pairs[i].a, s->pairs[i].b);
    for (int i = 0; i < s->count; i++) s->images[i].unit = root(s, i);
  }
  free(number);
  free(first);
  free(order);
  return code;
}

/* ---- all of it ---- */

static int check_keys(const struct loading *l, struct kz_err *err) {
  for (int i = 0; i < l->keys.count; i++)
    if (!l->keys.seen[i])
      return kz_err_set(err, KZ_ENOENT,
                        "no chosen image has a fact '%s' to be kept together by; 'kizil dataset "
                        "info' shows which facts there are",
                        l->keys.key[i]);
  return 0;
}

static int load(struct loading *l, struct kz_err *err) {
  int code = kz_catalogue_each(l->s->c, NULL, take_image, l, err);
  if (!code) code = load_links(l->s, err);
  return code;
}

int kz__split_load(struct kz__split *s, struct kz_catalogue *c, const char *by, bool strict,
                   struct kz_err *err) {
  struct loading l = {.s = s};
  bool any = !by || !*by;
  *s = (struct kz__split){.c = c};
  int code = take_keys(&l.keys, any ? mural_or_cave : by, err);
  if (!code) code = kz__db_exec(c, "SAVEPOINT of_one_state", err);
  if (code) return code;
  code = load(&l, err);
  int ended = kz__db_exec(c, "RELEASE of_one_state", code ? NULL : err);
  if (!code) code = ended;
  if (!code && strict && !any) code = check_keys(&l, err);
  if (!code) code = make_units(s, err);
  return code;
}

void kz__split_release(struct kz__split *s) {
  for (int i = 0; i < s->count; i++) {
    struct kz__split_image *im = &s->images[i];
    free(im->part);
    free(im->fact);
    free(im->link);
    free(im->period);
    free(im->site);
  }
  for (int i = 0; i < s->pair_count; i++) free(s->pairs[i].how);
  free(s->images);
  free(s->pairs);
}

int kz__split_part(const char *name) {
  for (int i = 0; name && i < KZ_CATALOGUE_PARTS; i++)
    if (!strcmp(kz_catalogue_parts[i], name)) return i;
  return -1;
}
