/* From files to a file: what is asked is checked before anything is computed, the result goes out
 * as one patch for each damaged run, so that nothing but damage is ever held or changed. */
#include <kizil/restore.h>

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/image.h>

#include "base/file.h"
#include "base/utf8.h"
#include "diffusion/sampler.h"
#include "feature/drawing.h"
#include "restore/sample.h"

static const char *const sampler_names[] = {"ddim", "dpm++2m", NULL};

#define FIELD(f) offsetof(struct kz_restore_options, f)
const struct kz_param kz_restore_params[] = {
    {"steps", KZ_PARAM_INT, FIELD(steps), 3, 1, 1000, NULL, NULL, "",
     "network calls for wide damage; 1 gives the mean estimate"},
    {"thin", KZ_PARAM_INT, FIELD(thin), 6, 0, 64, NULL, NULL, "px",
     "damage nowhere wider than this gets one call, which closes it best; 0: none does"},
    {"views", KZ_PARAM_INT, FIELD(views), 2, 1, KZ__VIEWS, NULL, NULL, "",
     "mirrored copies over which the answer of one call is averaged"},
    {"sampler", KZ_PARAM_CHOICE, FIELD(sampler), 0, 0, 1, NULL, sampler_names, "",
     "how a step moves"},
    {"seed", KZ_PARAM_INT, FIELD(seed), 0, 0, 9007199254740992.0, NULL, NULL, "",
     "of the noise; another seed, another fill of wide damage"},
    {"threads", KZ_PARAM_INT, FIELD(threads), 0, 0, 1024, NULL, NULL, "", "0: all processors"},
    {"tile", KZ_PARAM_INT, FIELD(tile), 0, 0, 2048, NULL, NULL, "px",
     "side of what the network sees at once, 64 or more by 32; 0: 256 to 512 by the damage"},
    {"overlap", KZ_PARAM_INT, FIELD(overlap), 64, 0, 1024, NULL, NULL, "px",
     "of neighbouring tiles, at most half a tile"},
    {"overwrite", KZ_PARAM_BOOL, FIELD(overwrite), 0, 0, 1, NULL, NULL, "",
     "replace an output that exists"},
    {.name = "text", .type = KZ_PARAM_STRING, .offset = FIELD(text),
     .help = "what is painted there, in words, for a model that reads them"},
    {.name = "lines", .type = KZ_PARAM_STRING, .offset = FIELD(lines),
     .help = "line drawing for the fill to follow, as large as the image"},
    {"guidance-text", KZ_PARAM_FLOAT, FIELD(guidance_text), 1, 0, 10, NULL, NULL, "",
     "how much the words count; 0: not at all, 1: as learned"},
    {"guidance-structure", KZ_PARAM_FLOAT, FIELD(guidance_structure), 1, 0, 10, NULL, NULL, "",
     "how much lines and features count; 0: not at all, 1: as learned"},
    {0}};

static int check_options(const struct kz_restore_options *o, struct kz_err *err) {
  int64_t least = o->tile ? o->tile : 256;
  if (o->tile && (o->tile < 64 || o->tile > 2048 || o->tile % KZ__TILE_MULTIPLE))
    return kz_err_set(err, KZ_ERANGE,
                      "tile is %lld px: give a multiple of 32 from 64 to 2048, or 0",
                      (long long)o->tile);
  if (o->overlap < 0 || o->overlap > least / 2)
    return kz_err_set(err, KZ_ERANGE, "overlap is %lld px: give 0 to half a tile (%lld)",
                      (long long)o->overlap, (long long)least / 2);
  if (o->steps < 1 || o->steps > 1000)
    return kz_err_set(err, KZ_ERANGE, "steps is %lld: give 1 to 1000", (long long)o->steps);
  if (o->thin < 0 || o->thin > 64)
    return kz_err_set(err, KZ_ERANGE, "thin is %lld px: give 0 to 64", (long long)o->thin);
  if (o->views < 1 || o->views > KZ__VIEWS)
    return kz_err_set(err, KZ_ERANGE, "views is %lld: give 1 to %d", (long long)o->views, KZ__VIEWS);
  if (o->sampler < 0 || o->sampler >= (int)(sizeof sampler_names / sizeof *sampler_names) - 1)
    return kz_err_set(err, KZ_ERANGE, "there is no sampler number %d", o->sampler);
  return 0;
}

/* What is asked of the output, before anything is computed. */
static int check_output(const struct kz_image *im, const char *mask, const char *out,
                        bool overwrite, struct kz_err *err) {
  int code = kz_image_can_write(im, out, true, err);
  if (code) return code;
  if (kz_same_file(mask, out))
    return kz_err_set(err, KZ_EEXIST, "%s: would overwrite the mask; choose another name", out);
  if (!overwrite && kz_file_exists(out))
    return kz_err_set(err, KZ_EEXIST, "%s: is there already; --overwrite replaces it", out);
  return 0;
}

static int check_damage(const struct kz__holes *h, const char *mask, struct kz_err *err) {
  if (h->count == 0)
    return kz_err_set(err, KZ_ERANGE,
                      "%s: the mask is empty, so there is nothing to restore; white marks damage",
                      mask);
  if (h->count == (int64_t)h->width * h->height)
    return kz_err_set(err, KZ_ERANGE,
                      "%s: the mask is full, so there is nothing to restore from; white marks "
                      "damage, black what is sound",
                      mask);
  return 0;
}

static int read_known(void *self, int x, int y, int w, int h, float *rgb, struct kz_err *err) {
  return kz_image_read_rgb(self, x, y, w, h, rgb, err);
}

static int longest_run(const struct kz__holes *h) {
  int len = 0;
  for (int r = 0; r < h->run_count; r++)
    if (h->runs[r].len > len) len = h->runs[r].len;
  return len;
}

