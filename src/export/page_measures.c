/* Measure by measure: what it is, where its threshold lies among the images, and contact sheets.
 * The images nearest to a threshold, on either side, are shown first: there it errs first. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/measure.h"
#include "export/page.h"

enum { MOST_LISTED = 300 };

struct sheet {
  struct kz__page *p;
  const struct kz_screen_measure *m;
};

static int put_card(void *user, const struct kz__tally_row *r) {
  const struct sheet *s = user;
  char figure[64];
  const char *unit = s->m->unit, *tag = NULL;
  snprintf(figure, sizeof figure, "%.3g%s%s", r->value, *unit ? " " : "", unit);
  if (r->word) tag = !strcmp(r->word, "in") ? "taken in by hand" : "left out by hand";
  kz__page_card(s->p, r, isnan(r->value) ? NULL : figure, tag, NULL);
  return 0;
}

static int put_line(void *user, const struct kz__tally_row *r) {
  const struct sheet *s = user;
  struct kz__page *p = s->p;
  fprintf(p->f, "<tr><td>#%lld</td><td class='path'>", (long long)r->image);
  kz__page_path(p, r);
  fputs("</td><td>", p->f);
  kz__page_text(p, r->text);
  fputs("</td></tr>\n", p->f);
  return 0;
}

static void put_strip(struct kz__page *p, const struct sheet *s, enum kz__tally what,
                      const struct kz__tally_key *key, const char *heading) {
  kz__page_strip(p, heading);
  if (!kz__page_each(p, what, key, put_card, (void *)s)) fputs("<p>None.</p>", p->f);
  kz__page_strip_end(p);
}

/* Everything that fails in one strip where there is little, else both ends and a list. */
static void put_sheets(struct kz__page *p, const struct sheet *s, double threshold,
                       int64_t failed) {
  struct kz__tally_key key = {.name = s->m->name, .threshold = threshold, .limit = p->strip};
  struct kz__tally_key twice = key, listed = key;
  twice.limit = 2 * p->strip;
  listed.limit = MOST_LISTED;
  if (failed > twice.limit) {
    put_strip(p, s, KZ__TALLY_FAILED_NEAR, &key, "Out, nearest to the threshold");
    put_strip(p, s, KZ__TALLY_FAILED_FAR, &key, "Out, farthest from it");
  } else if (failed) {
    put_strip(p, s, KZ__TALLY_FAILED_NEAR, &twice,
              "Out, all of them, nearest to the threshold first");
  }
  put_strip(p, s, KZ__TALLY_PASSED_NEAR, &key, "In, nearest to the threshold");
  if (failed <= twice.limit) return;
  fputs("<details><summary>List of ", p->f);
  if (failed > MOST_LISTED) fprintf(p->f, "the first %d of ", MOST_LISTED);
  fprintf(p->f, "%lld, nearest to the threshold first</summary><div class='scroll'>"
          "<table class='list'><thead><tr><th scope='col'>Image</th><th scope='col'>File</th>"
          "<th scope='col'>Reason</th></tr></thead><tbody>\n", (long long)failed);
  kz__page_each(p, KZ__TALLY_FAILED_NEAR, &listed, put_line, (void *)s);
  fputs("</tbody></table></div></details>\n", p->f);
}

static void put_rule(struct kz__page *p, const struct kz_screen_measure *m, double threshold) {
  fputs("<p>Measured: ", p->f);
  kz__page_text(p, m->help);
  fprintf(p->f, ". An image is out %s <b>%g%s%s</b>", m->sense > 0 ? "above" : "below", threshold,
          *m->unit ? "&nbsp;" : "", m->unit);
  if (threshold != m->threshold)
    fprintf(p->f, ", which was set for this catalogue; built in is %g", m->threshold);
  fputs(".</p>\n", p->f);
}

static void put_measure(struct kz__page *p, int number) {
  const struct kz_screen_measure *m = p->c->measuring->measures[number];
  double threshold = p->thresholds.value[number];
  int64_t failed = p->fail[number], out = p->out[number];
  struct kz__plot plot = {
      .name = m->name, .unit = m->unit, .threshold = threshold, .sense = m->sense};
  char title[64];
  double *values = kz__page_values(p, KZ__TALLY_VALUES, m->name, &plot.count);
  plot.values = values;
  fprintf(p->f, "<section class='measure' id='%s'><h3>", m->name);
  kz__page_text(p, kz__page_title(m->reason, title));
  fprintf(p->f, " <code>%s</code></h3>\n", m->name);
  put_rule(p, m, threshold);
  fputs("<figure class='chart'>", p->f);
  bool beyond = kz__page_plot(p, &plot);
  fputs("<figcaption><span class='key out'></span>", p->f);
  kz__page_images(p, failed);
  fputs(" out, <span class='key in'></span>", p->f);
  kz__page_count(p, plot.count - failed);
  fputs(" pass", p->f);
  if (p->totals.decodable > plot.count) {
    fputs("; of ", p->f);
    kz__page_count(p, p->totals.decodable - plot.count);
    fputs(" it cannot be told", p->f);
  }
  kz__page_ends(p, beyond);
  fputs("</figcaption></figure>\n", p->f);
  if (failed != out) {
    fputs("<div class='alert'>The verdicts were made with another threshold; out by it now: ",
          p->f);
    kz__page_count(p, failed);
    fputs(", by the verdicts: ", p->f);
    kz__page_count(p, out);
    fputs(".</div>\n", p->f);
  }
  struct sheet s = {p, m};
  put_sheets(p, &s, threshold, out);
  fputs("</section>\n", p->f);
  free(values);
}

void kz__page_measures(struct kz__page *p) {
  const struct kz__measuring *m = p->c->measuring;
  fputs("<section id='measures'><h2>Measures and their thresholds</h2>\n", p->f);
  fputs("<p>Each measure has a threshold. The images nearest to it, on either side, are where it "
        "errs first: look at these. Pictures are small here, which hides blur and noise; a click "
        "on a name opens the photograph itself, where it is within reach. To overrule a verdict "
        "on image 12, and to move a threshold:</p>\n", p->f);
  kz__page_command(p, "review %s --image 12 --in --reason 'soft by nature' --who NAME");
  if (m->measures[0]) {
    char words[160];
    snprintf(words, sizeof words, "screen %%s %s=%g", m->measures[0]->name,
             p->thresholds.value[0]);
    kz__page_command(p, words);
  }
  int count = kz__measure_count(m);
  for (int i = 0; i < count && !p->code; i++) put_measure(p, i);
  fputs("</section>\n", p->f);
}
