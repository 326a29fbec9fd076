/* The section of one picture: what was done in a sentence, before and after with the layers that
 * can be laid over them, then what the other files of this module write. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "page/page.h"

void kz__folio_gone(struct kz__folio *p, const struct kz__folio_file *file) {
  fputs("<p class='gone'><bdi>", p->f);
  kz__folio_text(p->f, file->path ? kz__folio_name(file->path) : "The file", 200);
  fputs("</bdi> ", p->f);
  kz__folio_text(p->f, file->path ? file->why : "is not in the record", 200);
  fputs(".</p>", p->f);
}

/* ---- words ---- */

struct tally {
  int64_t left, conjecture, allowed;
};

static struct tally count_regions(const struct kz_record *r) {
  struct tally t = {0};
  for (int64_t i = 0; i < r->region_count; i++) {
    t.left += r->regions[i].outcome == KZ_RECORD_UNFILLED;
    t.conjecture += r->regions[i].outcome == KZ_RECORD_CONJECTURE;
    t.allowed += r->regions[i].outcome == KZ_RECORD_ALLOWED;
  }
  return t;
}

static void put_lead(struct kz__folio *p, const struct kz__scene *s) {
  const struct kz_record *r = &s->entry->r;
  const struct tally t = count_regions(r);
  const double all = (double)r->width * (double)r->height;
  const int64_t px = s->filled_px < 0 ? (int64_t)(r->figures.damaged * all + 0.5) : s->filled_px;
  fputs("<p class='lead'><b>", p->f);
  kz__folio_many(p->f, px, "pixel");
  fputs("</b>, ", p->f);
  kz__folio_share(p->f, (double)px / all);
  fputs(" of ", p->f);
  kz__folio_count(p->f, r->width);
  fputs(" × ", p->f);
  kz__folio_count(p->f, r->height);
  fprintf(p->f, "&nbsp;px, %s filled by a neural network", px == 1 ? "was" : "were");
  if (r->region_count) {
    fputs(", in ", p->f);
    kz__folio_many(p->f, r->region_count - t.left - t.conjecture, "region");
  }
  fputs(".", p->f);
  if (t.left) {
    fputs(" ", p->f);
    kz__folio_many(p->f, t.left, "region");
    fprintf(p->f, " %s left as %s.", t.left == 1 ? "was" : "were",
            t.left == 1 ? "it was" : "they were");
  }
  if (t.conjecture) {
    fputs(" ", p->f);
    kz__folio_many(p->f, t.conjecture, "region");
    fprintf(p->f, " could be filled by conjecture only and %s left.",
            t.conjecture == 1 ? "was" : "were");
  }
  if (t.allowed) {
    fputs(" ", p->f);
    kz__folio_many(p->f, t.allowed, "region");
    fprintf(p->f, " %s conjecture and %s filled as was asked.", t.allowed == 1 ? "is" : "are",
            t.allowed == 1 ? "was" : "were");
  }
  fputs("</p>\n", p->f);
}

/* What a fill is and is not. */
static void put_caution(struct kz__folio *p, const struct kz__entry *e) {
  static const char *const styles[] = {
      [KZ_STYLE_PLAIN] = "",
      [KZ_STYLE_TRATTEGGIO] =
          " Fills are hatched with fine vertical lines (tratteggio), so that "
          "close up they can be told from the original.",
      [KZ_STYLE_LOWERED] = " Fills are lowered in tone, to be told from the original.",
      [KZ_STYLE_OUTLINE] = " Fills are outlined, to be told from the original."};
  bool lossless = true;
  struct kz_err unknown;
  if (kz_image_lossless(e->r.files.result.path, &lossless, &unknown)) lossless = true;
  fprintf(p->f,
          "<p>A fill is a proposal, computed from what surrounds it and from other paintings: it "
          "shows what may have been there, not what was.%s Neither the painting nor the photograph "
          "was touched. %s <a href='#p%d-check'>How to check it</a>.</p>\n",
          styles[e->r.style.style],
          lossless ? "Outside the fills the result must be the photograph, sample for sample."
                   : "The result is stored in a format that changes every pixel a little.",
          e->section + 1);
}

/* ---- pictures ---- */

