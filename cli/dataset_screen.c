/* kizil dataset screen: thresholds, duplicates, and all verdicts anew. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/catalogue.h>
#include <kizil/image.h>

#include "dataset.h"

static const char notes[] =
    "Verdicts follow from what is stored: nothing is decoded. MEASURE=VALUE sets a threshold of\n"
    "this catalogue, MEASURE=default takes it back; 'kizil dataset info CATALOGUE IMAGE' shows\n"
    "the measures. Of images that show the same, turned, mirrored, resized or cropped too, the\n"
    "largest that nothing speaks against stays. Of views that overlap the better stays, and so\n"
    "do those that share at most overlap=50 % with it, of what the smaller shows.\n"
    "--again decodes and measures all images anew: after an update of kizil with other measures.\n"
    "\n"
    "  kizil dataset screen murals.db short-side=384 overlap=30";

static int set_threshold(struct kz_catalogue *c, const char *text, struct kz_err *err) {
  const char *equals = strchr(text, '=');
  char name[64], *end;
  if (!equals || equals == text || (size_t)(equals - text) >= sizeof name)
    return kz_err_set(err, KZ_EFORMAT, "'%s' is not of the form MEASURE=VALUE", text);
  memcpy(name, text, (size_t)(equals - text));
  name[equals - text] = '\0';
  if (!strcmp(equals + 1, "default")) return kz_catalogue_set_threshold(c, name, NAN, err);
  double value = strtod(equals + 1, &end);
  if (end == equals + 1 || *end || !isfinite(value))
    return kz_err_set(err, KZ_EFORMAT, "'%s': the value must be a number or 'default'", text);
  return kz_catalogue_set_threshold(c, name, value, err);
}

static void progress(void *user, const struct kz_catalogue_progress *p) {
  kz_cli_progress(user, "looking for duplicates: %lld %%",
                  (long long)(p->found ? 100 * p->done / p->found : 100));
}

static void failed(void *user, const char *message) {
  kz_cli_progress_end(user);
  kz_cli_warn("%s", message);
}

static void measured(void *user, const struct kz_catalogue_progress *p) {
  kz_cli_progress(user, "measuring: %lld of %lld images", (long long)p->done,
                  (long long)p->found);
}

static int measure(struct kz_catalogue *c, struct kz_err *err) {
  struct kz_cli_progress line = {0};
  struct kz_catalogue_added added;
  const struct kz_catalogue_add_options o = {.threads = 0};
  const struct kz_catalogue_host host = {
      .user = &line, .stop = kz_dataset_stop, .progress = measured, .failed = failed};
  int code = kz_image_startup("kizil", 0, err);
  if (!code) code = kz_catalogue_again(c, &o, &host, &added, err);
  kz_cli_progress_end(&line);
  if (!code) printf("%lld images measured again\n", (long long)added.total.images);
  kz_image_shutdown();
  return code;
}

static int match(struct kz_catalogue *c, struct kz_err *err) {
  struct kz_cli_progress line = {0};
  struct kz_catalogue_matched m;
  char time[32];
  const struct kz_catalogue_host host = {
      .user = &line, .stop = kz_dataset_stop, .progress = progress};
  int code = kz_catalogue_match(c, &host, &m, err);
  kz_cli_progress_end(&line);
  if (!code)
    printf("%lld images compared in %s: %lld pairs in %lld groups\n\n", (long long)m.images,
           kz_cli_duration(m.seconds, time), (long long)m.pairs, (long long)m.groups);
  return code;
}

/* Verdicts come before and after the search: of duplicates that stays which nothing is against. */
static int screen(const char *path, const char **thresholds, int count, bool again,
                  struct kz_err *err) {
  struct kz_catalogue *c = NULL;
  char *text = NULL;
  int code = kz_catalogue_open(path, &c, err);
  for (int i = 0; i < count && !code; i++) code = set_threshold(c, thresholds[i], err);
  if (!code && again) code = measure(c, err);
  if (!code) code = kz_catalogue_judge(c, err);
  if (!code) code = match(c, err);
  if (!code) code = kz_catalogue_judge(c, err);
  if (!code) code = kz_catalogue_tell(c, &text, err);
  if (!code) fputs(text, stdout);
  free(text);
  kz_catalogue_close(c);
  return code;
}

static int run(int argc, char **argv) {
  const char *path = NULL;
  int count = 0;
  bool again = false;
  struct kz_err err = {0};
  const struct kz_cli_positional positionals[] = {
      {"CATALOGUE", &path, "as made by 'kizil dataset init'", false}, {0}};
  const struct kz_cli_option options[] = {
      {.name = "again", .flag = &again, .help = "decode and measure all images anew first"}, {0}};
  const char **thresholds = calloc((size_t)argc, sizeof *thresholds);
  if (!thresholds) return KZ_EXIT_FAILURE;
  const struct kz_cli_rest rest = {"MEASURE=VALUE", thresholds, &count, "thresholds to set"};
  const struct kz_cli_parser parser = {.command = &kz_dataset_screen,
                                       .positionals = positionals,
                                       .rest = &rest,
                                       .options = options,
                                       .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status < 0) {
    kz_cli_catch_interrupts();
    int code = screen(path, thresholds, count, again, &err);
    status = code ? kz_cli_fail(&err) : KZ_EXIT_OK;
    if (code == KZ_EINTR) status = KZ_EXIT_INTERRUPTED;
  }
  free(thresholds);
  return status;
}

const struct kz_command kz_dataset_screen = {"dataset screen",
                                             "find duplicates, make verdicts", run};
