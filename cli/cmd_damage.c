/* kizil damage: masks that look like damage, to look at, to restore with, to
 * try a setting of the generator. */
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/damage.h>
#include <kizil/image.h>
#include <kizil/report.h>

#include "cli.h"
#include "size.h"

enum { MOST = 32768, MOST_MASKS = 1000 };

struct own {
  int64_t seed, count;
};
static const struct kz_param own_params[] = {
    {.name = "seed", .type = KZ_PARAM_INT, .offset = offsetof(struct own, seed),
     .def = 1, .min = 0, .max = 9007199254740992.0, .unit = "", .help = "another seed, another mask"},
    {.name = "count", .type = KZ_PARAM_INT, .offset = offsetof(struct own, count),
     .def = 1, .min = 1, .max = MOST_MASKS, .unit = "",
     .help = "masks; more than one are numbered OUT-000, OUT-001, ..."},
    {.name = NULL},
};

struct args {
  const char *out, *size, *like, *cover, *kind, *apply, *damaged;
  struct own own;
  struct kz_damage_mix mix;
  int width, height;
};

static const char notes[] =
    "--cover MIN,MAX is --min-cover and --max-cover in one, as shares: 0.1,0.2 is 10 to 20 %.\n"
    "Kinds: crack, flaking, loss, scratch, band, stroke. White is damage.\n"
    "\n"
    "  kizil damage mask.png --size 768x512 --seed 7 --cover 0.1,0.2\n"
    "  kizil damage mask.png --apply mural.png --damaged damaged.png --kind loss";

/* ---- what was asked for ---- */

static int only_kind(const char *name, struct kz_damage_mix *mix) {
  const struct kz_damage *const *list = kz_damage_list();
  char names[256] = "";
  for (int i = 0; list[i]; i++) {
    mix->weight[i] = strcmp(list[i]->name, name) == 0;
    if (mix->weight[i] > 0) {
      while (list[++i]) mix->weight[i] = 0;
      return -1;
    }
    size_t used = strlen(names);
    snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", list[i]->name);
  }
  return kz_cli_usage("no kind '%s'; there are %s", name, names);
}

static int read_cover(const char *text, struct kz_damage_mix *mix) {
  char min[32], max[32];
  struct kz_err err;
  int used = 0;
  if (sscanf(text, "%31[^,],%31[^,]%n", min, max, &used) != 2 || text[used])
    return kz_cli_usage("--cover %s: write MIN,MAX as shares, such as 0.1,0.2", text);
  if (kz_params_set(kz_damage_mix_params, mix, "min-cover", min, &err) ||
      kz_params_set(kz_damage_mix_params, mix, "max-cover", max, &err))
    return kz_cli_usage("--cover: %s", err.msg);
  return -1;
}

static int check_usage(struct args *a) {
  int status = -1;
  if (!a->size + !a->like + !a->apply != 2)
    return kz_cli_usage("say how large with one of --size WxH, --like IMAGE, --apply IMAGE");
  if (!a->apply != !a->damaged)
    return kz_cli_usage("--apply IMAGE and --damaged OUT go together");
  if (a->damaged && !strcmp(a->damaged, a->out))
    return kz_cli_usage("the mask and the damaged picture need two names, not %s twice", a->out);
  if (a->apply && a->own.count > 1) return kz_cli_usage("--apply takes one mask, not --count %d",
                                                        (int)a->own.count);
  if (a->size) status = kz_cli_size(a->size, MOST, &a->width, &a->height);
  if (status < 0 && a->cover) status = read_cover(a->cover, &a->mix);
  if (status < 0 && a->kind) status = only_kind(a->kind, &a->mix);
  if (status < 0 && a->mix.min_cover > a->mix.max_cover)
    return kz_cli_usage("the least coverage, %g, is above the largest, %g", a->mix.min_cover,
                        a->mix.max_cover);
  return status;
}

/* ---- the work ---- */

