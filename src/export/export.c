/* An export visits the chosen images twice: once to count them, so that progress, the space needed
 * and refusals are known before anything is written, and once to write. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "catalogue/show.h"
#include "export/format.h"

const struct kz_export_format *const kz_export_formats[] = {
    &kz__export_list, &kz__export_csv,        &kz__export_jsonl,
    &kz__export_coco, &kz__export_webdataset, &kz__export_folder, NULL};

#define FIELD(name) offsetof(struct kz_export_options, name)
static const char *const encodings[] = {"jpeg", "png", NULL};
static const char *const languages[] = {"en", "zh", NULL};
const struct kz_param kz_export_params[] = {
    {.name = "pixels", .type = KZ_PARAM_BOOL, .offset = FIELD(pixels), .unit = "",
     .help = "webdataset, folder: pictures as cleaning shows them, not the files' bytes"},
    {.name = "short-side", .type = KZ_PARAM_INT, .offset = FIELD(short_side), .max = 65535,
     .unit = "px", .help = "reduce these to this short side; 0: keep their size"},
    {.name = "encoding", .type = KZ_PARAM_CHOICE, .offset = FIELD(encoding), .max = 1,
     .choices = encodings, .unit = "", .help = "of these; JPEG has quality 95"},
    {.name = "lang", .type = KZ_PARAM_CHOICE, .offset = FIELD(language), .max = 1,
     .choices = languages, .unit = "", .help = "coco, webdataset: language of the captions"},
    {.name = "shard-size", .type = KZ_PARAM_INT, .offset = FIELD(shard_size), .def = 1000,
     .min = 1, .max = 1000000, .unit = "MB", .help = "webdataset: a shard has at most"},
    {.name = "shard-count", .type = KZ_PARAM_INT, .offset = FIELD(shard_count), .def = 10000,
     .min = 1, .max = 1000000000, .unit = "images", .help = "webdataset: a shard has at most"},
    {0}};

int kz_export_format_find(const char *name, const struct kz_export_format **out,
                          struct kz_err *err) {
  const struct kz_export_format *nearest = kz_export_formats[0];
  for (int i = 0; kz_export_formats[i]; i++) {
    const struct kz_export_format *f = kz_export_formats[i];
    if (!strcmp(f->name, name)) {
      *out = f;
      return 0;
    }
    if (kz_name_distance(f->name, name) < kz_name_distance(nearest->name, name)) nearest = f;
  }
  return kz_err_set(err, KZ_ENOENT, "no format '%s'; did you mean '%s'?", name, nearest->name);
}

/* ---- failures ---- */

int kz__export_no_memory(const struct kz__export *x, struct kz_err *err) {
  return kz_err_set(err, KZ_ENOMEM, "%s: no memory to export it", x->c->path);
}

void kz__export_leave_out(struct kz__export *x, const struct kz_catalogue_entry *e,
                          const char *why) {
  size_t n = strlen(e->path);
  char *shown = kz__show(e->path, n);
  if (!strncmp(why, e->path, n) && !strncmp(why + n, ": ", 2)) why += n + 2;
  char *text = shown ? kz_format("%s: left out: %s", shown, why) : NULL;
  x->told->left_out++;
  if (text && x->host && x->host->failed) x->host->failed(x->host->user, text);
  free(shown);
  free(text);
}

char *kz__export_folder_of(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash ? strndup(path, (size_t)(slash + 1 - path)) : strdup("./");
}

int64_t kz__export_free_space(const char *path) {
  struct statvfs st;
  char *folder = kz__export_folder_of(path);
  bool told = folder && !statvfs(folder, &st);
  free(folder);
  return told ? (int64_t)st.f_bavail * (int64_t)st.f_frsize : -1;
}

int kz__export_write_error(const struct kz__export *x, const char *path, int number,
                           struct kz_err *err) {
  int64_t left = kz__export_free_space(path);
  if (number != ENOSPC && number != EDQUOT && number != EFBIG)
    return kz_err_set(err, KZ_EIO, "%s: cannot write: %s", path, strerror(number ? number : EIO));
  if (x->o->as->text || x->o->pixels || left < 0)
    return kz_err_set(err, KZ_EIO, "%s: cannot write: %s: make room, or write elsewhere", path,
                      strerror(number));
  return kz_err_set(err, KZ_EIO,
                    "%s: cannot write: %s: about %.1f MB are needed, %.1f MB are free: make room, "
                    "or write elsewhere",
                    path, strerror(number), (double)x->bytes / 1e6, (double)left / 1e6);
}

