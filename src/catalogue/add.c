/* `add`: two threads walk, some decode, this one writes. Queues between them are short, so that
 * memory does not follow the folder; whoever fails closes the queue behind the walk, the others
 * finish what they have in hand, and that is still written. */
#include "catalogue/add.h"

#include <errno.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "catalogue/show.h"
#include "catalogue/walk.h"

enum {
  WALKERS = 2,
  MOST_WORKERS = 16,
  FILES = 256,            /* found and not yet taken */
  ROWS = 32,              /* made and not yet taken */
  DECODED = 150 * 1000000 /* B, held by all workers together */
};
static const double tick = 0.1; /* s */

const struct kz_param kz_catalogue_add_params[] = {
    {.name = "threads", .type = KZ_PARAM_INT,
     .offset = offsetof(struct kz_catalogue_add_options, threads), .def = 0, .min = 0,
     .max = MOST_WORKERS, .unit = "", .help = "that decode and measure; 0: two, or all there are"},
    {.name = NULL},
};

struct thread {
  struct adding *a;
  pthread_t id;
  bool running;
  int code;
  struct kz_err err;
};

struct adding {
  struct kz_catalogue *c;
  const struct kz_catalogue_host *host;
  struct kz_catalogue_added *added;
  struct kz__work work;
  struct kz__queue files, rows;
  struct kz__walk *walk;
  struct kz__writer *writer;
  struct thread threads[WALKERS + MOST_WORKERS];
  int workers;
  int64_t found, unchanged, walking; /* atomic */
  double began;
  bool again; /* what is known is measured anew */
  bool stopped;
  bool no_memory; /* atomic: a walker met it */
  int64_t run;
};

/* ---- the walk ---- */

static bool on_file(void *user, const char *path, const struct stat *st) {
  struct adding *a = user;
  struct kz__found *f = kz__found_new(path, st);
  if (!f) {
    __atomic_store_n(&a->no_memory, true, __ATOMIC_RELAXED);
    return false;
  }
  __atomic_add_fetch(&a->found, 1, __ATOMIC_RELAXED);
  if (kz__known_unchanged(a->work.known, path, f->size, f->mtime_ns, f->inode)) {
    __atomic_add_fetch(&a->unchanged, 1, __ATOMIC_RELAXED);
    kz__found_free(f);
    return true;
  }
  if (kz__queue_push(&a->files, f)) return true;
  kz__found_free(f);
  return false;
}

/* A message is a row without a file: it is told by the thread that writes. */
static void on_unreadable(void *user, const char *message) {
  struct adding *a = user;
  struct kz__row *row = calloc(1, sizeof *row);
  if (row) row->error = kz__show(message, strlen(message));
  if (!row || !kz__queue_push(&a->rows, row)) kz__row_free(row);
}

static void *walk_thread(void *user) {
  struct thread *t = user;
  t->code = kz__walk_run(t->a->walk, &t->err);
  __atomic_sub_fetch(&t->a->walking, 1, __ATOMIC_RELAXED);
  if (t->code) kz__queue_close(&t->a->files);
  kz__queue_leave(&t->a->files);
  kz__queue_leave(&t->a->rows);
  return NULL;
}

static void *work_thread(void *user) {
  struct thread *t = user;
  t->code = kz__work_run(&t->a->work, &t->err);
  if (t->code) kz__queue_close(&t->a->files);
  kz__queue_leave(&t->a->rows);
  return NULL;
}

/* ---- threads ---- */

static int start(struct adding *a, struct kz_err *err) {
  int count = WALKERS + a->workers;
  for (int i = 0; i < count; i++) {
    struct thread *t = &a->threads[i];
    t->a = a;
    int number = pthread_create(&t->id, NULL, i < WALKERS ? walk_thread : work_thread, t);
    if (number)
      return kz_err_set(err, KZ_ENOMEM, "cannot start a thread: %s", strerror(number));
    t->running = true;
  }
  return 0;
}

