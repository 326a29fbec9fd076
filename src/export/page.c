/* The report: one page that a conservator reads from the top, that can be sent and kept. First what
 * is in and what needs attention, then why things are out with pictures to look at, then tables. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/file.h"
#include "export/page.h"
#include "export/page_assets.inc.h"
#include "report/html.h"

enum { MOST_LEAKS = 20, ROWS = 50 };

#define OPTION(member) offsetof(struct kz_export_page_options, member)
const struct kz_param kz_export_page_params[] = {
    {.name = "thumbs", .type = KZ_PARAM_INT, .offset = OPTION(thumbs), .def = 600, .max = 20000,
     .help = "pictures on the page, at most"},
    {.name = "threads", .type = KZ_PARAM_INT, .offset = OPTION(threads), .max = 16,
     .help = "that make them; 0: two"},
    {.name = "title", .type = KZ_PARAM_STRING, .offset = OPTION(title),
     .help = "heading of the page instead of the catalogue's name"},
    {.name = "date", .type = KZ_PARAM_STRING, .offset = OPTION(date),
     .help = "date on the page instead of today's"},
    {0}};

/* ---- gathering ---- */

static int count_unstated(void *user, const struct kz__tally_row *r) {
  int64_t *count = user;
  if (kz__page_unstated(r->name)) *count += r->also;
  return 0;
}

struct leaks {
  FILE *f;
  int count;
};

static void take_leak(void *user, const char *message) {
  struct leaks *l = user;
  if (l->count++ >= MOST_LEAKS) return;
  fputs("<li>", l->f);
  kz__put_html(l->f, message);
  fputs("</li>", l->f);
}

/* A leak is a finding here, not a failure; anything else that goes wrong is one. */
static void check_parts(struct kz__page *p) {
  struct kz_err why = {0};
  struct leaks l = {0};
  size_t size;
  if (p->code || !p->totals.split) return;
  l.f = open_memstream(&p->leak_text, &size);
  if (!l.f) {
    kz__page_fail(p, KZ_ENOMEM, "no memory for the report");
    return;
  }
  const struct kz_catalogue_host host = {.user = &l, .failed = take_leak};
  fputs("<ul>", l.f);
  p->leaks = kz_catalogue_check_split(p->c, &host, &why);
  if (l.count > MOST_LEAKS) fprintf(l.f, "<li>… and %d more</li>", l.count - MOST_LEAKS);
  fputs("</ul>", l.f);
  if (fclose(l.f)) kz__page_fail(p, KZ_ENOMEM, "no memory for the report");
  if (p->leaks && p->leaks != KZ_EFORMAT) kz__page_fail(p, p->leaks, why.msg);
}

static int take_verdicts(void *user, const struct kz__tally_row *r) {
  struct kz__page *p = user;
  int i = kz__measure_find(p->c->measuring, r->name);
  if (i >= 0) p->out[i] = r->count;
  return 0;
}

/* A threshold may have changed since verdicts were made: with another version of kizil. */
static void compare_verdicts(struct kz__page *p) {
  const struct kz__measuring *m = p->c->measuring;
  int count = 0, measures = kz__measure_count(m);
  kz__page_each(p, KZ__TALLY_REASONS, NULL, take_verdicts, p);
  for (int i = 0; i < measures; i++) {
    double *values = kz__page_values(p, KZ__TALLY_VALUES, m->measures[i]->name, &count);
    for (int k = 0; k < count; k++)
      p->fail[i] += kz__fails(m->measures[i], p->thresholds.value[i], values[k]);
    p->stale |= p->fail[i] != p->out[i];
    free(values);
  }
}

static void gather(struct kz__page *p) {
  const struct kz__tally_key licence = {.name = "licence"}, period = {.name = "period"};
  if (!p->code) p->code = kz__tally_totals(p->c, &p->totals, p->err);
  if (!p->code) p->code = kz__tally_folder(p->c, &p->folder, p->err);
  if (!p->code) p->code = kz__thresholds_load(p->c, &p->thresholds, p->err);
  kz__page_each(p, KZ__TALLY_FACT_VALUES, &licence, count_unstated, &p->unlicensed);
  kz__page_each(p, KZ__TALLY_FACT_VALUES, &period, count_unstated, &p->undated);
  compare_verdicts(p);
  check_parts(p);
}

/* ---- the head ---- */

static void put_date(struct kz__page *p) {
  char today[32];
  time_t now = time(NULL);
  struct tm t;
  gmtime_r(&now, &t);
  strftime(today, sizeof today, "%Y-%m-%d", &t);
  kz__page_text(p, p->o->date && *p->o->date ? p->o->date : today);
}

