/* The page: one file that needs no other, so that it can be sent and kept. Tables, plots as inline
 * SVG, the worst and the best pairs as embedded pictures. */
#include "eval/page.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

enum { SIDE = 320, MOST_CASES = 12 };

static const char head[] =
    "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>"
    "<meta name='viewport' content='width=device-width'><title>Scores</title>\n<style>\n"
    "body{font:15px/1.5 system-ui,sans-serif;color:#2b2320;background:#f7f4ef;margin:0 auto;"
    "max-width:1120px;padding:1.5rem 1.2rem 4rem}\n"
    "h1{font-size:1.6rem;margin:0}h2{font-size:1.15rem;margin:2.2rem 0 .6rem}\n"
    "p{margin:.4rem 0;color:#5d524b}table{border-collapse:collapse}\n"
    ".wide{overflow-x:auto}th,td{padding:.35rem .7rem;text-align:right;white-space:nowrap;"
    "border-bottom:1px solid #ded6cb;font-variant-numeric:tabular-nums}\n"
    "th:first-child,td:first-child{text-align:left}th{font-weight:600}\n"
    "small{display:block;color:#84776d;font-weight:400}\n"
    ".plots{display:grid;grid-template-columns:repeat(auto-fill,minmax(400px,1fr));gap:1rem}\n"
    "figure{margin:0;background:#fffdfa;border:1px solid #e6dfd5;border-radius:6px;padding:.7rem}\n"
    "figcaption{font-size:.9rem;color:#5d524b}svg{width:100%;height:auto}\n"
    "circle{fill:#b08d6a;fill-opacity:.45}.grid{stroke:#ece5da}\n"
    ".tick{font-size:11px;fill:#84776d;text-anchor:middle}\n"
    ".row{font-size:12px;fill:#2b2320;text-anchor:end}\n"
    ".interval{stroke:#1f5f5b;stroke-width:5;stroke-opacity:.45}"
    ".mean{stroke:#1f5f5b;stroke-width:2.5}\n"
    ".case{margin:0 0 1rem}.three{display:grid;grid-template-columns:repeat(3,1fr);gap:.5rem}\n"
    ".three img{width:100%;display:block}.three span{font-size:.8rem;color:#84776d}\n"
    "</style></head><body>\n";

/* ---- tables ---- */

static void put_facts(FILE *f, const struct kz_eval *e) {
  fputs("<h1>Scores</h1>\n<p>", f);
  kz__put_html(f, e->path);
  fprintf(f, ": %d pairs", e->table.count - e->failures);
  if (e->failures) fprintf(f, ", %d more could not be measured", e->failures);
  fputs(". ", f);
  if (e->lpips)
    fprintf(f, "LPIPS over %s. ", strcmp(e->network, "alex") ? "SqueezeNet" : "AlexNet");
  fprintf(f, "Intervals: 95 %%, %lld bootstrap samples of the originals, seed %lld. PSNR above "
          "100 dB, infinity too, counts as 100 dB in means.</p>\n", (long long)e->o.resamples,
          (long long)e->o.seed);
}

static void put_cell(FILE *f, const struct kz_eval_metric *d, const struct kz__stat *s) {
  char mean[32], lo[32], hi[32];
  if (isnan(s->mean)) {
    fputs("<td>–</td>", f);
    return;
  }
  fprintf(f, "<td>%s<small>", kz__value_text(s->mean, d->digits, mean));
  if (isnan(s->lo)) fprintf(f, "n %d", s->n);
  else fprintf(f, "%s to %s", kz__value_text(s->lo, d->digits, lo),
               kz__value_text(s->hi, d->digits, hi));
  fputs("</small></td>", f);
}

static void put_means(FILE *f, const struct kz_eval *e) {
  fputs("<h2>Means</h2>\n<div class='wide'><table><tr><th>group</th>", f);
  for (int m = 0; kz_eval_metrics[m]; m++) {
    const struct kz_eval_metric *d = kz_eval_metrics[m];
    if (!e->table.has[m]) continue;
    fprintf(f, "<th title='");
    kz__put_html(f, d->help);
    fprintf(f, "'>%s %s<small>%s</small></th>", d->name, d->higher_is_better ? "↑" : "↓",
            *d->unit ? d->unit : "&nbsp;");
  }
  fputs("</tr>\n", f);
  for (int g = 0; g <= e->table.group_count; g++) {
    int pairs = 0;
    for (int i = 0; i < e->table.count; i++)
      pairs += kz__table_in(&e->table, &e->table.rows[i], g);
    fputs("<tr><td>", f);
    kz__put_html(f, kz__table_group(&e->table, g));
    fprintf(f, "<small>%d pairs</small></td>", pairs);
    for (int m = 0; kz_eval_metrics[m]; m++)
      if (e->table.has[m]) put_cell(f, kz_eval_metrics[m], kz__stat_of(e, g, m));
    fputs("</tr>\n", f);
  }
  fputs("</table></div>\n<p>↑ higher is better, ↓ lower is better.</p>\n", f);
}

static void put_metrics(FILE *f, const struct kz_eval *e) {
  fputs("<h2>What is measured</h2>\n<table>\n", f);
  for (int m = 0; kz_eval_metrics[m]; m++) {
    if (!e->table.has[m]) continue;
    fprintf(f, "<tr><td>%s</td><td style='text-align:left;white-space:normal'>",
            kz_eval_metrics[m]->name);
    kz__put_html(f, kz_eval_metrics[m]->help);
    fputs("</td></tr>\n", f);
  }
  fputs("</table>\n", f);
}

/* ---- cases ---- */

