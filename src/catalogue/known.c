/* Files are loaded once, sorted by path by the database, and found by binary search: nothing is
 * added to them while threads look. Contents are a hash table under a mutex; a SHA-256 is a hash
 * already. 100,000 files of 100 bytes of path are about 15 MB. */
#include "catalogue/known.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct file {
  char *path;
  int64_t size, mtime_ns, inode;
  bool whole; /* all is known of it that can be */
  bool gone;
  bool seen; /* atomic */
};

struct content {
  uint8_t sha[32];
  uint8_t state; /* NEW: a free slot */
};

struct kz__known {
  struct file *files;
  int count, room;
  struct content *contents; /* open addressing; room is a power of two */
  int content_count, content_room;
  pthread_mutex_t mutex;
};

/* ---- contents ---- */

static bool from_hex(const char *hex, uint8_t sha[32]) {
  for (int i = 0; i < 64; i++) {
    char c = hex[i];
    int v = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    if (v < 0) return false;
    sha[i / 2] = (uint8_t)(i & 1 ? sha[i / 2] << 4 | v : v);
  }
  return true;
}

static struct content *slot_of(struct content *table, int room, const uint8_t sha[32]) {
  uint32_t h;
  memcpy(&h, sha, sizeof h);
  int at = (int)(h & (uint32_t)(room - 1));
  while (table[at].state && memcmp(table[at].sha, sha, 32)) at = (at + 1) & (room - 1);
  return &table[at];
}

/* The slot of a content, free if it was not there; NULL: no memory. */
static struct content *find(struct kz__known *k, const uint8_t sha[32]) {
  if (2 * (k->content_count + 1) > k->content_room) {
    int room = k->content_room ? 2 * k->content_room : 1024;
    struct content *table = calloc((size_t)room, sizeof *table);
    if (!table) return NULL;
    for (int i = 0; i < k->content_room; i++)
      if (k->contents[i].state) *slot_of(table, room, k->contents[i].sha) = k->contents[i];
    free(k->contents);
    k->contents = table;
    k->content_room = room;
  }
  return slot_of(k->contents, k->content_room, sha);
}

static int out_of_memory(struct kz_err *err) {
  return kz_err_set(err, KZ_ENOMEM, "no memory for what the catalogue knows");
}

/* The state that the content had; it becomes `state` if it had none. */
static int put(struct kz__known *k, const char *hex, int state, struct kz_err *err) {
  uint8_t sha[32];
  if (!from_hex(hex, sha)) return KZ__CONTENT_BROKEN; /* not ours: no file will ever match */
  struct content *slot = find(k, sha);
  if (!slot) return out_of_memory(err);
  int before = slot->state;
  if (!before) {
    memcpy(slot->sha, sha, sizeof sha);
    slot->state = (uint8_t)state;
    k->content_count++;
  }
  return before;
}

int kz__known_claim(struct kz__known *k, const char hex[65], struct kz_err *err) {
  pthread_mutex_lock(&k->mutex);
  int state = put(k, hex, KZ__CONTENT_TAKEN, err);
  pthread_mutex_unlock(&k->mutex);
  return state;
}

/* ---- loading ---- */

static int add_file(struct kz__known *k, sqlite3_stmt *s, struct kz_err *err) {
  if (k->count == k->room) {
    int room = k->room ? 2 * k->room : 1024;
    struct file *grown = realloc(k->files, (size_t)room * sizeof *grown);
    if (!grown) return out_of_memory(err);
    k->files = grown;
    k->room = room;
  }
  const void *bytes = sqlite3_column_blob(s, 0);
  char *path = strndup(bytes ? bytes : "", (size_t)sqlite3_column_bytes(s, 0));
  if (!path) return out_of_memory(err);
  k->files[k->count++] = (struct file){.path = path,
                                       .size = sqlite3_column_int64(s, 1),
                                       .mtime_ns = sqlite3_column_int64(s, 2),
                                       .inode = sqlite3_column_int64(s, 3),
                                       .whole = sqlite3_column_int(s, 4),
                                       .gone = sqlite3_column_int(s, 5)};
  return 0;
}

static int load_files(struct kz_catalogue *c, const char *copy, struct kz__known *k,
                      struct kz_err *err) {
  /* A file is whole if it was read and, where copies are wanted and it can be decoded, has one. */
  static const char sql[] =
      "SELECT f.path, f.size, f.mtime_ns, f.inode, f.image IS NOT NULL AND (?1 IS NULL"
      " OR i.error IS NOT NULL OR EXISTS(SELECT 1 FROM file p WHERE p.image = f.image"
      "  AND NOT p.gone AND substr(p.path, 1, length(?1)) = ?1)), f.gone"
      " FROM file f LEFT JOIN image i ON i.id = f.image ORDER BY f.path";
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c, sql, &s, err);
  if (!code && copy) sqlite3_bind_blob(s, 1, copy, (int)strlen(copy), SQLITE_STATIC);
  while (code >= 0 && (code = kz__db_step(c, s, err)) == 1) code = add_file(k, s, err);
  sqlite3_finalize(s);
  return code;
}

static int load_contents(struct kz_catalogue *c, struct kz__known *k, struct kz_err *err) {
  sqlite3_stmt *s = NULL;
  int code = kz__db_prepare(c, "SELECT sha256, error IS NOT NULL FROM image", &s, err);
  while (code >= 0 && (code = kz__db_step(c, s, err)) == 1) {
    bool broken = sqlite3_column_int(s, 1);
    code = put(k, (const char *)sqlite3_column_text(s, 0),
               broken ? KZ__CONTENT_BROKEN : KZ__CONTENT_GOOD, err);
  }
  sqlite3_finalize(s);
  return code;
}

int kz__known_load(struct kz_catalogue *c, const char *copy, bool again, struct kz__known **out,
                   struct kz_err *err) {
  struct kz__known *k = calloc(1, sizeof *k);
  if (!k) return out_of_memory(err);
  pthread_mutex_init(&k->mutex, NULL);
  int code = load_files(c, copy, k, err);
  if (!code && !again) code = load_contents(c, k, err);
  for (int i = 0; again && i < k->count; i++) k->files[i].whole = false;
  if (code)
    kz__known_free(k);
  else
    *out = k;
  return code;
}

void kz__known_free(struct kz__known *k) {
  if (!k) return;
  for (int i = 0; i < k->count; i++) free(k->files[i].path);
  free(k->files);
  free(k->contents);
  pthread_mutex_destroy(&k->mutex);
  free(k);
}

/* ---- files ---- */

static int by_path(const void *key, const void *element) {
  return strcmp(key, ((const struct file *)element)->path);
}

bool kz__known_unchanged(struct kz__known *k, const char *path, int64_t size, int64_t mtime_ns,
                         int64_t inode) {
  struct file *f =
      k->count ? bsearch(path, k->files, (size_t)k->count, sizeof *k->files, by_path) : NULL;
  if (!f) return false;
  __atomic_store_n(&f->seen, true, __ATOMIC_RELAXED);
  return f->whole && !f->gone && f->size == size && f->mtime_ns == mtime_ns && f->inode == inode;
}

const char *kz__known_unseen(const struct kz__known *k, int *at) {
  while (*at < k->count) {
    const struct file *f = &k->files[(*at)++];
    if (!f->seen && !f->gone) return f->path;
  }
  return NULL;
}
