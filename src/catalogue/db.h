/* What the files of this module share: the connection, and SQLite's calls behind functions that
 * fill a kz_err with the catalogue's name. */
#ifndef KZ_CATALOGUE_DB_H
#define KZ_CATALOGUE_DB_H

#include <sqlite3.h>

#include <kizil/catalogue.h>

struct kz__measuring;

struct kz_catalogue {
  sqlite3 *db;
  char *path;
  const struct kz__measuring *measuring; /* what is measured and how; tests put their own here */
};

#define KZ__APPLICATION_ID 0x6b7a6361 /* "kzca" */

/* Fill err from the connection's last error: "CAT: cannot DOING: reason". */
int kz__db_fail(const struct kz_catalogue *c, const char *doing, struct kz_err *err);
int kz__db_exec(const struct kz_catalogue *c, const char *sql, struct kz_err *err);
int kz__db_prepare(const struct kz_catalogue *c, const char *sql, sqlite3_stmt **out,
                   struct kz_err *err);
/* 1: a row is there, 0: done, < 0: failed. */
int kz__db_step(const struct kz_catalogue *c, sqlite3_stmt *s, struct kz_err *err);
/* Step a statement that gives no rows, and make it ready for the next values. */
int kz__db_run(const struct kz_catalogue *c, sqlite3_stmt *s, struct kz_err *err);
/* The first column of the first row as a number; `otherwise` where there is no row. */
int kz__db_number(const struct kz_catalogue *c, const char *sql, int64_t otherwise, int64_t *value,
                  struct kz_err *err);
/* A writing transaction: waits for another process's. kz__db_end commits, or takes all back if
 * `code` is an error, and returns the first error. */
int kz__db_begin(const struct kz_catalogue *c, struct kz_err *err);
int kz__db_end(const struct kz_catalogue *c, int code, struct kz_err *err);

#endif
