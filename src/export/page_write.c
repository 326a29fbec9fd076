/* Words, numbers and pictures of the report. Nothing that comes from the catalogue or from a file's
 * name reaches the page but through kz__page_bytes. */
#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "catalogue/show.h"
#include "export/page.h"
#include "report/html.h"

int kz__page_fail(struct kz__page *p, int code, const char *words) {
  if (!p->code) p->code = kz_err_set(p->err, code, "%s: %s", p->c->path, words);
  return p->code;
}

struct counting {
  kz__tally_visit *visit;
  void *user;
  int64_t rows;
};

static int count_row(void *user, const struct kz__tally_row *r) {
  struct counting *n = user;
  n->rows++;
  return n->visit(n->user, r);
}

int64_t kz__page_each(struct kz__page *p, enum kz__tally what, const struct kz__tally_key *key,
                      kz__tally_visit *visit, void *user) {
  struct counting n = {visit, user, 0};
  if (!p->code) p->code = kz__tally_each(p->c, what, key, count_row, &n, p->err);
  return n.rows;
}

/* ---- words and numbers ---- */

void kz__page_bytes(struct kz__page *p, const void *bytes, size_t size) {
  char *shown = kz__show(size ? bytes : "", size);
  if (shown)
    kz__put_html(p->f, shown);
  else
    kz__page_fail(p, KZ_ENOMEM, "no memory for a name");
  free(shown);
}

void kz__page_text(struct kz__page *p, const char *text) {
  kz__page_bytes(p, text ? text : "", text ? strlen(text) : 0);
}

void kz__page_count(struct kz__page *p, int64_t n) {
  char digits[32];
  int length = snprintf(digits, sizeof digits, "%lld", (long long)n);
  for (int i = 0; i < length; i++) {
    fputc(digits[i], p->f);
    if (isdigit((unsigned char)digits[i]) && i < length - 1 && (length - 1 - i) % 3 == 0)
      fputc(',', p->f);
  }
}

void kz__page_images(struct kz__page *p, int64_t n) {
  kz__page_count(p, n);
  fputs(n == 1 ? " image" : " images", p->f);
}

void kz__page_share(struct kz__page *p, int64_t part, int64_t whole) {
  double percent = whole ? 100.0 * (double)part / (double)whole : 0;
  if (part && percent < 1)
    fputs("under 1&nbsp;%", p->f);
  else
    fprintf(p->f, "%.0f&nbsp;%%", part < whole && percent > 99 ? 99 : percent);
}

const char *kz__page_title(const char *reason, char *buf) {
  snprintf(buf, 64, "%.*s", (int)strcspn(reason, ":"), reason);
  *buf = (char)toupper((unsigned char)*buf);
  return buf;
}

bool kz__page_unstated(const char *value) {
  static const char *const words[] = {"none",  "none stated",      "not stated", "unknown", "n/a",
                                      "-", "?", "no licence stated"};
  if (!value || !*value) return true;
  for (size_t i = 0; i < sizeof words / sizeof *words; i++)
    if (!strcasecmp(value, words[i])) return true;
  return false;
}

/* A name that a shell would take apart is quoted. */
static void put_argument(struct kz__page *p, const char *name) {
  bool plain = true;
  for (const char *c = name; *c; c++)
    plain &= isalnum((unsigned char)*c) || strchr("._-/", *c) || (unsigned char)*c >= 0x80;
  if (!plain) kz__put_html(p->f, "'");
  kz__page_text(p, name);
  if (!plain) kz__put_html(p->f, "'");
}

void kz__page_command(struct kz__page *p, const char *fmt) {
  const char *at = strstr(fmt, "%s");
  fputs("<pre class='command'>kizil dataset ", p->f);
  if (at) {
    fprintf(p->f, "%.*s", (int)(at - fmt), fmt);
    put_argument(p, p->name);
    fmt = at + 2;
  }
  kz__put_html(p->f, fmt);
  fputs("</pre>\n", p->f);
}

/* ---- paths ---- */

/* Where the part of the path begins that differs between files. */
static size_t skip_folder(const struct kz__page *p, const struct kz__tally_row *r) {
  size_t n = strlen(p->folder);
  return (size_t)r->path_size > n && !memcmp(r->path, p->folder, n) ? n : 0;
}

static void put_url(FILE *f, const unsigned char *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) {
    if (isalnum(bytes[i]) || strchr("/-._~", bytes[i]))
      fputc(bytes[i], f);
    else
      fprintf(f, "%%%02X", bytes[i]);
  }
}

/* Lines may break after a slash, before all else. */
static void put_breakable(struct kz__page *p, const char *path, size_t size) {
  while (size) {
    const char *slash = memchr(path, '/', size);
    size_t n = slash ? (size_t)(slash - path) + 1 : size;
    kz__page_bytes(p, path, n);
    if (slash) fputs("<wbr>", p->f);
    path += n;
    size -= n;
  }
}

