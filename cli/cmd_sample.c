/* kizil sample: a mural of the program's own, to try the other commands on. */
#include <stdio.h>

#include <kizil/image.h>
#include <kizil/sample.h>

#include "cli.h"
#include "size.h"

static const char notes[] =
    "An original composition after motifs of Kizil's caves, not a copy of any wall.\n"
    "\n"
    "  kizil sample mural.png --size 768x512 --seed 3";

static int paint(const struct kz_sample_options *o, int width, int height, const char *out,
                 struct kz_err *err) {
  struct kz_pixels p = {0};
  int code = kz_image_startup("kizil", 0, err);
  if (!code) code = kz_sample_paint(o, width, height, &p, err);
  if (!code) code = kz_pixels_save(&p, out, err);
  kz_pixels_release(&p);
  kz_image_shutdown();
  return code;
}

static int run(int argc, char **argv) {
  const char *out = NULL, *size = "768x512";
  struct kz_sample_options o;
  struct kz_err err;
  int width, height;
  const struct kz_cli_positional positionals[] = {{"OUT", &out, "picture to write", false}, {0}};
  const struct kz_cli_option options[] = {
      {.name = "size", .value = "WxH", .text = &size, .help = "in px (768x512)"}, {0}};
  const struct kz_cli_parser parser = {.command = &kz_cmd_sample,
                                       .positionals = positionals,
                                       .options = options,
                                       .tables = {{kz_sample_params, &o}},
                                       .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status >= 0) return status;
  status = kz_cli_size(size, KZ_SAMPLE_MAX, &width, &height);
  if (status < 0) {
    status = paint(&o, width, height, out, &err) ? kz_cli_fail(&err) : KZ_EXIT_OK;
    if (!status) printf("%s: %d x %d px\n", out, width, height);
  }
  kz_cli_release(&parser);
  return status;
}

const struct kz_command kz_cmd_sample = {"sample", "paint a sample mural to try things on", run};
