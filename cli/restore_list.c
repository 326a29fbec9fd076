/* A list of pictures to restore: the columns of LIST.csv, and what is done of them already. A row
 * that is broken stays in the list with what is wrong, so that the others go on and all of them are
 * counted. */
#include "restore_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { IMAGE, MASK, OUTPUT, NEEDED, LINES = NEEDED, TEXT, RECORD, POLICY, WHO, WHY, COLUMNS };
static const char *const column_names[COLUMNS] = {"image", "mask",   "output", "lines", "text",
                                                  "record", "policy", "who",    "why"};

/* ---- pictures ---- */

struct kz_cli_picture *kz_cli_pictures_add(struct kz_cli_pictures *p,
                                           const struct kz_restoration_job *common,
                                           struct kz_err *err) {
  if (p->count == p->cap) {
    int cap = p->cap ? p->cap * 2 : 64;
    struct kz_cli_picture *grown = realloc(p->all, (size_t)cap * sizeof *grown);
    if (!grown) {
      kz_err_set(err, KZ_ENOMEM, "no memory for a list of %d pictures", cap);
      return NULL;
    }
    p->all = grown;
    p->cap = cap;
  }
  p->all[p->count] = (struct kz_cli_picture){.job = *common};
  return &p->all[p->count++];
}

int kz_cli_picture_fails(struct kz_cli_picture *picture, const char *problem, struct kz_err *err) {
  char *copy = strdup(problem);
  if (!copy) return kz_err_set(err, KZ_ENOMEM, "no memory for a message");
  free(picture->problem);
  picture->problem = copy;
  picture->standing = KZ_CLI_FAILED;
  return 0;
}

void kz_cli_pictures_release(struct kz_cli_pictures *p) {
  for (int i = 0; i < p->count; i++) {
    for (size_t k = 0; k < sizeof p->all[i].owned / sizeof *p->all[i].owned; k++)
      free(p->all[i].owned[k]);
    free(p->all[i].problem);
  }
  free(p->all);
  kz_csv_release(&p->csv);
  *p = (struct kz_cli_pictures){0};
}

static int by_output(const void *a, const void *b) {
  const struct kz_cli_picture *x = *(struct kz_cli_picture *const *)a;
  const struct kz_cli_picture *y = *(struct kz_cli_picture *const *)b;
  int order = strcmp(x->job.out, y->job.out);
  return order ? order : (x > y) - (x < y);
}

/* Of pictures with one output the first is done, the others are wrong. */
static int find_duplicates(struct kz_cli_pictures *p, struct kz_err *err) {
  char problem[4300];
  struct kz_cli_picture **sorted = malloc(((size_t)p->count + 1) * sizeof *sorted);
  if (!sorted) return kz_err_set(err, KZ_ENOMEM, "no memory for %d pictures", p->count);
  int count = 0, code = 0;
  for (int i = 0; i < p->count; i++)
    if (p->all[i].standing == KZ_CLI_WAITING) sorted[count++] = &p->all[i];
  qsort(sorted, (size_t)count, sizeof *sorted, by_output);
  for (int i = 1, first = 0; i < count && !code; i++) {
    if (strcmp(sorted[first]->job.out, sorted[i]->job.out)) {
      first = i;
      continue;
    }
    snprintf(problem, sizeof problem, "%s has the same output, %s", sorted[first]->job.image,
             sorted[i]->job.out);
    code = kz_cli_picture_fails(sorted[i], sorted[i]->line ? "an earlier row has the same output"
                                                           : problem, err);
  }
  free(sorted);
  return code;
}

/* ---- a list ---- */

/* Which field holds which column; returns how many fields there are. */
static int read_header(struct kz_cli_pictures *p, int column[COLUMNS], struct kz_err *err) {
  struct kz_csv_record r;
  if (!kz_csv_next(&p->csv, &r))
    return kz_err_set(err, KZ_EFORMAT, "%s: the list is empty; its first line names the columns: "
                      "image,mask,output", p->origin);
  if (r.problem)
    return kz_err_set(err, KZ_EFORMAT, "%s: line %d: %s", p->origin, r.line, r.problem);
  for (int c = 0; c < COLUMNS; c++) {
    column[c] = -1;
    for (int f = 0; f < r.count; f++) {
      if (strcmp(r.fields[f], column_names[c])) continue;
      if (column[c] >= 0)
        return kz_err_set(err, KZ_EFORMAT, "%s: line %d: two columns \"%s\"", p->origin, r.line,
                          column_names[c]);
      column[c] = f;
    }
    if (column[c] < 0 && c < NEEDED)
      return kz_err_set(err, KZ_EFORMAT, "%s: line %d: no column \"%s\"; the first line names the "
                        "columns: image,mask,output", p->origin, r.line, column_names[c]);
  }
  return r.count;
}

