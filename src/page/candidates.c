/* Candidates side by side: a row for each, the whole and the regions on which they differ most at
 * full resolution. Each file is opened once. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "page/page.h"

enum { SIDE = 480, CROPS = 3, MOST_ROWS = 24 };

/* One that can be shown beside the result: of the record's own list, or of another record. */
struct other {
  const struct kz__entry *entry; /* whose folder the path starts from */
  const struct kz_record_file *file;
  const struct kz_record_candidate *candidate; /* NULL: a result of another record */
  int64_t number;                              /* in the list, from 0 */
};

static bool same(const struct kz_record_file *a, const struct kz_record_file *b) {
  return a->sha256 && b->sha256 && !strcmp(a->sha256, b->sha256);
}

static int collect(const struct kz__folio *p, const struct kz__scene *s, struct other *list) {
  const struct kz_record *r = &s->entry->r;
  int n = 0;
  for (int64_t i = 0; i < r->candidate_count && n < MOST_ROWS; i++)
    list[n++] = (struct other){s->entry, &r->candidates[i].file, &r->candidates[i], i};
  for (int e = 0; e < p->count && n < MOST_ROWS; e++) {
    const struct kz__entry *entry = &p->entries[e];
    bool known = entry->section != s->entry->section || entry == s->entry;
    for (int i = 0; i < n; i++) known |= same(list[i].file, &entry->r.files.result);
    if (!known) list[n++] = (struct other){entry, &entry->r.files.result, NULL, -1};
  }
  return n;
}

/* Of the zooms, those that candidates can differ on: the first by disagreement. */
static int choose_crops(const struct kz__zoom *zooms, int count, const struct kz__zoom **out) {
  int n = 0;
  for (; n < CROPS; n++) {
    const struct kz__zoom *best = NULL;
    double most = -1;
    for (int i = 0; i < count; i++) {
      const struct kz_record_region *g = zooms[i].region;
      const double doubt = g && !isnan(g->disagreement) ? g->disagreement : 0;
      bool taken = g && (g->outcome == KZ_RECORD_UNFILLED || g->outcome == KZ_RECORD_CONJECTURE);
      for (int k = 0; k < n; k++) taken |= out[k] == &zooms[i];
      if (!taken && doubt > most) most = doubt, best = &zooms[i];
    }
    if (!best) break;
    out[n] = best;
  }
  return n;
}

static void put_label(struct kz__folio *p, const struct kz__scene *s, const struct other *o) {
  fputs("<th scope='row'>", p->f);
  if (o->candidate) {
    fprintf(p->f, "Candidate %lld", (long long)o->number + 1);
    if (same(o->file, &s->entry->r.files.result))
      fputs(" <span class='tag filled'>shown above</span>", p->f);
    fputs("<small>", p->f);
    if (o->candidate->rank > 0) fprintf(p->f, "rank %lld<br>", (long long)o->candidate->rank);
    fprintf(p->f, "seed %lld", (long long)o->candidate->seed);
    if (!isnan(o->candidate->score)) fprintf(p->f, "<br>score %.3g", o->candidate->score);
  } else {
    fputs("Another result<small>", p->f);
    fprintf(p->f, "seed %lld", (long long)o->entry->r.options.seed);
  }
  if (o->file->path) {
    fputs("<br><bdi>", p->f);
    kz__folio_text(p->f, kz__folio_name(o->file->path), 120);
    fputs("</bdi>", p->f);
  }
  fputs("</small></th>", p->f);
}

/* The whole, then the crops. */
static int put_pictures(struct kz__folio *p, const struct kz__scene *s, struct kz_image *im,
                        const char *about, const char *name, const struct kz__zoom **crops, int n,
                        double most, struct kz_err *err) {
  const int longest = s->width > s->height ? s->width : s->height;
  const double scale = longest > SIDE ? (double)SIDE / longest : 1;
  struct kz_pixels px = {0};
  const int w = (int)ceil(scale * s->width), h = (int)ceil(scale * s->height);
  struct kz__shown how = {
      .kind = KZ__PHOTO, .class = "whole", .about = about, .name = name, .most = most};
  fputs("<td>", p->f);
  int code = kz__folio_overview(im, w, h, &px, err);
  if (!code) code = kz__folio_picture(p, &px, &how, err);
  kz_pixels_release(&px);
  fputs("</td>", p->f);
  for (int i = 0; i < n && !code; i++) {
    fputs("<td>", p->f);
    code = kz__folio_crop(im, crops[i]->x, crops[i]->y, crops[i]->w, crops[i]->h, &px, err);
    if (!code) code = kz__folio_picture(p, &px, &how, err);
    kz_pixels_release(&px);
    fputs("</td>", p->f);
  }
  return code;
}

static int put_row(struct kz__folio *p, const struct kz__scene *s, const struct other *o,
                   const struct kz__zoom **crops, int n, double most, struct kz_err *err) {
  struct kz__folio_file file;
  int code = kz__folio_open(&file, p, o->entry, o->file, err);
  if (code) return code;
  fputs("<tr>", p->f);
  put_label(p, s, o);
  if (file.image) {
    code = put_pictures(p, s, file.image, "a candidate", file.path, crops, n, most, err);
  } else {
    fprintf(p->f, "<td colspan='%d'>", n + 1);
    kz__folio_gone(p, &file);
    fputs("</td>", p->f);
  }
  fputs("</tr>\n", p->f);
  kz__folio_close(&file);
  return code ? code : kz__folio_pause(p, err);
}

static void put_head(struct kz__folio *p, const struct kz__scene *s, const struct kz__zoom **crops,
                     int n) {
  const bool ranked = s->entry->r.candidate_count > 0;
  fprintf(p->f, "<h3 id='p%d-candidates'>%s</h3>\n", s->entry->section + 1,
          ranked ? "Candidates" : "Other results");
  if (ranked)
    fputs(
        "<p>The same damage, filled from several seeds. The rank is an order to look at them in: "
        "it weighs how odd a candidate is among the others and how well it joins what is around "
        "it (the lower the score the better). Nothing in it knows what was painted.</p>\n",
        p->f);
  fputs(
      "<div class='scroll'><table class='candidates'><thead><tr><th></th><th scope='col'>Whole"
      "</th>",
      p->f);
  for (int i = 0; i < n; i++)
    fprintf(p->f, "<th scope='col'>%s %lld</th>", crops[i]->region ? "Region" : "Place",
            (long long)crops[i]->number + 1);
  fputs("</tr></thead><tbody>\n", p->f);
}

int kz__folio_candidates(struct kz__folio *p, const struct kz__scene *s,
                         const struct kz__zoom *zooms, int count, struct kz_err *err) {
  struct other list[MOST_ROWS];
  const struct kz__zoom *crops[CROPS];
  const int rows = collect(p, s, list);
  if (!rows) return 0;
  const int n = choose_crops(zooms, count, crops);
  const double most = KZ__SHARE_CANDIDATES * p->share / ((rows + 1.0) * (n + 1));
  int code = 0;
  put_head(p, s, crops, n);
  if (s->source.image) {
    fputs("<tr><th scope='row'>The photograph</th>", p->f);
    code = put_pictures(p, s, s->source.image, "before", s->source.path, crops, n, most, err);
    fputs("</tr>\n", p->f);
  }
  for (int i = 0; i < rows && !code; i++) code = put_row(p, s, &list[i], crops, n, most, err);
  fputs("</tbody></table></div>\n", p->f);
  return code;
}
