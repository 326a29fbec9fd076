/* A split as a table: its parts' sizes against what was asked, and how periods and sites are spread
 * over them. Numbers stand before names, which may be of any length and script. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/show.h"
#include "catalogue/split.h"

/* Columns: the parts, images of other names' parts, images without. */
enum { OTHER = KZ_CATALOGUE_PARTS, NO_PART, COLUMNS, ROWS = 40 };
static const char *const columns[COLUMNS] = {"train", "val", "test", "others", "none"};

struct tally {
  int64_t images[COLUMNS];
  const char *name; /* borrowed */
};

static int column_of(const struct kz__split_image *im) {
  int part = kz__split_part(im->part);
  return !im->part ? NO_PART : part < 0 ? OTHER : part;
}

/* ---- parts ---- */

static void tell_parts(FILE *f, const struct kz__split *s,
                       const struct kz_catalogue_split_options *asked) {
  int64_t images[COLUMNS] = {0}, units[COLUMNS] = {0}, split = 0;
  double pixels[COLUMNS] = {0}, sum = 0;
  for (int p = 0; p < KZ_CATALOGUE_PARTS; p++) sum += asked->share[p];
  for (int i = 0; i < s->count; i++) {
    int at = column_of(&s->images[i]);
    images[at]++;
    units[at] += s->images[i].unit == i;
    pixels[at] += s->images[i].pixels;
    split += at != NO_PART;
  }
  fprintf(f, "%-8s%8s%10s%8s%8s%12s\n", "part", "images", "share", "asked", "groups",
          "megapixels");
  for (int p = 0; p < COLUMNS; p++) {
    if (p >= KZ_CATALOGUE_PARTS && !images[p]) continue;
    fprintf(f, "%-8s%8lld", columns[p], (long long)images[p]);
    if (p == NO_PART) fprintf(f, "%10s", "-");
    else fprintf(f, "%8.1f %%", split ? 100. * (double)images[p] / (double)split : 0);
    if (p < KZ_CATALOGUE_PARTS) fprintf(f, "%6g %%", 100 * asked->share[p] / (sum > 0 ? sum : 1));
    else fprintf(f, "%8s", "-");
    fprintf(f, "%8lld%12.1f\n", (long long)units[p], pixels[p] / 1e6);
  }
}

/* ---- periods, sites ---- */

static int64_t total(const struct tally *t) {
  int64_t sum = 0;
  for (int p = 0; p < COLUMNS; p++) sum += t->images[p];
  return sum;
}

/* The largest first, unnamed images last. */
static int by_total(const void *a, const void *b) {
  const struct tally *x = a, *y = b;
  if (!x->name != !y->name) return x->name ? -1 : 1;
  if (total(x) != total(y)) return total(x) > total(y) ? -1 : 1;
  return x->name ? strcmp(x->name, y->name) : 0;
}

static void tell_row(FILE *f, const struct tally *t, const bool *used) {
  char *shown = t->name ? kz__show(t->name, strlen(t->name)) : NULL;
  for (int p = 0; p < COLUMNS; p++)
    if (used[p]) fprintf(f, "%8lld", (long long)t->images[p]);
  fprintf(f, "  %s\n", shown ? shown : "(not known)");
  free(shown);
}

static int tell_fact(FILE *f, const struct kz__split *s, const char *what, size_t offset,
                     struct kz_err *err) {
  size_t n = (size_t)s->count + 1;
  int *number = calloc(n, sizeof *number), named = 0, code = 0;
  struct tally *tally = calloc(n + 1, sizeof *tally);
  bool used[COLUMNS] = {true, true, true};
  if (!number || !tally) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory for %d images", s->c->path, s->count);
    goto out;
  }
  code = named = kz__split_number(s, offset, number, err);
  if (named <= 0) goto out; /* nobody says anything: no table */
  code = 0;
  for (int i = 0; i < s->count; i++) {
    int row = number[i] < 0 ? named : number[i], at = column_of(&s->images[i]);
    memcpy(&tally[row].name, (const char *)&s->images[i] + offset, sizeof tally[row].name);
    tally[row].images[at]++;
    used[at] = true;
  }
  int rows = named + (total(&tally[named]) > 0);
  qsort(tally, (size_t)rows, sizeof *tally, by_total);
  fputc('\n', f);
  for (int p = 0; p < COLUMNS; p++)
    if (used[p]) fprintf(f, "%8s", columns[p]);
  fprintf(f, "  %s\n", what);
  for (int r = 0; r < rows && r < ROWS; r++) tell_row(f, &tally[r], used);
  if (rows > ROWS) fprintf(f, "  and %d more\n", rows - ROWS);
out:
  free(number);
  free(tally);
  return code;
}

/* ---- all of it ---- */

static int tell(FILE *f, const struct kz__split *s,
                const struct kz_catalogue_split_options *asked, struct kz_err *err) {
  tell_parts(f, s, asked);
  int code = tell_fact(f, s, "period", offsetof(struct kz__split_image, period), err);
  if (!code) code = tell_fact(f, s, "site", offsetof(struct kz__split_image, site), err);
  return code;
}

int kz_catalogue_tell_split(struct kz_catalogue *c, char **text, struct kz_err *err) {
  struct kz_catalogue_split_options asked;
  struct kz__split s = {0};
  char *data = NULL;
  size_t size;
  int code = kz_catalogue_split_asked(c, &asked, err);
  if (code) return code;
  FILE *f = open_memstream(&data, &size);
  if (!f) code = kz_err_set(err, KZ_ENOMEM, "%s: no memory to tell of the split", c->path);
  if (!code) code = kz__split_load(&s, c, asked.by, false, err);
  if (!code) code = tell(f, &s, &asked, err);
  if (f && fclose(f) && !code)
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory to tell of the split", c->path);
  if (code) free(data);
  else *text = data;
  kz__split_release(&s);
  kz_params_release(kz_catalogue_split_params, &asked);
  return code;
}
