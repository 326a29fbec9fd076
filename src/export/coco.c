/* COCO's JSON with captions. The file has three long lists one after the other; images are written
 * as they are visited, their captions and licences are gathered meanwhile. Sizes are those of the
 * file as it is stored, because that is what readers of COCO open. */
#include <stdlib.h>
#include <string.h>

#include "export/format.h"

struct coco {
  FILE *notes; /* annotations, as text */
  char *text;
  size_t size;
  int64_t images, captions;
  char **licence;
  int count;
};

static int begin(struct kz__export *x, struct kz_err *err) {
  struct coco *k = x->state = calloc(1, sizeof *k);
  if (!k || !(k->notes = open_memstream(&k->text, &k->size))) return kz__export_no_memory(x, err);
  fprintf(x->f, "{\"info\":{\"description\":\"kizil data set%s%s\",\"version\":\"%s\"},\n",
          x->o->part ? ", part " : "", x->o->part ? x->o->part : "", KZ_VERSION);
  fputs("\"images\":[", x->f);
  return 0;
}

/* Numbers of licences are from 1, in the order in which they come. */
static int licence_of(struct coco *k, const char *name) {
  for (int i = 0; i < k->count; i++)
    if (!strcmp(k->licence[i], name)) return i + 1;
  char **grown = realloc(k->licence, ((size_t)k->count + 1) * sizeof *grown);
  if (!grown) return 0;
  k->licence = grown;
  if (!(grown[k->count] = strdup(name))) return 0;
  return ++k->count;
}

static int write_line(struct kz__export *x, FILE *f, bool first, json_t *object,
                      struct kz_err *err) {
  if (!object) return kz__export_no_memory(x, err);
  fputs(first ? "\n" : ",\n", f);
  json_dumpf(object, f, JSON_COMPACT);
  json_decref(object);
  return 0;
}

static void put_fact(json_t *o, const char *name, const char *value) {
  if (value) json_object_set_new(o, name, kz__record_text(value));
}

static int put_image(struct kz__export *x, const struct kz_catalogue_entry *e,
                     struct kz_err *err) {
  struct coco *k = x->state;
  char *shown = NULL, *exact = NULL;
  const char *name = kz__record_fact(e, "licence");
  if (!name) name = kz__record_fact(e, "license");
  int licence = licence_of(k, name ? name : "none stated");
  int code = kz__record_path(x, e->path, &shown, &exact, err);
  if (!code && !licence) code = kz__export_no_memory(x, err);
  json_t *o = code ? NULL
                   : json_pack("{sI ss si si si ss}", "id", (json_int_t)k->images, "file_name",
                               shown, "width", e->width, "height", e->height, "license", licence,
                               "sha256", e->sha256);
  if (o) {
    put_fact(o, "file_name_base64", exact);
    put_fact(o, "date_captured", kz__record_fact(e, "date"));
    put_fact(o, "part", e->part);
  }
  if (!code) code = write_line(x, x->f, k->images == 1, o, err);
  free(shown);
  free(exact);
  return code;
}

static int put(struct kz__export *x, const struct kz_catalogue_entry *e, struct kz_err *err) {
  struct coco *k = x->state;
  const char *caption = e->caption[x->o->language];
  k->images++;
  int code = put_image(x, e, err);
  if (code || !caption) return code;
  k->captions++;
  return write_line(x, k->notes, k->captions == 1,
                    json_pack("{sI sI so}", "id", (json_int_t)k->captions, "image_id",
                              (json_int_t)k->images, "caption", kz__record_text(caption)),
                    err);
}

static int end(struct kz__export *x, struct kz_err *err) {
  struct coco *k = x->state;
  int code = 0;
  if (fflush(k->notes)) return kz__export_no_memory(x, err);
  fputs("\n],\n\"licenses\":[", x->f);
  for (int i = 0; i < k->count && !code; i++)
    code = write_line(x, x->f, !i,
                      json_pack("{si so ss}", "id", i + 1, "name", kz__record_text(k->licence[i]),
                                "url", ""),
                      err);
  fputs("\n],\n\"annotations\":[", x->f);
  fwrite(k->text, 1, k->size, x->f);
  fputs("\n]}\n", x->f);
  return code;
}

static void release(struct kz__export *x) {
  struct coco *k = x->state;
  if (!k) return;
  if (k->notes) fclose(k->notes);
  for (int i = 0; i < k->count; i++) free(k->licence[i]);
  free(k->licence);
  free(k->text);
  free(k);
}

static const struct kz__export_ops ops = {
    .opens = true, .begin = begin, .put = put, .end = end, .release = release};
const struct kz_export_format kz__export_coco = {
    .name = "coco", .text = true, .ops = &ops, .help = "COCO JSON: images, licences, captions"};
