/* kizil caption: the sentence that the network is told about a picture. */
#include <stddef.h>
#include <stdio.h>

#include <kizil/caption.h>
#include <kizil/image.h>

#include "cli.h"

struct settings {
  int language; /* enum kz_language */
};

struct args {
  const char *image, *mask, *manifest;
  struct kz_caption_facts facts;
  struct settings settings;
};

static const char *const languages[] = {"en", "zh", NULL};

static const struct kz_param params[] = {
    {.name = "language", .type = KZ_PARAM_CHOICE, .offset = offsetof(struct settings, language),
     .choices = languages, .max = 1, .help = "English or Chinese"},
    {0}};

static const char notes[] =
    "Facts come first, then the largest colours of what is not damaged, named after traditional\n"
    "pigments (a name for the colour, not a finding), and where they are. Without facts it is what\n"
    "'kizil restore' makes for itself; with them it is something for its --text.\n"
    "\n"
    "LIST.csv has a column 'file' and any of subject, kind, period, site and caption; the options\n"
    "given here go before what it says.\n"
    "\n"
    "  kizil caption mural.jpg --mask damage.png --subject 'flying apsara' --period Sui";

static void prefer(const char **fact, const char *listed) {
  if (!*fact) *fact = listed;
}

static int write_caption(struct args *a, struct kz_manifest **manifest,
                         char text[KZ_CAPTION_MOST], struct kz_err *err) {
  int code = kz_image_startup("kizil", 0, err);
  if (!code && a->manifest) code = kz_manifest_load(a->manifest, manifest, err);
  if (code) return code;
  if (*manifest) {
    const struct kz_caption_facts *listed = kz_manifest_find(*manifest, a->image);
    if (!listed)
      return kz_err_set(err, KZ_ENOENT, "%s: does not list %s", a->manifest, a->image);
    if (!a->facts.subject && !a->facts.kind && !a->facts.period)
      a->facts.caption = listed->caption; /* it would be used instead of them */
    prefer(&a->facts.subject, listed->subject);
    prefer(&a->facts.kind, listed->kind);
    prefer(&a->facts.period, listed->period);
    prefer(&a->facts.site, listed->site);
  }
  return kz_caption_image(a->image, a->mask, (enum kz_language)a->settings.language, &a->facts,
                          text, err);
}

static int run(int argc, char **argv) {
  struct args a = {0};
  struct kz_err err;
  struct kz_manifest *manifest = NULL;
  char text[KZ_CAPTION_MOST];
  const struct kz_cli_positional positionals[] = {
      {"IMAGE", &a.image, "photograph of the painting", false}, {0}};
  const struct kz_cli_option options[] = {
      {.name = "mask", .value = "MASK", .text = &a.mask, .help = "damage, white: not looked at"},
      {.name = "subject", .value = "TEXT", .text = &a.facts.subject, .help = "what is painted"},
      {.name = "kind", .value = "TEXT", .text = &a.facts.kind, .help = "mural, thangka, ..."},
      {.name = "period", .value = "TEXT", .text = &a.facts.period, .help = "dynasty or century"},
      {.name = "site", .value = "TEXT", .text = &a.facts.site, .help = "where it is"},
      {.name = "lost", .flag = &a.facts.lost,
       .help = "say first which colours are under the mask: for an IMAGE that is intact there"},
      {.name = "manifest", .value = "LIST.csv", .text = &a.manifest,
       .help = "take these facts from a list"},
      {0}};
  const struct kz_cli_parser parser = {.command = &kz_cmd_caption,
                                       .positionals = positionals,
                                       .options = options,
                                       .tables = {{params, &a.settings}},
                                       .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status >= 0) return status;
  status = write_caption(&a, &manifest, text, &err) ? kz_cli_fail(&err) : KZ_EXIT_OK;
  if (status == KZ_EXIT_OK) printf("%s\n", text);
  kz_manifest_free(manifest);
  kz_image_shutdown();
  kz_cli_release(&parser);
  return status;
}

const struct kz_command kz_cmd_caption = {
    "caption", "say what a picture shows and with which colours", run};
