/* A catalogue's chosen images. Which of them train and which judge is what its split says, and
 * nothing else: to part pictures by name would put views of one wall on both sides, which is what
 * the catalogue knows and a folder does not. */
#include "dataset/source.h"

#include <stdlib.h>
#include <string.h>

#include <kizil/catalogue.h>

#include "base/file.h"

enum { MAP_BYTES = KZ_CATALOGUE_MAP * KZ_CATALOGUE_MAP };

struct taking {
  struct kz__list *list;
  const char *part;
  bool maps;
  int chosen, unsplit;
};

static const char *fact(const struct kz_catalogue_entry *e, const char *key) {
  for (int i = 0; i < e->fact_count; i++)
    if (!strcmp(e->facts[i].key, key)) return e->facts[i].value;
  return NULL;
}

/* A caption that was made tells the colours of the whole picture; a crop's are found anew, with the
 * same facts. */
static const char *caption(const struct kz_catalogue_entry *e, enum kz_language language) {
  return e->caption_made[language] ? NULL : e->caption[language];
}

static struct kz__notes *notes_of(const struct kz_catalogue_entry *e, bool map) {
  const char *const words[KZ__WORDS] = {
      [KZ__WORD_SHA256] = e->sha256,
      [KZ__WORD_SUBJECT] = fact(e, "subject"),
      [KZ__WORD_KIND] = fact(e, "kind"),
      [KZ__WORD_PERIOD] = fact(e, "period"),
      [KZ__WORD_SITE] = fact(e, "site"),
      [KZ__WORD_CAPTION] = caption(e, KZ_LANGUAGE_EN),
      [KZ__WORD_CAPTION_ZH] = caption(e, KZ_LANGUAGE_ZH),
  };
  struct kz__notes *n = kz__notes_new(words);
  if (!n) return NULL;
  n->width = e->width;
  n->height = e->height;
  n->orientation = e->orientation;
  n->bytes = e->bytes;
  if (!map || !e->damage) return n;
  n->damage = malloc(MAP_BYTES);
  if (n->damage) {
    memcpy(n->damage, e->damage, MAP_BYTES);
    return n;
  }
  free(n->text);
  free(n);
  return NULL;
}

static int take(void *user, const struct kz_catalogue_entry *e, struct kz_err *err) {
  struct taking *t = user;
  t->chosen++;
  if (!e->part) t->unsplit++;
  if (!e->part || strcmp(e->part, t->part)) return 0;
  struct kz__item item = {.path = strdup(e->path), .view = e->view};
  item.name = item.path;
  if (item.path) item.notes = notes_of(e, t->maps);
  if (item.notes) return kz__list_append(t->list, &item, err);
  free(item.path);
  return kz_err_set(err, KZ_ENOMEM, "no memory for a list of images");
}

static int check(const struct taking *t, const char *path, struct kz_err *err) {
  if (!t->chosen)
    return kz_err_set(err, KZ_ENOENT,
                      "no image of the catalogue '%s' is in: see kizil dataset info '%s'", path,
                      path);
  if (t->unsplit == t->chosen)
    return kz_err_set(err, KZ_ENOENT,
                      "the %d images of the catalogue '%s' are not split yet, so that views of one "
                      "wall would both train and judge: first run kizil dataset split '%s'",
                      t->chosen, path, path);
  if (!t->list->count)
    return kz_err_set(err, KZ_ENOENT, "none of the %d images of the catalogue '%s' is of part %s",
                      t->chosen, path, t->part);
  return 0;
}

int kz__source_catalogue(struct kz__list *list, const struct kz_stream_options *o, char **told,
                         struct kz_err *err) {
  struct kz_catalogue *c = NULL;
  struct taking t = {.list = list,
                     .part = o->held_out_only ? "val" : "train",
                     .maps = !o->held_out_only};
  int code = kz_catalogue_open(o->images, &c, err);
  if (!code) code = kz_catalogue_each(c, NULL, take, &t, err);
  if (!code) code = check(&t, o->images, err);
  if (!code) code = kz_catalogue_check_split(c, NULL, err);
  kz_catalogue_close(c);
  if (code) return code;
  *told = t.unsplit
              ? kz_format("%s: part %s, %d of %d images that are in; %d that came later are of no "
                          "part until kizil dataset split is run", o->images, t.part, list->count,
                          t.chosen, t.unsplit)
              : kz_format("%s: part %s, %d of %d images that are in", o->images, t.part,
                          list->count, t.chosen);
  return *told ? 0 : kz_err_set(err, KZ_ENOMEM, "no memory for a list of images");
}
