/* kizil dataset split: which images are trained on, and which judge; and the leak check. */
#include <stdio.h>
#include <stdlib.h>

#include <kizil/catalogue.h>

#include "dataset.h"

enum { SHOWN = 20 };

struct args {
  const char *catalogue;
  bool check;
  struct kz_catalogue_split_options o;
};

static const char notes[] =
    "Every image that is in gets a part. Images of one wall or cave, and images in which the\n"
    "same is to be seen, are never put into different parts: run 'kizil dataset screen' first,\n"
    "it looks for the latter. --by names the facts that keep images together; the first of them\n"
    "that an image has counts. A cave is one of its site; without --by it is the mural, or else\n"
    "the cave.\n"
    "\n"
    "Splitting again keeps the part of every image that has one, and places the others, so add\n"
    "images as you like; shares, --by and --seed are then those of last time where not given.\n"
    "What has come to belong together across parts goes to train if any of it was there, as\n"
    "what was trained on cannot test. --anew forgets all parts. The same images and seed give\n"
    "the same parts in whatever order images were added.\n"
    "\n"
    "--from-facts takes a list's own split (the fact 'split': train, val or test) as it is, and\n"
    "places the images of which it says nothing around it.\n"
    "\n"
    "--check looks whether anything of one part is seen in another, after hand edits, new\n"
    "duplicates or facts put right; so does every split at its end, and one that leaks is not\n"
    "taken.\n"
    "\n"
    "  kizil dataset split murals.db --train 80 --val 10 --test 10 --by cave,site --seed 7\n"
    "  kizil dataset split murals.db --check\n"
    "\n"
    "Exit status: 0 done, 1 it leaks or something failed, 2 wrong usage.";

/* ---- reports ---- */

static void print_leak(void *user, const char *message) {
  int *told = user;
  if (++*told <= SHOWN) printf("%s\n", message);
}

static void count_line(int64_t count, const char *what) {
  if (count) printf("%8lld %s\n", (long long)count, what);
}

static void print_done(const struct kz_catalogue_split_done *d) {
  printf("%8lld images in %lld groups that never part\n", (long long)d->images,
         (long long)d->units);
  count_line(d->kept, "keep the part they had (--anew forgets it)");
  count_line(d->moved, "had another part");
  count_line(d->elsewhere, "have no part: their fact 'split' is neither train, val nor test");
  putchar('\n');
}

static void warn_of_empty(const struct kz_catalogue_split_options *o,
                          const struct kz_catalogue_split_done *d) {
  for (int p = 0; p < KZ_CATALOGUE_PARTS; p++)
    if (o->share[p] > 0 && !d->parted[p])
      kz_cli_warn("%s has no images: too much belongs together; --by can keep less of it together",
                  kz_catalogue_parts[p]);
}

static int print_table(struct kz_catalogue *c, struct kz_err *err) {
  char *text = NULL;
  int code = kz_catalogue_tell_split(c, &text, err);
  if (!code) fputs(text, stdout);
  free(text);
  return code;
}

/* ---- the command ---- */

struct parted {
  int64_t with, without; /* images that have a part */
};

static int count_parted(void *user, const struct kz_catalogue_entry *e, struct kz_err *err) {
  struct parted *n = user;
  (void)err;
  if (e->part) n->with++;
  else n->without++;
  return 0;
}

/* That nothing leaks says little where nothing is split. */
static int check_parted(struct kz_catalogue *c, const char *path, struct kz_err *err) {
  struct parted n = {0};
  int code = kz_catalogue_each(c, NULL, count_parted, &n, err);
  if (!code && !n.with)
    code = kz_err_set(err, KZ_ENOENT, "%s: no image has a part; split first, without --check",
                      path);
  if (!code && n.without)
    kz_cli_warn("%lld images have no part: split again to place them", (long long)n.without);
  return code;
}

static int check(struct kz_catalogue *c, const char *path, struct kz_err *err) {
  int told = 0;
  const struct kz_catalogue_host host = {.user = &told, .failed = print_leak};
  int code = check_parted(c, path, err);
  if (!code) code = print_table(c, err);
  if (code) return code;
  putchar('\n');
  code = kz_catalogue_check_split(c, &host, err);
  if (told > SHOWN) printf("and %d more\n", told - SHOWN);
  if (!code) printf("no part shows anything of another\n");
  return code;
}

static int split(struct kz_catalogue *c, const struct args *a, struct kz_err *err) {
  struct kz_catalogue_split_done done;
  int code = kz_catalogue_split(c, &a->o, &done, err);
  if (!code) {
    print_done(&done);
    warn_of_empty(&a->o, &done);
    code = print_table(c, err);
  }
  return code;
}

/* The line is read twice: the catalogue knows what holds where nothing is said. */
static int run(int argc, char **argv) {
  struct args a = {0};
  struct kz_err err = {0};
  struct kz_catalogue *c = NULL;
  const struct kz_cli_positional positionals[] = {
      {"CATALOGUE", &a.catalogue, "as made by 'kizil dataset init'", false}, {0}};
  const struct kz_cli_option options[] = {
      {.name = "check", .flag = &a.check, .help = "change nothing; look for leaks"}, {0}};
  struct kz_cli_parser parser = {.command = &kz_dataset_split,
                                 .positionals = positionals,
                                 .options = options,
                                 .tables = {{kz_catalogue_split_params, &a.o}},
                                 .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv), code;
  if (status >= 0) return status;
  kz_cli_release(&parser);
  code = kz_catalogue_open(a.catalogue, &c, &err);
  if (!code) code = kz_catalogue_split_asked(c, &a.o, &err);
  if (!code) {
    parser.keep = true;
    status = kz_cli_parse(&parser, argc, argv);
    if (status < 0) {
      code = a.check ? check(c, a.catalogue, &err) : split(c, &a, &err);
      kz_cli_release(&parser);
    }
  }
  if (status < 0) status = code ? kz_cli_fail(&err) : KZ_EXIT_OK;
  kz_catalogue_close(c);
  return status;
}

const struct kz_command kz_dataset_split = {"dataset split",
                                            "divide into train, val and test; check for leaks",
                                            run};