/* Lay the result over the image: a patch for each run, its pixels lent by the canvas, its mask by
 * one row of 255 that all share. */
static int write_result(struct kz__repair *c, struct kz_image *im, const char *out, bool overwrite,
                        struct kz_err *err) {
  const struct kz__holes *h = c->holes;
  int len = longest_run(h), code = 0;
  struct kz_patch *patches = malloc((size_t)h->run_count * sizeof *patches);
  uint8_t *mask = malloc((size_t)len);
  if (!patches || !mask) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory for %d patches", h->run_count);
    goto out;
  }
  memset(mask, 255, (size_t)len);
  for (int64_t i = 0; i < h->count * 3; i++)
    c->x[i] = fminf(fmaxf(c->x[i] * 0.5f + 0.5f, 0), 1);
  for (int r = 0; r < h->run_count; r++) {
    const struct kz__run *run = &h->runs[r];
    patches[r] = (struct kz_patch){.x = run->x, .y = run->y, .w = run->len, .h = 1,
                                   .rgb = c->x + run->first * 3, .mask = mask};
  }
  code = kz_image_write_patched(im, patches, h->run_count, out, overwrite, err);
out:
  free(patches);
  free(mask);
  return code;
}

static int read_lines(void *self, int x, int y, int w, int h, uint8_t *drawn, struct kz_err *err) {
  return kz_drawing_read(self, x, y, w, h, drawn, err);
}

static bool given(const char *text) { return text && *text; }

/* The line drawing, if there is one: open, and as large as the image. */
static int open_lines(const struct kz__denoise *denoise, const struct kz_restore_options *o,
                      const struct kz_image *im, const char *out, struct kz_image **lines,
                      struct kz_err *err) {
  if (!given(o->lines)) return 0;
  if (!denoise->structure)
    return kz_err_set(err, KZ_EUNSUPPORTED,
                      "%s: this model does not follow line drawings; leave --lines out, or take a "
                      "model with a structure branch", o->lines);
  if (kz_same_file(o->lines, out))
    return kz_err_set(err, KZ_EEXIST, "%s: would overwrite the drawing; choose another name", out);
  int code = kz_image_open(o->lines, lines, err);
  return code ? code : kz_image_same_size(im, *lines, "drawing", err);
}

/* As much of `text` as fits, ended between two characters. */
static void copy_text(char to[KZ_CAPTION_MOST], const char *text) {
  size_t n = 0;
  uint32_t c;
  while (text[n]) {
    int bytes = kz_utf8_step(text + n, &c);
    size_t next = n + (size_t)(bytes ? bytes : 1);
    if (next >= KZ_CAPTION_MOST) break;
    n = next;
  }
  memcpy(to, text, n);
  to[n] = 0;
}

/* What is said of the picture, to the network and in the record. */
static int choose_caption(const struct kz__denoise *denoise, const struct kz_restore_options *o,
                          struct kz_image *im, struct kz_image *mask,
                          struct kz_restore_stats *stats, struct kz_err *err) {
  if (!denoise->say && given(o->text))
    return kz_err_set(err, KZ_EUNSUPPORTED, "this model does not read text; leave --text out, or "
                      "take a model with a text encoder");
  if (!denoise->say) return 0;
  stats->caption_made = !given(o->text);
  int code = 0;
  if (stats->caption_made)
    code = kz_caption_of(im, mask, KZ_LANGUAGE_EN, NULL, stats->caption, err);
  else
    copy_text(stats->caption, o->text);
  if (!code) denoise->say(denoise->self, stats->caption);
  return code;
}

int kz__restore(const struct kz__denoise *denoise, const char *image, const char *mask,
                const char *out, const struct kz_restore_options *o,
                const struct kz_restore_host *host, struct kz_restore_stats *stats,
                struct kz_err *err) {
  double start = kz_now();
  struct kz_image *im = NULL, *m = NULL, *lines = NULL;
  struct kz_restore_stats all = {0};
  struct kz__holes holes = {0};
  struct kz__repair canvas = {0};
  int code = check_options(o, err);
  if (code) goto out;
  code = kz_image_open(image, &im, err);
  if (code) goto out;
  code = check_output(im, mask, out, o->overwrite, err);
  if (code) goto out;
  code = kz_image_open(mask, &m, err);
  if (code) goto out;
  code = kz_image_same_size(im, m, "mask", err);
  if (code) goto out;
  code = open_lines(denoise, o, im, out, &lines, err);
  if (code) goto out;
  code = kz__holes_read(&holes, m, err);
  if (code) goto out;
  code = check_damage(&holes, mask, err);
  if (code) goto out;
  code = choose_caption(denoise, o, im, m, &all, err);
  if (code) goto out;
  kz_image_close(m);
  m = NULL;
  code = kz__repair_init(&canvas, &holes, kz_samplers[o->sampler]->history > 0, err);
  if (code) goto out;
  const struct kz__known known = {im, read_known};
  const struct kz__drawn drawn = {lines, read_lines};
  const struct kz__means means = {.known = &known, .drawn = lines ? &drawn : NULL,
                                  .denoise = denoise, .options = o, .host = host};
  code = kz__fill(&canvas, &means, &all.tiles, &all.calls, err);
  if (code) goto out;
  code = write_result(&canvas, im, out, o->overwrite, err);
  if (code) goto out;
  all.width = holes.width;
  all.height = holes.height;
  all.damaged = (double)holes.count / ((double)holes.width * holes.height);
  all.seconds = kz_now() - start;
  if (stats) *stats = all;
out:
  kz__repair_release(&canvas);
  kz__holes_release(&holes);
  kz_image_close(lines);
  kz_image_close(m);
  kz_image_close(im);
  return code;
}
