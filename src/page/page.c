/* The page as a whole. It may be opened anywhere and mailed to anyone, so it allows itself nothing:
 * its policy (CSP) lets in pictures that are inside it, and the one style and the one script whose
 * hashes it names; what a record says could not run or load anything even if it got past
 * kz__folio_text. */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/sha256.h"
#include "page/page.h"
#include "page/page_assets.inc.h"
#include "report/html.h"

#define FIELD(f) offsetof(struct kz_page_options, f)
const struct kz_param kz_page_params[] = {
    {.name = "title",
     .type = KZ_PARAM_STRING,
     .offset = FIELD(title),
     .help = "of the page; without it the picture's name"},
    {"side", KZ_PARAM_INT, FIELD(side), 1600, 400, 4000, NULL, NULL, "px",
     "longest side of a picture that is shown whole"},
    {"zooms", KZ_PARAM_INT, FIELD(zooms), 12, 0, 48, NULL, NULL, "",
     "regions of each picture shown at full resolution"},
    {"megabytes", KZ_PARAM_INT, FIELD(megabytes), 24, 1, 500, NULL, NULL, "MB",
     "most that all pictures of the page take together"},
    {"check", KZ_PARAM_BOOL, FIELD(check), 1, 0, 1, NULL, NULL, "",
     "show only files that are those of the record, by their hashes"},
    {"overwrite", KZ_PARAM_BOOL, FIELD(overwrite), 0, 0, 1, NULL, NULL, "",
     "replace a page that is there"},
    {0}};

int kz__folio_pause(const struct kz__folio *p, struct kz_err *err) {
  if (!p->host || !p->host->stop || !p->host->stop(p->host->self)) return 0;
  return kz_err_set(err, KZ_EINTR, "interrupted; no page was written");
}

/* ---- records ---- */

static bool same_hash(const struct kz_record_file *a, const struct kz_record_file *b) {
  return a->sha256 && b->sha256 && !strcmp(a->sha256, b->sha256);
}

/* Records of one photograph and one mask are one section, in the order of their first. */
static void set_section(struct kz__folio *p, int i) {
  struct kz__entry *e = &p->entries[i];
  for (int k = 0; k < i; k++) {
    const struct kz_record *r = &p->entries[k].r;
    if (!same_hash(&r->files.source, &e->r.files.source) ||
        !same_hash(&r->files.mask, &e->r.files.mask) || r->width != e->r.width ||
        r->height != e->r.height)
      continue;
    e->section = p->entries[k].section;
    return;
  }
  e->section = p->sections++;
}

static int read_records(struct kz__folio *p, const char *const *records, int count,
                        struct kz_err *err) {
  p->entries = calloc((size_t)count, sizeof *p->entries);
  if (!p->entries) return kz_err_set(err, KZ_ENOMEM, "no memory for %d records", count);
  for (int i = 0; i < count; i++) {
    struct kz__entry *e = &p->entries[i];
    int code = kz_record_read(&e->r, records[i], &e->sealed, err);
    if (code) return code;
    e->path = records[i];
    p->count++;
    set_section(p, i);
  }
  return 0;
}

static int refuse_file(const struct kz__entry *e, const struct kz_record_file *file,
                       const char *path, struct kz_err *err) {
  if (!file->path) return 0;
  char *where = kz_record_path(e->path, file->path);
  int code = where ? 0 : kz_err_set(err, KZ_ENOMEM, "%s: no memory for a name", e->path);
  if (where && kz_same_file(where, path))
    code = kz_err_set(err, KZ_EEXIST, "%s: the record %s names this file; write the page elsewhere",
                      path, e->path);
  free(where);
  return code;
}

/* Nothing that the page tells of is written over. */
static int refuse(const struct kz__folio *p, const char *path, struct kz_err *err) {
  if (!kz_file_exists(path)) return 0;
  for (int i = 0; i < p->count; i++) {
    const struct kz__entry *e = &p->entries[i];
    const struct kz_record_file *const files[] = {
        &e->r.files.source, &e->r.files.mask,  &e->r.files.filled, &e->r.files.lines,
        &e->r.files.policy, &e->r.files.model, &e->r.files.result, &e->r.files.doubt};
    if (kz_same_file(e->path, path))
      return kz_err_set(err, KZ_EEXIST, "%s: is the record itself; write the page elsewhere", path);
    int code = 0;
    for (size_t k = 0; k < sizeof files / sizeof *files && !code; k++)
      code = refuse_file(e, files[k], path, err);
    for (int64_t k = 0; k < e->r.candidate_count && !code; k++)
      code = refuse_file(e, &e->r.candidates[k].file, path, err);
    if (code) return code;
  }
  if (p->o->overwrite) return 0;
  return kz_err_set(err, KZ_EEXIST, "%s: is there already", path);
}

/* ---- words ---- */

static int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

/* 'sha256-...' of a style or script, in base64 as CSP has it. */
static void put_hash(FILE *f, const unsigned char *text, size_t size) {
  struct kz__base64 b = {.f = f};
  struct kz_sha256 h;
  char hex[65];
  kz_sha256_init(&h);
  kz_sha256_add(&h, text, size);
  kz_sha256_hex(&h, hex);
  fputs("'sha256-", f);
  for (int i = 0; i < 64; i += 2) {
    const unsigned char byte = (unsigned char)(16 * digit(hex[i]) + digit(hex[i + 1]));
    kz__base64_put(&b, &byte, 1);
  }
  kz__base64_end(&b);
  fputc('\'', f);
}