void kz__page_path(struct kz__page *p, const struct kz__tally_row *r) {
  if (!r->path) {
    fputs("<i>no file is left</i>", p->f);
    return;
  }
  size_t skip = skip_folder(p, r);
  fputs("<a href='file://", p->f);
  put_url(p->f, r->path, (size_t)r->path_size);
  fputs("'>", p->f);
  put_breakable(p, (const char *)r->path + skip, (size_t)r->path_size - skip);
  fputs("</a>", p->f);
}

/* ---- pictures ---- */

/* Room for one more of `size` bytes each. */
static void *grow(struct kz__page *p, void *list, int count, int *room, size_t size) {
  if (count < *room) return list;
  int more = *room ? 2 * *room : 64;
  void *grown = realloc(list, (size_t)more * size);
  if (grown)
    *room = more;
  else
    kz__page_fail(p, KZ_ENOMEM, "no memory for the report's pictures");
  return grown ? grown : list;
}

static int shown_as(struct kz__page *p, const struct kz__tally_row *r) {
  for (int i = 0; i < p->shown_count; i++)
    if (p->shown[i].image == r->image) return i;
  p->shown = grow(p, p->shown, p->shown_count, &p->shown_room, sizeof *p->shown);
  if (p->code) return -1;
  struct kz__shown *s = &p->shown[p->shown_count];
  *s = (struct kz__shown){
      .image = r->image, .bytes = r->bytes, .pixels = (int64_t)r->width * r->height};
  if (r->broken)
    s->why = "cannot be decoded";
  else if (!r->path)
    s->why = "no file is left";
  else if (!(s->path = kz_format("%.*s", r->path_size, (const char *)r->path)))
    kz__page_fail(p, KZ_ENOMEM, "no memory for a path");
  return p->shown_count++;
}

static void put_slot(struct kz__page *p, const struct kz__tally_row *r) {
  if (p->code || p->slot_count >= p->o->thumbs) return;
  int shown = shown_as(p, r);
  p->slots = grow(p, p->slots, p->slot_count, &p->slot_room, sizeof *p->slots);
  if (p->code) return;
  size_t skip = r->path ? skip_folder(p, r) : 0;
  char *name = kz__show(r->path ? (const char *)r->path + skip : "",
                        r->path ? (size_t)r->path_size - skip : 0);
  char *alt = name ? kz_format("image %lld, %s", (long long)r->image, name) : NULL;
  free(name);
  fflush(p->f);
  p->slots[p->slot_count++] = (struct kz__slot){p->size, shown, alt};
  if (!alt) kz__page_fail(p, KZ_ENOMEM, "no memory for a name");
}

/* From the file as stored to the picture as it stands: EXIF's eight orientations. */
static struct kz_clean_rect upright(const struct kz_clean_rect *k, int w, int h, int orientation) {
  struct kz_clean_rect r = *k;
  if (orientation == 2 || orientation == 3) r.x = w - k->x - k->w;
  if (orientation == 3 || orientation == 4) r.y = h - k->y - k->h;
  if (orientation >= 5)
    r = (struct kz_clean_rect){orientation == 5 || orientation == 8 ? k->y : h - k->y - k->h,
                               orientation == 5 || orientation == 6 ? k->x : w - k->x - k->w, k->h,
                               k->w};
  return r;
}

static void put_shade(struct kz__page *p, const struct kz__tally_row *r,
                      const struct kz_clean_rect *keep) {
  bool turned = r->orientation >= 5;
  int w = turned ? r->height : r->width, h = turned ? r->width : r->height;
  struct kz_clean_rect k = upright(keep, r->width, r->height, r->orientation);
  fprintf(p->f,
          "<svg class='cut' viewBox='0 0 %d %d' preserveAspectRatio='none' aria-hidden='true'>"
          "<path fill-rule='evenodd' d='M0 0h%dv%dh-%dzM%d %dh%dv%dh-%dz'/>"
          "<rect x='%d' y='%d' width='%d' height='%d'/></svg>",
          w, h, w, h, w, k.x, k.y, k.w, k.h, k.w, k.x, k.y, k.w, k.h);
}

void kz__page_card(struct kz__page *p, const struct kz__tally_row *r, const char *figure,
                   const char *tag, const struct kz_clean_rect *keep) {
  int before = p->slot_count;
  if (p->code) return;
  fputs("<figure class='card'><div class='picture'><span>", p->f);
  put_slot(p, r);
  if (keep && p->slot_count > before && r->width && r->height) put_shade(p, r, keep);
  fprintf(p->f, "</span></div><figcaption><b>#%lld</b>", (long long)r->image);
  if (figure) {
    fputs(" <span class='figure'>", p->f);
    kz__page_text(p, figure);
    fputs("</span>", p->f);
  }
  if (tag) {
    fputs(" <span class='tag'>", p->f);
    kz__page_text(p, tag);
    fputs("</span>", p->f);
  }
  fputs("<small>", p->f);
  kz__page_path(p, r);
  fputs("</small></figcaption></figure>\n", p->f);
}

void kz__page_strip(struct kz__page *p, const char *heading) {
  fprintf(p->f, "<h4>%s</h4>\n<div class='strip'>\n", heading);
}

void kz__page_strip_end(struct kz__page *p) { fputs("</div>\n", p->f); }