/* Waits for all; the first error of theirs, unless there is one. */
static int join(struct adding *a, int code, struct kz_err *err) {
  if (code) {
    kz__walk_stop(a->walk);
    kz__queue_close(&a->files);
    kz__queue_close(&a->rows);
  }
  for (int i = 0; i < WALKERS + a->workers; i++) {
    struct thread *t = &a->threads[i];
    if (!t->running) continue;
    pthread_join(t->id, NULL);
    t->running = false;
    if (t->code && !code) {
      code = t->code;
      if (err) *err = t->err;
    }
  }
  return code;
}

/* ---- rows ---- */

static void tell_progress(struct adding *a) {
  struct kz_catalogue_progress *p = &a->added->total;
  a->added->unchanged = __atomic_load_n(&a->unchanged, __ATOMIC_RELAXED);
  p->found = __atomic_load_n(&a->found, __ATOMIC_RELAXED);
  p->done = a->added->unchanged + a->work.done;
  p->bytes = __atomic_load_n(&a->work.bytes, __ATOMIC_RELAXED);
  p->seconds = kz_now() - a->began;
  p->walking = __atomic_load_n(&a->walking, __ATOMIC_RELAXED) > 0;
  if (a->host && a->host->progress) a->host->progress(a->host->user, p);
}

static int take_row(struct adding *a, struct kz__row *row, struct kz_err *err) {
  if (row->file) {
    a->work.done++;
    return kz__writer_add(a->writer, row, err);
  }
  a->added->unreadable++;
  if (a->host && a->host->failed && row->error) a->host->failed(a->host->user, row->error);
  kz__row_free(row);
  return 0;
}

/* Until all rows have come. */
static int write_rows(struct adding *a, struct kz_err *err) {
  int code = 0;
  for (bool more = true; more && !code;) {
    void *row = NULL;
    enum kz__popped popped = kz__queue_pop(&a->rows, tick, &row);
    more = popped != KZ__POP_END;
    if (popped == KZ__POPPED) code = take_row(a, row, err);
    if (!code) code = kz__writer_tick(a->writer, err);
    tell_progress(a);
    if (!a->stopped && a->host && a->host->stop && a->host->stop(a->host->user)) {
      a->stopped = true;
      kz__walk_stop(a->walk);
      kz__queue_close(&a->files);
    }
  }
  return code ? code : kz__writer_flush(a->writer, err);
}

/* ---- files that are gone ---- */

/* Known, not met by the walk, and not there: what cannot be looked at may be. */
static bool is_gone(const struct adding *a, const char *path) {
  struct stat st;
  return kz__walk_covers(a->walk, path) && lstat(path, &st) &&
         (errno == ENOENT || errno == ENOTDIR);
}

/* Looks first and writes then, so that no other process waits for a slow disk. */
static int list_gone(const struct adding *a, const char ***paths, int *count, struct kz_err *err) {
  int at = 0, room = 0;
  for (const char *path; (path = kz__known_unseen(a->work.known, &at));) {
    if (!is_gone(a, path)) continue;
    if (*count == room) {
      room = room ? 2 * room : 256;
      const char **grown = realloc(*paths, (size_t)room * sizeof *grown);
      if (!grown) return kz_err_set(err, KZ_ENOMEM, "no memory for the files that are gone");
      *paths = grown;
    }
    (*paths)[(*count)++] = path;
  }
  return 0;
}

/* Mark one; whether its image is found elsewhere: then it has moved. */
static int mark_one(const struct adding *a, sqlite3_stmt *mark, sqlite3_stmt *moved,
                    const char *path, struct kz_err *err) {
  sqlite3_bind_blob(mark, 1, path, (int)strlen(path), SQLITE_STATIC);
  sqlite3_bind_blob(moved, 1, path, (int)strlen(path), SQLITE_STATIC);
  int code = kz__db_run(a->c, mark, err);
  int row = code ? code : kz__db_step(a->c, moved, err);
  if (row == 1 && sqlite3_column_int(moved, 0))
    a->added->moved++;
  else if (row == 1)
    a->added->gone++;
  sqlite3_reset(moved);
  return row < 0 ? row : 0;
}

