/* Who is shown when, and where. Sides are dealt out pair by pair of methods, alternating through
 * the pictures in a shuffled order, group after group: so each method is on the left in half of the
 * trials of a pair, and of each of its groups. The generator's seed is a hash of seed and list,
 * because a seed alone could be guessed by a rater, and with it the sides. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/rng.h>

#include "base/file.h"
#include "base/sha256.h"
#include "eval/study.h"

enum { SIDES, ORDER, REPEATS, NAMES }; /* streams */

static void shuffle(struct kz_rng *rng, int *list, int n) {
  for (int i = n - 1; i > 0; i--) {
    int k = (int)kz_rng_below(rng, (uint32_t)i + 1), kept = list[i];
    list[i] = list[k];
    list[k] = kept;
  }
}

/* ---- sides ---- */

/* Rows by group, shuffled within. */
static void deal_rows(const struct kz__study *s, struct kz_rng *rng, int *rows) {
  int n = 0;
  for (int g = -1; g < s->group_count; g++) {
    int first = n;
    for (int i = 0; i < s->count; i++)
      if (s->rows[i].in_group == g) rows[n++] = i;
    shuffle(rng, rows + first, n - first);
  }
}

static void deal_sides(struct kz__study *s, uint64_t seed, int *rows) {
  struct kz_rng rng;
  kz_rng_init_stream(&rng, seed, SIDES);
  for (int a = 0; a < s->method_count; a++)
    for (int b = a + 1; b < s->method_count; b++) {
      int flip = (int)kz_rng_below(&rng, 2);
      deal_rows(s, &rng, rows);
      for (int i = 0; i < s->count; i++) {
        bool swap = (i ^ flip) & 1;
        s->trials[s->trial_count++] =
            (struct kz__trial){rows[i], swap ? b : a, swap ? a : b, -1};
      }
    }
}

/* ---- order ---- */

static int original_of(const struct kz__study *s, int trial) {
  return s->rows[s->trials[trial].row].unit;
}

/* Shuffled; then a trial of the same original as the one before it changes places with a later one
 * that is not, where there is one. */
static void put_in_order(struct kz__study *s, uint64_t seed) {
  struct kz_rng rng;
  kz_rng_init_stream(&rng, seed, ORDER);
  for (int i = s->trial_count - 1; i > 0; i--) {
    int k = (int)kz_rng_below(&rng, (uint32_t)i + 1);
    struct kz__trial kept = s->trials[i];
    s->trials[i] = s->trials[k];
    s->trials[k] = kept;
  }
  for (int i = 1; i < s->trial_count; i++)
    for (int k = i; k < s->trial_count; k++) {
      if (original_of(s, k) == original_of(s, i - 1)) continue;
      struct kz__trial kept = s->trials[i];
      s->trials[i] = s->trials[k];
      s->trials[k] = kept;
      break;
    }
}

/* Trials of the first half are shown again half a study later, right after the trial there. With
 * `again` set for these, lay the whole out; `out` has room. */
static int interleave(const struct kz__study *s, const unsigned char *again, int *place,
                      struct kz__trial *out) {
  const int half = s->trial_count / 2;
  int n = 0;
  for (int i = 0; i < s->trial_count; i++) {
    place[i] = n;
    out[n++] = s->trials[i];
    int k = i - half;
    if (k < 0 || !again[k]) continue;
    const struct kz__trial *t = &s->trials[k];
    out[n++] = (struct kz__trial){t->row, t->right, t->left, place[k]};
  }
  return n;
}

static int add_repeats(struct kz__study *s, uint64_t seed, double share, struct kz_err *err) {
  const int n = s->trial_count, half = n / 2, most = half ? n - half : 0;
  int wanted = (int)(share * n + .5), code = 0;
  struct kz_rng rng;
  struct kz__trial *out = calloc(2 * (size_t)n, sizeof *out);
  unsigned char *again = calloc((size_t)n, 1);
  int *place = calloc((size_t)n, sizeof *place);
  if (!out || !again || !place) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for %d trials", s->path, 2 * n);
    goto out;
  }
  kz_rng_init_stream(&rng, seed, REPEATS);
  for (int i = 0; i < most; i++) place[i] = i;
  shuffle(&rng, place, most);
  for (int i = 0; i < wanted && i < most; i++) again[place[i]] = 1;
  s->trial_count = interleave(s, again, place, out);
  free(s->trials);
  s->trials = out;
  out = NULL;
out:
  free(out);
  free(again);
  free(place);
  return code;
}

/* ---- names and id ---- */

static int list_seed(const struct kz__study *s, int64_t seed, uint64_t *out, struct kz_err *err) {
  struct kz_sha256 h;
  char hex[65], text[96];
  int code = kz_file_sha256(s->path, hex, err);
  if (code) return code;
  int n = snprintf(text, sizeof text, "%lld %s", (long long)seed, hex);
  kz_sha256_init(&h);
  kz_sha256_add(&h, text, (size_t)n);
  kz_sha256_hex(&h, hex);
  hex[16] = 0;
  *out = strtoull(hex, NULL, 16);
  return 0;
}

static int add_file(struct kz_sha256 *h, const char *path, struct kz_err *err) {
  char hex[65];
  int code = kz_file_sha256(path, hex, err);
  if (!code) kz_sha256_add(h, hex, 64);
  return code;
}

static int make_id(struct kz__study *s, const struct kz_study_options *o, uint64_t seed,
                   struct kz_err *err) {
  struct kz_sha256 h;
  char hex[65], text[96];
  int code = 0, n = snprintf(text, sizeof text, "%llu %.17g %d", (unsigned long long)seed,
                             o->repeat, o->show_original);
  kz_sha256_init(&h);
  kz_sha256_add(&h, text, (size_t)n);
  for (int i = 0; i < s->count && !code; i++) {
    code = add_file(&h, s->rows[i].original, err);
    if (!code) code = add_file(&h, s->rows[i].mask, err);
    for (int m = 0; m < s->method_count && !code; m++)
      code = add_file(&h, s->rows[i].result[m], err);
  }
  kz_sha256_hex(&h, hex);
  memcpy(s->id, hex, 16);
  return code;
}

static void make_names(uint64_t seed, kz__name *names, int n) {
  struct kz_rng rng;
  kz_rng_init_stream(&rng, seed, NAMES);
  for (int i = 0; i < n; i++) /* 64 bits: two alike are out of the question */
    snprintf(names[i], sizeof names[i], "%016llx", (unsigned long long)kz_rng_u64(&rng));
}

int kz__study_plan(struct kz__study *s, const struct kz_study_options *o, kz__name **names,
                   struct kz_err *err) {
  const int files = kz__study_files(s);
  uint64_t seed = 0;
  int *rows = malloc((size_t)s->count * sizeof *rows);
  kz__name *list = calloc((size_t)files, sizeof *list);
  s->trials = calloc((size_t)s->count * (size_t)kz__study_pairs(s), sizeof *s->trials);
  int code = rows && list && s->trials
                 ? list_seed(s, o->seed, &seed, err)
                 : kz_err_set(err, KZ_ENOMEM, "%s: no memory for the trials", s->path);
  if (!code) code = make_id(s, o, seed, err);
  if (!code) {
    deal_sides(s, seed, rows);
    put_in_order(s, seed);
    code = add_repeats(s, seed, o->repeat, err);
  }
  free(rows);
  if (code) {
    free(list);
    return code;
  }
  make_names(seed, list, files);
  *names = list;
  return 0;
}
