/* The schema, and how an older file comes to it. SQLite's user_version counts the steps that were
 * taken, application_id tells a catalogue from other databases; both lie in the file's first page,
 * so that they change with the transaction that changes the tables. */
#include "catalogue/schema.h"

#include <stdio.h>

/* In tables WITHOUT ROWID the key's columns stand first: SQLite 3.40's integrity check looks at the
 * wrong column for NULLs where they do not. */
static const char tables_1[] =
    /* One row for each content that was offered, broken ones too (error says why). */
    "CREATE TABLE image(id INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE,"
    " bytes INTEGER NOT NULL, format TEXT, width INTEGER, height INTEGER, bands INTEGER,"
    " bits INTEGER, is_float INTEGER, frames INTEGER, profile TEXT, orientation INTEGER,"
    " error TEXT, added TEXT NOT NULL);"
    /* Where it lies: absolute, as bytes. image is NULL where the file could not be read. */
    "CREATE TABLE file(path BLOB PRIMARY KEY, image INTEGER REFERENCES image,"
    " size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, inode INTEGER NOT NULL,"
    " gone INTEGER NOT NULL DEFAULT 0, error TEXT) WITHOUT ROWID;"
    "CREATE INDEX file_image ON file(image);"
    /* source: 'exif', 'sidecar NAME', 'hand WHO'. */
    "CREATE TABLE fact(image INTEGER NOT NULL REFERENCES image, key TEXT NOT NULL,"
    " source TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY(image, key, source)) WITHOUT ROWID;"
    "CREATE INDEX fact_source ON fact(source);"
    /* What was measured; NULL: not defined for this picture. */
    "CREATE TABLE score(image INTEGER NOT NULL REFERENCES image, measure TEXT NOT NULL,"
    " value REAL, PRIMARY KEY(image, measure)) WITHOUT ROWID;"
    "CREATE TABLE damage(image INTEGER PRIMARY KEY REFERENCES image, map BLOB NOT NULL);"
    "CREATE TABLE print(image INTEGER PRIMARY KEY REFERENCES image, version INTEGER NOT NULL,"
    " print BLOB NOT NULL);"
    "CREATE TABLE clean(image INTEGER NOT NULL REFERENCES image, kind TEXT NOT NULL,"
    " params TEXT NOT NULL, confidence REAL NOT NULL, applied INTEGER NOT NULL,"
    " PRIMARY KEY(image, kind)) WITHOUT ROWID;"
    /* A person's word on it: 'given' with parameters, 'none', or 'default' to take it back. */
    "CREATE TABLE clean_review(id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " image INTEGER NOT NULL REFERENCES image, kind TEXT NOT NULL,"
    " decision TEXT NOT NULL CHECK(decision IN ('given', 'none', 'default')), params TEXT,"
    " reason TEXT NOT NULL, who TEXT NOT NULL, at TEXT NOT NULL,"
    " CHECK((decision = 'given') = (params IS NOT NULL)));"
    "CREATE INDEX clean_review_image ON clean_review(image, kind);"
    "CREATE TRIGGER clean_review_is_not_changed BEFORE UPDATE ON clean_review BEGIN"
    " SELECT raise(ABORT, 'reviews are history: add another'); END;"
    "CREATE TRIGGER clean_review_is_not_deleted BEFORE DELETE ON clean_review BEGIN"
    " SELECT raise(ABORT, 'reviews are history: add another'); END;"
    /* What differs from the built-in thresholds. */
    "CREATE TABLE threshold(measure TEXT PRIMARY KEY, value REAL NOT NULL) WITHOUT ROWID;"
    /* Why an image is out: one row for each reason; made anew from scores and thresholds. */
    "CREATE TABLE verdict(image INTEGER NOT NULL REFERENCES image, measure TEXT NOT NULL,"
    " reason TEXT NOT NULL, PRIMARY KEY(image, measure)) WITHOUT ROWID;"
    "CREATE TABLE review(id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " image INTEGER NOT NULL REFERENCES image,"
    " verdict TEXT NOT NULL CHECK(verdict IN ('in', 'out')), reason TEXT NOT NULL,"
    " who TEXT NOT NULL, at TEXT NOT NULL);"
    "CREATE INDEX review_image ON review(image);"
    "CREATE TRIGGER review_is_not_changed BEFORE UPDATE ON review BEGIN"
    " SELECT raise(ABORT, 'reviews are history: add another'); END;"
    "CREATE TRIGGER review_is_not_deleted BEFORE DELETE ON review BEGIN"
    " SELECT raise(ABORT, 'reviews are history: add another'); END;"
    "CREATE TABLE pair(a INTEGER NOT NULL REFERENCES image, b INTEGER NOT NULL REFERENCES image,"
    " kind TEXT NOT NULL, overlap REAL, correlation REAL,"
    /* What both show, of what the smaller shows. */
    " smaller REAL, PRIMARY KEY(a, b)) WITHOUT ROWID;"
    /* Of what shows something in common: grp is one image of them, best the one that stays for
     * this one, which may be itself. */
    "CREATE TABLE grp(image INTEGER PRIMARY KEY REFERENCES image,"
    " grp INTEGER NOT NULL REFERENCES image, best INTEGER NOT NULL REFERENCES image);"
    "CREATE TABLE split(image INTEGER PRIMARY KEY REFERENCES image, part TEXT NOT NULL);"
    /* source: 'made', 'hand WHO'. recipe: of what it was made, hashed. */
    "CREATE TABLE caption(image INTEGER NOT NULL REFERENCES image, language TEXT NOT NULL,"
    " source TEXT NOT NULL, text TEXT NOT NULL, recipe TEXT,"
    " PRIMARY KEY(image, language, source)) WITHOUT ROWID;"
    "CREATE TABLE setting(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE run(id INTEGER PRIMARY KEY, command TEXT NOT NULL, started TEXT NOT NULL,"
    " ended TEXT, version TEXT NOT NULL, options TEXT NOT NULL);"
    "CREATE VIEW last_review AS SELECT * FROM review"
    " WHERE id IN (SELECT max(id) FROM review GROUP BY image);"
    "CREATE VIEW last_clean_review AS SELECT * FROM clean_review r WHERE NOT EXISTS(SELECT 1 FROM"
    " clean_review n WHERE n.image = r.image AND n.kind = r.kind AND n.id > r.id);"
    /* What holds of an image: the finding, unless a person said otherwise. */
    "CREATE VIEW cleaning AS SELECT c.image, c.kind, coalesce(r.params, c.params) AS params,"
    " c.confidence, CASE r.decision WHEN 'given' THEN 1 WHEN 'none' THEN 0 ELSE c.applied END"
    " AS applied, r.decision, r.who, r.reason FROM clean c"
    " LEFT JOIN last_clean_review r ON r.image = c.image AND r.kind = c.kind"
    " UNION ALL SELECT r.image, r.kind, r.params, NULL, r.decision = 'given', r.decision, r.who,"
    " r.reason FROM last_clean_review r WHERE r.decision <> 'default' AND NOT EXISTS(SELECT 1 FROM"
    " clean c WHERE c.image = r.image AND c.kind = r.kind);"
    /* The data set: decodable, somewhere to be found, and in by review or for lack of reasons. */
    "CREATE VIEW chosen AS SELECT i.id FROM image i LEFT JOIN last_review r ON r.image = i.id"
    " WHERE i.error IS NULL"
    " AND EXISTS(SELECT 1 FROM file f WHERE f.image = i.id AND NOT f.gone)"
    " AND CASE r.verdict WHEN 'in' THEN 1 WHEN 'out' THEN 0"
    "  ELSE NOT EXISTS(SELECT 1 FROM verdict v WHERE v.image = i.id) END;";