static int mark_gone(const struct adding *a, struct kz_err *err) {
  static const char moved_sql[] = "SELECT count(*) FROM file f WHERE f.path = ?1 AND EXISTS("
                                  "SELECT 1 FROM file g WHERE g.image = f.image AND NOT g.gone)";
  sqlite3_stmt *mark = NULL, *moved = NULL;
  const char **paths = NULL;
  int count = 0, code = list_gone(a, &paths, &count, err);
  if (code || !count) goto out;
  code = kz__db_begin(a->c, err);
  if (code) goto out;
  code = kz__db_prepare(a->c, "UPDATE file SET gone = 1 WHERE path = ?1", &mark, err);
  if (!code) code = kz__db_prepare(a->c, moved_sql, &moved, err);
  for (int i = 0; i < count && !code; i++) code = mark_one(a, mark, moved, paths[i], err);
  sqlite3_finalize(mark);
  sqlite3_finalize(moved);
  code = kz__db_end(a->c, code, err);
out:
  free(paths);
  return code;
}

/* ---- the record of the run ---- */

static char *options_json(const char *const *folders, int count, const char *copy) {
  json_t *list = json_array(), *all = json_object();
  for (int i = 0; i < count; i++) {
    char *shown = kz__show(folders[i], strlen(folders[i]));
    json_array_append_new(list, json_string(shown ? shown : ""));
    free(shown);
  }
  char *shown = copy ? kz__show(copy, strlen(copy)) : NULL;
  json_object_set_new(all, "folders", list);
  json_object_set_new(all, "copy", shown ? json_string(shown) : json_null());
  free(shown);
  char *text = json_dumps(all, JSON_COMPACT);
  json_decref(all);
  return text;
}

static int run_begins(struct adding *a, const char *const *folders, int count, const char *copy,
                      struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  char *text = options_json(folders, count, copy);
  int code = kz__db_prepare(a->c,
                            "INSERT INTO run(command, started, version, options) VALUES(?3,"
                            " strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), ?1, ?2)",
                            &s, err);
  if (!code) {
    sqlite3_bind_text(s, 1, KZ_VERSION, -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 2, text ? text : "{}", -1, SQLITE_STATIC);
    sqlite3_bind_text(s, 3, a->again ? "screen --again" : "add", -1, SQLITE_STATIC);
    code = kz__db_run(a->c, s, err);
  }
  if (!code) a->run = sqlite3_last_insert_rowid(a->c->db);
  sqlite3_finalize(s);
  free(text);
  return code;
}

static int run_ends(struct adding *a, struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(a->c,
                            "UPDATE run SET ended = strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"
                            " WHERE id = ?1",
                            &s, err);
  if (!code) {
    sqlite3_bind_int64(s, 1, a->run);
    code = kz__db_run(a->c, s, err);
  }
  sqlite3_finalize(s);
  return code;
}

/* ---- all of it ---- */

static int workers_for(int64_t threads) {
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  if (threads > 0) return (int)(threads < MOST_WORKERS ? threads : MOST_WORKERS);
  return processors > 1 ? 2 : 1;
}

static int set_up(struct adding *a, const char *const *folders, int count, const char *copy,
                  struct kz_err *err) {
  const struct kz__walk_host host = {.user = a, .file = on_file, .failed = on_unreadable};
  int code = kz__known_load(a->c, copy, a->again, &a->work.known, err);
  if (!code) code = kz__queue_init(&a->files, FILES, WALKERS, err);
  if (!code) code = kz__queue_init(&a->rows, ROWS, WALKERS + a->workers, err);
  if (!code) code = kz__walk_new(folders, count, &host, &a->walk, err);
  if (!code) code = kz__writer_new(a->c, a->again, a->host, a->added, &a->writer, err);
  if (!code) code = run_begins(a, folders, a->again ? 0 : count, copy, err);
  a->work.files = &a->files;
  a->work.rows = &a->rows;
  a->work.measuring = a->c->measuring;
  a->work.copy = copy;
  a->walking = WALKERS;
  return code;
}

static int go(struct adding *a, struct kz_err *err) {
  int code = start(a, err);
  if (!code) code = write_rows(a, err);
  code = join(a, code, err);
  tell_progress(a);
  a->added->passed_over = kz__walk_passed_over(a->walk);
  if (!code && a->no_memory) code = kz_err_set(err, KZ_ENOMEM, "no memory to list the folders");
  if (!code && a->stopped)
    code = kz_err_set(err, KZ_EINTR, "stopped; what is in the catalogue is sound, and the next run "
                                     "goes on");
  if (!code && !a->again) code = mark_gone(a, err);
  if (!code) code = run_ends(a, err);
  return code;
}

