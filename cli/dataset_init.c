/* kizil dataset init: an empty catalogue. */
#include <stdio.h>

#include <kizil/catalogue.h>

#include "dataset.h"

static int run(int argc, char **argv) {
  const char *path = NULL;
  struct kz_err err = {0};
  const struct kz_cli_positional positionals[] = {
      {"CATALOGUE", &path, "file to make", false}, {0}};
  const struct kz_cli_parser parser = {.command = &kz_dataset_init, .positionals = positionals};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status >= 0) return status;
  return kz_catalogue_create(path, &err) ? kz_cli_fail(&err) : KZ_EXIT_OK;
}

const struct kz_command kz_dataset_init = {"dataset init", "make an empty catalogue", run};