const char *const kz__schema_steps[] = {tables_1};
const int kz__schema_version = sizeof kz__schema_steps / sizeof *kz__schema_steps;

int kz__schema_check(const struct kz_catalogue *c, struct kz_err *err) {
  int64_t application = 0, version = 0;
  int code = kz__db_number(c, "PRAGMA application_id", 0, &application, err);
  if (!code) code = kz__db_number(c, "PRAGMA user_version", 0, &version, err);
  if (code) return code;
  if (application != KZ__APPLICATION_ID)
    return kz_err_set(err, KZ_EFORMAT, "%s: not a catalogue: another program's database or none",
                      c->path);
  if (version > kz__schema_version)
    return kz_err_set(err, KZ_EUNSUPPORTED,
                      "%s: its schema is version %lld, made by a newer kizil; this one knows %d",
                      c->path, (long long)version, kz__schema_version);
  return 0;
}

static int take_steps(const struct kz_catalogue *c, const char *const *steps, int count,
                      struct kz_err *err) {
  int64_t version; /* asked again: another process may have been faster */
  int code = kz__db_number(c, "PRAGMA user_version", 0, &version, err);
  for (int i = (int)version; !code && i < count; i++) {
    code = kz__db_exec(c, steps[i], err);
    if (code) kz_err_prefix(err, "schema version %d", i + 1);
  }
  char sql[96];
  snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %d",
           KZ__APPLICATION_ID, count);
  if (!code && version < count) code = kz__db_exec(c, sql, err);
  return code;
}

int kz__schema_migrate(const struct kz_catalogue *c, const char *const *steps, int count,
                       struct kz_err *err) {
  int64_t version;
  int code = kz__db_number(c, "PRAGMA user_version", 0, &version, err);
  if (code || version >= count) return code;
  code = kz__db_begin(c, err);
  if (code) return code;
  return kz__db_end(c, take_steps(c, steps, count, err), err);
}
