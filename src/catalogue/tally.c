/* Every figure of a report as a query. All give the same columns (name, text, count, also, value,
 * image), so that one loop reads them; what is the same for every image (path, size, in or out) is
 * asked apart. ?1 is the key's name, ?2 its threshold, ?3 its image, ?4 its limit. */
#include "catalogue/tally.h"

#include <math.h>
#include <string.h>

/* ---- queries ---- */

/* Of several that tell the same, a person comes before a list, a list before the file itself. */
#define FACT                                                                                \
  "(SELECT value FROM fact f WHERE f.image = i.id AND f.key = ?1 ORDER BY"                  \
  " CASE WHEN source GLOB 'hand *' THEN 0 WHEN source = 'exif' THEN 2 ELSE 1 END, source"   \
  " LIMIT 1)"
#define IS_CHOSEN "i.id IN (SELECT id FROM chosen)"
#define FAILED                                                                       \
  "SELECT NULL, v.reason, NULL, NULL, s.value, i.id FROM verdict v"                  \
  " JOIN image i ON i.id = v.image LEFT JOIN score s ON s.image = i.id AND s.measure = ?1" \
  " WHERE v.measure = ?1"

static const char *const queries[KZ__TALLY_COUNT] = {
    [KZ__TALLY_REASONS] =
        "SELECT v.measure, NULL, count(*),"
        " sum(1 = (SELECT count(*) FROM verdict o WHERE o.image = v.image)),"
        " sum(v.image IN (SELECT image FROM last_review WHERE verdict = 'in')), NULL"
        " FROM verdict v GROUP BY v.measure ORDER BY 3 DESC, 1",
    [KZ__TALLY_VALUES] =
        "SELECT NULL, NULL, NULL, NULL, value, NULL FROM score"
        " WHERE measure = ?1 AND value IS NOT NULL ORDER BY value",
    [KZ__TALLY_CHOSEN_VALUES] =
        "SELECT NULL, NULL, NULL, NULL, value, NULL FROM score WHERE measure = ?1"
        " AND value IS NOT NULL AND image IN (SELECT id FROM chosen) ORDER BY value",
    [KZ__TALLY_FORMATS] =
        "SELECT format, NULL, count(*), sum(" IS_CHOSEN "), NULL, NULL FROM image i"
        " GROUP BY format ORDER BY 3 DESC, 1",
    [KZ__TALLY_DEPTHS] =
        "SELECT bits || ' bits' || CASE WHEN is_float THEN ' (float)' ELSE '' END || ', ' ||"
        " CASE bands WHEN 1 THEN 'grey' WHEN 2 THEN 'grey and alpha' WHEN 3 THEN 'three colours'"
        " WHEN 4 THEN 'four channels' ELSE bands || ' channels' END, NULL, count(*),"
        " sum(" IS_CHOSEN "), NULL, NULL FROM image i WHERE error IS NULL"
        " GROUP BY 1 ORDER BY 3 DESC, 1",
    [KZ__TALLY_PROFILES] =
        "SELECT nullif(profile, ''), NULL, count(*), sum(" IS_CHOSEN "), NULL, NULL FROM image i"
        " WHERE error IS NULL GROUP BY 1 ORDER BY 3 DESC, 1",
    [KZ__TALLY_MEGAPIXELS] =
        "SELECT NULL, NULL, NULL, NULL, width * height / 1e6, NULL FROM image"
        " WHERE error IS NULL ORDER BY 5",
    [KZ__TALLY_FACT_VALUES] =
        "SELECT trim(" FACT "), NULL, count(*), sum(" IS_CHOSEN "), NULL, NULL FROM image i"
        " GROUP BY 1 ORDER BY 4 DESC, 3 DESC, 1",
    [KZ__TALLY_FACT_PARTS] =
        "SELECT trim(" FACT "), s.part, count(*), NULL, NULL, NULL FROM chosen i"
        " LEFT JOIN split s ON s.image = i.id GROUP BY 1, 2 ORDER BY 1, 2",
    [KZ__TALLY_FACT_KEYS] =
        "SELECT key, NULL, count(DISTINCT image), NULL, NULL, NULL FROM fact"
        " WHERE trim(value) <> '' AND image IN (SELECT id FROM chosen)"
        " GROUP BY 1 ORDER BY 3 DESC, 1",
    [KZ__TALLY_PARTS] =
        "SELECT s.part, NULL, count(*), NULL, sum(i.width * i.height / 1e6), NULL FROM chosen"
        " JOIN image i USING(id) LEFT JOIN split s ON s.image = i.id GROUP BY 1 ORDER BY"
        " CASE s.part WHEN 'train' THEN 0 WHEN 'val' THEN 1 WHEN 'test' THEN 2 ELSE 3 END,"
        " s.part IS NULL, 1",
    [KZ__TALLY_PAIRS] =
        "SELECT kind, NULL, count(*), NULL, avg(overlap), NULL FROM pair"
        " GROUP BY kind ORDER BY 3 DESC, 1",
    [KZ__TALLY_CLEANED] =
        "SELECT kind, NULL, count(*), sum(applied), NULL, NULL FROM cleaning"
        " GROUP BY kind ORDER BY 3 DESC, 1",
    [KZ__TALLY_FAILED_NEAR] = FAILED " ORDER BY abs(s.value - ?2), i.sha256 LIMIT ?4",
    [KZ__TALLY_FAILED_FAR] = FAILED " ORDER BY abs(s.value - ?2) DESC, i.sha256 LIMIT ?4",
    [KZ__TALLY_PASSED_NEAR] =
        "SELECT NULL, NULL, NULL, NULL, s.value, i.id FROM score s JOIN image i ON i.id = s.image"
        " WHERE s.measure = ?1 AND s.value IS NOT NULL AND " IS_CHOSEN
        " AND NOT EXISTS(SELECT 1 FROM verdict v WHERE v.image = i.id AND v.measure = ?1)"
        " ORDER BY abs(s.value - ?2), i.sha256 LIMIT ?4",
    [KZ__TALLY_BROKEN] =
        "SELECT NULL, error, NULL, NULL, NULL, id FROM image WHERE error IS NOT NULL"
        " ORDER BY sha256 LIMIT ?4",
    [KZ__TALLY_REVIEWS] =
        "SELECT who, reason || ' (' || substr(at, 1, 10) || ')', NULL, NULL, NULL, image"
        " FROM last_review ORDER BY id DESC LIMIT ?4",
    [KZ__TALLY_LOST] =
        "SELECT NULL, NULL, NULL, NULL, NULL, id FROM image i WHERE error IS NULL"
        " AND NOT EXISTS(SELECT 1 FROM file f WHERE f.image = i.id AND NOT f.gone)"
        " ORDER BY sha256 LIMIT ?4",
    /* First those of which something is left out: large ones before small ones. */
    [KZ__TALLY_GROUPS] =
        "SELECT NULL, NULL, count(*), sum(g.best <> g.image), NULL, g.grp FROM grp g"
        " JOIN image i ON i.id = g.grp GROUP BY g.grp"
        " ORDER BY sum(g.best <> g.image) > 0 DESC, 3 DESC, i.sha256 LIMIT ?4",
    [KZ__TALLY_MEMBERS] =
        "SELECT CASE WHEN g.best <> g.image THEN coalesce(p.kind, 'through another') END, NULL,"
        " g.best, NULL, p.overlap, g.image FROM grp g JOIN image i ON i.id = g.image"
        " JOIN image b ON b.id = g.best LEFT JOIN pair p"
        " ON p.a = min(g.image, g.best) AND p.b = max(g.image, g.best) WHERE g.grp = ?3"
        " ORDER BY g.best <> ?3, b.sha256, g.best <> g.image, i.sha256 LIMIT ?4",
    [KZ__TALLY_QUANTILES] =
        "SELECT NULL, NULL, NULL, NULL, value, image FROM (SELECT value, image, n,"
        " lag(step, 1, -1) OVER (ORDER BY n) AS before, step FROM (SELECT *,"
        " n * (?4 - 1) / max(1, total - 1) AS step FROM (SELECT s.value, s.image,"
        " row_number() OVER (ORDER BY s.value, i.sha256) - 1 AS n, count(*) OVER () AS total"
        " FROM score s JOIN image i ON i.id = s.image WHERE s.measure = ?1"
        " AND s.value IS NOT NULL AND " IS_CHOSEN "))) WHERE step <> before ORDER BY n",
    [KZ__TALLY_CHANGES] =
        "SELECT * FROM (SELECT k.who, params, NULL, applied, confidence, image FROM cleaning k"
        " JOIN image i ON i.id = k.image WHERE kind = ?1 AND applied"
        " ORDER BY confidence, i.sha256 LIMIT ?4)"
        " UNION ALL SELECT * FROM (SELECT k.who, params, NULL, applied, confidence, image"
        " FROM cleaning k JOIN image i ON i.id = k.image WHERE kind = ?1 AND NOT applied"
        " ORDER BY confidence DESC, i.sha256 LIMIT ?4)",
};
enum column { NAME, TEXT, COUNT, ALSO, VALUE, IMAGE };

