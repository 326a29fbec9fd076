/* kizil dataset info: what a catalogue holds, or all that is known of one image. */
#include <stdio.h>
#include <stdlib.h>

#include <kizil/catalogue.h>

#include "dataset.h"

static int tell(const char *path, const char *name, struct kz_err *err) {
  struct kz_catalogue *c = NULL;
  int64_t image;
  char *text = NULL;
  int code = kz_catalogue_open(path, &c, err);
  if (!code && name) {
    code = kz_catalogue_find(c, name, &image, err);
    if (!code) code = kz_catalogue_tell_image(c, image, &text, err);
  } else if (!code) {
    code = kz_catalogue_tell(c, &text, err);
  }
  if (!code) fputs(text, stdout);
  free(text);
  kz_catalogue_close(c);
  return code;
}

static int run(int argc, char **argv) {
  const char *path = NULL, *image = NULL;
  struct kz_err err = {0};
  const struct kz_cli_positional positionals[] = {
      {"CATALOGUE", &path, "as made by 'kizil dataset init'", false},
      {"IMAGE", &image, "one image: path, number or SHA-256", true},
      {0}};
  const struct kz_cli_parser parser = {.command = &kz_dataset_info, .positionals = positionals};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status < 0) status = tell(path, image, &err) ? kz_cli_fail(&err) : KZ_EXIT_OK;
  return status;
}

const struct kz_command kz_dataset_info = {"dataset info",
                                           "tell what a catalogue or an image is", run};
