/* WebDataset: tar archives of at most so many images and bytes, each image three members of one
 * key.
 *
 * Images come in the order of their SHA-256, and an index after each finished shard says up to
 * which one it goes. So a run that was stopped can go on after the last finished shard, provided
 * that the images and all that is said of them are the same; a hash of all records tells. The index
 * is one that readers of WebDataset know ("wids"), with our own object beside. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "catalogue/show.h"
#include "export/format.h"

enum { KEY_DIGITS = 16, RECORD_BYTES = 4096, INDEX_MOST = 64 << 20 };

struct shards {
  char *index;            /* NAME.json */
  json_t *list;           /* of finished shards */
  struct kz__tar tar;
  char *path;             /* of the open shard */
  int64_t samples;        /* in it */
  char last[65];          /* SHA-256 of its last image */
  char before[65];        /* up to which a resumed run has written; "" none */
  char key[65];           /* of the image before, in full */
  int64_t left_out;       /* by the run that is resumed */
  struct kz__picture picture;
};

static char *shard_name(const struct kz__export *x, size_t number) {
  return kz_format("%s-%06zu.tar", x->o->out, number);
}

static const char *base_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? slash + 1 : path;
}

/* ---- the index ---- */

static int write_index(struct kz__export *x, bool complete, struct kz_err *err) {
  struct shards *s = x->state;
  json_t *all = json_pack("{si ss sO s{ss ss sb sI}}", "wids_version", 1, "name",
                          base_of(x->o->out), "shardlist", s->list, "kizil", "version", KZ_VERSION,
                          "fingerprint", x->fingerprint, "complete", complete, "left_out",
                          (json_int_t)(x->told->left_out + s->left_out));
  char *text = all ? json_dumps(all, JSON_INDENT(1)) : NULL;
  int code = text ? kz_file_write(s->index, text, strlen(text), err) : kz__export_no_memory(x, err);
  free(text);
  json_decref(all);
  return code;
}

static int not_resumable(const struct shards *s, const char *why, struct kz_err *err) {
  return kz_err_set(err, KZ_EEXIST, "%s: cannot go on: %s; --overwrite begins anew", s->index, why);
}

static int check_shards(struct kz__export *x, struct kz_err *err) {
  struct shards *s = x->state;
  size_t i;
  json_t *shard;
  json_array_foreach(s->list, i, shard) {
    json_int_t size = 0, count = 0;
    const char *last = NULL, *url = NULL;
    struct stat st;
    if (json_unpack(shard, "{ss sI sI ss}", "url", &url, "nsamples", &count, "filesize", &size,
                    "last", &last) || strlen(last) != 64)
      return not_resumable(s, "it is damaged", err);
    char *path = shard_name(x, i);
    if (!path) return kz__export_no_memory(x, err);
    bool there = !stat(path, &st) && st.st_size == size && !strcmp(base_of(path), url);
    free(path);
    if (!there) return not_resumable(s, "a shard that it names is missing or changed", err);
    memcpy(s->before, last, sizeof s->before);
    x->told->before += count;
    x->bytes -= x->bytes < size ? x->bytes : size;
  }
  x->told->images = x->told->before;
  return 0;
}

static int read_index(struct kz__export *x, struct kz_err *err) {
  struct shards *s = x->state;
  char *text = NULL;
  size_t size;
  const char *fingerprint = NULL;
  json_t *list = NULL;
  json_int_t left_out = 0;
  int complete = 0, code = kz_file_read(s->index, INDEX_MOST, &text, &size, err);
  if (code) return code;
  json_t *all = json_loadb(text, size, 0, NULL);
  if (!all || json_unpack(all, "{so s{ss sb sI}}", "shardlist", &list, "kizil", "fingerprint",
                          &fingerprint, "complete", &complete, "left_out", &left_out) ||
      !json_is_array(list)) {
    code = not_resumable(s, "it is not an index that kizil wrote", err);
  } else if (strcmp(fingerprint, x->fingerprint)) {
    code = not_resumable(s, "the images, what is known of them, or the options have changed", err);
  } else {
    json_decref(s->list);
    s->list = json_incref(list);
    s->left_out = left_out;
    code = check_shards(x, err);
  }
  json_decref(all);
  free(text);
  return code;
}

