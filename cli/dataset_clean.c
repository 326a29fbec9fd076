/* kizil dataset clean: what surrounds the paintings; thresholds, previews, and a person's word. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/catalogue.h>
#include <kizil/image.h>

#include "dataset.h"

struct args {
  const char *catalogue, *image, *reason, *who, *preview;
  const char *say[KZ_CATALOGUE_CLEAN_KINDS]; /* by kind */
  const char **rest;
  int count;
};

static const char notes[] =
    "'add' looks for frames, margins and colour cards around each painting, for the colour of\n"
    "the light on grey patches, and for what the file says of how it was held and of its\n"
    "colours. Without options all of it is listed. A finding is applied where pictures are\n"
    "read, never written into a file, if it is at least as sure as the threshold of its kind;\n"
    "KIND=VALUE (0 to 1; 2 applies none) sets that for this catalogue, KIND=default takes it\n"
    "back.\n"
    "\n"
    "With --image a person decides, for good: 'found' takes what was found, 'none' refuses it,\n"
    "'default' takes one's word back; or give what is right. A crop is given in pixels of the\n"
    "file as it is stored, before it is turned; the gains of a cast act on linear light.\n"
    "\n"
    "  kizil dataset clean murals.db\n"
    "  kizil dataset clean murals.db --preview to-look-at\n"
    "  kizil dataset clean murals.db crop=0.9 card=2\n"
    "  kizil dataset clean murals.db --image scans/a.jpg --crop 40,32,900,700 --who Li \\\n"
    "      --reason 'the page number was left'";

/* ---- thresholds ---- */

static int set_threshold(struct kz_catalogue *c, const char *text, struct kz_err *err) {
  const char *equals = strchr(text, '=');
  char kind[32], *end;
  if (!equals || equals == text || (size_t)(equals - text) >= sizeof kind)
    return kz_err_set(err, KZ_EFORMAT, "'%s' is not of the form KIND=VALUE", text);
  memcpy(kind, text, (size_t)(equals - text));
  kind[equals - text] = '\0';
  if (!strcmp(equals + 1, "default")) return kz_catalogue_set_cleaning(c, kind, NAN, err);
  double value = strtod(equals + 1, &end);
  if (end == equals + 1 || *end || !isfinite(value))
    return kz_err_set(err, KZ_EFORMAT, "'%s': the value must be a number or 'default'", text);
  return kz_catalogue_set_cleaning(c, kind, value, err);
}

/* ---- a person's word ---- */

/* `count` numbers with commas between, and nothing else. */
static bool read_numbers(const char *text, int count, double *numbers) {
  char *end;
  for (int i = 0; i < count; i++, text = end + 1) {
    numbers[i] = strtod(text, &end);
    if (end == text || !isfinite(numbers[i]) || *end != (i + 1 < count ? ',' : '\0')) return false;
  }
  return true;
}

static bool read_whole(const char *text, int count, int *numbers) {
  double read[4];
  if (!read_numbers(text, count, read)) return false;
  for (int i = 0; i < count; i++) {
    if (read[i] != floor(read[i]) || fabs(read[i]) > 1e9) return false;
    numbers[i] = (int)read[i];
  }
  return true;
}

static int read_given(int kind, const char *text, struct kz_view *v, struct kz_err *err) {
  int r[4] = {0};
  switch (kind) {
    case KZ_CATALOGUE_CROP:
      if (!read_whole(text, 4, r))
        return kz_err_set(err, KZ_EFORMAT,
                          "--crop '%s': X,Y,WIDTH,HEIGHT in px, 'found', 'none' or 'default'",
                          text);
      v->x = r[0], v->y = r[1], v->w = r[2], v->h = r[3];
      return 0;
    case KZ_CATALOGUE_CAST:
      if (!read_numbers(text, 3, v->gain))
        return kz_err_set(err, KZ_EFORMAT,
                          "--cast '%s': gains R,G,B, 'found', 'none' or 'default'", text);
      return 0;
    case KZ_CATALOGUE_ORIENTATION:
      if (!read_whole(text, 1, &v->orientation))
        return kz_err_set(err, KZ_EFORMAT,
                          "--orientation '%s': 1 to 8, 'found', 'none' or 'default'", text);
      return 0;
    default:
      return kz_err_set(err, KZ_EFORMAT, "--%s '%s': 'found', 'none' or 'default'",
                        kz_catalogue_clean_kinds[kind].name, text);
  }
}