/* ---- before ---- */

struct scan {
  struct kz__export *x;
  struct kz_sha256 hash;
  struct stat out; /* of what is there */
  bool there;
};

static int hash_record(struct scan *s, const struct kz_catalogue_entry *e, struct kz_err *err) {
  json_t *record = NULL;
  int code = kz__record(s->x, e, &record, err);
  char *text = code ? NULL : json_dumps(record, JSON_COMPACT | JSON_REAL_PRECISION(9));
  if (!code && !text) code = kz__export_no_memory(s->x, err);
  if (text) kz_sha256_add(&s->hash, text, strlen(text) + 1);
  json_decref(record);
  free(text);
  return code;
}

static int scan_one(void *user, const struct kz_catalogue_entry *e, struct kz_err *err) {
  struct scan *s = user;
  struct kz__export *x = s->x;
  struct stat st;
  x->images++;
  x->bytes += e->bytes;
  if (s->there && !stat(e->path, &st) && st.st_dev == s->out.st_dev && st.st_ino == s->out.st_ino)
    return kz_err_set(err, KZ_EEXIST, "%s: is an image of the catalogue: choose another name",
                      x->o->out);
  if (x->host && x->host->stop && x->host->stop(x->host->user))
    return kz_err_set(err, KZ_EINTR, "interrupted; nothing was written");
  return x->o->as->ops->fingerprints ? hash_record(s, e, err) : 0;
}

static int scan(struct kz__export *x, struct kz_err *err) {
  const struct kz_export_options *o = x->o;
  struct scan s = {.x = x};
  char *options = kz_params_to_json(kz_export_params, o);
  if (!options) return kz__export_no_memory(x, err);
  kz_sha256_init(&s.hash);
  kz_sha256_add(&s.hash, options, strlen(options) + 1);
  if (o->part) kz_sha256_add(&s.hash, o->part, strlen(o->part) + 1);
  free(options);
  s.there = o->out && !o->as->folder && !stat(o->out, &s.out);
  int code = kz_catalogue_each(x->c, o->part, scan_one, &s, err);
  if (code) return code;
  if (o->as->ops->fingerprints) kz_sha256_hex(&s.hash, x->fingerprint);
  if (x->images) return 0;
  if (o->part)
    return kz_err_set(err, KZ_ENOENT,
                      "%s: no image is in part '%s'; 'kizil dataset split' makes parts",
                      x->c->path, o->part);
  return kz_err_set(err, KZ_ENOENT, "%s: no image is in: 'kizil dataset info' tells why",
                    x->c->path);
}

static int check_out(struct kz__export *x, struct kz_err *err) {
  const struct kz_export_options *o = x->o;
  struct stat st;
  const char *name = o->out ? o->out + strlen(o->out) : "";
  if (o->resume && strcmp(o->as->name, "webdataset"))
    return kz_err_set(err, KZ_EUNSUPPORTED, "only webdataset can be resumed");
  if (!o->out && !(o->as->text && o->to))
    return kz_err_set(err, KZ_EUNSUPPORTED, "%s cannot be written to a stream: give a name",
                      o->as->name);
  if (!o->out || o->as->folder) return 0;
  if (name == o->out || name[-1] == '/' || (!stat(o->out, &st) && S_ISDIR(st.st_mode)))
    return kz_err_set(err, KZ_EEXIST, "%s: is a folder; add a name, as in %s%sdata", o->out,
                      o->out, name > o->out && name[-1] == '/' ? "" : "/");
  if (kz_same_file(o->out, x->c->path))
    return kz_err_set(err, KZ_EEXIST, "%s: is the catalogue itself", o->out);
  if (o->as->text && !o->overwrite && kz_file_exists(o->out))
    return kz_err_set(err, KZ_EEXIST, "%s: is there already; --overwrite replaces it", o->out);
  return 0;
}

