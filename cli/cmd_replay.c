/* kizil replay: a recorded result made again. Whether it is the same is the output; only what keeps
 * the command from making it is an error message. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <kizil/image.h>
#include <kizil/model.h>

#include "cli.h"
#include "replay.h"

struct args {
  const char *given, *out;
  struct kz_record_places now;
  bool overwrite;
};

static const char notes[] =
    "Everything is made again by what the record says: the seed or seeds, every parameter, the\n"
    "regions that were taken from candidates. On the same processor, with the same number of\n"
    "threads and the same libraries the result is the recorded one, byte for byte; elsewhere it\n"
    "may differ a little, and what differs is said. Photograph, mask, policy, drawing and model\n"
    "have to be the recorded files; what was moved since is looked for where the options say.\n"
    "'kizil verify RESULT --again' does the same and keeps nothing.\n"
    "\n"
    "  kizil replay wall.restored.tif.json -o again.tif\n"
    "\n"
    "Exit status: 0 the same, 1 not the same, or not made, 2 wrong usage, 130 interrupted.";

struct replaying {
  const char *out;
  struct kz_cli_progress progress;
};

static void show_progress(void *self, int done, int total) {
  struct replaying *s = self;
  kz_cli_progress(&s->progress, "%s: %d %%", s->out, (int)(100.0 * done / total));
}

static bool asked_to_stop(void *self) {
  (void)self;
  return kz_cli_interrupted();
}

/* The model's file: malloc'd. */
static int find_model(const char *record, const struct kz_record_places *places, char **path,
                      struct kz_err *err) {
  struct kz_record r;
  int code = kz_record_read(&r, record, NULL, err);
  if (code) return code;
  *path = places && places->model ? strdup(places->model)
                                  : kz_record_path(record, r.files.model.path);
  kz_record_release(&r);
  if (!*path) return kz_err_set(err, KZ_ENOMEM, "no memory for a name");
  if (!access(*path, F_OK)) return 0;
  return kz_err_set(err, KZ_ENOENT, "%s is not there; say where the model is now with --model FILE",
                    *path);
}

int kz_cli_replay(const char *record, const struct kz_record_places *places, const char *out,
                  bool overwrite, struct kz_restoration_replay *result) {
  struct replaying s = {.out = out};
  const struct kz_restore_host host = {&s, show_progress, asked_to_stop};
  struct kz_model *model = NULL;
  struct kz_restorer *restorer = NULL;
  struct kz_err err;
  char *path = NULL;
  int code = find_model(record, places, &path, &err);
  if (!code) code = kz_model_load(path, KZ_PRECISION_AUTO, &model, &err);
  if (!code) code = kz_restorer_new(model, &restorer, &err);
  if (!code)
    code = kz_restoration_replay(restorer, record, places, out, overwrite, &host, result, &err);
  kz_cli_progress_end(&s.progress);
  kz_restorer_free(restorer);
  kz_model_free(model);
  free(path);
  if (!code) return KZ_EXIT_OK;
  return code == KZ_EINTR ? KZ_EXIT_INTERRUPTED : kz_cli_fail(&err);
}

static int replay(const struct args *a, const char *record) {
  struct kz_restoration_replay result;
  struct kz_err err;
  if (access(record, F_OK)) {
    kz_err_set(&err, KZ_ENOENT, "there is no record %s", record);
    return kz_cli_fail(&err);
  }
  int status = kz_image_startup("kizil", 0, &err);
  if (status) return kz_cli_fail(&err);
  kz_cli_catch_interrupts();
  status = kz_cli_replay(record, &a->now, a->out, a->overwrite, &result);
  kz_image_shutdown();
  if (status) return status;
  if (result.same)
    printf("the same, byte for byte: %s\n", a->out);
  else
    printf("not the same: %s\n", result.text);
  return result.same ? KZ_EXIT_OK : KZ_EXIT_FAILURE;
}

static int run(int argc, char **argv) {
  struct args a = {0};
  const struct kz_cli_positional positionals[] = {
      {"RECORD", &a.given, "record of a result, or a result whose record lies beside it", false},
      {0}};
  const struct kz_cli_option options[] = {
      {.name = "output", .letter = 'o', .value = "FILE", .text = &a.out, .required = true,
       .help = "where to write it again"},
      {.name = "source", .value = "FILE", .text = &a.now.source,
       .help = "where the photograph is now"},
      {.name = "mask", .value = "FILE", .text = &a.now.mask, .help = "where the mask is now"},
      {.name = "lines", .value = "FILE", .text = &a.now.lines, .help = "where the drawing is now"},
      {.name = "policy", .value = "FILE", .text = &a.now.policy, .help = "where the policy is now"},
      {.name = "model", .value = "FILE", .text = &a.now.model, .help = "where the model is now"},
      {.name = "overwrite", .flag = &a.overwrite, .help = "replace a file that is there"},
      {0}};
  const struct kz_cli_parser parser = {.command = &kz_cmd_replay, .positionals = positionals,
                                       .options = options, .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status >= 0) return status;
  const size_t n = strlen(a.given);
  const bool is_record = n > 5 && !strcasecmp(a.given + n - 5, ".json");
  char *record = is_record ? strdup(a.given) : kz_record_place(a.given);
  const struct kz_err none = {KZ_ENOMEM, "no memory for a name"};
  status = record ? replay(&a, record) : kz_cli_fail(&none);
  free(record);
  return status;
}

const struct kz_command kz_cmd_replay = {"replay", "make a recorded result again", run};
