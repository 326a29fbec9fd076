/* The record in words, and how to prove what it says. */
#include <math.h>
#include <string.h>

#include "page/page.h"

enum { MOST_PATH = 1000, MOST_SAID = 4000, MOST_SOFTWARE = 24 };

static void term(struct kz__folio *p, const char *name) { fprintf(p->f, "<dt>%s</dt><dd>", name); }

static void put_text(struct kz__folio *p, const char *name, const char *text, size_t most) {
  if (!text || !*text) return;
  term(p, name);
  fputs("<bdi>", p->f);
  kz__folio_text(p->f, text, most);
  fputs("</bdi></dd>\n", p->f);
}

static void put_file(struct kz__folio *p, const char *name, const struct kz_record_file *file) {
  if (!file->path) return;
  term(p, name);
  fputs("<bdi>", p->f);
  kz__folio_text(p->f, file->path, MOST_PATH);
  fputs("</bdi>", p->f);
  if (file->sha256) {
    fputs(" <code class='hash'>", p->f);
    kz__folio_text(p->f, file->sha256, 64);
    fputs("</code>", p->f);
  }
  fputs("</dd>\n", p->f);
}

/* ---- parameters ---- */

/* The value as words; false: it is the default. */
static bool value_of(const struct kz_param *q, const void *options, const void *defaults, char *buf,
                     size_t size) {
  const char *at = (const char *)options + q->offset, *def = (const char *)defaults + q->offset;
  int64_t a, b;
  double x, y;
  int i, j;
  switch (q->type) {
  case KZ_PARAM_INT:
    memcpy(&a, at, sizeof a);
    memcpy(&b, def, sizeof b);
    snprintf(buf, size, "%lld", (long long)a);
    return a != b;
  case KZ_PARAM_FLOAT:
    memcpy(&x, at, sizeof x);
    memcpy(&y, def, sizeof y);
    snprintf(buf, size, "%g", x);
    return x != y;
  case KZ_PARAM_BOOL:
    snprintf(buf, size, "%s", *(const bool *)at ? "yes" : "no");
    return *(const bool *)at != *(const bool *)def;
  case KZ_PARAM_CHOICE:
    memcpy(&i, at, sizeof i);
    memcpy(&j, def, sizeof j);
    snprintf(buf, size, "%s", q->choices[i]);
    return i != j;
  case KZ_PARAM_STRING: break; /* files and captions have lines of their own */
  }
  return false;
}

static int put_changed(struct kz__folio *p, const struct kz_param *table, const void *options,
                       const void *defaults, int said) {
  for (const struct kz_param *q = table; q->name; q++) {
    char value[64];
    if (!strcmp(q->name, "overwrite") || !strcmp(q->name, "seed")) continue;
    if (!value_of(q, options, defaults, value, sizeof value)) continue;
    fprintf(p->f, "%s<code>%s</code>&nbsp;%s", said ? ", " : "", q->name, value);
    if (q->unit && *q->unit) fprintf(p->f, "&nbsp;%s", q->unit);
    said++;
  }
  return said;
}

static void put_parameters(struct kz__folio *p, const struct kz_record *r) {
  struct kz_restore_options restore;
  struct kz_candidates_options evidence;
  struct kz_style_options style;
  struct kz_treat_options treat;
  kz_params_defaults(kz_restore_params, &restore);
  kz_params_defaults(kz_candidates_params, &evidence);
  kz_params_defaults(kz_style_params, &style);
  kz_params_defaults(kz_treat_params, &treat);
  term(p, "Parameters");
  int said = put_changed(p, kz_restore_params, &r->options, &restore, 0);
  said = put_changed(p, kz_candidates_params, &r->evidence, &evidence, said);
  said = put_changed(p, kz_style_params, &r->style, &style, said);
  said = put_changed(p, kz_treat_params, &r->treatment, &treat, said);
  fprintf(p->f, "%s</dd>\n", said ? "; all others have their defaults" : "all have their defaults");
  term(p, "Seed");
  fprintf(p->f, "%lld</dd>\n", (long long)r->options.seed);
}

/* ---- the record ---- */

