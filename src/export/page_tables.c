/* Tables: the parts by period and site, whether anything leaks between them, where images come from
 * and what is not known of them, what files they are. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "export/page.h"

enum { PARTS = KZ_CATALOGUE_PARTS + 1, MOST_LINES = 24 }; /* the last part: none */

/* ---- parts ---- */

struct line {
  char *value; /* NULL: not stated */
  int64_t total, part[PARTS];
};

struct lines {
  struct kz__page *p;
  struct line *line;
  int count, room;
};

static int part_number(const char *part) {
  for (int i = 0; part && i < KZ_CATALOGUE_PARTS; i++)
    if (!strcmp(part, kz_catalogue_parts[i])) return i;
  return KZ_CATALOGUE_PARTS;
}

static bool same_value(const char *a, const char *b) { return a && b ? !strcmp(a, b) : a == b; }

static int no_memory(const struct lines *l) {
  return kz_err_set(l->p->err, KZ_ENOMEM, "no memory for a table of %d lines", l->count);
}

/* Rows of one value follow each other; values that say nothing become one line. */
static int take_line(void *user, const struct kz__tally_row *r) {
  struct lines *l = user;
  const char *value = kz__page_unstated(r->name) ? NULL : r->name;
  struct line *line = NULL;
  for (int i = l->count - 1; i >= 0 && !line && (i == l->count - 1 || !value); i--)
    if (same_value(l->line[i].value, value)) line = &l->line[i];
  if (!line && l->count == l->room) {
    l->room = l->room ? 2 * l->room : 32;
    struct line *grown = realloc(l->line, (size_t)l->room * sizeof *grown);
    if (!grown) return no_memory(l);
    l->line = grown;
  }
  if (!line) {
    line = &l->line[l->count];
    *line = (struct line){.value = value ? strdup(value) : NULL};
    if (value && !line->value) return no_memory(l);
    l->count++;
  }
  line->total += r->count;
  line->part[part_number(r->text)] += r->count;
  return 0;
}

static int by_total(const void *a, const void *b) {
  const struct line *x = a, *y = b;
  if (x->total != y->total) return x->total < y->total ? 1 : -1;
  if (!x->value || !y->value) return (x->value == NULL) - (y->value == NULL);
  return strcmp(x->value, y->value);
}

static void put_line(struct kz__page *p, const struct line *l, const char *instead,
                     const bool *columns) {
  fputs("<tr><th scope='row'>", p->f);
  if (l->value)
    kz__page_text(p, l->value);
  else
    fprintf(p->f, "<i>%s</i>", instead);
  fputs("</th><td>", p->f);
  kz__page_count(p, l->total);
  fputs("</td>", p->f);
  for (int i = 0; i < PARTS; i++) {
    if (!columns[i]) continue;
    fputs(l->part[i] ? "<td>" : "<td class='nothing'>", p->f);
    kz__page_count(p, l->part[i]);
    fputs("</td>", p->f);
  }
  fputs("</tr>\n", p->f);
}

static void put_lines(struct kz__page *p, const struct lines *l, const char *title) {
  bool columns[PARTS] = {false};
  struct line rest = {0};
  for (int i = 0; i < l->count; i++)
    for (int k = 0; k < PARTS; k++) columns[k] |= l->line[i].part[k] > 0;
  fprintf(p->f, "<div class='scroll'><table><thead><tr><th scope='col'>%s</th>"
          "<th scope='col'>Images</th>", title);
  for (int i = 0; i < PARTS; i++)
    if (columns[i])
      fprintf(p->f, "<th scope='col'>%s</th>",
              i < KZ_CATALOGUE_PARTS ? kz_catalogue_parts[i] : "no part");
  fputs("</tr></thead><tbody>\n", p->f);
  for (int i = 0; i < l->count; i++) {
    if (i < MOST_LINES) {
      put_line(p, &l->line[i], "not stated", columns);
      continue;
    }
    rest.total += l->line[i].total;
    for (int k = 0; k < PARTS; k++) rest.part[k] += l->line[i].part[k];
  }
  if (rest.total) {
    char words[48];
    snprintf(words, sizeof words, "%d others", l->count - MOST_LINES);
    put_line(p, &rest, words, columns);
  }
  fputs("</tbody></table></div>\n", p->f);
}

