/* The regions that matter most, at full resolution: before and after side by side, with what each
 * had to go by. What was left as it was is one picture. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "page/page.h"

enum { HALF = 256 }; /* px, at which a window that is not larger is shown; two of them in a row */

static int longest(const struct kz__zoom *z) { return z->w > z->h ? z->w : z->h; }

static int times(const struct kz__zoom *z) { return longest(z) < HALF ? HALF / longest(z) : 1; }

static bool is_filled(const struct kz__zoom *z) {
  return !z->region || z->region->outcome == KZ_RECORD_FILLED ||
         z->region->outcome == KZ_RECORD_ALLOWED;
}

/* The border of what was filled, as a layer over a crop. */
static int put_edge(struct kz__folio *p, const struct kz__scene *s, const struct kz__zoom *z,
                    double most, struct kz_err *err) {
  const int w = z->w, h = z->h;
  struct kz_pixels px = {0};
  uint8_t *mask = malloc((size_t)w * h);
  int code = mask ? kz_pixels_init(&px, w, h, 4, err)
                  : kz_err_set(err, KZ_ENOMEM, "%s: no memory for a mask", s->filled.path);
  if (!code) code = kz_image_read_mask(s->filled.image, z->x, z->y, w, h, mask, err);
  for (int i = 0; i < w * h && !code; i++) {
    const int x = i % w, y = i / w;
    if (mask[i]) continue;
    const bool beside = (x && mask[i - 1]) || (x < w - 1 && mask[i + 1]) || (y && mask[i - w]) ||
                        (y < h - 1 && mask[i + w]);
    if (beside) memcpy(px.data + 4 * (size_t)i, (const uint8_t[]){255, 212, 0, 255}, 4);
  }
  const struct kz__shown how = {.kind = KZ__FLAT,
                                .class = "edge",
                                .about = "border of the fill",
                                .width = times(z) * w,
                                .height = times(z) * h,
                                .most = most};
  if (!code) code = kz__folio_picture(p, &px, &how, err);
  kz_pixels_release(&px);
  free(mask);
  return code;
}

static int put_crop(struct kz__folio *p, const struct kz__scene *s, const struct kz__zoom *z,
                    const struct kz__folio_file *file, const char *about, double most,
                    struct kz_err *err) {
  struct kz_pixels px = {0};
  int code = 0;
  fputs("<figure><div class='crop'>", p->f);
  if (file->image) {
    const struct kz__shown how = {.kind = KZ__PHOTO,
                                  .class = "whole",
                                  .about = about,
                                  .name = file->path,
                                  .width = times(z) * z->w,
                                  .height = times(z) * z->h,
                                  .most = 0.9 * most};
    code = kz__folio_crop(file->image, z->x, z->y, z->w, z->h, &px, err);
    if (!code) code = kz__folio_picture(p, &px, &how, err);
    if (!code && s->filled.image) code = put_edge(p, s, z, 0.1 * most, err);
    kz_pixels_release(&px);
  } else {
    kz__folio_gone(p, file);
  }
  fprintf(p->f, "</div><figcaption>%s</figcaption></figure>", about);
  return code;
}

static void put_words(struct kz__folio *p, const struct kz__zoom *z, int section,
                      int64_t candidates) {
  const struct kz_record_region *g = z->region;
  const char *mark = "filled", *chinese = NULL;
  if (!g) {
    fprintf(p->f, "<h4 id='p%d-w%lld'>Place %lld</h4>", section, (long long)z->number + 1,
            (long long)z->number + 1);
    fprintf(p->f, "<p class='soft'>%d × %d px at x %d, y %d.</p>", z->w, z->h, z->x, z->y);
    return;
  }
  const char *outcome = kz__folio_outcome(g, &mark);
  fprintf(p->f, "<h4 id='p%d-r%lld'>Region %lld <span class='tag %s'>%s</span></h4>\n<p>", section,
          (long long)z->number, (long long)z->number + 1, mark, outcome);
  if (g->damage) {
    kz__folio_text(p->f, kz__folio_class(g->damage, &chinese, NULL), 100);
    if (chinese) fprintf(p->f, " <span lang='zh-Hans'>%s</span>", chinese);
    fputs(" · ", p->f);
  }
  kz__folio_many(p->f, g->pixels, "pixel");
  if (candidates > 1 && is_filled(z))
    fprintf(p->f, " · from candidate %lld", (long long)g->candidate + 1);
  if (g->conjecture) {
    fputs(" · conjecture: ", p->f);
    kz__folio_text(p->f, g->conjecture, 200);
  }
  fputs("</p>\n<p class='soft'>", p->f);
  kz__folio_evidence(p, g);
  if (g->note) {
    fputs("<br>Note: <bdi>", p->f);
    kz__folio_text(p->f, g->note, 400);
    fputs("</bdi>", p->f);
  }
  fprintf(p->f, "</p>\n<p class='soft'>Shown: %s%d × %d px at x %d, y %d, ",
          z->part ? "a part of it, " : "", z->w, z->h, z->x, z->y);
  if (times(z) > 1)
    fprintf(p->f, "%d times enlarged.</p>\n", times(z));
  else
    fputs("pixel for pixel.</p>\n", p->f);
}

int kz__folio_zooms(struct kz__folio *p, const struct kz__scene *s, const struct kz__zoom *zooms,
                    int count, struct kz_err *err) {
  const int section = s->entry->section + 1;
  const double most = KZ__SHARE_ZOOMS * p->share / (2.0 * (count ? count : 1));
  int code = 0;
  if (!count) return 0;
  fprintf(p->f, "<h3 id='p%d-close'>A closer look</h3>\n<p>", section);
  if (s->entry->r.region_count > count) {
    fprintf(p->f, "%d of ", count);
    kz__folio_many(p->f, s->entry->r.region_count, "region");
    fputs(
        ": the largest, those on which candidates disagree most, and those that were left or "
        "are conjecture.",
        p->f);
  } else {
    fputs("What was filled, at the resolution of the photograph.", p->f);
  }
  fputs("</p>\n", p->f);
  if (s->filled.image)
    fputs(
        "<p class='switch'><label><input type='checkbox' class='t-edge'> Outline what was "
        "filled</label></p>\n",
        p->f);
  fputs("<div class='zooms'>\n", p->f);
  for (int i = 0; i < count && !code; i++) {
    const struct kz__zoom *z = &zooms[i];
    fprintf(p->f, "<article class='zoom%s'><div class='%s'>", longest(z) > HALF ? " large" : "",
            is_filled(z) ? "pair" : "pair one");
    code = put_crop(p, s, z, &s->source, is_filled(z) ? "before" : "left as it was", most, err);
    if (!code && is_filled(z)) code = put_crop(p, s, z, &s->result, "after", most, err);
    fputs("</div><div class='about'>", p->f);
    put_words(p, z, section, s->entry->r.candidate_count);
    fputs("</div></article>\n", p->f);
    if (!code) code = kz__folio_pause(p, err);
  }
  fputs("</div>\n", p->f);
  return code;
}