static const char image_sql[] =
    "SELECT (SELECT min(path) FROM file f WHERE f.image = i.id AND NOT f.gone), width, height,"
    " orientation, bytes, EXISTS(SELECT 1 FROM chosen WHERE id = i.id), error IS NOT NULL,"
    " (SELECT verdict FROM last_review r WHERE r.image = i.id) FROM image i WHERE id = ?1";

static const char totals_sql[] =
    "SELECT (SELECT count(*) FROM image), (SELECT count(*) FROM image WHERE error IS NULL),"
    " (SELECT count(*) FROM chosen), (SELECT coalesce(sum(bytes), 0) FROM image),"
    " (SELECT coalesce(sum(width * height / 1e6), 0) FROM chosen JOIN image USING(id)),"
    " (SELECT count(*) FROM last_review WHERE verdict = 'in'),"
    " (SELECT count(*) FROM last_review WHERE verdict = 'out'),"
    " (SELECT count(*) FROM image i WHERE error IS NULL AND NOT EXISTS(SELECT 1 FROM file f"
    "  WHERE f.image = i.id AND NOT f.gone)),"
    " (SELECT count(*) FROM pair), (SELECT count(DISTINCT grp) FROM grp),"
    " (SELECT count(*) FROM grp WHERE best <> image),"
    " (SELECT count(*) FROM chosen JOIN split ON image = id)";