static void put_by_fact(struct kz__page *p, const char *key, const char *title) {
  const struct kz__tally_key k = {.name = key};
  struct lines l = {.p = p};
  kz__page_each(p, KZ__TALLY_FACT_PARTS, &k, take_line, &l);
  if (!p->code && l.count) {
    qsort(l.line, (size_t)l.count, sizeof *l.line, by_total);
    put_lines(p, &l, title);
  }
  for (int i = 0; i < l.count; i++) free(l.line[i].value);
  free(l.line);
}

static int put_part(void *user, const struct kz__tally_row *r) {
  struct kz__page *p = user;
  fputs("<tr><th scope='row'>", p->f);
  if (r->name)
    kz__page_text(p, r->name);
  else
    fputs("<i>no part</i>", p->f);
  fputs("</th><td>", p->f);
  kz__page_count(p, r->count);
  fputs("</td><td>", p->f);
  kz__page_share(p, r->count, p->totals.chosen);
  fputs("</td><td class='wide'>", p->f);
  kz__page_bar(p, r->count, p->totals.chosen);
  fprintf(p->f, "</td><td>%.1f</td></tr>\n", isnan(r->value) ? 0 : r->value);
  return 0;
}

void kz__page_parts(struct kz__page *p) {
  fputs("<section id='parts'><h2>Parts: training, validation, test</h2>\n", p->f);
  if (!p->totals.split) {
    fputs("<p>The images have not been split yet.</p>\n", p->f);
    kz__page_command(p, "split %s --by cave,site");
  } else {
    fputs("<div class='scroll'><table><thead><tr><th scope='col'>Part</th><th scope='col'>Images"
          "</th><th scope='col'>Share</th><th scope='col' class='wide'><span class='quiet'>Bar"
          "</span></th><th scope='col'>Megapixels</th></tr></thead><tbody>\n", p->f);
    kz__page_each(p, KZ__TALLY_PARTS, NULL, put_part, p);
    fputs("</tbody></table></div>\n", p->f);
    if (p->leaks)
      fprintf(p->f, "<div class='alert' id='leaks'><b>Something is seen in more than one part.</b>"
              "%s</div>\n", p->leak_text ? p->leak_text : "");
    else
      fputs("<p class='good'>Checked: nothing of one part is seen in another.</p>\n", p->f);
  }
  fputs("<div class='columns'>\n", p->f);
  put_by_fact(p, "period", "Period");
  put_by_fact(p, "site", "Site");
  fputs("</div></section>\n", p->f);
}

/* ---- origin ---- */

struct values {
  struct kz__page *p;
  const char *instead; /* of a value */
  bool alarm;          /* a value should be there */
  int64_t lines, rest, rest_lines;
};

static int put_value(void *user, const struct kz__tally_row *r) {
  struct values *v = user;
  struct kz__page *p = v->p;
  if (v->lines++ >= MOST_LINES) {
    v->rest += r->also;
    v->rest_lines++;
    return 0;
  }
  bool missing = v->alarm && kz__page_unstated(r->name);
  fprintf(p->f, "<tr%s><th scope='row'>", missing ? " class='missing'" : "");
  if (r->name && *r->name)
    kz__page_text(p, r->name);
  else
    fprintf(p->f, "<i>%s</i>", v->instead);
  fputs("</th><td>", p->f);
  kz__page_count(p, r->count);
  fputs("</td><td>", p->f);
  kz__page_count(p, r->also);
  fputs("</td></tr>\n", p->f);
  return 0;
}

static void put_values(struct kz__page *p, enum kz__tally what, const char *fact,
                       const char *title) {
  const struct kz__tally_key key = {.name = fact};
  struct values v = {.p = p, .alarm = fact && !strcmp(fact, "licence"),
                     .instead = fact ? "not stated" : what == KZ__TALLY_PROFILES
                                            ? "none: taken as sRGB" : "none that is known"};
  fprintf(p->f, "<div class='scroll'><table><thead><tr><th scope='col'>%s</th><th scope='col'>"
          "Offered</th><th scope='col'>In</th></tr></thead><tbody>\n", title);
  kz__page_each(p, what, &key, put_value, &v);
  if (v.rest_lines) {
    fputs("<tr><th scope='row'><i>", p->f);
    kz__page_count(p, v.rest_lines);
    fputs(" others</i></th><td></td><td>", p->f);
    kz__page_count(p, v.rest);
    fputs("</td></tr>\n", p->f);
  }
  fputs("</tbody></table></div>\n", p->f);
}