static void put_title(const struct kz__folio *p) {
  if (p->o->title && *p->o->title) {
    kz__folio_text(p->f, p->o->title, 300);
  } else if (p->sections == 1) {
    kz__folio_text(p->f, kz__folio_name(p->entries[0].r.files.source.path), 200);
  } else {
    kz__folio_many(p->f, p->sections, "restored picture");
  }
}

static void put_head(const struct kz__folio *p) {
  fputs(
      "<!DOCTYPE html>\n<html lang='en'>\n<head>\n<meta charset='utf-8'>\n"
      "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; img-src data:; "
      "style-src ",
      p->f);
  put_hash(p->f, kz__folio_css, sizeof kz__folio_css);
  fputs("; script-src ", p->f);
  put_hash(p->f, kz__folio_js, sizeof kz__folio_js);
  fputs(
      "; base-uri 'none'; form-action 'none'\">\n<meta name='referrer' content='no-referrer'>\n"
      "<meta name='viewport' content='width=device-width, initial-scale=1'>\n"
      "<meta name='generator' content='kizil " KZ_VERSION "'>\n<title>",
      p->f);
  put_title(p);
  fputs(" · virtual restoration</title>\n<style>", p->f);
  fwrite(kz__folio_css, 1, sizeof kz__folio_css, p->f);
  fputs("</style>\n</head>\n<body>\n<header>\n<p class='kind'>Virtual restoration</p>\n<h1><bdi>",
        p->f);
  put_title(p);
  fputs("</bdi></h1>\n</header>\n<main>\n", p->f);
}

static void put_index_row(const struct kz__folio *p, const struct kz__entry *e) {
  int64_t left = 0, conjecture = 0;
  for (int64_t i = 0; i < e->r.region_count; i++) {
    const int outcome = e->r.regions[i].outcome;
    left += outcome == KZ_RECORD_UNFILLED;
    conjecture += outcome == KZ_RECORD_CONJECTURE || outcome == KZ_RECORD_ALLOWED;
  }
  fprintf(p->f, "<tr><th scope='row'><a href='#p%d'><bdi>", e->section + 1);
  kz__folio_text(p->f, kz__folio_name(e->r.files.source.path), 200);
  fputs("</bdi></a></th><td>", p->f);
  kz__folio_count(p->f, e->r.width);
  fputs(" × ", p->f);
  kz__folio_count(p->f, e->r.height);
  fputs("</td><td>", p->f);
  kz__folio_share(p->f, e->r.figures.damaged);
  fputs("</td><td>", p->f);
  kz__folio_count(p->f, e->r.region_count);
  fputs("</td><td>", p->f);
  kz__folio_count(p->f, left);
  fputs("</td><td>", p->f);
  kz__folio_count(p->f, conjecture);
  fputs("</td></tr>\n", p->f);
}

static void put_index(const struct kz__folio *p) {
  if (p->sections < 2) return;
  fputs(
      "<nav aria-label='Pictures'><div class='scroll'><table class='index'><thead><tr>"
      "<th scope='col'>Picture</th><th scope='col'>px</th><th scope='col'>Filled</th>"
      "<th scope='col'>Regions</th><th scope='col'>Left</th><th scope='col'>Conjecture</th></tr>"
      "</thead><tbody>\n",
      p->f);
  for (int section = 0, i = 0; i < p->count; i++)
    if (p->entries[i].section == section) {
      put_index_row(p, &p->entries[i]);
      section++;
    }
  fputs("</tbody></table></div></nav>\n", p->f);
}

static void put_foot(const struct kz__folio *p) {
  fputs("</main>\n<footer><p>Made by kizil " KZ_VERSION " from ", p->f);
  kz__folio_many(p->f, p->count, "record");
  fputs(
      ". The page holds all that it shows and asks the network for nothing. Pictures are reduced "
      "and compressed here: to measure, take the files that the record names.</p></footer>\n"
      "<script>",
      p->f);
  fwrite(kz__folio_js, 1, sizeof kz__folio_js, p->f);
  fputs("</script>\n</body>\n</html>\n", p->f);
}

/* ---- all ---- */

static int write_all(struct kz__folio *p, struct kz_err *err) {
  int code = 0;
  put_head(p);
  put_index(p);
  for (int i = 0; i < p->sections && !code; i++) {
    code = kz__folio_section(p, i, err);
    if (!code && p->host && p->host->progress) p->host->progress(p->host->self, i + 1, p->sections);
  }
  put_foot(p);
  return code;
}

int kz_page_write(const char *const *records, int count, const char *path,
                  const struct kz_page_options *options, const struct kz_restore_host *host,
                  struct kz_err *err) {
  struct kz_page_options defaults;
  struct kz__folio p = {.o = options, .host = host, .orientation = 1};
  struct kz_atomic_file a;
  if (!options) {
    kz_params_defaults(kz_page_params, &defaults);
    p.o = &defaults;
  }
  if (count < 1) return kz_err_set(err, KZ_ERANGE, "%s: a page needs a record", path);
  int code = read_records(&p, records, count, err);
  if (!code) code = refuse(&p, path, err);
  if (!code) code = kz_atomic_open(&a, path, err);
  if (!code) {
    p.f = a.f;
    p.share = 0.74 * (double)p.o->megabytes * (1 << 20) / p.sections;
    code = write_all(&p, err);
    if (code)
      kz_atomic_abort(&a);
    else
      code = kz_atomic_commit(&a, err);
  }
  for (int i = 0; i < p.count; i++) kz_record_release(&p.entries[i].r);
  free(p.entries);
  return code;
}