/* The real folder of what is written, made if it is shards'. */
static int find_folder(struct kz__export *x, struct kz_err *err) {
  if (!x->o->out) return 0;
  char *folder = x->o->as->folder ? strdup(x->o->out) : kz__export_folder_of(x->o->out);
  int code = folder ? 0 : kz__export_no_memory(x, err);
  if (!code && !x->o->as->text) code = kz_mkdirs(folder, err);
  char *real = code ? NULL : realpath(folder, NULL);
  if (!code && !real)
    code = kz_err_set(err, KZ_ENOENT, "%s: no such folder to write to", folder);
  if (real) x->folder = kz_format("%s%s", real, real[1] ? "/" : "");
  if (real && !x->folder) code = kz__export_no_memory(x, err);
  free(folder);
  free(real);
  return code;
}

/* ---- the visit ---- */

struct visit {
  struct kz__export *x;
  struct kz_catalogue_progress p;
  double start;
};

static bool is_there(struct kz__export *x, const struct kz_catalogue_entry *e) {
  struct stat st;
  if (stat(e->path, &st) || !S_ISREG(st.st_mode))
    kz__export_leave_out(x, e, "is not there any more");
  else if (st.st_size != e->bytes)
    kz__export_leave_out(x, e, "has changed since it was added: add its folder again");
  else
    return true;
  return false;
}

static int visit_one(void *user, const struct kz_catalogue_entry *e, struct kz_err *err) {
  struct visit *v = user;
  struct kz__export *x = v->x;
  const struct kz_export_format *as = x->o->as;
  int code = 0;
  if (x->host && x->host->stop && x->host->stop(x->host->user))
    return kz_err_set(err, KZ_EINTR, "interrupted");
  if (!as->ops->opens || is_there(x, e)) {
    errno = 0;
    code = as->ops->put(x, e, err);
    if (!code && as->text && ferror(x->f))
      code = kz__export_write_error(x, x->o->out ? x->o->out : "output", errno, err);
    if (!code && as->text) x->told->images++;
  }
  v->p.done++;
  v->p.bytes += e->bytes;
  v->p.images = x->told->images;
  v->p.seconds = kz_now() - v->start;
  if (!code && x->host && x->host->progress) x->host->progress(x->host->user, &v->p);
  return code;
}

static int write_all(struct kz__export *x, struct kz_err *err) {
  const struct kz__export_ops *ops = x->o->as->ops;
  struct visit v = {.x = x, .p.found = x->images, .start = kz_now()};
  int code = ops->begin ? ops->begin(x, err) : 0;
  if (!code) code = kz_catalogue_each(x->c, x->o->part, visit_one, &v, err);
  if (!code && ops->end) code = ops->end(x, err);
  if (ops->release) ops->release(x);
  return code;
}

static int write_text(struct kz__export *x, struct kz_err *err) {
  struct kz_atomic_file file = {0};
  int code = x->o->out ? kz_atomic_open(&file, x->o->out, err) : 0;
  if (code) return code;
  x->f = x->o->out ? file.f : x->o->to;
  code = write_all(x, err);
  errno = 0;
  if (!code && (fflush(x->f) || ferror(x->f)))
    code = kz__export_write_error(x, x->o->out ? x->o->out : "output", errno, err);
  if (!x->o->out) return code;
  int64_t size = ftello(x->f);
  if (code) {
    kz_atomic_abort(&file);
    return code;
  }
  x->told->files = 1;
  x->told->bytes = size;
  return kz_atomic_commit(&file, err);
}

int kz_export(struct kz_catalogue *c, const struct kz_export_options *o,
              const struct kz_catalogue_host *host, struct kz_export_told *told,
              struct kz_err *err) {
  struct kz__export x = {.c = c, .o = o, .host = host, .told = told};
  double start = kz_now();
  *told = (struct kz_export_told){0};
  int code = check_out(&x, err);
  if (!code) code = kz__more_open(c, &x.more, err);
  if (!code) code = kz__names_of_facts(c, &x.facts, err);
  if (!code) code = kz__names_of_measures(c, &x.measures, err);
  if (!code) code = kz_catalogue_check_split(c, NULL, err); /* parts that leak are worth nothing */
  if (!code) code = find_folder(&x, err);
  if (!code) code = scan(&x, err);
  if (!code) code = o->as->text ? write_text(&x, err) : write_all(&x, err);
  told->seconds = kz_now() - start;
  kz__more_close(&x.more);
  kz__names_release(&x.facts);
  kz__names_release(&x.measures);
  free(x.folder);
  return code;
}