struct ranked {
  double badness;
  int row;
};

static int by_badness(const void *a, const void *b) {
  const struct ranked *x = a, *y = b;
  if (x->badness != y->badness) return x->badness < y->badness ? 1 : -1;
  return (x->row > y->row) - (x->row < y->row);
}

/* LPIPS where there is one, else the hole's PSNR. */
static int ranking_metric(const struct kz_eval *e) {
  int m = kz__metric_index("lpips");
  return e->table.has[m] ? m : kz__metric_index("hole-psnr");
}

/* How much worse than its group's mean, in deviations: else the worst would all be of the hardest
 * group. */
static double badness(const struct kz_eval *e, int m, const struct kz__row *r) {
  const struct kz_eval_metric *d = kz_eval_metrics[m];
  const int group = r->in_group < 0 ? e->table.group_count : r->in_group;
  const struct kz__stat *s = kz__stat_of(e, group, m);
  double v = d->ceiling > 0 && r->value[m] > d->ceiling ? d->ceiling : r->value[m];
  double z = s->sd > 0 ? (v - s->mean) / s->sd : 0;
  return d->higher_is_better ? -z : z;
}

static int put_panel(FILE *f, const struct kz_pixels *p, const struct kz_pixels *holes,
                     const char *name, struct kz_err *err) {
  fprintf(f, "<div><img alt='%s' src='", name);
  int code = kz__put_picture(f, p, holes, SIDE, err);
  fprintf(f, "'><span>%s</span></div>", name);
  return code;
}

static void put_caption(FILE *f, const struct kz_eval *e, const struct kz__row *r) {
  char buf[32];
  fputs("<figcaption>", f);
  kz__put_html(f, r->result);
  if (r->group) {
    fputs(" (", f);
    kz__put_html(f, r->group);
    fputc(')', f);
  }
  fputs("<small>", f);
  for (int m = 0; kz_eval_metrics[m]; m++) {
    const struct kz_eval_metric *d = kz_eval_metrics[m];
    if (!e->table.has[m] || !d->measure || isnan(r->value[m])) continue;
    fprintf(f, "%s %s%s%s &ensp;", d->name, kz__value_text(r->value[m], d->digits, buf),
            *d->unit ? " " : "", d->unit);
  }
  fputs("</small></figcaption>", f);
}

/* A picture that has gone since it was measured costs only its own case. */
static int put_case(FILE *f, const struct kz_eval *e, const struct kz__row *r,
                    struct kz_err *err) {
  struct kz__scene s;
  struct kz_err gone = {0};
  if (kz__scene_load(&s, r->original, r->mask, r->result, &gone)) {
    fputs("<p>", f);
    kz__put_html(f, gone.msg);
    fputs("</p>\n", f);
    return 0;
  }
  fputs("<figure class='case'><div class='three'>", f);
  int code = put_panel(f, &s.original, NULL, "original", err);
  if (!code) code = put_panel(f, &s.original, &s.mask, "damaged", err);
  if (!code) code = put_panel(f, &s.result, NULL, "result", err);
  fputs("</div>", f);
  put_caption(f, e, r);
  fputs("</figure>\n", f);
  kz__scene_release(&s);
  return code;
}

static int put_cases(FILE *f, const struct kz_eval *e, struct kz_err *err) {
  int m = ranking_metric(e), n = 0, code = 0;
  struct ranked *list = malloc((size_t)e->table.count * sizeof *list);
  if (!list) return kz_err_set(err, KZ_ENOMEM, "no memory for %d pairs", e->table.count);
  for (int i = 0; i < e->table.count; i++) {
    const struct kz__row *r = &e->table.rows[i];
    if (!r->done || isnan(r->value[m])) continue;
    list[n++] = (struct ranked){badness(e, m, r), i};
  }
  qsort(list, (size_t)n, sizeof *list, by_badness);
  int most = e->o.cases < MOST_CASES ? (int)e->o.cases : MOST_CASES;
  int shown = n < most ? n : most, worst = (shown + 1) / 2, best = shown - worst;
  const char *than = e->table.group_count > 1 ? ", each against its group's mean" : "";
  if (worst) fprintf(f, "<h2>Worst by %s%s</h2>\n", kz_eval_metrics[m]->name, than);
  for (int i = 0; i < worst && !code; i++) code = put_case(f, e, &e->table.rows[list[i].row], err);
  if (best) fprintf(f, "<h2>Best by %s%s</h2>\n", kz_eval_metrics[m]->name, than);
  for (int i = 0; i < best && !code; i++)
    code = put_case(f, e, &e->table.rows[list[n - 1 - i].row], err);
  free(list);
  return code;
}

/* ---- all ---- */

int kz__page_write(const struct kz_eval *e, const char *path, struct kz_err *err) {
  struct kz_atomic_file a;
  int code = kz_atomic_open(&a, path, err);
  if (code) return code;
  fputs(head, a.f);
  put_facts(a.f, e);
  put_means(a.f, e);
  fputs("<h2>Every pair</h2>\n<p>A dot is a pair; the line its group's mean, the bar the mean's "
        "interval.</p>\n<div class='plots'>\n", a.f);
  for (int m = 0; kz_eval_metrics[m]; m++)
    if (e->table.has[m] && kz_eval_metrics[m]->measure) kz__put_plot(a.f, e, m);
  fputs("</div>\n", a.f);
  code = put_cases(a.f, e, err);
  put_metrics(a.f, e);
  fputs("</body></html>\n", a.f);
  if (!code) return kz_atomic_commit(&a, err);
  kz_atomic_abort(&a);
  return code;
}
