/* kizil features: what the network's structure branch reads, as pictures to look at. */
#include <stdio.h>

#include <kizil/feature.h>
#include <kizil/image.h>

#include "cli.h"

struct args {
  const char *image, *mask, *lines, *out;
  struct kz_features_options o;
  struct kz_cli_progress progress;
};

static const char notes[] =
    "OUT.tif has a page a feature, 16-bit grey, names and ranges in ImageDescription: lines,\n"
    "gradient, direction, texture, colour layout, distance to the hole, drawing, palette.\n"
    "OUT.png shows them in one picture, OUT-sheet.png side by side. All are computed from known\n"
    "pixels only: what a hole holds changes nothing. A drawing is empty where a hole is: draw\n"
    "there what was there, and give it to kizil restore --lines.\n"
    "\n"
    "  kizil features mural.jpg -o mural-features\n"
    "  kizil features mural.jpg --mask damage.png --lines drawing.png -o out/mural --overwrite\n"
    "  kizil features mural.jpg --mask damage.png -o mural-features --drawing mural-lines.png";

static void show_progress(void *self, int done, int total) {
  struct args *a = self;
  kz_cli_progress(&a->progress, "%s: %d %%", a->image, (int)(100.0 * done / total));
}

static bool asked_to_stop(void *self) {
  (void)self;
  return kz_cli_interrupted();
}

static int make(struct args *a, struct kz_err *err) {
  const struct kz_features_host host = {a, show_progress, asked_to_stop};
  struct kz_features_stats stats;
  char took[32];
  kz_cli_catch_interrupts();
  int code = kz_image_startup("kizil", 0, err);
  if (!code)
    code = kz_features_file(a->image, a->mask, a->lines, a->out, &a->o, &host, &stats, err);
  kz_cli_progress_end(&a->progress);
  if (code) return code;
  printf("%s: %d x %d, %.2f %% damaged, %d features, %s\n", a->image, stats.width,
         stats.height, 100 * stats.damaged, KZ_FEATURES, kz_cli_duration(stats.seconds, took));
  if (stats.palette[0]) printf("palette: %s\n", stats.palette);
  return 0;
}

static int run(int argc, char **argv) {
  struct args a = {0};
  struct kz_err err;
  const struct kz_cli_positional positionals[] = {
      {"IMAGE", &a.image, "photograph of the painting", false}, {0}};
  const struct kz_cli_option options[] = {
      {.name = "mask", .value = "MASK", .text = &a.mask, .help = "damage, white; none without it"},
      {.name = "lines", .value = "DRAWING", .text = &a.lines,
       .help = "line drawing of what is in the holes: dark on white or transparent"},
      {.name = "output", .letter = 'o', .value = "OUT", .text = &a.out, .required = true,
       .help = "writes OUT.tif, OUT.png, OUT-sheet.png"},
      {.name = "drawing", .value = "FILE", .text = &a.o.drawing,
       .help = "writes a line drawing too, .png: painted lines and outlines, black on white"},
      {0}};
  const struct kz_cli_parser parser = {.command = &kz_cmd_features,
                                       .positionals = positionals,
                                       .options = options,
                                       .tables = {{kz_features_params, &a.o},
                                                  {kz_line_params, &a.o},
                                                  {kz_palette_params, &a.o}},
                                       .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status >= 0) return status;
  int code = make(&a, &err);
  status = !code ? KZ_EXIT_OK : code == KZ_EINTR ? KZ_EXIT_INTERRUPTED : kz_cli_fail(&err);
  kz_image_shutdown();
  kz_cli_release(&parser);
  return status;
}

const struct kz_command kz_cmd_features = {
    "features", "lines, texture, colours of a picture, as pictures", run};
