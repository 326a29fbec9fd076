/* kizil dataset review: overrule verdicts, or list who did. */
#include <stdio.h>
#include <stdlib.h>

#include <kizil/catalogue.h>

#include "dataset.h"

struct args {
  const char *catalogue, *image, *reason, *who;
  bool in, out;
};

static const char notes[] =
    "Without --image all reviews are listed, the last first. A review holds whatever the verdicts\n"
    "say, now and later; the last word on an image counts, and none is ever deleted.\n"
    "\n"
    "  kizil dataset review murals.db --image scans/a.jpg --in --reason 'soft by nature' --who Li";

static int review(const struct args *a, struct kz_err *err) {
  struct kz_catalogue *c = NULL;
  int64_t image;
  char *text = NULL;
  int code = kz_catalogue_open(a->catalogue, &c, err);
  if (!code && a->image) {
    code = kz_catalogue_find(c, a->image, &image, err);
    if (!code) code = kz_catalogue_review(c, image, a->in, a->reason, a->who, err);
  } else if (!code) {
    code = kz_catalogue_reviews(c, &text, err);
    if (!code) fputs(text, stdout);
  }
  free(text);
  kz_catalogue_close(c);
  return code;
}

static int check_usage(const struct args *a) {
  if (!a->image && (a->in || a->out || a->reason || a->who))
    return kz_cli_usage("--image IMAGE is missing");
  if (!a->image) return -1;
  if (a->in == a->out) return kz_cli_usage("give either --in or --out");
  if (!a->reason) return kz_cli_usage("--reason TEXT is missing");
  if (!a->who) return kz_cli_usage("--who NAME is missing");
  return -1;
}

static int run(int argc, char **argv) {
  struct args a = {0};
  struct kz_err err = {0};
  const struct kz_cli_positional positionals[] = {
      {"CATALOGUE", &a.catalogue, "as made by 'kizil dataset init'", false}, {0}};
  const struct kz_cli_option options[] = {
      {.name = "image", .value = "IMAGE", .text = &a.image, .help = "by path, number or SHA-256"},
      {.name = "in", .flag = &a.in, .help = "take it in, whatever the verdicts"},
      {.name = "out", .flag = &a.out, .help = "leave it out"},
      {.name = "reason", .value = "TEXT", .text = &a.reason, .help = "why"},
      {.name = "who", .value = "NAME", .text = &a.who, .help = "says so"},
      {0}};
  const struct kz_cli_parser parser = {.command = &kz_dataset_review,
                                       .positionals = positionals,
                                       .options = options,
                                       .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status < 0) status = check_usage(&a);
  if (status < 0) status = review(&a, &err) ? kz_cli_fail(&err) : KZ_EXIT_OK;
  return status;
}

const struct kz_command kz_dataset_review = {"dataset review",
                                             "overrule a verdict, or list who did", run};
