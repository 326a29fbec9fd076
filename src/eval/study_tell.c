/* An analysis as lines of text and as JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "eval/study.h"

/* Fewer cannot decide: a sign test over five pictures never gets below 6 %, while the bootstrap of
 * answers that are all alike has no width. */
enum { LEAST_UNITS = 6 };

/* 1: the pair's first method is preferred, -1: the second, 0: an interval holds one half, or there
 * are too few pictures. */
static int verdict(const struct kz__preference *p) {
  if (p->share.units < LEAST_UNITS) return 0;
  if (p->lo > .5 && p->share.lo > .5) return 1;
  return p->hi < .5 && p->share.hi < .5 ? -1 : 0;
}

static const char *const verdicts[] = {"B preferred", "undecided", "A preferred"};

struct pair {
  int a, b, index;
};

static struct pair next_pair(const struct kz__study *s, struct pair p) {
  p.index++;
  if (++p.b < s->method_count) return p;
  p.a++;
  p.b = p.a + 1;
  return p;
}
static const struct pair first_pair = {0, 1, 0};

static const struct kz__agreement *agreement_of(const struct kz_study_analysis *a, int g,
                                                int pair) {
  return &a->agreement[g * (kz__study_pairs(&a->s) + 1) + pair];
}

static bool is_complete(const struct kz_study_analysis *a, const struct kz__rater *r) {
  return r->answered == a->s.trial_count;
}

/* ---- text ---- */

/* "[0.123, 0.456]", or nothing. */
static const char *interval_text(double lo, double hi, char buf[40]) {
  buf[0] = 0;
  if (!isnan(lo)) snprintf(buf, 40, "[%.3f, %.3f]", lo, hi);
  return buf;
}

static void put_head(FILE *f, const struct kz_study_analysis *a) {
  int answers = 0, incomplete = 0;
  for (int i = 0; i < a->rater_count; i++) {
    answers += a->raters[i].answered;
    incomplete += !is_complete(a, &a->raters[i]);
  }
  fprintf(f, "study %s: %d pictures, %d methods, %d trials; %d rater%s, %d answers\n", a->s.id,
          a->s.count, a->s.method_count, a->s.trial_count, a->rater_count,
          a->rater_count > 1 ? "s" : "", answers);
  if (incomplete)
    fprintf(f, "%d rater%s did not answer all trials; the answers there are count\n", incomplete,
            incomplete > 1 ? "s" : "");
}

static void put_preferences(FILE *f, const struct kz_study_analysis *a) {
  char wilson[40], pictures[40];
  fprintf(f, "\n%-12s %-14s %-14s %8s %8s %8s  %-16s %-16s %s\n", "group", "A", "B", "answers",
          "prefer A", "prefer B", "Wilson 95 %", "pictures 95 %", "");
  for (int g = 0; g <= a->s.group_count; g++) {
    const char *name = kz__study_group(&a->s, g);
    for (struct pair p = first_pair; p.b < a->s.method_count; p = next_pair(&a->s, p)) {
      const struct kz__preference *q = &a->preference[g * kz__study_pairs(&a->s) + p.index];
      fprintf(f, "%-12s %-14s %-14s %8d ", name, a->s.methods[p.a], a->s.methods[p.b], q->n);
      if (q->n)
        fprintf(f, "%8.3f %8.3f  %-16s %-16s %s\n", q->share.mean, 1 - q->share.mean,
                interval_text(q->lo, q->hi, wilson),
                interval_text(q->share.lo, q->share.hi, pictures), verdicts[verdict(q) + 1]);
      else
        fprintf(f, "%8s %8s\n", "-", "-");
      name = "";
    }
  }
  fprintf(f, "\nIntervals are of A's share: Wilson's takes all answers as independent, the other "
          "draws\npictures with all their answers. undecided: one of them holds 0.5, or there are "
          "fewer\nthan %d pictures.\n", LEAST_UNITS);
}

static void put_agreement(FILE *f, const char *group, const char *a, const char *b,
                          const struct kz__agreement *k) {
  char interval[40];
  fprintf(f, "%-12s %-14s %-14s %8d %8d ", group, a, b, k->subjects, k->ratings);
  if (k->subjects) fprintf(f, "%8.3f ", k->observed);
  else fprintf(f, "%8s ", "-");
  if (isnan(k->kappa)) fprintf(f, "%8s\n", "-");
  else fprintf(f, "%8.3f  %s\n", k->kappa, interval_text(k->lo, k->hi, interval));
}

static void put_agreements(FILE *f, const struct kz_study_analysis *a) {
  const int pairs = kz__study_pairs(&a->s);
  fprintf(f, "\n%-12s %-14s %-14s %8s %8s %8s %8s  %s\n", "group", "A", "B", "trials", "ratings",
          "agree", "kappa", "95 %");
  for (int g = 0; g <= a->s.group_count; g++) {
    const char *name = kz__study_group(&a->s, g);
    for (struct pair p = first_pair; p.b < a->s.method_count; p = next_pair(&a->s, p)) {
      put_agreement(f, name, a->s.methods[p.a], a->s.methods[p.b], agreement_of(a, g, p.index));
      name = "";
    }
    if (pairs > 1) put_agreement(f, "", "all pairs", "", agreement_of(a, g, pairs));
  }
  fprintf(f, "\nFleiss' kappa over trials with two ratings or more; 1 full agreement, 0 as by "
          "chance; - where\nthere is none, or all prefer one method.\n");
}