/* ---- begin ---- */

static int clear_place(struct kz__export *x, struct kz_err *err) {
  struct shards *s = x->state;
  char *first = shard_name(x, 0);
  if (!first) return kz__export_no_memory(x, err);
  int code = 0;
  bool index = kz_file_exists(s->index), shard = kz_file_exists(first);
  if (x->o->resume && index) {
    code = read_index(x, err);
  } else if ((index || shard) && !x->o->overwrite) {
    code = kz_err_set(err, KZ_EEXIST,
                      "%s: is there already; --resume goes on with what was stopped, --overwrite "
                      "begins anew",
                      index ? s->index : first);
  } else if (index && unlink(s->index)) { /* it would speak of shards that are not these */
    code = kz__export_write_error(x, s->index, errno, err);
  }
  free(first);
  return code;
}

static int check_space(struct kz__export *x, struct kz_err *err) {
  int64_t free_space = kz__export_free_space(x->o->out);
  if (x->o->pixels || x->o->overwrite || free_space < 0 || free_space >= x->bytes) return 0;
  return kz__export_write_error(x, x->o->out, ENOSPC, err);
}

static int begin(struct kz__export *x, struct kz_err *err) {
  struct shards *s = x->state = calloc(1, sizeof *s);
  if (!s) return kz__export_no_memory(x, err);
  s->picture.fd = -1;
  s->list = json_array();
  s->index = kz_format("%s.json", x->o->out);
  if (!s->index || !s->list) return kz__export_no_memory(x, err);
  x->bytes += x->images * (RECORD_BYTES + 3 * kz__tar_space(1));
  int code = clear_place(x, err);
  return code ? code : check_space(x, err);
}

/* ---- shards ---- */

static int finish_shard(struct kz__export *x, struct kz_err *err) {
  struct shards *s = x->state;
  if (!s->tar.archive) return 0;
  int code = kz__tar_commit(&s->tar, err);
  if (code) return code;
  x->told->files++;
  x->told->bytes += s->tar.bytes;
  json_t *shard = json_pack("{ss sI sI ss}", "url", base_of(s->path), "nsamples",
                            (json_int_t)s->samples, "filesize", (json_int_t)s->tar.bytes, "last",
                            s->last);
  if (!shard || json_array_append_new(s->list, shard)) return kz__export_no_memory(x, err);
  return write_index(x, false, err);
}

static int need_shard(struct kz__export *x, int64_t more, struct kz_err *err) {
  struct shards *s = x->state;
  int code = 0;
  int64_t most = x->o->shard_size * 1000000, end = 2 * kz__tar_space(0);
  if (s->tar.archive && s->samples < x->o->shard_count && s->tar.bytes + more + end <= most)
    return 0;
  code = finish_shard(x, err);
  if (code) return code;
  s->samples = 0;
  free(s->path);
  s->path = shard_name(x, json_array_size(s->list));
  return s->path ? kz__tar_open(&s->tar, x, s->path, err) : kz__export_no_memory(x, err);
}

/* ---- one image ---- */

static void choose_key(struct shards *s, const char *sha256, char key[65]) {
  bool taken = !strncmp(s->key, sha256, KEY_DIGITS); /* sorted: only the one before can be alike */
  snprintf(key, 65, "%.*s", taken ? 64 : KEY_DIGITS, sha256);
  snprintf(s->key, sizeof s->key, "%s", sha256);
}

