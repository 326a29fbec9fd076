/* One rater's answers. A file that is not quite right is refused whole: answers that are dropped in
 * silence would be noticed by nobody. Unanswered trials are no fault; raters have other duties. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/study.h"
#include "eval/study_json.h"

void kz__rater_release(struct kz__rater *r) {
  json_decref(r->json);
  free(r->path);
  free(r->choice);
  free(r->seconds);
  *r = (struct kz__rater){0};
}

static int wrong(const struct kz__rater *r, size_t answer, const char *what, struct kz_err *err) {
  return kz_err_set(err, KZ_EFORMAT, "%s: answer %zu: %s", r->path, answer, what);
}

static int read_answer(struct kz__rater *r, const struct kz__study *s, const json_t *v, size_t at,
                       struct kz_err *err) {
  const char *choice = kz__json_text(v, "choice");
  const int trial = kz__json_int(v, "trial") - 1;
  json_t *seconds = json_object_get(v, "seconds");
  if (!json_is_integer(json_object_get(v, "trial"))) return wrong(r, at, "no trial", err);
  if (trial < 0 || trial >= s->trial_count)
    return kz_err_set(err, KZ_EFORMAT, "%s: answer %zu: trial %lld is not in the study, which has "
                      "1 to %d", r->path, at,
                      (long long)json_integer_value(json_object_get(v, "trial")), s->trial_count);
  if (r->choice[trial] != KZ__NONE)
    return kz_err_set(err, KZ_EFORMAT, "%s: answer %zu: trial %d is answered twice", r->path, at,
                      trial + 1);
  if (strcmp(choice, "left") && strcmp(choice, "right"))
    return wrong(r, at, "the choice is neither \"left\" nor \"right\"", err);
  if (!json_is_number(seconds) || !(json_number_value(seconds) >= 0))
    return wrong(r, at, "\"seconds\" is no time", err);
  r->choice[trial] = strcmp(choice, "left") ? KZ__RIGHT : KZ__LEFT;
  r->seconds[trial] = json_number_value(seconds);
  return 0;
}

static int read_answers(struct kz__rater *r, const struct kz__study *s, struct kz_err *err) {
  json_t *list = json_object_get(r->json, "answers"), *v;
  const char *study = kz__json_text(r->json, "study");
  size_t i;
  r->name = kz__json_text(r->json, "rater");
  if (!*study || !*r->name || !json_is_array(list))
    return kz_err_set(err, KZ_EFORMAT, "%s: is no file of answers (no \"%s\")", r->path,
                      !*study ? "study" : !*r->name ? "rater" : "answers");
  if (strcmp(study, s->id))
    return kz_err_set(err, KZ_EFORMAT, "%s: answers study %s, not %s, which is %s's", r->path,
                      study, s->id, s->path);
  json_array_foreach(list, i, v) {
    int code = read_answer(r, s, v, i + 1, err);
    if (code) return code;
  }
  return 0;
}

/* Counts; the times of `sorted`, which has room for all trials, are sorted there. */
static void count(struct kz__rater *r, const struct kz__study *s, double *sorted) {
  for (int i = 0; i < s->trial_count; i++) {
    const int first = s->trials[i].first;
    if (r->choice[i] == KZ__NONE) continue;
    sorted[r->answered++] = r->seconds[i];
    r->left += r->choice[i] == KZ__LEFT;
    if (first < 0 || r->choice[first] == KZ__NONE) continue;
    r->again++;
    r->agreed += kz__preferred(r, s, i) == kz__preferred(r, s, first);
  }
  r->median = r->answered ? kz__median(sorted, r->answered) : NAN;
}

int kz__rater_load(struct kz__rater *r, const struct kz__study *s, const char *path,
                   struct kz_err *err) {
  const size_t n = (size_t)s->trial_count;
  double *sorted = malloc(n * sizeof *sorted);
  *r = (struct kz__rater){.path = strdup(path), .choice = calloc(n, 1),
                          .seconds = calloc(n, sizeof *r->seconds)};
  int code = sorted && r->path && r->choice && r->seconds
                 ? kz__json_load(path, &r->json, err)
                 : kz_err_set(err, KZ_ENOMEM, "%s: no memory for %zu answers", path, n);
  if (!code) code = read_answers(r, s, err);
  if (!code) count(r, s, sorted);
  free(sorted);
  if (code) kz__rater_release(r);
  return code;
}
