/* kizil dataset caption: what the images show, in a sentence: of facts and colours, or by hand. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/catalogue.h>
#include <kizil/image.h>

#include "dataset.h"

enum { BOTH = 2 };

struct args {
  const char *catalogue, *template, *image, *text, *who;
  bool show;
  struct kz_catalogue_caption_options o;
};

static const char notes[] =
    "A caption is made for every image that is in, as the template of the language says:\n"
    "\n"
    "  {subject}    what a fact says; any fact is a field\n"
    "  {era}        the period, with \"dynasty\" after it where it is one\n"
    "  {palette}    the largest colours of the picture, and where they are\n"
    "  {?site}      nothing if the text so far says it already\n"
    "  [, {site}]   left out where a field in it says nothing\n"
    "  [{a}|{b}]    the first of these that is not left out\n"
    "  \\{ \\[ \\|     the character itself\n"
    "\n"
    "Commas and blanks at the start of a caption are dropped. In Chinese a field is what the\n"
    "fact with -zh says (site-zh), or else translated as far as the words are known. The\n"
    "template is kept with the catalogue; --template default takes the built-in one, which says\n"
    "what 'kizil caption' says. Captions that would come out the same are not made again; after\n"
    "Ctrl-C the next run goes on.\n"
    "\n"
    "A caption by hand holds before one from a list (the fact 'caption', in Chinese\n"
    "'caption-zh'), and that before one that is made. --text '' takes it back.\n"
    "\n"
    "  kizil dataset caption murals.db\n"
    "  kizil dataset caption murals.db --lang en --template '[{subject}, ]{kind}[; {palette}]'\n"
    "  kizil dataset caption murals.db --image scans/a.jpg --lang en --text 'two deer' --who Li\n"
    "  kizil dataset caption murals.db --show\n"
    "\n"
    "Exit status: 0 done, 1 something failed, 2 wrong usage, 130 interrupted.";

/* ---- host ---- */

static void progress(void *user, const struct kz_catalogue_progress *p) {
  struct kz_dataset_session *s = user;
  char left[32];
  double each = p->done ? p->seconds / (double)p->done : 0;
  kz_cli_progress(&s->progress, "%lld of %lld images, %s left", (long long)p->done,
                  (long long)p->found, kz_cli_duration(each * (double)(p->found - p->done), left));
}

/* ---- the command ---- */

static int make(struct kz_catalogue *c, const struct args *a, struct kz_err *err) {
  struct kz_dataset_session s = {0};
  struct kz_catalogue_captioned done = {0};
  char time[32];
  const struct kz_catalogue_host host = {
      .user = &s, .stop = kz_dataset_stop, .progress = progress, .failed = kz_dataset_failed};
  const char *template = a->template && !strcmp(a->template, "default") ? NULL : a->template;
  int code = 0;
  if (a->template)
    code = kz_catalogue_caption_template(c, (enum kz_language)a->o.language, template, err);
  if (!code) code = kz_image_startup("kizil", 0, err);
  if (code) return code;
  code = kz_catalogue_caption(c, &a->o, &host, &done, err);
  kz_dataset_session_end(&s, "images");
  if (!code || code == KZ_EINTR)
    printf("%8lld images in %s\n%8lld captions made\n%8lld captions as they were\n",
           (long long)done.images, kz_cli_duration(done.seconds, time), (long long)done.made,
           (long long)done.kept);
  if (done.failed) printf("%8lld images could not be decoded\n", (long long)done.failed);
  kz_image_shutdown();
  return code;
}

static int caption(const struct args *a, struct kz_err *err) {
  struct kz_catalogue *c = NULL;
  int64_t image = 0;
  char *text = NULL;
  int code = kz_catalogue_open(a->catalogue, &c, err);
  if (!code && a->image) code = kz_catalogue_find(c, a->image, &image, err);
  if (!code && a->show) {
    code = kz_catalogue_tell_captions(c, image, &text, err);
    if (!code) fputs(text, stdout);
  } else if (!code && a->text) {
    code = kz_catalogue_caption_by_hand(c, image, (enum kz_language)a->o.language, a->text, a->who,
                                        err);
  } else if (!code) {
    code = make(c, a, err);
  }
  free(text);
  kz_catalogue_close(c);
  return code;
}

static int check_usage(const struct args *a) {
  bool by_hand = a->text || a->who;
  if (a->show && (by_hand || a->template))
    return kz_cli_usage("--show changes nothing: give it alone, or with --image");
  if (a->image && !by_hand && !a->show)
    return kz_cli_usage("--image needs --text and --who, or --show");
  if (by_hand && (!a->image || !a->text || !a->who))
    return kz_cli_usage("a caption by hand needs --image, --text and --who");
  if (by_hand && a->template) return kz_cli_usage("give either --text or --template");
  if ((by_hand || a->template) && a->o.language == BOTH)
    return kz_cli_usage("%s is of one language: give --lang en or --lang zh",
                        by_hand ? "--text" : "--template");
  return -1;
}

static int run(int argc, char **argv) {
  struct args a = {0};
  struct kz_err err = {0};
  const struct kz_cli_positional positionals[] = {
      {"CATALOGUE", &a.catalogue, "as made by 'kizil dataset init'", false}, {0}};
  const struct kz_cli_option options[] = {
      {.name = "template", .value = "FILE|TEXT", .text = &a.template,
       .help = "what captions say from now on; or 'default'"},
      {.name = "image", .value = "IMAGE", .text = &a.image, .help = "by path, number or SHA-256"},
      {.name = "text", .value = "TEXT", .text = &a.text, .help = "its caption, by hand"},
      {.name = "who", .value = "NAME", .text = &a.who, .help = "wrote it"},
      {.name = "show", .flag = &a.show, .help = "print the captions that hold; change nothing"},
      {0}};
  const struct kz_cli_parser parser = {.command = &kz_dataset_caption,
                                       .positionals = positionals,
                                       .options = options,
                                       .tables = {{kz_catalogue_caption_params, &a.o}},
                                       .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status >= 0) return status;
  status = check_usage(&a);
  if (status < 0) {
    kz_cli_catch_interrupts();
    int code = caption(&a, &err);
    status = code ? kz_cli_fail(&err) : KZ_EXIT_OK;
    if (code == KZ_EINTR) status = KZ_EXIT_INTERRUPTED;
  }
  kz_cli_release(&parser);
  return status;
}

const struct kz_command kz_dataset_caption = {"dataset caption",
                                              "say what images show, by template or by hand", run};
