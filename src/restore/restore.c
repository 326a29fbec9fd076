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
#include "feature/caption_text.h"
#include "feature/drawing.h"
#include "restore/task.h"

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

int kz__task_write(struct kz__task *t, const struct kz__holes *h, float *rgb,
                   const struct kz__finish *finish, const char *out, struct kz_err *err) {
  const struct kz_image_marks marks = {.generated = true, .record = finish->record};
  int len = longest_run(h), code = kz_image_set_marks(t->im, &marks, err);
  if (code) return code;
  struct kz_patch *patches = malloc(((size_t)h->run_count + 1) * sizeof *patches);
  uint8_t *mask = malloc((size_t)len + 1);
  if (!patches || !mask) {
    code = kz_err_set(err, KZ_ENOMEM, "no memory for %d patches", h->run_count);
    goto out;
  }
  memset(mask, 255, (size_t)len);
  for (int r = 0; r < h->run_count; r++) {
    const struct kz__run *run = &h->runs[r];
    patches[r] = (struct kz_patch){.x = run->x, .y = run->y, .w = run->len, .h = 1,
                                   .rgb = rgb + run->first * 3, .mask = mask};
  }
  if (finish->style)
    code = kz_style_patches(finish->style, h->width, h->height, patches, h->run_count, err);
  if (!code)
    code = kz_image_write_patched(t->im, patches, h->run_count, out, t->options->overwrite, err);
out:
  free(patches);
  free(mask);
  return code;
}

static int read_lines(void *self, int x, int y, int w, int h, uint8_t *drawn, struct kz_err *err) {
  return kz_drawing_read(self, x, y, w, h, drawn, err);
}

static bool given(const char *text) { return text && *text; }

static int check_lines(const struct kz__denoise *denoise, const struct kz_restore_options *o,
                       const char *out, struct kz_err *err) {
  if (!given(o->lines)) return 0;
  if (!denoise->structure)
    return kz_err_set(err, KZ_EUNSUPPORTED,
                      "%s: this model does not follow line drawings; leave --lines out, or take a "
                      "model with a structure branch", o->lines);
  if (kz_same_file(o->lines, out))
    return kz_err_set(err, KZ_EEXIST, "%s: would overwrite the drawing; choose another name", out);
  return 0;
}

/* The line drawing, if there is one: open, and as large as the image. */
static int open_lines(struct kz__task *t, struct kz_err *err) {
  if (!given(t->options->lines)) return 0;
  int code = kz_image_open(t->options->lines, &t->lines, err);
  return code ? code : kz_image_same_size(t->im, t->lines, "drawing", err);
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

static int damaged_row(void *self, int y, int width, uint8_t *row, struct kz_err *err) {
  (void)width, (void)err;
  kz__holes_row(self, y, row);
  return 0;
}

/* What is said of the picture, to the network and in the record. */
static int choose_caption(struct kz__task *t, struct kz_err *err) {
  const struct kz__denoise *denoise = t->denoise;
  const struct kz_restore_options *o = t->options;
  struct kz_restore_stats *stats = &t->stats;
  const struct kz__caption_holes holes = {&t->holes, damaged_row};
  if (!denoise->say && given(o->text))
    return kz_err_set(err, KZ_EUNSUPPORTED, "this model does not read text; leave --text out, or "
                      "take a model with a text encoder");
  if (!denoise->say) return 0;
  stats->caption_made = !given(o->text);
  int code = 0;
  if (stats->caption_made)
    code = kz__caption_known(t->im, holes, KZ_LANGUAGE_EN, NULL, stats->caption, err);
  else
    copy_text(stats->caption, o->text);
  if (!code) denoise->say(denoise->self, stats->caption);
  return code;
}

static int read_mask(struct kz__task *t, const char *mask, struct kz_err *err) {
  struct kz_image *m = NULL;
  int code = kz_image_open(mask, &m, err);
  if (!code) code = kz_image_same_size(t->im, m, "mask", err);
  if (!code) code = kz__holes_read(&t->holes, m, err);
  kz_image_close(m);
  return code;
}

static int read_damage(struct kz__task *t, const struct kz__source *source, struct kz_err *err) {
  int code = source->plan ? kz__holes_plan(&t->holes, source->plan, err)
                          : read_mask(t, source->mask, err);
  if (!code) code = check_damage(&t->holes, source->mask, err);
  return code ? code : choose_caption(t, err);
}

int kz__task_open(struct kz__task *t, const struct kz__denoise *denoise,
                  const struct kz__source *source, const char *const *outs,
                  const struct kz_restore_options *o, struct kz_err *err) {
  *t = (struct kz__task){.denoise = denoise, .options = o, .start = kz_now()};
  int code = check_options(o, err);
  if (code) goto out;
  code = kz_image_open(source->image, &t->im, err);
  for (int i = 0; outs[i] && !code; i++) {
    code = check_output(t->im, source->mask, outs[i], o->overwrite, err);
    if (!code) code = check_lines(denoise, o, outs[i], err);
  }
  if (!code) code = open_lines(t, err);
  if (!code) code = read_damage(t, source, err);
  if (!code)
    code = kz__repair_init(&t->canvas, &t->holes, kz_samplers[o->sampler]->history > 0, err);
out:
  if (code) kz__task_release(t);
  return code;
}

void kz__task_release(struct kz__task *t) {
  kz__repair_release(&t->canvas);
  kz__holes_release(&t->holes);
  kz_image_close(t->lines);
  kz_image_close(t->im);
  *t = (struct kz__task){0};
}

struct kz__known kz__task_known(const struct kz__task *t) {
  return (struct kz__known){t->im, read_known};
}

int kz__task_fill(struct kz__task *t, int64_t seed, const struct kz_restore_host *host,
                  struct kz_err *err) {
  struct kz_restore_options o = *t->options;
  const struct kz__known known = kz__task_known(t);
  const struct kz__drawn drawn = {t->lines, read_lines};
  const struct kz__means means = {.known = &known, .drawn = t->lines ? &drawn : NULL,
                                  .denoise = t->denoise, .options = &o, .host = host};
  o.seed = seed;
  int calls = 0, code = kz__fill(&t->canvas, &means, &t->stats.tiles, &calls, err);
  if (code) return code;
  for (int64_t i = 0; i < t->holes.count * 3; i++)
    t->canvas.x[i] = kz__fill_from(kz__fill_to(t->canvas.x[i] * 0.5f + 0.5f));
  t->stats.calls += calls;
  return 0;
}

struct kz_restore_stats kz__task_stats(const struct kz__task *t) {
  struct kz_restore_stats s = t->stats;
  s.width = t->holes.width;
  s.height = t->holes.height;
  s.damaged = (double)t->holes.count / ((double)t->holes.width * t->holes.height);
  s.seconds = kz_now() - t->start;
  return s;
}

int kz__restore(const struct kz__denoise *denoise, const char *image, const char *mask,
                const char *out, const struct kz_restore_options *o,
                const struct kz_restore_host *host, struct kz_restore_stats *stats,
                struct kz_err *err) {
  const char *const outs[] = {out, NULL};
  const struct kz__source source = {.image = image, .mask = mask};
  const struct kz__finish finish = {0};
  struct kz__task t;
  int code = kz__task_open(&t, denoise, &source, outs, o, err);
  if (code) return code;
  code = kz__task_fill(&t, o->seed, host, err);
  if (!code) code = kz__task_write(&t, &t.holes, t.canvas.x, &finish, out, err);
  if (!code && stats) *stats = kz__task_stats(&t);
  kz__task_release(&t);
  return code;
}
