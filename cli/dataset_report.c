/* kizil dataset report: the catalogue as a page to read. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <kizil/export.h>
#include <kizil/image.h>

#include "dataset.h"

struct args {
  const char *catalogue, *out;
  struct kz_export_page_options o;
};

static const char notes[] =
    "The page needs no other file and loads nothing: it can be sent and kept. It tells what is in\n"
    "and what is out and why, shows the images nearest to each threshold, duplicates, frames that\n"
    "are cut away, and names what is missing: licences, periods, files. A page that is there is\n"
    "replaced. SOURCE_DATE_EPOCH (seconds since 1970) sets the date if --date does not.\n"
    "\n"
    "  kizil dataset report murals.db -o murals.html\n"
    "\n"
    "Exit status: 0 done, 1 something failed, 2 wrong usage, 130 interrupted.";

static void progress(void *user, const struct kz_catalogue_progress *p) {
  kz_cli_progress(user, "making pictures: %lld of %lld", (long long)p->done,
                  (long long)p->found);
}

/* The day that a reproducible build wants on what it makes; NULL: none is asked for. */
static const char *epoch_date(char buf[16]) {
  const char *text = getenv("SOURCE_DATE_EPOCH");
  char *end;
  struct tm t;
  errno = 0;
  long long seconds = text && *text ? strtoll(text, &end, 10) : 0;
  time_t at = (time_t)seconds;
  if (!text || !*text || *end || errno || !gmtime_r(&at, &t)) return NULL;
  return strftime(buf, 16, "%Y-%m-%d", &t) ? buf : NULL;
}

static int report(const struct args *a, struct kz_err *err) {
  struct kz_cli_progress line = {0};
  const struct kz_catalogue_host host = {
      .user = &line, .stop = kz_dataset_stop, .progress = progress};
  struct kz_export_page_options o = a->o;
  struct kz_catalogue *c = NULL;
  char date[16];
  if (!o.date) o.date = epoch_date(date);
  int code = kz_image_startup("kizil", 0, err);
  if (!code) code = kz_catalogue_open(a->catalogue, &c, err);
  if (!code) code = kz_export_page(c, a->out, &o, &host, err);
  kz_cli_progress_end(&line);
  kz_catalogue_close(c);
  kz_image_shutdown();
  return code;
}

static int run(int argc, char **argv) {
  struct args a = {0};
  struct kz_err err = {0};
  const struct kz_cli_positional positionals[] = {
      {"CATALOGUE", &a.catalogue, "as made by 'kizil dataset init'", false}, {0}};
  const struct kz_cli_option options[] = {
      {.name = "output", .letter = 'o', .value = "PAGE.html", .text = &a.out, .required = true,
       .help = "where to write"},
      {0}};
  const struct kz_cli_parser parser = {.command = &kz_dataset_report,
                                       .positionals = positionals,
                                       .options = options,
                                       .tables = {{kz_export_page_params, &a.o}},
                                       .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status >= 0) return status;
  kz_cli_catch_interrupts();
  int code = report(&a, &err);
  status = code ? kz_cli_fail(&err) : KZ_EXIT_OK;
  if (code == KZ_EINTR) status = KZ_EXIT_INTERRUPTED;
  kz_cli_release(&parser);
  return status;
}

const struct kz_command kz_dataset_report = {"dataset report",
                                             "write a page that tells what is in and out", run};