static int put_whole(struct kz__folio *p, const struct kz__scene *s,
                     const struct kz__folio_file *file, const char *class, const char *about,
                     struct kz_err *err) {
  struct kz_pixels px = {0};
  int code = 0;
  fprintf(p->f, "<figure class='%s'>", class);
  if (file->image) {
    const struct kz__shown how = {.kind = KZ__PHOTO,
                                  .class = "whole",
                                  .about = about,
                                  .name = file->path ? kz__folio_name(file->path) : NULL,
                                  .most = KZ__SHARE_WHOLE * p->share};
    code = kz__folio_overview(file->image, s->width, s->height, &px, err);
    if (!code) code = kz__folio_picture(p, &px, &how, err);
    kz_pixels_release(&px);
  } else {
    kz__folio_gone(p, file);
  }
  fprintf(p->f, "<figcaption>%s</figcaption></figure>\n", about);
  return code;
}

static int put_layer(struct kz__folio *p, const struct kz__scene *s, const char *class,
                     const char *about, enum kz__picture_kind kind,
                     int (*draw)(const struct kz__scene *, struct kz_pixels *, struct kz_err *),
                     struct kz_err *err) {
  struct kz_pixels px = {0};
  const struct kz__shown how = {
      .kind = kind, .class = class, .about = about, .most = KZ__SHARE_LAYER * p->share};
  int code = draw(s, &px, err);
  if (!code) code = kz__folio_picture(p, &px, &how, err);
  kz_pixels_release(&px);
  return code;
}

/* Numbers over the places that are shown closely, as links to them. */
static void put_numbers(struct kz__folio *p, const struct kz__scene *s,
                        const struct kz__zoom *zooms, int count) {
  const int W = (int)s->entry->r.width, H = (int)s->entry->r.height;
  const bool turned = s->orientation >= 5;
  const double size = (turned ? H : W) / 60.0;
  fprintf(p->f, "<svg class='numbers' viewBox='0 0 %d %d' preserveAspectRatio='none'>\n",
          turned ? H : W, turned ? W : H);
  for (int i = 0; i < count; i++) {
    const struct kz__zoom *z = &zooms[i];
    const struct kz_record_region *g = z->region;
    struct kz__box b = {z->x, z->y, z->w, z->h};
    if (g) b = (struct kz__box){(int)g->x, (int)g->y, (int)g->width, (int)g->height};
    b = kz__folio_upright(b, W, H, s->orientation);
    fprintf(p->f,
            "<a href='#p%d-%c%lld'><rect x='%d' y='%d' width='%d' height='%d'/>"
            "<text x='%.1f' y='%.1f' font-size='%.1f'>%lld</text></a>\n",
            s->entry->section + 1, g ? 'r' : 'w', (long long)z->number + !g, b.x, b.y, b.w, b.h,
            b.x + 0.2 * size, b.y - 0.25 * size < size ? b.y + b.h + size : b.y - 0.25 * size, size,
            (long long)z->number + 1);
  }
  fputs("</svg>\n", p->f);
}

static void put_switch(struct kz__folio *p, const char *class, const char *words) {
  fprintf(p->f, "<label><input type='checkbox' class='%s'> %s</label>\n", class, words);
}

static void put_switches(struct kz__folio *p, const struct kz__scene *s, int zooms) {
  fputs("<fieldset class='switches'><legend>Lay over the picture</legend>\n", p->f);
  put_switch(p, "t-classes", "damage by class");
  if (s->heat && s->cover) put_switch(p, "t-heat", "disagreement of the candidates");
  if (s->cover) put_switch(p, "t-veil", "the fill alone");
  if (zooms) put_switch(p, "t-numbers", "places shown closely");
  fputs("</fieldset>\n", p->f);
}

static void put_key(struct kz__folio *p, const struct kz__scene *s) {
  bool there[KZ_DAMAGE_CLASSES] = {false};
  for (int i = 0; i < s->width * s->height; i++)
    if (s->cls[i]) there[s->cls[i] - 1] = true;
  fputs("<ul class='key k-classes'>\n", p->f);
  for (int c = 0; c < KZ_DAMAGE_CLASSES; c++) {
    const struct kz_damage_class *d = &kz_damage_classes[c];
    if (!there[c]) continue;
    fputs("<li>", p->f);
    kz__folio_swatch(p, d->colour);
    fprintf(p->f, "%s <span lang='zh-Hans'>%s</span></li>\n", d->english, d->chinese);
  }
  fputs("<li class='soft'>striped: left as it was</li></ul>\n", p->f);
  if (!s->heat || !s->cover) return;
  fputs(
      "<div class='key k-heat'><svg class='scale' viewBox='0 0 240 12' "
      "preserveAspectRatio='none' aria-hidden='true'>",
      p->f);
  for (int i = 0; i < 48; i++) {
    uint8_t rgb[3];
    kz__heat_colour(20.0 * i / 47, rgb);
    fprintf(p->f, "<rect x='%d' width='6' height='12' fill='#%02x%02x%02x'/>", 5 * i, rgb[0],
            rgb[1], rgb[2]);
  }
  fprintf(p->f,
          "</svg><p>ΔE 0 (black) to 20 and more (white); the most here is %.1f. "
          "<strong>Disagreement is not error</strong>: where candidates agree all may be wrong, "
          "where they differ at most one is right. Damage that the network closes in one call "
          "hardly depends on the seed and is black here, which says nothing.</p></div>\n",
          s->most_heat);
}