static void release(struct adding *a) {
  for (void *f; (f = kz__queue_drain(&a->files));) kz__found_free(f);
  for (void *r; (r = kz__queue_drain(&a->rows));) kz__row_free(r);
  kz__queue_release(&a->files);
  kz__queue_release(&a->rows);
  kz__walk_free(a->walk);
  kz__writer_free(a->writer);
  kz__known_free(a->work.known);
  kz__budget_release(&a->work.budget);
  pthread_rwlock_destroy(&a->work.lock);
  free(a);
}

static int add(struct kz_catalogue *c, const char *const *folders, int count, int64_t threads,
               const char *copy, bool again, const struct kz_catalogue_host *host,
               struct kz_catalogue_added *added, struct kz_err *err) {
  struct adding *a = calloc(1, sizeof *a);
  if (!a) return kz_err_set(err, KZ_ENOMEM, "%s: no memory to add to it", c->path);
  a->c = c;
  a->host = host;
  a->added = added;
  a->began = kz_now();
  a->again = again;
  a->workers = workers_for(threads);
  kz__budget_init(&a->work.budget, DECODED);
  pthread_rwlock_init(&a->work.lock, NULL);
  int code = set_up(a, folders, count, copy, err);
  if (!code) code = go(a, err);
  release(a);
  return code;
}

int kz_catalogue_add(struct kz_catalogue *c, const char *const *folders, int count,
                     const struct kz_catalogue_add_options *o,
                     const struct kz_catalogue_host *host, struct kz_catalogue_added *added,
                     struct kz_err *err) {
  *added = (struct kz_catalogue_added){0};
  char *copy = NULL;
  if (o->copy) {
    int code = kz_mkdirs(o->copy, err);
    if (code) return code;
    if (!(copy = realpath(o->copy, NULL)))
      return kz_err_set(err, KZ_EIO, "%s: %s", o->copy, strerror(errno));
  }
  int code = add(c, folders, count, o->threads, copy, false, host, added, err);
  free(copy);
  return code;
}

struct paths {
  char **list;
  int count, room;
};

static int keep_path(struct paths *p, const char *bytes, int size, struct kz_err *err) {
  char *path = strndup(bytes ? bytes : "", (size_t)size);
  if (path && access(path, F_OK)) { /* gone, or not to be looked at: its measures stay */
    free(path);
    return 0;
  }
  if (path && p->count == p->room) {
    int room = p->room ? 2 * p->room : 1024;
    char **grown = realloc(p->list, (size_t)room * sizeof *grown);
    if (grown) {
      p->list = grown;
      p->room = room;
    }
  }
  if (!path || p->count == p->room) {
    free(path);
    return kz_err_set(err, KZ_ENOMEM, "no memory for the list of files");
  }
  p->list[p->count++] = path;
  return 0;
}

int kz_catalogue_again(struct kz_catalogue *c, const struct kz_catalogue_add_options *o,
                       const struct kz_catalogue_host *host, struct kz_catalogue_added *added,
                       struct kz_err *err) {
  static const char sql[] = "SELECT min(path) FROM file WHERE image IS NOT NULL AND NOT gone"
                            " GROUP BY image";
  struct paths paths = {0};
  sqlite3_stmt *s = NULL;
  *added = (struct kz_catalogue_added){0};
  int code = kz__db_prepare(c, sql, &s, err);
  while (code >= 0 && (code = kz__db_step(c, s, err)) == 1)
    code = keep_path(&paths, sqlite3_column_blob(s, 0), sqlite3_column_bytes(s, 0), err);
  sqlite3_finalize(s);
  if (!code)
    code = add(c, (const char *const *)paths.list, paths.count, o->threads, NULL, true, host,
               added, err);
  for (int i = 0; i < paths.count; i++) free(paths.list[i]);
  free(paths.list);
  return code;
}
