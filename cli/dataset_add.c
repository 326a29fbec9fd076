/* kizil dataset add: images, and lists of facts about them, into a catalogue. */
#include <stdio.h>
#include <stdlib.h>

#include <kizil/catalogue.h>
#include <kizil/image.h>

#include "dataset.h"

struct args {
  const char *catalogue, *meta;
  const char **folders;
  int count;
  struct kz_catalogue_add_options o;
};

static const char notes[] =
    "Every JPEG, PNG, TIFF, WebP, HEIC, AVIF and JPEG XL in the folders is read once, decoded\n"
    "fully and measured. Adding again reads only what is new or changed; a file that was moved is known\n"
    "by its content. Names that begin with a dot are passed over; links are followed, each folder\n"
    "is visited once. A file that cannot be decoded is kept with the reason. After Ctrl-C, or a\n"
    "crash, the next run goes on.\n"
    "\n"
    "A list names its images in the column (CSV) or key (JSON) \"file\", by as much of the end of\n"
    "the path as is needed, or in \"sha256\"; all others are facts: site, cave, period, subject,\n"
    "source, licence, holder, ...\n"
    "\n"
    "  kizil dataset add murals.db photographs scans\n"
    "  kizil dataset add murals.db --meta list.csv\n"
    "\n"
    "Exit status: 0 done, 1 something failed, 2 wrong usage, 130 interrupted. Files that cannot\n"
    "be read or decoded are reported and are no failure.";

/* ---- host ---- */

static void progress(void *user, const struct kz_catalogue_progress *p) {
  struct kz_dataset_session *s = user;
  char left[32] = "";
  double seconds = p->seconds > 0.001 ? p->seconds : 0.001;
  if (p->walking || p->done < 1)
    snprintf(left, sizeof left, "still looking");
  else
    kz_cli_duration(seconds * (double)(p->found - p->done) / (double)p->done, left);
  kz_cli_progress(&s->progress, "%lld of %lld%s files, %.0f images/s, %.1f MB/s, %s%s",
                  (long long)p->done, (long long)p->found, p->walking ? "+" : "",
                  (double)p->done / seconds, (double)p->bytes / 1e6 / seconds, left,
                  p->walking || p->done < 1 ? "" : " left");
}

/* ---- reports ---- */

static void count_line(int64_t count, const char *what) {
  if (count) printf("  %8lld %s\n", (long long)count, what);
}

static void print_added(const struct kz_catalogue_added *a) {
  char time[32];
  const struct kz_catalogue_progress *t = &a->total;
  double seconds = t->seconds > 0.001 ? t->seconds : 0.001;
  printf("%lld files in %s: %.1f images/s, %.1f MB/s\n", (long long)t->done,
         kz_cli_duration(t->seconds, time), (double)t->images / seconds,
         (double)t->bytes / 1e6 / seconds);
  printf("  %8lld new images\n", (long long)t->images);
  count_line(a->broken, "of them cannot be decoded");
  count_line(a->again, "files with content that is known");
  count_line(a->unchanged, "files unchanged");
  count_line(a->moved, "files moved");
  count_line(a->gone, "files gone");
  count_line(a->unreadable, "files or folders that cannot be read");
  count_line(a->passed_over, "files passed over: not a picture's name");
}

static void print_told(const struct kz_catalogue_told *t) {
  printf("%lld lines: %lld facts on %lld images, %lld name no image, %lld name several\n",
         (long long)t->lines, (long long)t->facts, (long long)t->used, (long long)t->unknown,
         (long long)t->unclear);
}

/* ---- the command ---- */

static int add(const struct args *a, struct kz_err *err) {
  struct kz_dataset_session s = {0};
  const struct kz_catalogue_host host = {
      .user = &s, .stop = kz_dataset_stop, .progress = progress, .failed = kz_dataset_failed};
  struct kz_catalogue_added added = {0};
  struct kz_catalogue_told told = {0};
  struct kz_catalogue *c = NULL;
  int code = kz_image_startup("kizil", 0, err);
  if (!code) code = kz_catalogue_open(a->catalogue, &c, err);
  if (!code && a->count) {
    code = kz_catalogue_add(c, a->folders, a->count, &a->o, &host, &added, err);
    kz_dataset_session_end(&s, "files or folders with such faults");
    if (!code || code == KZ_EINTR) print_added(&added);
  }
  if (!code && a->meta) {
    code = kz_catalogue_meta(c, a->meta, &host, &told, err);
    kz_dataset_session_end(&s, "lines of the list");
    if (!code) print_told(&told);
  }
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
      {.name = "meta", .value = "LIST", .text = &a.meta,
       .help = "CSV or JSON with facts about the images"},
      {.name = "copy", .value = "FOLDER", .text = &a.o.copy,
       .help = "copy decodable images there, named by their content"},
      {0}};
  a.folders = calloc((size_t)argc, sizeof *a.folders);
  if (!a.folders) return KZ_EXIT_FAILURE;
  const struct kz_cli_rest rest = {"FOLDER", a.folders, &a.count, "to walk; or single files"};
  const struct kz_cli_parser parser = {.command = &kz_dataset_add,
                                       .positionals = positionals,
                                       .rest = &rest,
                                       .options = options,
                                       .tables = {{kz_catalogue_add_params, &a.o}},
                                       .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status >= 0) goto out;
  if (!a.count && !a.meta) {
    status = kz_cli_usage("give folders to add, or --meta LIST");
  } else {
    kz_cli_catch_interrupts();
    int code = add(&a, &err);
    status = code ? kz_cli_fail(&err) : KZ_EXIT_OK;
    if (code == KZ_EINTR) status = KZ_EXIT_INTERRUPTED;
  }
  kz_cli_release(&parser);
out:
  free(a.folders);
  return status;
}

const struct kz_command kz_dataset_add = {"dataset add", "take images and facts in", run};
