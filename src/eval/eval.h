/* A run's state, shared by measuring (run.c) and writing (write.c, page.c). */
#ifndef KZ_EVAL_EVAL_H
#define KZ_EVAL_EVAL_H

#include "eval/stats.h"
#include "eval/table.h"

struct kz_eval {
  char *path; /* of the list */
  struct kz__table table;
  struct kz_eval_options o;
  char **message;        /* [rows]: why a pair failed, or NULL */
  int failures;
  char *lpips, network[16], sha256[65]; /* weights' path, kind and hash; empty without */
  int channels;
  float *pooled;         /* [rows][2][channels] */
  struct kz__stat *stat; /* [groups + 1][KZ__METRICS], the last for all; NULL before the run */
};

static inline struct kz__stat *kz__stat_of(const struct kz_eval *e, int group, int metric) {
  return &e->stat[group * KZ__METRICS + metric];
}

/* A value as text: "inf", "" for NaN, else `digits` after the point. Returns buf. */
const char *kz__value_text(double v, int digits, char buf[32]);

struct kz_atomic_file;
/* index.html. */
int kz__page_write(const struct kz_eval *e, const char *path, struct kz_err *err);

#endif
