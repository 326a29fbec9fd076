/* Images beside images: groups that show the same, and steps from sound to damaged. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "catalogue/measure.h"
#include "export/page.h"

enum { MEMBERS = 8 };

/* ---- duplicates ---- */

struct groups {
  struct kz__page *p;
  int64_t *image, *members, *out; /* ids, and how many; p->strip of each */
  int count;
};

static int put_kind(void *user, const struct kz__tally_row *r) {
  struct kz__page *p = user;
  fputs("<tr><th scope='row'>", p->f);
  kz__page_text(p, r->name);
  fputs("</th><td>", p->f);
  kz__page_count(p, r->count);
  fputs("</td><td>", p->f);
  if (!isnan(r->value)) fprintf(p->f, "%.0f&nbsp;%%", 100 * r->value);
  fputs("</td></tr>\n", p->f);
  return 0;
}

static int take_group(void *user, const struct kz__tally_row *r) {
  struct groups *g = user;
  g->image[g->count] = r->image;
  g->members[g->count] = r->count;
  g->out[g->count++] = r->also;
  return 0;
}

static int put_member(void *user, const struct kz__tally_row *r) {
  char figure[96], tag[64] = "stays";
  if (r->name) {
    if (isnan(r->value))
      snprintf(figure, sizeof figure, "%s", r->name);
    else
      snprintf(figure, sizeof figure, "%s, %.0f %% in common", r->name, 100 * r->value);
    snprintf(tag, sizeof tag, "#%lld stays for it", (long long)r->count);
    if (r->word && !strcmp(r->word, "in")) snprintf(tag, sizeof tag, "taken in by hand");
  } else if (!r->chosen) {
    snprintf(tag, sizeof tag, "out for another reason");
  }
  kz__page_card(user, r, r->name ? figure : NULL, tag, NULL);
  return 0;
}

static void put_group(struct kz__page *p, int64_t image, int64_t members, int64_t out) {
  const struct kz__tally_key key = {.image = image, .limit = MEMBERS};
  char heading[120];
  if (out)
    snprintf(heading, sizeof heading, "%lld images, %lld left out", (long long)members,
             (long long)out);
  else
    snprintf(heading, sizeof heading, "%lld images that overlap; all stay", (long long)members);
  kz__page_strip(p, heading);
  kz__page_each(p, KZ__TALLY_MEMBERS, &key, put_member, p);
  if (members > MEMBERS)
    fprintf(p->f, "<p class='more'>and %lld more</p>", (long long)(members - MEMBERS));
  kz__page_strip_end(p);
}

static void put_groups(struct kz__page *p) {
  struct groups g = {.p = p};
  const struct kz__tally_key key = {.limit = p->strip};
  size_t room = (size_t)p->strip;
  g.image = calloc(3 * room, sizeof *g.image);
  if (!g.image) {
    kz__page_fail(p, KZ_ENOMEM, "no memory for groups");
    return;
  }
  g.members = g.image + room;
  g.out = g.members + room;
  kz__page_each(p, KZ__TALLY_GROUPS, &key, take_group, &g);
  for (int i = 0; i < g.count && !p->code; i++)
    put_group(p, g.image[i], g.members[i], g.out[i]);
  if (p->totals.groups > g.count) {
    fputs("<p>… and ", p->f);
    kz__page_count(p, p->totals.groups - g.count);
    fputs(" groups more.</p>\n", p->f);
  }
  free(g.image);
}

void kz__page_duplicates(struct kz__page *p) {
  const struct kz__totals *t = &p->totals;
  fputs("<section id='duplicates'><h2>Images that show the same</h2>\n", p->f);
  if (!t->pairs) {
    fputs("<p>None are on record. The search is part of:</p>\n", p->f);
    kz__page_command(p, "screen %s");
    fputs("</section>\n", p->f);
    return;
  }
  fputs("<p>", p->f);
  kz__page_count(p, t->groups);
  fputs(t->groups == 1 ? " group; " : " groups; ", p->f);
  kz__page_images(p, t->doubles);
  fputs(" left out because another shows all of it, or most, better. Views that share less stay, "
        "and never part between training and test.</p>\n"
        "<div class='scroll'><table><thead><tr><th scope='col'>Likeness</th>"
        "<th scope='col'>Pairs</th><th scope='col'>In common, on average</th></tr></thead>"
        "<tbody>\n", p->f);
  kz__page_each(p, KZ__TALLY_PAIRS, NULL, put_kind, p);
  fputs("</tbody></table></div>\n", p->f);
  put_groups(p);
  fputs("</section>\n", p->f);
}

/* ---- damage ---- */

static int put_step(void *user, const struct kz__tally_row *r) {
  char figure[32];
  snprintf(figure, sizeof figure, "%.3g %%", r->value);
  kz__page_card(user, r, figure, NULL, NULL);
  return 0;
}

void kz__page_damage(struct kz__page *p) {
  static const char measure[] = "damage-share";
  static const double limits[] = {1, 5, 10, 20, 40};
  struct kz__plot plot = {.name = "visible damage", .unit = "%", .threshold = NAN};
  if (kz__measure_find(p->c->measuring, measure) < 0) return;
  double *values = kz__page_values(p, KZ__TALLY_CHOSEN_VALUES, measure, &plot.count);
  plot.values = values;
  fputs("<section id='damage'><h2>Visible damage</h2>\n<p>An estimate of the share that looks like "
        "bare plaster or flaking, of the images that are in. Training takes its crops where the "
        "painting looks sound.</p>\n<figure class='chart'>", p->f);
  bool beyond = kz__page_plot(p, &plot);
  fputs("<figcaption>", p->f);
  for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
    int below = 0;
    while (below < plot.count && values[below] < limits[i]) below++;
    fprintf(p->f, "%sunder %g&nbsp;%%: ", i ? " · " : "", limits[i]);
    kz__page_images(p, below);
  }
  kz__page_ends(p, beyond);
  fputs("</figcaption></figure>\n", p->f);
  const struct kz__tally_key key = {.name = measure, .limit = p->strip};
  kz__page_strip(p, "From the soundest to the most damaged, in even steps");
  kz__page_each(p, KZ__TALLY_QUANTILES, &key, put_step, p);
  kz__page_strip_end(p);
  fputs("</section>\n", p->f);
  free(values);
}