static void put_title(struct kz__page *p) {
  const char *title = p->o->title && *p->o->title ? p->o->title : NULL;
  kz__page_text(p, title ? title : p->name);
}

static void put_start(struct kz__page *p) {
  fputs("<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>\n"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
        "<meta name='color-scheme' content='light dark'>\n<title>", p->f);
  put_title(p);
  fputs(": report of a data set</title>\n<style>\n", p->f);
  fwrite(kz__page_css, 1, sizeof kz__page_css, p->f);
  fputs("</style></head>\n<body>\n<header><p class='kind'>Report of a data set</p><h1>", p->f);
  put_title(p);
  fputs("</h1>\n<p class='when'>Catalogue <code>", p->f);
  kz__page_text(p, p->name);
  fputs("</code> · ", p->f);
  put_date(p);
  fputs(" · kizil " KZ_VERSION "</p>\n", p->f);
  if (strcmp(p->folder, "/") != 0) {
    fputs("<p class='when'>Paths start from <code>", p->f);
    kz__page_text(p, p->folder);
    fputs("</code></p>\n", p->f);
  }
  fputs("</header>\n<nav aria-label='Sections'><a href='#reasons'>Why images are out</a>"
        "<a href='#measures'>Measures</a><a href='#reviews'>By hand</a>"
        "<a href='#duplicates'>Duplicates</a><a href='#cleaning'>Cleaning</a>"
        "<a href='#damage'>Damage</a><a href='#parts'>Parts</a><a href='#origin'>Licences</a>"
        "<a href='#files'>Files</a></nav>\n<main>\n", p->f);
}

static void put_portion(struct kz__page *p, const char *class, int64_t n) {
  if (n > 0)
    fprintf(p->f, "<i class='%s' style='width:%.3f%%'></i>", class,
            100.0 * (double)n / (double)p->totals.images);
}

static void put_key(struct kz__page *p, const char *class, int64_t n, const char *words) {
  fprintf(p->f, "<li><span class='key %s'></span><b>", class);
  kz__page_count(p, n);
  fprintf(p->f, "</b> %s <span class='share'>", words);
  kz__page_share(p, n, p->totals.images);
  fputs("</span></li>", p->f);
}

static void put_lead(struct kz__page *p) {
  const struct kz__totals *t = &p->totals;
  int64_t broken = t->images - t->decodable, out = t->decodable - t->chosen;
  fputs("<section id='summary'><p class='lead'><b>", p->f);
  kz__page_count(p, t->chosen);
  fputs("</b> of ", p->f);
  kz__page_images(p, t->images);
  fprintf(p->f, " offered are in the data set: %.0f megapixels.</p>\n<div class='whole' "
          "aria-hidden='true'>", t->megapixels);
  put_portion(p, "in", t->chosen);
  put_portion(p, "out", out);
  put_portion(p, "broken", broken);
  fputs("</div>\n<ul class='keys'>", p->f);
  put_key(p, "in", t->chosen, "in");
  put_key(p, "out", out, "out");
  put_key(p, "broken", broken, "cannot be decoded");
  fputs("</ul>\n", p->f);
}

/* ---- what needs attention ---- */

static void put_todo(struct kz__page *p, const char *place, int64_t n, const char *words) {
  fprintf(p->f, "<li><a href='#%s'>", place);
  kz__page_images(p, n);
  fprintf(p->f, "</a> %s</li>\n", words);
}

static void put_attention(struct kz__page *p) {
  const struct kz__totals *t = &p->totals;
  int64_t broken = t->images - t->decodable;
  bool nothing = !broken && !t->nowhere && !p->unlicensed && !p->undated && !p->leaks &&
                 !p->stale && t->pairs && t->split;
  if (!nothing && t->images) {
    fputs("<h2 class='small'>Needs attention</h2>\n<ul class='attention'>\n", p->f);
    if (p->leaks)
      fputs("<li class='bad'><a href='#leaks'>The parts leak</a>: something of one is seen in "
            "another</li>\n", p->f);
    if (p->stale)
      fputs("<li class='bad'>Verdicts are older than the thresholds: <code>kizil dataset screen"
            "</code> makes them anew</li>\n", p->f);
    if (p->unlicensed) put_todo(p, "origin", p->unlicensed, "in the set have no licence stated");
    if (p->undated) put_todo(p, "parts", p->undated, "in the set have no period stated");
    if (broken) put_todo(p, "decode", broken, "cannot be decoded");
    if (t->nowhere) put_todo(p, "lost", t->nowhere, "have no file any more");
    if (!t->pairs)
      fputs("<li><a href='#duplicates'>No duplicates are on record</a>: <code>kizil dataset screen"
            "</code> looks for them</li>\n", p->f);
    if (!t->split)
      fputs("<li><a href='#parts'>No parts</a> for training and test have been made</li>\n", p->f);
    fputs("</ul>\n", p->f);
  }
  fputs("</section>\n", p->f);
}

