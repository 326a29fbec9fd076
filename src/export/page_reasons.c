/* Why images are out: the table that leads the report, and the reasons that are no measure's. */
#include <math.h>
#include <string.h>

#include "catalogue/measure.h"
#include "export/page.h"

/* "Blurred" for "sharpness"; two reasons are the catalogue's own. */
static const char *reason_title(const struct kz__page *p, const char *measure, char *buf) {
  int i = kz__measure_find(p->c->measuring, measure);
  if (i >= 0) return kz__page_title(p->c->measuring->measures[i]->reason, buf);
  if (!strcmp(measure, "decode")) return "Cannot be decoded";
  if (!strcmp(measure, "duplicate")) return "Duplicate: another shows the same";
  snprintf(buf, 64, "%s", measure);
  return buf;
}

/* Where on the page it is told of; NULL: nowhere, it is another version's measure. */
static const char *reason_place(const struct kz__page *p, const char *measure) {
  if (!strcmp(measure, "duplicate")) return "duplicates";
  if (!strcmp(measure, "decode")) return measure;
  return kz__measure_find(p->c->measuring, measure) >= 0 ? measure : NULL;
}

static void put_rule(struct kz__page *p, const char *measure) {
  int i = kz__measure_find(p->c->measuring, measure);
  fputs("<td class='rule'>", p->f);
  if (i >= 0) {
    const struct kz_screen_measure *m = p->c->measuring->measures[i];
    fprintf(p->f, "%s %g%s%s", m->sense > 0 ? "above" : "below", p->thresholds.value[i],
            *m->unit ? "&nbsp;" : "", m->unit);
  }
  fputs("</td>", p->f);
}

static int put_reason(void *user, const struct kz__tally_row *r) {
  struct kz__page *p = user;
  char title[64];
  const char *place = reason_place(p, r->name);
  fputs("<tr><th scope='row'>", p->f);
  if (place) fprintf(p->f, "<a href='#%s'>", place);
  kz__page_text(p, reason_title(p, r->name, title));
  if (place) fputs("</a>", p->f);
  fputs(" <code>", p->f);
  kz__page_text(p, r->name);
  fputs("</code></th><td>", p->f);
  kz__page_count(p, r->count);
  fputs("</td><td class='wide'>", p->f);
  kz__page_bar(p, r->count, p->totals.images);
  fputs("</td>", p->f);
  put_rule(p, r->name);
  fputs("<td>", p->f);
  kz__page_count(p, r->also);
  fputs("</td><td>", p->f);
  kz__page_count(p, isnan(r->value) ? 0 : (int64_t)r->value);
  fputs("</td></tr>\n", p->f);
  return 0;
}

static void put_own_row(struct kz__page *p, const char *place, const char *title, int64_t count) {
  if (!count) return;
  fprintf(p->f, "<tr><th scope='row'><a href='#%s'>%s</a></th><td>", place, title);
  kz__page_count(p, count);
  fputs("</td><td class='wide'>", p->f);
  kz__page_bar(p, count, p->totals.images);
  fputs("</td><td></td><td></td><td></td></tr>\n", p->f);
}

void kz__page_reasons(struct kz__page *p) {
  fputs("<section id='reasons'><h2>Why images are out</h2>\n", p->f);
  fputs("<p>An image may be out for several reasons. A reason that is alone against an image is "
        "the one to check first: without it the image would be in.</p>\n<div class='scroll'><table>"
        "<thead><tr><th scope='col'>Reason</th><th scope='col'>Images</th>"
        "<th scope='col' class='wide'><span class='quiet'>Share</span></th>"
        "<th scope='col'>Threshold</th><th scope='col'>It alone</th>"
        "<th scope='col'>Taken in all the same</th></tr></thead>"
        "<tbody>\n", p->f);
  int64_t rows = kz__page_each(p, KZ__TALLY_REASONS, NULL, put_reason, p);
  put_own_row(p, "reviews", "Left out by a person", p->totals.taken_out);
  put_own_row(p, "lost", "No file is left", p->totals.nowhere);
  if (!rows && !p->totals.taken_out && !p->totals.nowhere)
    fputs("<tr><td colspan='6'>None: nothing is out.</td></tr>\n", p->f);
  fputs("</tbody></table></div></section>\n", p->f);
}

/* ---- reasons without a measure ---- */

struct listing {
  struct kz__page *p;
  bool who;
};

static int put_line(void *user, const struct kz__tally_row *r) {
  const struct listing *l = user;
  struct kz__page *p = l->p;
  fprintf(p->f, "<tr><td>#%lld</td><td class='path'>", (long long)r->image);
  kz__page_path(p, r);
  fputs("</td><td>", p->f);
  if (l->who) {
    fprintf(p->f, "%s, by ", r->word && !strcmp(r->word, "in") ? "taken in" : "left out");
    kz__page_text(p, r->name);
    fputs("</td><td>", p->f);
  }
  kz__page_text(p, r->text);
  fputs("</td></tr>\n", p->f);
  return 0;
}

static void put_list(struct kz__page *p, enum kz__tally what, int64_t total, const char *columns,
                     bool who) {
  enum { MOST = 200 };
  const struct kz__tally_key key = {.limit = MOST};
  struct listing l = {p, who};
  fprintf(p->f, "<div class='scroll'><table class='list'><thead><tr><th scope='col'>Image</th>"
          "<th scope='col'>File</th>%s</tr></thead><tbody>\n", columns);
  kz__page_each(p, what, &key, put_line, &l);
  fputs("</tbody></table></div>\n", p->f);
  if (total > MOST) {
    fputs("<p>… and ", p->f);
    kz__page_count(p, total - MOST);
    fputs(" more.</p>\n", p->f);
  }
}

void kz__page_broken(struct kz__page *p) {
  const struct kz__totals *t = &p->totals;
  int64_t broken = t->images - t->decodable, reviewed = t->taken_in + t->taken_out;
  if (broken) {
    fputs("<section id='decode'><h2>Cannot be decoded</h2>\n<p>These files are damaged, cut short "
          "or no pictures. Find a better copy and add it; the broken one stays known.</p>\n", p->f);
    put_list(p, KZ__TALLY_BROKEN, broken, "<th scope='col'>Why</th>", false);
    fputs("</section>\n", p->f);
  }
  if (t->nowhere) {
    fputs("<section id='lost'><h2>No file is left</h2>\n<p>These images are known, but their files "
          "were gone when their folders were last walked. Add the folder they are in now.</p>\n",
          p->f);
    put_list(p, KZ__TALLY_LOST, t->nowhere, "<th scope='col'></th>", false);
    fputs("</section>\n", p->f);
  }
  fputs("<section id='reviews'><h2>Decided by hand</h2>\n", p->f);
  if (reviewed) {
    fputs("<p>A person's word holds whatever the measures say. The last word on each image:</p>\n",
          p->f);
    put_list(p, KZ__TALLY_REVIEWS, reviewed,
             "<th scope='col'>Decision</th><th scope='col'>Reason</th>", true);
  } else {
    fputs("<p>Nobody has overruled anything yet.</p>\n", p->f);
  }
  fputs("</section>\n", p->f);
}
