/* The SQLite file. It is in WAL mode, so that a reader never waits for a writer; every write
 * transaction begins IMMEDIATE, because one that starts as a reader and then wants to write cannot
 * wait for another process's (SQLite refuses the upgrade at once). Commits are synced. */
#include "catalogue/db.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "catalogue/measure.h"
#include "catalogue/schema.h"

enum { BUSY_MS = 30000 };

/* ---- calls ---- */

int kz__db_fail(const struct kz_catalogue *c, const char *doing, struct kz_err *err) {
  int primary = sqlite3_errcode(c->db) & 0xff;
  const char *reason = sqlite3_errmsg(c->db);
  switch (primary) {
    case SQLITE_FULL:
      return kz_err_set(err, KZ_EIO,
                        "%s: cannot %s: the disk is full; what was committed before is sound: make "
                        "room and run again",
                        c->path, doing);
    case SQLITE_BUSY:
      return kz_err_set(err, KZ_EIO,
                        "%s: cannot %s: another process has kept it locked for %d s", c->path,
                        doing, BUSY_MS / 1000);
    case SQLITE_NOTADB:
      return kz_err_set(err, KZ_EFORMAT, "%s: not a catalogue: no SQLite database", c->path);
    case SQLITE_CORRUPT:
      return kz_err_set(err, KZ_EFORMAT, "%s: cannot %s: the file is damaged: %s", c->path, doing,
                        reason);
    case SQLITE_NOMEM: return kz_err_set(err, KZ_ENOMEM, "%s: no memory to %s", c->path, doing);
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
      return kz_err_set(err, KZ_EIO,
                        "%s: cannot %s: %s; the file and its folder must be writable", c->path,
                        doing, reason);
    default: return kz_err_set(err, KZ_EIO, "%s: cannot %s: %s", c->path, doing, reason);
  }
}

int kz__db_exec(const struct kz_catalogue *c, const char *sql, struct kz_err *err) {
  if (sqlite3_exec(c->db, sql, NULL, NULL, NULL) == SQLITE_OK) return 0;
  return kz__db_fail(c, "use it", err);
}

int kz__db_prepare(const struct kz_catalogue *c, const char *sql, sqlite3_stmt **out,
                   struct kz_err *err) {
  if (sqlite3_prepare_v2(c->db, sql, -1, out, NULL) == SQLITE_OK) return 0;
  return kz__db_fail(c, "read it", err);
}

int kz__db_step(const struct kz_catalogue *c, sqlite3_stmt *s, struct kz_err *err) {
  int rc = sqlite3_step(s);
  if (rc == SQLITE_ROW) return 1;
  if (rc == SQLITE_DONE) return 0;
  return kz__db_fail(c, sqlite3_stmt_readonly(s) ? "read it" : "write to it", err);
}

int kz__db_run(const struct kz_catalogue *c, sqlite3_stmt *s, struct kz_err *err) {
  int code = kz__db_step(c, s, err);
  sqlite3_reset(s);
  sqlite3_clear_bindings(s);
  return code < 0 ? code : 0;
}

int kz__db_number(const struct kz_catalogue *c, const char *sql, int64_t otherwise, int64_t *value,
                  struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c, sql, &s, err);
  if (!code) code = kz__db_step(c, s, err);
  if (code >= 0) *value = code ? sqlite3_column_int64(s, 0) : otherwise;
  sqlite3_finalize(s);
  return code < 0 ? code : 0;
}

int kz__db_begin(const struct kz_catalogue *c, struct kz_err *err) {
  if (sqlite3_exec(c->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK) return 0;
  return kz__db_fail(c, "write to it", err);
}

int kz__db_end(const struct kz_catalogue *c, int code, struct kz_err *err) {
  if (!code && sqlite3_exec(c->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
    code = kz__db_fail(c, "write to it", err);
  if (code && !sqlite3_get_autocommit(c->db)) sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
  return code;
}

/* ---- open ---- */

static int connect(struct kz_catalogue *c, struct kz_err *err) {
  if (sqlite3_open_v2(c->path, &c->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
    if (!c->db) return kz_err_set(err, KZ_ENOMEM, "%s: no memory to open it", c->path);
    return kz__db_fail(c, "open it", err);
  }
  sqlite3_extended_result_codes(c->db, 1);
  sqlite3_busy_timeout(c->db, BUSY_MS);
  return 0;
}

/* Application and schema are looked at before anything is written: WAL mode writes. */
static int prepare(struct kz_catalogue *c, bool fresh, struct kz_err *err) {
  int code = fresh ? 0 : kz__schema_check(c, err);
  if (!code)
    code = kz__db_exec(c, "PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON;"
                          "PRAGMA synchronous = FULL", err);
  if (!code) code = kz__schema_migrate(c, kz__schema_steps, kz__schema_version, err);
  return code;
}

static int open_at(const char *path, bool fresh, struct kz_catalogue **out, struct kz_err *err) {
  int code = 0;
  struct kz_catalogue *c = calloc(1, sizeof *c);
  if (c) c->path = strdup(path);
  if (!c || !c->path) {
    code = kz_err_set(err, KZ_ENOMEM, "%s: no memory to open it", path);
    goto out;
  }
  c->measuring = &kz__measuring;
  code = connect(c, err);
  if (!code) code = prepare(c, fresh, err);
out:
  if (code)
    kz_catalogue_close(c);
  else
    *out = c;
  return code;
}

int kz_catalogue_create(const char *path, struct kz_err *err) {
  struct kz_catalogue *c = NULL;
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (fd < 0 && errno == EEXIST)
    return kz_err_set(err, KZ_EEXIST, "%s: is there already", path);
  if (fd < 0)
    return kz_err_set(err, errno == ENOENT ? KZ_ENOENT : KZ_EIO, "%s: cannot make it: %s", path,
                      strerror(errno));
  close(fd);
  int code = open_at(path, true, &c, err);
  kz_catalogue_close(c);
  if (code) unlink(path);
  return code;
}

int kz_catalogue_open(const char *path, struct kz_catalogue **out, struct kz_err *err) {
  if (!kz_file_exists(path))
    return kz_err_set(err, KZ_ENOENT, "%s: no such catalogue; 'kizil dataset init' makes one",
                      path);
  return open_at(path, false, out, err);
}

void kz_catalogue_close(struct kz_catalogue *c) {
  if (!c) return;
  sqlite3_close(c->db);
  free(c->path);
  free(c);
}
