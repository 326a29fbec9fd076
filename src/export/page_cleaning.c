/* What cleaning found around the paintings and in their colours: counts, and the cuts as they would
 * be, so that a false one is seen. */
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "export/page.h"

static const struct {
  const char *kind, *words;
  const char *rect; /* the member of the parameters that is kept; "": they are; NULL: none */
} kinds[] = {
    {"orientation", "Turned upright, as the camera noted", NULL},
    {"profile", "Colours brought to sRGB by the file's profile", NULL},
    {"crop", "Frame or margin cut away", ""},
    {"card", "Colour card or grey scale cut away", "keep"},
    {"cast", "Colour cast taken off", NULL},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

static int find(const char *kind) {
  for (int i = 0; i < KINDS; i++)
    if (!strcmp(kinds[i].kind, kind)) return i;
  return -1;
}

struct found {
  struct kz__page *p;
  int64_t count[KINDS];
};

static int put_kind(void *user, const struct kz__tally_row *r) {
  struct found *f = user;
  struct kz__page *p = f->p;
  int k = find(r->name);
  if (k >= 0) f->count[k] = r->count;
  fputs("<tr><th scope='row'>", p->f);
  kz__page_text(p, k >= 0 ? kinds[k].words : r->name);
  fputs(" <code>", p->f);
  kz__page_text(p, r->name);
  fputs("</code></th><td>", p->f);
  kz__page_count(p, r->count);
  fputs("</td><td>", p->f);
  kz__page_count(p, r->also);
  fputs("</td><td>", p->f);
  kz__page_count(p, r->count - r->also);
  fputs("</td></tr>\n", p->f);
  return 0;
}

static bool read_rect(const char *params, const char *member, struct kz_clean_rect *r) {
  bool read = false;
  json_t *all = params ? json_loads(params, 0, NULL) : NULL;
  json_t *o = *member ? json_object_get(all, member) : all;
  read = !json_unpack(o, "{s:i, s:i, s:i, s:i}", "x", &r->x, "y", &r->y, "w", &r->w, "h", &r->h) &&
         r->w > 0 && r->h > 0;
  json_decref(all);
  return read;
}

struct cuts {
  struct kz__page *p;
  int kind;
};

static int put_cut(void *user, const struct kz__tally_row *r) {
  const struct cuts *c = user;
  struct kz_clean_rect keep;
  char figure[48] = "", tag[32];
  bool has = read_rect(r->text, kinds[c->kind].rect, &keep);
  if (r->name)
    snprintf(figure, sizeof figure, "by hand");
  else if (!isnan(r->value))
    snprintf(figure, sizeof figure, "sure by %.0f %%", 100 * r->value);
  snprintf(tag, sizeof tag, r->also ? "applied" : "not applied");
  kz__page_card(c->p, r, *figure ? figure : NULL, tag, has ? &keep : NULL);
  return 0;
}

void kz__page_cleaning(struct kz__page *p) {
  struct found f = {.p = p};
  fputs("<section id='cleaning'><h2>Cleaning</h2>\n<p>What surrounds a painting, or lies over its "
        "colours, is left away when images are used; the files stay as they are. Doubtful "
        "findings are noted and not applied.</p>\n<div class='scroll'><table><thead><tr>"
        "<th scope='col'>Change</th><th scope='col'>Found</th><th scope='col'>Applied</th>"
        "<th scope='col'>Not applied</th></tr></thead><tbody>\n", p->f);
  if (!kz__page_each(p, KZ__TALLY_CLEANED, NULL, put_kind, &f))
    fputs("<tr><td colspan='4'>Nothing was found.</td></tr>\n", p->f);
  fputs("</tbody></table></div>\n", p->f);
  for (int k = 0; k < KINDS; k++) {
    const struct kz__tally_key key = {.name = kinds[k].kind, .limit = p->strip};
    struct cuts c = {p, k};
    char heading[160];
    if (!f.count[k] || !kinds[k].rect) continue;
    snprintf(heading, sizeof heading, "%s: the least sure of the applied, then the surest of the "
             "others; what is cut away is shaded", kinds[k].words);
    kz__page_strip(p, heading);
    kz__page_each(p, KZ__TALLY_CHANGES, &key, put_cut, &c);
    kz__page_strip_end(p);
  }
  fputs("</section>\n", p->f);
}
