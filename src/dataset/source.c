/* A path is a folder, a catalogue or a list by what lies there, not by its name: people name their
 * catalogues as they like. */
#include "dataset/source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct kz__notes *kz__notes_new(const char *const words[KZ__WORDS]) {
  const char *copy[KZ__WORDS] = {NULL};
  size_t size = 1;
  struct kz__notes *n = calloc(1, sizeof *n);
  for (int i = 0; i < KZ__WORDS; i++) size += words[i] ? strlen(words[i]) + 1 : 0;
  char *at = malloc(size);
  if (!n || !at) {
    free(n);
    free(at);
    return NULL;
  }
  n->text = at;
  for (int i = 0; i < KZ__WORDS; i++) {
    if (!words[i] || !words[i][0]) continue;
    size_t length = strlen(words[i]) + 1;
    copy[i] = memcpy(at, words[i], length);
    at += length;
  }
  n->sha256 = copy[KZ__WORD_SHA256];
  for (int i = 0; i < 2; i++) {
    const char *own = copy[KZ__WORD_CAPTION + i];
    n->facts[i] = (struct kz_caption_facts){
        .subject = copy[KZ__WORD_SUBJECT],
        .kind = copy[KZ__WORD_KIND],
        .period = copy[KZ__WORD_PERIOD],
        .site = copy[KZ__WORD_SITE],
        .caption = own ? own : copy[KZ__WORD_CAPTION], /* one language is better than none */
    };
  }
  return n;
}

static int list_folder(struct kz__list *list, const struct kz_stream_options *o,
                       struct kz__log *log, struct kz_err *err) {
  int code = kz__list_walk(list, o->images, log, err);
  if (code) return code;
  int all = list->count;
  if (!all)
    return kz_err_set(err, KZ_ENOENT,
                      "no images in '%s': jpg, jpeg, png, tif, tiff and webp files are read, "
                      "in subfolders too", o->images);
  kz__list_split(list, o->held_out, o->held_out_only);
  if (list->count) return 0;
  if (o->held_out_only)
    return kz_err_set(err, KZ_ENOENT,
                      "none of the %d images in '%s' is held out at a share of %g: there are too "
                      "few; raise the share or go without", all, o->images, o->held_out);
  return kz_err_set(err, KZ_ENOENT,
                    "all %d images in '%s' are held out at a share of %g, none is left to train "
                    "on: lower the share or add images", all, o->images, o->held_out);
}

/* The head of an SQLite database, version 3 of its format. */
static int is_catalogue(const char *path, bool *is, struct kz_err *err) {
  static const char magic[16] = "SQLite format 3";
  char head[sizeof magic];
  FILE *f = fopen(path, "rb");
  if (!f) return kz_err_set(err, KZ_EIO, "'%s': cannot open: %s", path, strerror(errno));
  *is = fread(head, 1, sizeof head, f) == sizeof head && !memcmp(head, magic, sizeof magic);
  fclose(f);
  return 0;
}

int kz__source_list(struct kz__list *list, const struct kz_stream_options *o, struct kz__log *log,
                    char **told, struct kz_err *err) {
  struct stat st;
  bool catalogue = false;
  if (stat(o->images, &st) || !S_ISREG(st.st_mode)) return list_folder(list, o, log, err);
  int code = is_catalogue(o->images, &catalogue, err);
  if (code) return code;
  return (catalogue ? kz__source_catalogue : kz__source_csv)(list, o, told, err);
}