/* What the record says is of the member, not of the file that it came from. */
static int sample_record(struct kz__export *x, const struct kz_catalogue_entry *e, const char *key,
                         char **text, struct kz_err *err) {
  struct shards *s = x->state;
  static const char *const view[] = {"crop", "orientation", "srgb", "gains"};
  json_t *record = NULL;
  char file[80], *name = kz__show(base_of(e->path), strlen(base_of(e->path)));
  int code = name ? kz__record(x, e, &record, err) : kz__export_no_memory(x, err);
  if (code) goto out;
  snprintf(file, sizeof file, "%s.%s", key, s->picture.suffix);
  json_object_set_new(record, "file", json_string(file));
  json_object_del(record, "file-base64");
  json_object_set_new(record, "name", json_string(name));
  if (x->o->pixels) {
    for (size_t i = 0; i < sizeof view / sizeof *view; i++) json_object_del(record, view[i]);
    json_object_set_new(record, "width", json_integer(s->picture.width));
    json_object_set_new(record, "height", json_integer(s->picture.height));
    json_object_set_new(record, "bytes", json_integer(s->picture.size));
    json_object_set_new(record, "format", json_string(x->o->encoding ? "PNG" : "JPEG"));
  }
  *text = json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(9));
  if (!*text) code = kz__export_no_memory(x, err);
out:
  json_decref(record);
  free(name);
  return code;
}

static int put_text(struct shards *s, const char *key, const char *suffix, const char *text,
                    struct kz_err *err) {
  char name[80];
  size_t size = strlen(text);
  snprintf(name, sizeof name, "%s.%s", key, suffix);
  int code = kz__tar_member(&s->tar, name, (int64_t)size, err);
  return code ? code : kz__tar_write(&s->tar, text, size, err);
}

static int write_piece(void *user, const void *data, size_t size, struct kz_err *err) {
  return kz__tar_write(user, data, size, err);
}

static int put_sample(struct kz__export *x, const struct kz_catalogue_entry *e,
                      struct kz_err *err) {
  struct shards *s = x->state;
  char key[65], name[80], *record = NULL;
  const char *caption = e->caption[x->o->language] ? e->caption[x->o->language] : "";
  choose_key(s, e->sha256, key);
  int code = sample_record(x, e, key, &record, err);
  if (!code)
    code = need_shard(x,
                      kz__tar_space(s->picture.size) + kz__tar_space((int64_t)strlen(record)) +
                          kz__tar_space((int64_t)strlen(caption)),
                      err);
  snprintf(name, sizeof name, "%s.%s", key, s->picture.suffix);
  if (!code) code = kz__tar_member(&s->tar, name, s->picture.size, err);
  if (!code) code = kz__picture_copy(&s->picture, e, write_piece, &s->tar, err);
  if (!code) code = put_text(s, key, "json", record, err);
  if (!code) code = put_text(s, key, "txt", caption, err);
  free(record);
  memcpy(s->last, s->key, sizeof s->last);
  s->samples++;
  return code;
}

static int put(struct kz__export *x, const struct kz_catalogue_entry *e, struct kz_err *err) {
  struct shards *s = x->state;
  if (s->before[0] && strcmp(e->sha256, s->before) <= 0) return 0;
  int code = kz__picture_open(x, &s->picture, e, err);
  if (code < 1) return code;
  code = put_sample(x, e, err);
  kz__picture_close(&s->picture);
  if (!code) x->told->images++;
  return code;
}

/* ---- end ---- */

static int end(struct kz__export *x, struct kz_err *err) {
  struct shards *s = x->state;
  int code = finish_shard(x, err);
  if (!code) code = write_index(x, true, err);
  /* What an earlier export to this name left beyond ours. */
  for (size_t i = json_array_size(s->list), more = 1; !code && more; i++) {
    char *path = shard_name(x, i);
    more = path && !unlink(path);
    free(path);
  }
  x->told->left_out += s->left_out;
  return code;
}

static void release(struct kz__export *x) {
  struct shards *s = x->state;
  if (!s) return;
  if (s->tar.archive) kz__tar_abort(&s->tar);
  kz__picture_release(&s->picture);
  json_decref(s->list);
  free(s->index);
  free(s->path);
  free(s);
}

static const struct kz__export_ops ops = {
    .fingerprints = true, .begin = begin, .put = put, .end = end, .release = release};
const struct kz_export_format kz__export_webdataset = {
    .name = "webdataset", .ops = &ops,
    .help = "tar shards OUT-000000.tar, ..., and OUT.json that lists them"};
