/* Tables of a section: classes of damage with what was decided of them, and what was left as it was
 * or is conjecture. */
#include <math.h>
#include <string.h>

#include "page/page.h"

enum { MOST_CLASSES = 40, MOST_LEFT = 60 };

const char *kz__folio_class(const char *id, const char **chinese, uint8_t rgb[3]) {
  static const uint8_t grey[3] = {128, 128, 128};
  const int c = id ? kz_damage_class_find(id) : -1;
  *chinese = c < 0 ? NULL : kz_damage_classes[c].chinese;
  if (rgb) memcpy(rgb, c < 0 ? grey : kz_damage_classes[c].colour, 3);
  return c < 0 ? id : kz_damage_classes[c].english;
}

const char *kz__folio_outcome(const struct kz_record_region *g, const char **mark) {
  static const char *const left[] = {[KZ_RECORD_RESTORE] = "left as it was",
                                     [KZ_RECORD_LEAVE] = "left, by policy",
                                     [KZ_RECORD_ASK] = "left: asked, and not allowed",
                                     [KZ_RECORD_ONLY] = "recorded only"};
  *mark = "filled";
  if (g->outcome == KZ_RECORD_FILLED) return "filled";
  *mark = "doubted";
  if (g->outcome == KZ_RECORD_ALLOWED) return "conjecture, filled as asked";
  *mark = "left";
  if (g->outcome == KZ_RECORD_CONJECTURE) return "conjecture, left unfilled";
  return left[g->policy];
}

void kz__folio_evidence(struct kz__folio *p, const struct kz_record_region *g) {
  bool any = false;
  if (!isnan(g->known)) {
    fputs("Known around it: <b>", p->f);
    kz__folio_share(p->f, g->known);
    fputs("</b>", p->f);
    any = true;
  }
  if (!isnan(g->distance)) {
    fprintf(p->f, "%sits middle is <b>%.3g&nbsp;px</b> from what is known", any ? "; " : "",
            g->distance);
    any = true;
  }
  if (!isnan(g->disagreement)) {
    fprintf(p->f, "%scandidates differ by <b>ΔE&nbsp;%.1f</b>", any ? "; " : "", g->disagreement);
    any = true;
  }
  fputs(any ? "." : "Evidence was not measured.", p->f);
}

/* ---- classes ---- */

void kz__folio_swatch(struct kz__folio *p, const uint8_t rgb[3]) {
  fprintf(p->f,
          "<svg class='swatch' viewBox='0 0 10 10' aria-hidden='true'><rect width='10' "
          "height='10' rx='2' fill='#%02x%02x%02x'/></svg>",
          rgb[0], rgb[1], rgb[2]);
}

static void put_class(struct kz__folio *p, const struct kz_record *r,
                      const struct kz_record_class *c) {
  static const char *const policies[] = {[KZ_RECORD_RESTORE] = "restore",
                                         [KZ_RECORD_LEAVE] = "leave as it is",
                                         [KZ_RECORD_ASK] = "ask first",
                                         [KZ_RECORD_ONLY] = "record only"};
  const char *chinese = NULL;
  uint8_t rgb[3];
  int64_t filled = 0, left = 0;
  for (int64_t i = 0; i < r->region_count; i++) {
    const struct kz_record_region *g = &r->regions[i];
    if (!g->damage || strcmp(g->damage, c->id) != 0) continue;
    const bool done = g->outcome == KZ_RECORD_FILLED || g->outcome == KZ_RECORD_ALLOWED;
    filled += done;
    left += !done;
  }
  const char *english = kz__folio_class(c->id, &chinese, rgb);
  fputs("<tr><th scope='row'>", p->f);
  kz__folio_swatch(p, rgb);
  kz__folio_text(p->f, english, 100);
  fprintf(p->f, "</th><td lang='zh-Hans'>%s</td><td>%s</td><td>", chinese ? chinese : "",
          policies[c->policy]);
  kz__folio_count(p->f, c->pixels);
  fputs("</td><td>", p->f);
  kz__folio_count(p->f, filled);
  fputs("</td><td>", p->f);
  kz__folio_count(p->f, left);
  fputs("</td></tr>\n", p->f);
}