static int find_stated(void *user, const struct kz__tally_row *r) {
  bool *stated = user;
  *stated |= !kz__page_unstated(r->name);
  return 0;
}

static bool has_fact(struct kz__page *p, const char *name) {
  const struct kz__tally_key key = {.name = name};
  bool stated = false;
  kz__page_each(p, KZ__TALLY_FACT_VALUES, &key, find_stated, &stated);
  return stated;
}

static int put_key(void *user, const struct kz__tally_row *r) {
  struct kz__page *p = user;
  fputs("<tr><th scope='row'><code>", p->f);
  kz__page_text(p, r->name);
  fputs("</code></th><td>", p->f);
  kz__page_count(p, r->count);
  fputs("</td><td>", p->f);
  kz__page_count(p, p->totals.chosen - r->count);
  fputs("</td></tr>\n", p->f);
  return 0;
}

void kz__page_origin(struct kz__page *p) {
  fputs("<section id='origin'><h2>Where the images come from</h2>\n", p->f);
  if (p->unlicensed) {
    fputs("<div class='alert'><b>No licence is stated for ", p->f);
    kz__page_images(p, p->unlicensed);
    fputs("</b> of the data set (", p->f);
    kz__page_share(p, p->unlicensed, p->totals.chosen);
    fputs("). Ask before they, or what is trained on them, are passed on.</div>\n", p->f);
  }
  fputs("<div class='columns'>\n", p->f);
  put_values(p, KZ__TALLY_FACT_VALUES, "licence", "Licence");
  if (has_fact(p, "holder")) put_values(p, KZ__TALLY_FACT_VALUES, "holder", "Rights holder");
  put_values(p, KZ__TALLY_FACT_VALUES, "source", "Source");
  fputs("<div class='scroll'><table><thead><tr><th scope='col'>What is known of images that are in"
        "</th><th scope='col'>Known</th><th scope='col'>Missing</th></tr></thead><tbody>\n", p->f);
  if (!kz__page_each(p, KZ__TALLY_FACT_KEYS, NULL, put_key, p))
    fputs("<tr><td colspan='3'>Nothing: no list of facts has been read.</td></tr>\n", p->f);
  fputs("</tbody></table></div>\n</div>\n", p->f);
  fputs("<p>Facts come from lists and from the files themselves:</p>\n", p->f);
  kz__page_command(p, "add %s --meta list.csv");
  fputs("</section>\n", p->f);
}

/* ---- files ---- */

void kz__page_files(struct kz__page *p) {
  struct kz__plot plot = {.name = "size", .unit = "megapixels", .threshold = NAN};
  double *values = kz__page_values(p, KZ__TALLY_MEGAPIXELS, NULL, &plot.count);
  plot.values = values;
  fputs("<section id='files'><h2>Files</h2>\n", p->f);
  if (plot.count) {
    fprintf(p->f, "<p>From %.2f to %.2f megapixels, half of them under %.2f; ", values[0],
            values[plot.count - 1], values[plot.count / 2]);
    fprintf(p->f, "%.1f MB in all.</p>\n<figure class='chart'>", (double)p->totals.bytes / 1e6);
    bool beyond = kz__page_plot(p, &plot);
    fputs("<figcaption>Size of all images that can be decoded", p->f);
    kz__page_ends(p, beyond);
    fputs("</figcaption></figure>\n", p->f);
  }
  fputs("<div class='columns'>\n", p->f);
  put_values(p, KZ__TALLY_FORMATS, NULL, "Format");
  put_values(p, KZ__TALLY_DEPTHS, NULL, "Samples");
  put_values(p, KZ__TALLY_PROFILES, NULL, "Colour profile");
  fputs("</div></section>\n", p->f);
  free(values);
}
