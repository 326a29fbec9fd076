/* kizil dataset export: the images that are in, as lists, tables, archives and folders. */
#include <stdio.h>
#include <string.h>

#include <kizil/export.h>
#include <kizil/image.h>

#include "dataset.h"

struct args {
  const char *catalogue, *as;
  struct kz_export_options o;
};

static const char about[] =
    "Only images that are in are exported, in the order of their SHA-256; the same catalogue\n"
    "gives the same bytes. Paths are relative to the output's folder where they lie below it. A\n"
    "file that is gone, or not any more what was added, is reported and left out (csv and jsonl hold\n"
    "it). Where images have parts, nothing is exported while the parts leak into each other.\n"
    "webdataset and folder copy the files byte by byte, or with --pixels the pictures as cleaning\n"
    "shows them: cropped, turned, their colours put right. csv, jsonl and list can be read back\n"
    "by 'kizil dataset import'.\n"
    "\n"
    "  kizil dataset export murals.db --as list -o list.csv\n"
    "  kizil dataset export murals.db --as webdataset -o shards/murals\n"
    "  kizil dataset export murals.db --as jsonl -o - | head -1\n"
    "\n"
    "Exit status: 0 done, 1 something failed or was left out, 2 wrong usage, 130 interrupted.";

static void progress(void *user, const struct kz_catalogue_progress *p) {
  struct kz_dataset_session *s = user;
  double seconds = p->seconds > 0.001 ? p->seconds : 0.001;
  kz_cli_progress(&s->progress, "%lld of %lld images, %.1f MB/s", (long long)p->done,
                  (long long)p->found, (double)p->bytes / 1e6 / seconds);
}

/* On stderr where stdout is the export itself. */
static void print_told(const struct args *a, const struct kz_export_told *t) {
  FILE *to = a->o.out ? stdout : stderr;
  char time[32];
  fprintf(to, "%lld images", (long long)t->images);
  if (t->files)
    fprintf(to, " in %lld %s, %.1f MB", (long long)t->files, t->files == 1 ? "file" : "files",
            (double)t->bytes / 1e6);
  fprintf(to, ", %s\n", kz_cli_duration(t->seconds, time));
  if (t->before) fprintf(to, "  %8lld written by the run before\n", (long long)t->before);
  if (t->left_out) fprintf(to, "  %8lld left out\n", (long long)t->left_out);
}

static int export(const struct args *a, struct kz_err *err) {
  struct kz_dataset_session s = {0};
  const struct kz_catalogue_host host = {
      .user = &s, .stop = kz_dataset_stop, .progress = progress, .failed = kz_dataset_failed};
  struct kz_export_told told = {0};
  struct kz_catalogue *c = NULL;
  int code = kz_image_startup("kizil", 0, err);
  if (!code) code = kz_catalogue_open(a->catalogue, &c, err);
  if (!code) code = kz_export(c, &a->o, &host, &told, err);
  kz_dataset_session_end(&s, "were left out");
  if (!code) print_told(a, &told);
  if (!code && told.left_out)
    code = kz_err_set(err, KZ_ENOENT, "%lld of %lld images were left out",
                      (long long)told.left_out, (long long)(told.images + told.left_out));
  kz_catalogue_close(c);
  kz_image_shutdown();
  return code;
}

/* What --help ends with: the table of formats, and about them. */
static const char *make_notes(char *to, size_t size) {
  int n = snprintf(to, size, "formats:\n");
  for (int i = 0; kz_export_formats[i]; i++)
    n += snprintf(to + n, size - (size_t)n, "  %-13s %s\n", kz_export_formats[i]->name,
                  kz_export_formats[i]->help);
  snprintf(to + n, size - (size_t)n, "\n%s", about);
  return to;
}

static int run(int argc, char **argv) {
  struct args a = {0};
  char notes[4096];
  struct kz_err err = {0};
  const struct kz_cli_positional positionals[] = {
      {"CATALOGUE", &a.catalogue, "as made by 'kizil dataset init'", false}, {0}};
  const struct kz_cli_option options[] = {
      {.name = "as", .value = "FORMAT", .text = &a.as, .required = true,
       .help = "one of the formats below"},
      {.name = "output", .letter = 'o', .value = "OUT", .text = &a.o.out, .required = true,
       .help = "file, folder or name of shards; - writes text to stdout"},
      {.name = "part", .value = "PART", .text = &a.o.part,
       .help = "only train, val or test; else all images that are in"},
      {.name = "overwrite", .flag = &a.o.overwrite, .help = "replace what is there"},
      {.name = "resume", .flag = &a.o.resume,
       .help = "webdataset: go on after the shards of a run that was stopped"},
      {0}};
  const struct kz_cli_parser parser = {.command = &kz_dataset_export,
                                       .positionals = positionals,
                                       .options = options,
                                       .tables = {{kz_export_params, &a.o}},
                                       .notes = make_notes(notes, sizeof notes)};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status >= 0) return status;
  if (!strcmp(a.o.out, "-")) {
    a.o.out = NULL;
    a.o.to = stdout;
  }
  if (kz_export_format_find(a.as, &a.o.as, &err)) {
    status = kz_cli_usage("--as: %s", err.msg);
  } else {
    kz_cli_catch_interrupts();
    int code = export(&a, &err);
    status = code ? kz_cli_fail(&err) : KZ_EXIT_OK;
    if (code == KZ_EINTR) status = KZ_EXIT_INTERRUPTED;
  }
  kz_cli_release(&parser);
  return status;
}

const struct kz_command kz_dataset_export = {
    "dataset export", "write lists, tables, archives of the images that are in", run};