void kz__folio_classes(struct kz__folio *p, const struct kz__scene *s) {
  const struct kz_record *r = &s->entry->r;
  if (!r->class_count) return;
  fprintf(
      p->f,
      "<h3 id='p%d-classes'>Damage and its treatment</h3>\n<p>What is damaged and how, "
      "as it was marked, and what the policy says of each kind. Some damage is history and is "
      "not restored.</p>\n<div class='scroll'><table class='classes'><thead><tr><th scope='col'>"
      "Damage</th><th scope='col' lang='zh-Hans'>病害</th><th scope='col'>Policy</th>"
      "<th scope='col'>Pixels</th><th scope='col'>Regions filled</th><th scope='col'>Regions "
      "left</th></tr></thead><tbody>\n",
      s->entry->section + 1);
  for (int64_t i = 0; i < r->class_count && i < MOST_CLASSES; i++) put_class(p, r, &r->classes[i]);
  fputs("</tbody></table></div>\n", p->f);
}

/* ---- left, or conjecture ---- */

static void put_region(struct kz__folio *p, const struct kz_record_region *g, int64_t number) {
  const char *mark = NULL, *chinese = NULL;
  const char *outcome = kz__folio_outcome(g, &mark);
  fprintf(p->f, "<tr><th scope='row'>%lld</th><td>%lld, %lld</td><td>", (long long)number + 1,
          (long long)g->x, (long long)g->y);
  kz__folio_count(p->f, g->pixels);
  fputs("</td><td>", p->f);
  kz__folio_text(p->f, g->damage ? kz__folio_class(g->damage, &chinese, NULL) : "", 60);
  fprintf(p->f, "</td><td><span class='tag %s'>%s</span>", mark, outcome);
  if (g->conjecture) {
    fputs("<small>", p->f);
    kz__folio_text(p->f, g->conjecture, 120);
    fputs("</small>", p->f);
  }
  fputs("</td><td class='words'>", p->f);
  kz__folio_evidence(p, g);
  if (g->note) {
    fputs(" <bdi>", p->f);
    kz__folio_text(p->f, g->note, 120);
    fputs("</bdi>", p->f);
  }
  fputs("</td></tr>\n", p->f);
}

void kz__folio_left(struct kz__folio *p, const struct kz_record *r) {
  int64_t special = 0, shown = 0;
  for (int64_t i = 0; i < r->region_count; i++)
    special += r->regions[i].outcome != KZ_RECORD_FILLED;
  if (!special) return;
  fputs(
      "<h3>Left as it was, and conjecture</h3>\n<p>Restoration stops where conjecture begins: "
      "where too little is known around a region, or candidates disagree too much, it is left "
      "unless someone asks otherwise.</p>\n<div class='scroll'><table class='left-out'><thead>"
      "<tr><th scope='col'>Region</th><th scope='col'>x, y</th><th scope='col'>Pixels</th>"
      "<th scope='col'>Damage</th><th scope='col'>What was done</th><th scope='col'>Evidence</th>"
      "</tr></thead><tbody>\n",
      p->f);
  for (int turn = 0; turn < 2; turn++) /* conjecture first */
    for (int64_t i = 0; i < r->region_count && shown < MOST_LEFT; i++) {
      const int outcome = r->regions[i].outcome;
      if (outcome == KZ_RECORD_FILLED || (outcome == KZ_RECORD_UNFILLED) != turn) continue;
      put_region(p, &r->regions[i], i);
      shown++;
    }
  fputs("</tbody></table></div>\n", p->f);
  if (special <= shown) return;
  fputs("<p>", p->f);
  kz__folio_many(p->f, special - shown, "more region");
  fputs(special - shown == 1 ? " is in the record.</p>\n" : " are in the record.</p>\n", p->f);
}