static int put_stage(struct kz__folio *p, const struct kz__scene *s, const struct kz__zoom *zooms,
                     int count, struct kz_err *err) {
  put_switches(p, s, count);
  fprintf(p->f, "<div class='stage' data-width='%d' data-height='%d'>\n",
          s->orientation >= 5 ? s->height : s->width, s->orientation >= 5 ? s->width : s->height);
  int code = put_whole(p, s, &s->source, "before", "Before", err);
  if (!code) code = put_whole(p, s, &s->result, "after", "After", err);
  fputs("<div class='over'>\n", p->f);
  if (!code && s->cover)
    code = put_layer(p, s, "l-veil", "all but the fill, covered", KZ__SHADED, kz__layer_veil, err);
  if (!code && s->heat && s->cover)
    code = put_layer(p, s, "l-heat", "disagreement of the candidates", KZ__SHADED, kz__layer_heat,
                     err);
  if (!code)
    code = put_layer(p, s, "l-classes", "damage by class", KZ__FLAT, kz__layer_classes, err);
  if (!code && count) put_numbers(p, s, zooms, count);
  fputs(
      "</div>\n</div>\n<div class='slider' hidden><label><span class='quiet'>Where before ends "
      "and after begins</span><input type='range' min='0' max='100' step='1' value='50'></label>"
      "<label class='beside'><input type='checkbox'> side by side</label></div>\n",
      p->f);
  if (!code) put_key(p, s);
  return code;
}

/* ---- all ---- */

static void put_head(struct kz__folio *p, const struct kz__entry *e) {
  const int n = e->section + 1;
  fprintf(p->f,
          "<section class='picture' id='p%d' aria-labelledby='p%d-name'>\n"
          "<h2 id='p%d-name'><bdi>",
          n, n, n);
  kz__folio_text(p->f, kz__folio_name(e->r.files.source.path), 200);
  fputs("</bdi></h2>\n", p->f);
  if (!e->sealed)
    fputs(
        "<p class='alert'>This record was changed after it was written: its seal does not fit. "
        "What follows is what it says now.</p>\n",
        p->f);
}

static int put_section(struct kz__folio *p, const struct kz__scene *s, struct kz_err *err) {
  struct kz__zoom *zooms = NULL;
  int most = (int)(KZ__SHARE_ZOOMS * p->share / KZ__LEAST_ZOOM);
  if (most > p->o->zooms) most = (int)p->o->zooms;
  int count = kz__folio_choose(s, most, &zooms, err);
  if (count < 0) return count;
  put_lead(p, s);
  put_caution(p, s->entry);
  int code = put_stage(p, s, zooms, count, err);
  if (!code) kz__folio_classes(p, s);
  if (!code) code = kz__folio_zooms(p, s, zooms, count, err);
  if (!code) code = kz__folio_candidates(p, s, zooms, count, err);
  if (!code) {
    kz__folio_left(p, &s->entry->r);
    kz__folio_words(p, s);
  }
  free(zooms);
  return code;
}

int kz__folio_section(struct kz__folio *p, int section, struct kz_err *err) {
  const struct kz__entry *e = p->entries;
  struct kz__scene s;
  while (e->section != section) e++;
  int code = kz__scene_open(&s, p, e, err);
  if (code) return code;
  put_head(p, e);
  code = kz__folio_pause(p, err);
  if (!code) code = kz__scene_read(&s, err);
  if (!code) code = kz__folio_pause(p, err);
  p->orientation = s.orientation;
  if (!code) code = put_section(p, &s, err);
  kz__scene_close(&s);
  fputs("</section>\n", p->f);
  return code;
}