static int say(struct kz_catalogue *c, const struct args *a, int64_t image, int kind,
               struct kz_err *err) {
  static const char *const words[] = {[KZ_CATALOGUE_CLEAN_NONE] = "none",
                                      [KZ_CATALOGUE_CLEAN_FOUND] = "found",
                                      [KZ_CATALOGUE_CLEAN_GIVEN] = "",
                                      [KZ_CATALOGUE_CLEAN_DEFAULT] = "default"};
  struct kz_view given = {0};
  enum kz_catalogue_clean_word word = KZ_CATALOGUE_CLEAN_GIVEN;
  for (int i = 0; i < 4; i++)
    if (i != KZ_CATALOGUE_CLEAN_GIVEN && !strcmp(a->say[kind], words[i])) word = i;
  int code = word == KZ_CATALOGUE_CLEAN_GIVEN ? read_given(kind, a->say[kind], &given, err) : 0;
  if (code) return code;
  return kz_catalogue_clean(c, image, kind, word, &given, a->reason, a->who, err);
}

/* ---- previews ---- */

static void failed(void *user, const char *message) {
  (void)user;
  kz_cli_warn("%s", message);
}

static int preview(struct kz_catalogue *c, const char *folder, struct kz_err *err) {
  const struct kz_catalogue_host host = {.stop = kz_dataset_stop, .failed = failed};
  int64_t written = 0;
  int code = kz_image_startup("kizil", 0, err);
  if (!code) code = kz_catalogue_preview_cleaning(c, folder, &host, &written, err);
  if (!code)
    printf("%lld pictures in %s: on the left as it is, on the right with all that was found\n",
           (long long)written, folder);
  kz_image_shutdown();
  return code;
}

/* ---- the command ---- */

static int clean(const struct args *a, struct kz_err *err) {
  struct kz_catalogue *c = NULL;
  int64_t image = 0;
  char *text = NULL;
  int code = kz_catalogue_open(a->catalogue, &c, err);
  if (!code && a->image) {
    code = kz_catalogue_find(c, a->image, &image, err);
    for (int i = 0; i < KZ_CATALOGUE_CLEAN_KINDS && !code; i++)
      if (a->say[i]) code = say(c, a, image, i, err);
    goto out;
  }
  for (int i = 0; i < a->count && !code; i++) code = set_threshold(c, a->rest[i], err);
  if (!code && a->preview) {
    code = preview(c, a->preview, err);
  } else if (!code) {
    code = kz_catalogue_tell_cleaning(c, NULL, &text, err);
    if (!code) fputs(text, stdout);
  }
out:
  free(text);
  kz_catalogue_close(c);
  return code;
}

static int check_usage(const struct args *a) {
  bool said = false;
  for (int i = 0; i < KZ_CATALOGUE_CLEAN_KINDS; i++) said = said || a->say[i];
  if (!a->image && (said || a->reason || a->who)) return kz_cli_usage("--image IMAGE is missing");
  if (!a->image) return -1;
  if (!said)
    return kz_cli_usage("say what of it: --crop, --card, --cast, --orientation, --profile");
  if (a->count || a->preview)
    return kz_cli_usage("--image goes neither with thresholds nor with --preview");
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
      {.name = "preview", .value = "FOLDER", .text = &a.preview,
       .help = "write small pictures there, before and after"},
      {.name = "image", .value = "IMAGE", .text = &a.image, .help = "by path, number or SHA-256"},
      {.name = "crop", .value = "X,Y,W,H", .text = &a.say[KZ_CATALOGUE_CROP],
       .help = "what is kept; or found, none, default"},
      {.name = "card", .value = "WORD", .text = &a.say[KZ_CATALOGUE_CARD],
       .help = "found, none, default"},
      {.name = "cast", .value = "R,G,B", .text = &a.say[KZ_CATALOGUE_CAST],
       .help = "gains; or found, none, default"},
      {.name = "orientation", .value = "N", .text = &a.say[KZ_CATALOGUE_ORIENTATION],
       .help = "1 to 8 as in EXIF; or found, none, default"},
      {.name = "profile", .value = "WORD", .text = &a.say[KZ_CATALOGUE_PROFILE],
       .help = "found, none, default"},
      {.name = "reason", .value = "TEXT", .text = &a.reason, .help = "why"},
      {.name = "who", .value = "NAME", .text = &a.who, .help = "says so"},
      {0}};
  a.rest = calloc((size_t)argc, sizeof *a.rest);
  if (!a.rest) return KZ_EXIT_FAILURE;
  const struct kz_cli_rest rest = {"KIND=VALUE", a.rest, &a.count, "thresholds to set"};
  const struct kz_cli_parser parser = {.command = &kz_dataset_clean,
                                       .positionals = positionals,
                                       .rest = &rest,
                                       .options = options,
                                       .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status < 0) status = check_usage(&a);
  if (status < 0) {
    kz_cli_catch_interrupts();
    int code = clean(&a, &err);
    status = code ? kz_cli_fail(&err) : KZ_EXIT_OK;
    if (code == KZ_EINTR) status = KZ_EXIT_INTERRUPTED;
  }
  free(a.rest);
  return status;
}

const struct kz_command kz_dataset_clean = {
    "dataset clean", "frames, margins, colour cards, casts: what was found, what is applied", run};
