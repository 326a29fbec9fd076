/* Answers to figures. Only a trial's first showing counts as a preference; what a repeat is good
 * for is counted with its rater. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/study.h"

static bool in_group(const struct kz__study *s, int trial, int g) {
  return g == s->group_count || s->rows[s->trials[trial].row].in_group == g;
}

static int pair_of(const struct kz__study *s, int trial) {
  return kz__study_pair(s, s->trials[trial].left, s->trials[trial].right);
}

/* Room that the figures share: [raters * trials] and [trials]. */
struct room {
  double *value;
  int *unit, *counts, *stratum, *trial_unit;
};

static struct kz__resampling resampling(const struct kz_study_analysis *a, int stream) {
  return (struct kz__resampling){.seed = (uint64_t)a->seed, .resamples = (int)a->resamples,
                                 .stream = (uint64_t)stream};
}

static int prefer(struct kz_study_analysis *a, int g, int pair, const struct room *room,
                  struct kz_err *err) {
  const struct kz__study *s = &a->s;
  const int at = g * kz__study_pairs(s) + pair;
  struct kz__preference *p = &a->preference[at];
  struct kz__sample all = {.value = room->value, .unit = room->unit};
  for (int t = 0; t < s->trial_count; t++) {
    const struct kz__trial *d = &s->trials[t];
    if (d->first >= 0 || !in_group(s, t, g) || pair_of(s, t) != pair) continue;
    for (int k = 0; k < a->rater_count; k++) {
      int chosen = kz__preferred(&a->raters[k], s, t);
      if (chosen < 0) continue;
      bool first = chosen == (d->left < d->right ? d->left : d->right);
      p->first += first;
      room->value[all.count] = first;
      room->unit[all.count++] = s->rows[d->row].unit;
    }
  }
  p->n = all.count;
  kz__wilson(p->first, p->n, &p->lo, &p->hi);
  const struct kz__resampling r = resampling(a, 2 * at);
  return kz__summarise(&all, &r, &p->share, err);
}

/* pair = pairs: all of them. */
static int agree(struct kz_study_analysis *a, int g, int pair, const struct room *room,
                 struct kz_err *err) {
  const struct kz__study *s = &a->s;
  const int pairs = kz__study_pairs(s), at = g * (pairs + 1) + pair;
  struct kz__ratings t = {.categories = 2, .strata = pairs, .counts = room->counts,
                          .stratum = room->stratum, .unit = room->trial_unit};
  for (int i = 0; i < s->trial_count; i++) {
    const struct kz__trial *d = &s->trials[i];
    if (d->first >= 0 || !in_group(s, i, g) || (pair < pairs && pair_of(s, i) != pair)) continue;
    int *counts = &room->counts[2 * t.subjects];
    counts[0] = counts[1] = 0;
    for (int k = 0; k < a->rater_count; k++) {
      int chosen = kz__preferred(&a->raters[k], s, i);
      if (chosen >= 0) counts[chosen == (d->left < d->right ? d->left : d->right)]++;
    }
    room->stratum[t.subjects] = pair_of(s, i);
    room->trial_unit[t.subjects++] = s->rows[d->row].unit;
  }
  const struct kz__resampling r = resampling(a, 2 * at + 1);
  return kz__agree(&t, &r, &a->agreement[at], err);
}

static int figures(struct kz_study_analysis *a, const struct room *room, struct kz_err *err) {
  const int pairs = kz__study_pairs(&a->s);
  int code = 0;
  for (int g = 0; g <= a->s.group_count && !code; g++) {
    for (int p = 0; p < pairs && !code; p++) code = prefer(a, g, p, room, err);
    for (int p = 0; p <= pairs && !code; p++) code = agree(a, g, p, room, err);
  }
  return code;
}

static void take_median(struct kz_study_analysis *a, double *value) {
  int n = 0;
  for (int k = 0; k < a->rater_count; k++)
    for (int t = 0; t < a->s.trial_count; t++)
      if (a->raters[k].choice[t] != KZ__NONE) value[n++] = a->raters[k].seconds[t];
  a->median = n ? kz__median(value, n) : NAN;
}

static int analyse(struct kz_study_analysis *a, struct kz_err *err) {
  const size_t trials = (size_t)a->s.trial_count, answers = trials * (size_t)a->rater_count;
  const size_t groups = (size_t)a->s.group_count + 1, pairs = (size_t)kz__study_pairs(&a->s);
  struct room room = {.value = malloc(answers * sizeof(double)),
                      .unit = malloc(answers * sizeof(int)),
                      .counts = malloc(2 * trials * sizeof(int)),
                      .stratum = malloc(trials * sizeof(int)),
                      .trial_unit = malloc(trials * sizeof(int))};
  a->preference = calloc(groups * pairs, sizeof *a->preference);
  a->agreement = calloc(groups * (pairs + 1), sizeof *a->agreement);
  int code = 0;
  if (!room.value || !room.unit || !room.counts || !room.stratum || !room.trial_unit ||
      !a->preference || !a->agreement)
    code = kz_err_set(err, KZ_ENOMEM, "no memory for %zu answers", answers);
  if (!code) take_median(a, room.value);
  if (!code) code = figures(a, &room, err);
  free(room.value);
  free(room.unit);
  free(room.counts);
  free(room.stratum);
  free(room.trial_unit);
  return code;
}

static int load_raters(struct kz_study_analysis *a, const char *const *paths, int count,
                       struct kz_err *err) {
  a->raters = calloc((size_t)count, sizeof *a->raters);
  if (!a->raters) return kz_err_set(err, KZ_ENOMEM, "no memory for %d raters", count);
  for (int i = 0; i < count; i++) {
    int code = kz__rater_load(&a->raters[i], &a->s, paths[i], err);
    if (code) return code;
    a->rater_count++;
    for (int k = 0; k < i; k++)
      if (!strcmp(a->raters[k].name, a->raters[i].name))
        return kz_err_set(err, KZ_EFORMAT, "%s and %s are both by rater \"%s\"; give one of them",
                          paths[k], paths[i], a->raters[i].name);
  }
  for (int i = 0; i < count; i++)
    if (a->raters[i].answered) return 0;
  return kz_err_set(err, KZ_EFORMAT, "%s: holds no answer%s", paths[0],
                    count > 1 ? ", nor does any other file" : "");
}

int kz_study_analyse(const char *key, const char *const *answers, int count,
                     const struct kz_study_options *o, struct kz_study_analysis **out,
                     struct kz_err *err) {
  struct kz_study_analysis *a = calloc(1, sizeof *a);
  if (!a) return kz_err_set(err, KZ_ENOMEM, "%s: no memory for the analysis", key);
  a->seed = o->seed;
  a->resamples = o->resamples;
  int code = kz__study_load_key(&a->s, key, err);
  if (!code) code = load_raters(a, answers, count, err);
  if (!code) code = analyse(a, err);
  if (code) kz_study_analysis_free(a);
  else *out = a;
  return code;
}

void kz_study_analysis_free(struct kz_study_analysis *a) {
  if (!a) return;
  for (int i = 0; i < a->rater_count; i++) kz__rater_release(&a->raters[i]);
  kz__study_release(&a->s);
  free(a->raters);
  free(a->preference);
  free(a->agreement);
  free(a);
}
