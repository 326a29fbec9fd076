/* kizil page: restorations as one HTML file to hand over, made from their records. */
#include <stdio.h>
#include <stdlib.h>

#include <kizil/image.h>
#include <kizil/page.h>

#include "cli.h"

static const char notes[] =
    "The page holds all that it shows: before and after under a slider, damage by class,\n"
    "disagreement of the candidates, the regions that matter most at full resolution, and the\n"
    "record in words. It needs no network, prints, and can be sent by mail.\n\n"
    "Records of one photograph and one mask are shown together, the first as the result: begin\n"
    "with the one that was accepted. Records of many pictures make one page of them all.\n"
    "Files that are not there, or not those of the record, are not shown; the page says so.\n\n"
    "  kizil page wall.restored.tif.json -o wall.html\n"
    "  kizil page results/*.json -o season.html --title 'Cave 17, spring campaign'\n\n"
    "Exit status: 0 written, 1 not written, 2 wrong usage, 130 interrupted.";

static void show_progress(void *self, int done, int total) {
  if (total > 1) kz_cli_progress(self, "page: %d of %d pictures", done, total);
}

static bool asked_to_stop(void *self) {
  (void)self;
  return kz_cli_interrupted();
}

static int make_page(const char *const *records, int count, const char *out,
                     const struct kz_page_options *o) {
  struct kz_cli_progress progress = {0};
  const struct kz_restore_host host = {&progress, show_progress, asked_to_stop};
  struct kz_err err;
  int code = kz_image_startup("kizil", 0, &err);
  if (code) return kz_cli_fail(&err);
  kz_cli_catch_interrupts();
  code = kz_page_write(records, count, out, o, &host, &err);
  kz_cli_progress_end(&progress);
  kz_image_shutdown();
  if (!code) return KZ_EXIT_OK;
  kz_cli_fail(&err);
  return code == KZ_EINTR ? KZ_EXIT_INTERRUPTED : KZ_EXIT_FAILURE;
}

static int run(int argc, char **argv) {
  const char *out = NULL;
  int count = 0;
  struct kz_page_options o;
  const char **records = calloc((size_t)argc, sizeof *records);
  const struct kz_err none = {KZ_ENOMEM, "no memory for the names of records"};
  if (!records) return kz_cli_fail(&none);
  const struct kz_cli_rest rest = {"RECORD", records, &count, "record of a restoration"};
  const struct kz_cli_option options[] = {{.name = "output",
                                           .letter = 'o',
                                           .value = "FILE",
                                           .text = &out,
                                           .required = true,
                                           .help = "where to write the page"},
                                          {0}};
  const struct kz_cli_parser parser = {.command = &kz_cmd_page,
                                       .rest = &rest,
                                       .options = options,
                                       .tables = {{kz_page_params, &o}},
                                       .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status < 0) {
    status = count ? make_page(records, count, out, &o) : kz_cli_usage("give a RECORD");
    kz_cli_release(&parser);
  }
  free(records);
  return status;
}

const struct kz_command kz_cmd_page = {"page", "make a page to show from records of restorations",
                                       run};