/* The size of the picture named, and whether the damaged one can be written. */
static int size_like(struct args *a, struct kz_err *err) {
  struct kz_image *im = NULL;
  struct kz_image_info info;
  const char *path = a->like ? a->like : a->apply;
  if (!path) return 0;
  int code = kz_image_open(path, &im, err);
  if (code) return code;
  kz_image_get_info(im, &info);
  if (a->apply) code = kz_image_can_write(im, a->damaged, true, err);
  kz_image_close(im);
  a->width = info.width;
  a->height = info.height;
  return code;
}

/* "masks/m.png", 7: "masks/m-007.png". */
static int numbered(const char *out, int number, char *path, size_t size, struct kz_err *err) {
  const char *slash = strrchr(out, '/'), *dot = strrchr(slash ? slash : out, '.');
  int stem = (int)(dot ? dot - out : (ptrdiff_t)strlen(out));
  int n = snprintf(path, size, "%.*s-%03d%s", stem, out, number, dot ? dot : "");
  if (n < 0 || (size_t)n >= size) return kz_err_set(err, KZ_ERANGE, "%s: the name is too long", out);
  return 0;
}

static int make_mask(const struct args *a, int number, struct kz_pixels *mask,
                     struct kz_err *err) {
  const char *const sources[] = {a->like ? a->like : a->apply, NULL};
  const char *path = a->out;
  char name[4096];
  struct kz_rng rng;
  kz_rng_init_stream(&rng, (uint64_t)a->own.seed, (uint64_t)number);
  double cover = kz_damage_mix_draw(&a->mix, &rng, mask->width, mask->height, mask->data);
  int code = 0;
  if (a->own.count > 1) {
    code = numbered(a->out, number, name, sizeof name, err);
    path = name;
  }
  if (!code) code = kz_report_save(mask, path, sources, err);
  if (!code) printf("%s: %d x %d px, %.2f %% damaged\n", path, mask->width, mask->height,
                    100 * cover);
  return code;
}

static int work(struct args *a, struct kz_err *err) {
  struct kz_pixels mask = {0};
  int code = kz_image_startup("kizil", 0, err);
  if (!code) code = size_like(a, err);
  if (!code) code = kz_pixels_init(&mask, a->width, a->height, 1, err);
  for (int i = 0; i < a->own.count && !code; i++) code = make_mask(a, i, &mask, err);
  if (!code && a->apply) code = kz_report_plaster(a->apply, &mask, a->damaged, err);
  kz_pixels_release(&mask);
  kz_image_shutdown();
  return code;
}

static int run(int argc, char **argv) {
  struct args a = {0};
  struct kz_err err;
  const struct kz_cli_positional positionals[] = {{"OUT", &a.out, "mask to write", false}, {0}};
  const struct kz_cli_option options[] = {
      {.name = "size", .value = "WxH", .text = &a.size, .help = "size of the mask, px"},
      {.name = "like", .value = "IMAGE", .text = &a.like, .help = "as large as a picture"},
      {.name = "apply", .value = "IMAGE", .text = &a.apply, .help = "damage this picture ..."},
      {.name = "damaged", .value = "OUT", .text = &a.damaged, .help = "... and write it here"},
      {.name = "cover", .value = "MIN,MAX", .text = &a.cover, .help = "share of damaged pixels"},
      {.name = "kind", .value = "NAME", .text = &a.kind, .help = "only this kind of damage"},
      {0}};
  const struct kz_cli_parser parser = {
      .command = &kz_cmd_damage,
      .positionals = positionals,
      .options = options,
      .tables = {{own_params, &a.own}, {kz_damage_mix_params, &a.mix}},
      .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status >= 0) return status;
  status = check_usage(&a);
  if (status < 0) status = work(&a, &err) ? kz_cli_fail(&err) : KZ_EXIT_OK;
  kz_cli_release(&parser);
  return status;
}

const struct kz_command kz_cmd_damage = {"damage", "draw masks that look like damage", run};