static void put_people(struct kz__folio *p, const struct kz_record *r) {
  put_text(p, "Made by", r->people.who, MOST_SAID);
  put_text(p, "For", r->people.organisation, MOST_SAID);
  put_text(p, "Purpose and grounds", r->people.why, MOST_SAID);
  put_text(p, "Judged by", r->people.reviewer, MOST_SAID);
  put_text(p, "Decision", r->people.decision, MOST_SAID);
  put_text(p, "When", r->time, 40);
}

static void put_files(struct kz__folio *p, const struct kz_record *r) {
  put_file(p, "Photograph", &r->files.source);
  put_file(p, "Damage", &r->files.mask);
  put_file(p, "Policy", &r->files.policy);
  put_file(p, "Drawing that was followed", &r->files.lines);
  put_file(p, "What was filled", &r->files.filled);
  put_file(p, "Disagreement", &r->files.doubt);
  put_file(p, "Result", &r->files.result);
}

static void put_making(struct kz__folio *p, const struct kz_record *r) {
  put_file(p, "Network", &r->files.model);
  if (r->caption_by == KZ_RECORD_CAPTION_USER)
    put_text(p, "Words given to it", r->caption, MOST_SAID);
  if (r->caption_by == KZ_RECORD_CAPTION_KIZIL)
    put_text(p, "Words made from what is known", r->caption, MOST_SAID);
  put_parameters(p, r);
  term(p, "Computed");
  fputs("by kizil ", p->f);
  kz__folio_text(p->f, r->kizil, 60);
  fprintf(p->f, " in %.3g s, ", r->figures.seconds);
  kz__folio_many(p->f, r->figures.calls, "call");
  fputs(" of the network, on <bdi>", p->f);
  kz__folio_text(p->f, r->machine.name ? r->machine.name : "a machine without a name", 120);
  fputs("</bdi>", p->f);
  if (r->machine.processor) {
    fputs(" (", p->f);
    kz__folio_text(p->f, r->machine.processor, 120);
    fputs(")", p->f);
  }
  fputs("</dd>\n", p->f);
  if (!r->software_count) return;
  term(p, "With");
  for (int64_t i = 0; i < r->software_count && i < MOST_SOFTWARE; i++) {
    if (i) fputs(", ", p->f);
    kz__folio_text(p->f, r->software[i].name, 60);
    fputc(' ', p->f);
    kz__folio_text(p->f, r->software[i].version, 60);
  }
  fputs("</dd>\n", p->f);
}

static void put_proof(struct kz__folio *p, const struct kz__entry *e) {
  const char *record = kz__folio_name(e->path), *result = kz__folio_name(e->r.files.result.path);
  const size_t n = strlen(result);
  const bool beside = !strncmp(record, result, n) && !strcmp(record + n, ".json");
  fprintf(p->f, "<h3 id='p%d-check'>How to check it</h3>\n", e->section + 1);
  fputs(
      "<p>With the files at hand, in the folder of the record: that the "
      "result is the recorded one and that nothing was changed but what was filled,</p>\n"
      "<pre class='command'>kizil verify ",
      p->f);
  kz__folio_argument(p->f, e->r.files.result.path);
  if (!beside) {
    fputs(" --record ", p->f);
    kz__folio_argument(p->f, record);
  }
  fputs(
      "</pre>\n<p>and that it can be made again, bit for bit on the same machine:</p>\n"
      "<pre class='command'>kizil replay ",
      p->f);
  kz__folio_argument(p->f, record);
  fputs("</pre>\n<p class='soft'>", p->f);
  if (p->o->check)
    fputs(
        "As this page was made, each file shown on it was found to be the one that the record "
        "names, by its SHA-256.",
        p->f);
  else
    fputs("The files were not compared with the record as this page was made.", p->f);
  fputs("</p>\n", p->f);
}

void kz__folio_words(struct kz__folio *p, const struct kz__scene *s) {
  const struct kz__entry *e = s->entry;
  fprintf(p->f, "<h3 id='p%d-record'>The record</h3>\n<dl class='record'>\n", e->section + 1);
  put_people(p, &e->r);
  put_files(p, &e->r);
  put_making(p, &e->r);
  term(p, "Record");
  fputs("<bdi>", p->f);
  kz__folio_text(p->f, kz__folio_name(e->path), MOST_PATH);
  fprintf(p->f, "</bdi>%s</dd>\n</dl>\n",
          e->sealed ? ", whose seal fits"
                    : " <strong>was changed after it was written: its seal does not fit</strong>");
  put_proof(p, e);
}
