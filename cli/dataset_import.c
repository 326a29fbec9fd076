/* kizil dataset import: the pictures that a list names, with what it says of them. */
#include <stdio.h>

#include <kizil/catalogue.h>
#include <kizil/image.h>

#include "dataset.h"

struct args {
  const char *catalogue;
  struct kz_catalogue_import_options o;
};

static const char notes[] =
    "The list is CSV with a line of column names, JSON (an array of objects), or JSON Lines.\n"
    "Column 'file' is a path from the list's folder, or from --root; all others are facts: site,\n"
    "cave, period, subject, source, licence, caption, ... A column 'split' (train, val, test) gives\n"
    "the parts; those that leak into each other are refused. Lists that 'kizil dataset export'\n"
    "wrote as csv, jsonl or list are read back with captions, parts and reviews; a file with\n"
    "another content than the list's SHA-256 says is reported. So is what lies beside the listed\n"
    "images but is not in the list. Importing again changes nothing.\n"
    "\n"
    "  kizil dataset import murals.db collection/manifest.csv\n"
    "  kizil dataset import copy.db murals.csv --root /data/murals\n"
    "\n"
    "Exit status: 0 done, 1 something failed, 2 wrong usage, 130 interrupted. Lines that name\n"
    "nothing are reported and are no failure.";

static void progress(void *user, const struct kz_catalogue_progress *p) {
  struct kz_dataset_session *s = user;
  double seconds = p->seconds > 0.001 ? p->seconds : 0.001;
  kz_cli_progress(&s->progress, "%lld of %lld files, %.0f images/s", (long long)p->done,
                  (long long)p->found, (double)p->done / seconds);
}

static void count_line(int64_t count, const char *what) {
  if (count) printf("  %8lld %s\n", (long long)count, what);
}

static void print_imported(const struct kz_catalogue_imported *i) {
  printf("%lld lines: %lld facts on %lld images\n", (long long)i->told.lines,
         (long long)i->told.facts, (long long)i->told.used);
  count_line(i->added.total.images, "new images");
  count_line(i->added.broken, "of them cannot be decoded");
  count_line(i->told.unknown, "lines whose image is not there, or is another");
  count_line(i->told.unclear, "lines that name several images");
  count_line(i->unlisted, "images beside them that are not in the list");
  count_line(i->reviews, "reviews");
  count_line(i->parted, "images in parts");
}

static int import(const struct args *a, struct kz_err *err) {
  struct kz_dataset_session s = {0};
  const struct kz_catalogue_host host = {
      .user = &s, .stop = kz_dataset_stop, .progress = progress, .failed = kz_dataset_failed};
  struct kz_catalogue_imported imported = {0};
  struct kz_catalogue *c = NULL;
  int code = kz_image_startup("kizil", 0, err);
  if (!code) code = kz_catalogue_open(a->catalogue, &c, err);
  if (!code) code = kz_catalogue_import(c, &a->o, &host, &imported, err);
  kz_dataset_session_end(&s, "lines or files");
  if (!code || imported.told.lines) print_imported(&imported);
  kz_catalogue_close(c);
  kz_image_shutdown();
  return code;
}

static int run(int argc, char **argv) {
  struct args a = {0};
  struct kz_err err = {0};
  const struct kz_cli_positional positionals[] = {
      {"CATALOGUE", &a.catalogue, "as made by 'kizil dataset init'", false},
      {"LIST", &a.o.list, "CSV, JSON or JSON Lines", false},
      {0}};
  const struct kz_cli_option options[] = {
      {.name = "root", .value = "FOLDER", .text = &a.o.root,
       .help = "folder that the list's paths start from, if it is not the list's own"},
      {0}};
  const struct kz_cli_parser parser = {.command = &kz_dataset_import,
                                       .positionals = positionals,
                                       .options = options,
                                       .tables = {{kz_catalogue_import_params, &a.o}},
                                       .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status >= 0) return status;
  kz_cli_catch_interrupts();
  int code = import(&a, &err);
  status = code ? kz_cli_fail(&err) : KZ_EXIT_OK;
  if (code == KZ_EINTR) status = KZ_EXIT_INTERRUPTED;
  kz_cli_release(&parser);
  return status;
}

const struct kz_command kz_dataset_import = {
    "dataset import", "take a list in, with the images that it names", run};