static void set_field(struct kz_cli_picture *picture, int column, const char *text) {
  const char **to[COLUMNS] = {[IMAGE] = &picture->job.image,   [MASK] = &picture->job.mask,
                              [OUTPUT] = &picture->job.out,    [LINES] = &picture->lines,
                              [TEXT] = &picture->text,         [RECORD] = &picture->job.record,
                              [POLICY] = &picture->job.policy, [WHO] = &picture->job.who,
                              [WHY] = &picture->job.why};
  *to[column] = text;
}

static const char *problem_of(const struct kz_csv_record *r, const int column[COLUMNS],
                              int fields) {
  if (r->problem) return r->problem;
  if (r->count < fields) return "fewer fields than the first line names";
  if (r->count > fields) return "more fields than the first line names; quote commas";
  for (int c = 0; c < NEEDED; c++)
    if (!*r->fields[column[c]]) return "image, mask or output is empty";
  return NULL;
}

static int add_row(struct kz_cli_pictures *p, const struct kz_csv_record *r,
                   const int column[COLUMNS], int fields, const struct kz_restoration_job *common,
                   struct kz_err *err) {
  const char *problem = problem_of(r, column, fields);
  struct kz_cli_picture *picture = kz_cli_pictures_add(p, common, err);
  if (!picture) return KZ_ENOMEM;
  picture->line = r->line;
  if (problem) return kz_cli_picture_fails(picture, problem, err);
  for (int c = 0; c < COLUMNS; c++)
    if (column[c] >= 0 && *r->fields[column[c]]) set_field(picture, c, r->fields[column[c]]);
  return 0;
}

static int load_rows(struct kz_cli_pictures *p, const struct kz_cli_batch *b, struct kz_err *err) {
  int column[COLUMNS];
  struct kz_csv_record r;
  int code = kz_csv_load(&p->csv, b->list, err);
  if (code) return code;
  int fields = read_header(p, column, err);
  if (fields < 0) return fields;
  while (!code && kz_csv_next(&p->csv, &r)) code = add_row(p, &r, column, fields, &b->common, err);
  return code;
}

int kz_cli_pictures_load(struct kz_cli_pictures *p, const struct kz_cli_batch *b,
                         struct kz_err *err) {
  struct kz_cli_batch bare = *b;
  *p = (struct kz_cli_pictures){.origin = b->list};
  if (!b->list) return kz_cli_pictures_add(p, &b->common, err) ? 0 : KZ_ENOMEM;
  bare.common.image = bare.common.mask = bare.common.out = bare.common.record = NULL;
  int code = b->masks ? kz_cli_pictures_scan(p, &bare, err) : load_rows(p, &bare, err);
  return code ? code : find_duplicates(p, err);
}

/* ---- what is done already ---- */

static bool is_there(const char *path) { return path && !access(path, F_OK); }

/* Whether `out`, or every candidate that is made in its place, is there. */
static bool has_output(const char *out, int64_t candidates) {
  if (candidates < 2) return is_there(out);
  bool all = true;
  for (int k = 1; k <= candidates && all; k++) {
    char *path = kz_candidate_path(out, k);
    all = is_there(path);
    free(path);
  }
  return all;
}

static bool has_record(const struct kz_restoration_job *job, int64_t candidates) {
  if (job->record) return is_there(job->record);
  bool all = true;
  for (int k = 1; k <= (candidates < 2 ? 1 : candidates) && all; k++) {
    char *out = candidates < 2 ? strdup(job->out) : kz_candidate_path(job->out, k);
    char *record = out ? kz_record_place(out) : NULL;
    all = is_there(record);
    free(record);
    free(out);
  }
  return all;
}

enum kz_cli_standing kz_cli_standing_of(const struct kz_cli_picture *picture,
                                        const struct kz_restoration_options *options) {
  int64_t candidates = options->candidates.count;
  if (picture->standing != KZ_CLI_WAITING) return picture->standing;
  if (options->restore.overwrite || !has_output(picture->job.out, candidates))
    return KZ_CLI_WAITING;
  bool recorded = picture->job.unrecorded || has_record(&picture->job, candidates);
  return recorded ? KZ_CLI_THERE : KZ_CLI_UNRECORDED;
}

bool kz_cli_replaces(const struct kz_cli_picture *picture,
                     const struct kz_restoration_options *options) {
  return options->restore.overwrite && has_output(picture->job.out, options->candidates.count);
}