static void put_raters(FILE *f, const struct kz_study_analysis *a) {
  fprintf(f, "\n%-16s %11s %8s %16s %10s\n", "rater", "answers", "left", "agrees with self",
          "median s");
  for (int i = 0; i < a->rater_count; i++) {
    const struct kz__rater *r = &a->raters[i];
    char answers[32], self[32];
    snprintf(answers, sizeof answers, "%d of %d", r->answered, a->s.trial_count);
    snprintf(self, sizeof self, "%d of %d", r->agreed, r->again);
    fprintf(f, "%-16s %11s ", r->name, answers);
    if (r->answered)
      fprintf(f, "%8.3f %16s %10.1f\n", (double)r->left / r->answered, self, r->median);
    else
      fprintf(f, "%8s %16s %10s\n", "-", self, "-");
  }
  fprintf(f, "%-16s %11s %8s %16s %10.1f\n", "all", "", "", "", a->median);
}

char *kz_study_analysis_table(const struct kz_study_analysis *a) {
  char *text = NULL;
  size_t size;
  FILE *f = open_memstream(&text, &size);
  if (!f) return NULL;
  put_head(f, a);
  put_preferences(f, a);
  if (a->rater_count > 1) put_agreements(f, a);
  put_raters(f, a);
  if (!fclose(f)) return text;
  free(text);
  return NULL;
}

/* ---- JSON ---- */

static json_t *number(double v) { return isnan(v) ? json_null() : json_real(v); }

static json_t *interval_json(double lo, double hi) {
  return isnan(lo) ? json_null() : json_pack("[f, f]", lo, hi);
}

static json_t *agreement_json(const struct kz__agreement *k) {
  return json_pack("{s:i, s:i, s:o, s:o, s:o}", "trials", k->subjects, "ratings", k->ratings,
                   "observed", number(k->observed), "fleiss_kappa", number(k->kappa), "interval",
                   interval_json(k->lo, k->hi));
}

static json_t *pair_json(const struct kz_study_analysis *a, int g, struct pair p) {
  const struct kz__preference *q = &a->preference[g * kz__study_pairs(&a->s) + p.index];
  const int v = verdict(q);
  return json_pack("{s:s, s:s, s:i, s:i, s:i, s:o, s:o, s:o, s:o, s:o}", "a", a->s.methods[p.a],
                   "b", a->s.methods[p.b], "answers", q->n, "prefer_a", q->first, "pictures",
                   q->share.units, "share_a", number(q->share.mean), "wilson",
                   interval_json(q->lo, q->hi), "bootstrap",
                   interval_json(q->share.lo, q->share.hi), "preferred",
                   v ? json_string(a->s.methods[v > 0 ? p.a : p.b]) : json_string("undecided"),
                   "agreement", agreement_json(agreement_of(a, g, p.index)));
}

static json_t *groups_json(const struct kz_study_analysis *a) {
  json_t *list = json_array();
  for (int g = 0; g <= a->s.group_count; g++) {
    json_t *pairs = json_array();
    for (struct pair p = first_pair; p.b < a->s.method_count; p = next_pair(&a->s, p))
      json_array_append_new(pairs, pair_json(a, g, p));
    json_array_append_new(
        list, json_pack("{s:s, s:o, s:o}", "name", kz__study_group(&a->s, g), "pairs", pairs,
                        "agreement", agreement_json(agreement_of(a, g, kz__study_pairs(&a->s)))));
  }
  return list;
}

static json_t *raters_json(const struct kz_study_analysis *a) {
  json_t *list = json_array();
  for (int i = 0; i < a->rater_count; i++) {
    const struct kz__rater *r = &a->raters[i];
    double lo, hi;
    kz__wilson(r->agreed, r->again, &lo, &hi);
    json_array_append_new(
        list, json_pack("{s:s, s:i, s:b, s:i, s:i, s:i, s:o, s:o}", "rater", r->name, "answers",
                        r->answered, "complete", is_complete(a, r), "left", r->left, "repeats",
                        r->again, "repeats_agreed", r->agreed, "self_agreement_interval",
                        interval_json(lo, hi), "median_seconds", number(r->median)));
  }
  return list;
}

char *kz_study_analysis_json(const struct kz_study_analysis *a) {
  json_t *o = json_pack("{s:s, s:s, s:s, s:i, s:i, s:I, s:I, s:o, s:o, s:o}", "kizil", KZ_VERSION,
                        "study", a->s.id, "title", a->s.title, "pictures", a->s.count, "trials",
                        a->s.trial_count, "seed", (json_int_t)a->seed, "resamples",
                        (json_int_t)a->resamples, "groups", groups_json(a), "raters",
                        raters_json(a), "median_seconds", number(a->median));
  char *text = o ? json_dumps(o, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) : NULL;
  json_decref(o);
  return text;
}

int kz_study_analysis_write(const struct kz_study_analysis *a, const char *path,
                            struct kz_err *err) {
  bool taken = kz_same_file(path, a->s.path);
  for (int i = 0; i < a->rater_count; i++) taken |= kz_same_file(path, a->raters[i].path);
  if (taken)
    return kz_err_set(err, KZ_EEXIST, "%s: would write over the key or answers; choose another "
                      "name", path);
  char *text = kz_study_analysis_json(a);
  int code = text ? kz_file_write(path, text, strlen(text), err)
                  : kz_err_set(err, KZ_ENOMEM, "%s: out of memory", path);
  free(text);
  return code;
}