static void put_end(struct kz__page *p) {
  fputs("</main>\n<footer><p>Every figure here is a query of the catalogue; all of it as a table:"
        "</p>\n", p->f);
  kz__page_command(p, "export %s --as csv -o images.csv");
  fputs("<p>All that is known of one image:</p>\n", p->f);
  kz__page_command(p, "info %s 12");
  fputs("</footer>\n</body></html>\n", p->f);
}

/* ---- text, pictures, file ---- */

static void write_text(struct kz__page *p) {
  gather(p);
  if (p->code) return;
  put_start(p);
  put_lead(p);
  put_attention(p);
  kz__page_reasons(p);
  kz__page_measures(p);
  kz__page_broken(p);
  kz__page_duplicates(p);
  kz__page_cleaning(p);
  kz__page_damage(p);
  kz__page_parts(p);
  kz__page_origin(p);
  kz__page_files(p);
  put_end(p);
}

static void put_picture(FILE *f, const struct kz__slot *slot, const struct kz__shown *s) {
  struct kz__base64 b = {.f = f};
  if (s->why) {
    fputs("<span class='gone' role='img' aria-label='", f);
    kz__put_html(f, slot->alt);
    fprintf(f, ": %s'>%s</span>", s->why, s->why);
    return;
  }
  fputs("<img alt='", f);
  kz__put_html(f, slot->alt);
  fprintf(f, "' width='%d' height='%d' src='data:image/jpeg;base64,", s->thumb.width,
          s->thumb.height);
  kz__base64_put(&b, s->thumb.jpeg, s->thumb.size);
  kz__base64_end(&b);
  fputs("'>", f);
}

static int write_file(const struct kz__page *p, const char *path, struct kz_err *err) {
  struct kz_atomic_file a;
  size_t at = 0;
  int code = kz_atomic_open(&a, path, err);
  if (code) return code;
  for (int i = 0; i < p->slot_count; i++) {
    fwrite(p->text + at, 1, p->slots[i].at - at, a.f);
    at = p->slots[i].at;
    put_picture(a.f, &p->slots[i], &p->shown[p->slots[i].shown]);
  }
  fwrite(p->text + at, 1, p->size - at, a.f);
  return kz_atomic_commit(&a, err);
}

static void release(struct kz__page *p) {
  for (int i = 0; i < p->slot_count; i++) free(p->slots[i].alt);
  for (int i = 0; i < p->shown_count; i++) {
    free(p->shown[i].path);
    kz_thumb_release(&p->shown[i].thumb);
  }
  free(p->slots);
  free(p->shown);
  free(p->folder);
  free(p->leak_text);
  free(p->text);
}

static bool is_page_name(const char *path) {
  const char *dot = strrchr(path, '.');
  return dot && (!strcasecmp(dot, ".html") || !strcasecmp(dot, ".htm"));
}

static bool stopped(const struct kz_catalogue_host *host) {
  return host && host->stop && host->stop(host->user);
}

/* All of the catalogue that the page tells is of one moment: reading holds no writer up. */
static int read_catalogue(struct kz__page *p, struct kz_err *err) {
  int code = kz__db_exec(p->c, "BEGIN", err);
  if (code) return code;
  p->f = open_memstream(&p->text, &p->size);
  if (p->f)
    write_text(p);
  else
    kz__page_fail(p, KZ_ENOMEM, "no memory for the report");
  if (p->f && fclose(p->f)) kz__page_fail(p, KZ_ENOMEM, "no memory for the report");
  kz__db_end(p->c, KZ_EINTR, NULL); /* nothing was written */
  return p->code;
}

int kz_export_page(struct kz_catalogue *c, const char *path,
                   const struct kz_export_page_options *o, const struct kz_catalogue_host *host,
                   struct kz_err *err) {
  const char *slash = strrchr(c->path, '/');
  struct kz__page p = {.c = c, .o = o, .host = host, .err = err,
                       .name = slash ? slash + 1 : c->path,
                       .strip = o->thumbs / ROWS > 4 ? (int)(o->thumbs / ROWS) : 4};
  if (!is_page_name(path))
    return kz_err_set(err, KZ_ERANGE, "%s: the name of a report must end in .html", path);
  int code = read_catalogue(&p, err);
  if (!code && stopped(host))
    code = kz_err_set(err, KZ_EINTR, "interrupted; no report was written");
  if (!code) code = kz__page_thumbs(&p, err);
  if (!code) code = write_file(&p, path, err);
  release(&p);
  return code;
}