int kz__tally_totals(const struct kz_catalogue *c, struct kz__totals *t, struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c, totals_sql, &s, err);
  if (!code) code = kz__db_step(c, s, err);
  if (code == 1)
    *t = (struct kz__totals){.images = sqlite3_column_int64(s, 0),
                             .decodable = sqlite3_column_int64(s, 1),
                             .chosen = sqlite3_column_int64(s, 2),
                             .bytes = sqlite3_column_int64(s, 3),
                             .megapixels = sqlite3_column_double(s, 4),
                             .taken_in = sqlite3_column_int64(s, 5),
                             .taken_out = sqlite3_column_int64(s, 6),
                             .nowhere = sqlite3_column_int64(s, 7),
                             .pairs = sqlite3_column_int64(s, 8),
                             .groups = sqlite3_column_int64(s, 9),
                             .doubles = sqlite3_column_int64(s, 10),
                             .split = sqlite3_column_int64(s, 11)};
  sqlite3_finalize(s);
  return code < 0 ? code : 0;
}

/* What the first and the last path in order begin with, all between begin with. */
static size_t common(const char *a, int a_size, const char *b, int b_size) {
  size_t end = 0;
  for (int i = 0; i < a_size && i < b_size && a[i] == b[i]; i++)
    if (a[i] == '/') end = (size_t)i + 1;
  return end;
}

int kz__tally_folder(const struct kz_catalogue *c, char **folder, struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c, "SELECT min(path), max(path) FROM file WHERE NOT gone", &s, err);
  if (!code) code = kz__db_step(c, s, err);
  if (code == 1) {
    const char *a = sqlite3_column_blob(s, 0), *b = sqlite3_column_blob(s, 1);
    size_t n = a && b ? common(a, sqlite3_column_bytes(s, 0), b, sqlite3_column_bytes(s, 1)) : 0;
    *folder = strndup(n ? a : "/", n ? n : 1);
    code = *folder ? 0 : kz_err_set(err, KZ_ENOMEM, "%s: no memory for a path", c->path);
  }
  sqlite3_finalize(s);
  return code;
}

/* ---- rows ---- */

static const char *text_at(sqlite3_stmt *s, int column) {
  return (const char *)sqlite3_column_text(s, column);
}

static struct kz__tally_row read_row(sqlite3_stmt *s) {
  return (struct kz__tally_row){
      .name = text_at(s, NAME),
      .text = text_at(s, TEXT),
      .count = sqlite3_column_int64(s, COUNT),
      .also = sqlite3_column_int64(s, ALSO),
      .value = sqlite3_column_type(s, VALUE) == SQLITE_NULL ? NAN : sqlite3_column_double(s, VALUE),
      .image = sqlite3_column_int64(s, IMAGE)};
}

static int read_image(const struct kz_catalogue *c, sqlite3_stmt *s, struct kz__tally_row *r,
                      struct kz_err *err) {
  sqlite3_reset(s);
  sqlite3_bind_int64(s, 1, r->image);
  int code = kz__db_step(c, s, err);
  if (code != 1) return code;
  r->path = sqlite3_column_blob(s, 0);
  r->path_size = sqlite3_column_bytes(s, 0);
  r->width = sqlite3_column_int(s, 1);
  r->height = sqlite3_column_int(s, 2);
  r->orientation = sqlite3_column_int(s, 3);
  r->bytes = sqlite3_column_int64(s, 4);
  r->chosen = sqlite3_column_int(s, 5);
  r->broken = sqlite3_column_int(s, 6);
  r->word = text_at(s, 7);
  return 0;
}

static void bind_key(sqlite3_stmt *s, const struct kz__tally_key *key) {
  if (key->name) sqlite3_bind_text(s, 1, key->name, -1, SQLITE_STATIC);
  sqlite3_bind_double(s, 2, key->threshold);
  sqlite3_bind_int64(s, 3, key->image);
  sqlite3_bind_int64(s, 4, key->limit);
}

int kz__tally_each(const struct kz_catalogue *c, enum kz__tally what,
                   const struct kz__tally_key *key, kz__tally_visit *visit, void *user,
                   struct kz_err *err) {
  static const struct kz__tally_key none;
  sqlite3_stmt *rows = NULL, *image = NULL;
  int code = kz__db_prepare(c, queries[what], &rows, err);
  if (!code) code = kz__db_prepare(c, image_sql, &image, err);
  if (!code) bind_key(rows, key ? key : &none);
  while (!code && (code = kz__db_step(c, rows, err)) == 1) {
    struct kz__tally_row r = read_row(rows);
    code = r.image ? read_image(c, image, &r, err) : 0;
    if (!code) code = visit(user, &r);
  }
  sqlite3_finalize(rows);
  sqlite3_finalize(image);
  return code;
}
