/* Descriptive tags of a TIFF: read, packed as EXIF, put into another.
 *
 * libvips drops them from every TIFF that it writes. libtiff would carry some: those that it knows
 * by name, with rational numbers made anew from floats. Here they are copied as they are, known or
 * not, from one directory to another; only the order of bytes is turned to the machine's own.
 *
 * What is carried is all but what tells how samples are stored, what libvips writes itself (ICC,
 * XMP, IPTC, Photoshop's resources), and what would be wrong of the new file (Photoshop's layers,
 * a DNG's instructions). Offsets inside of a maker's note stay as they are.
 *
 * A new first directory goes to the end of the file that libvips wrote, with the entries of the old
 * one, and the header is pointed at it: nothing else moves, whether it has strips, tiles, smaller
 * copies or 64-bit offsets. */
#include "image/tags.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
  ORIENTATION = 274, X_RESOLUTION = 282, Y_RESOLUTION = 283, RESOLUTION_UNIT = 296,
  EXIF = 34665, GPS = 34853, INTEROPERABILITY = 40965,
  MOST_TAGS = 4096, LARGEST = 1 << 20 /* B, of a tag */
};

struct tags {
  struct tag *tag;
  int count;
};

struct tag {
  uint16_t id, type;
  uint64_t count;
  uint8_t *data;     /* in the machine's order; NULL: `value` is the entry's own field */
  uint8_t value[8];
  struct tags below; /* of a directory's pointer */
};

/* A TIFF, in a file or in memory. */
struct tiff {
  int fd; /* -1: in memory */
  const uint8_t *data;
  uint64_t size;
  bool turned, big; /* the other order of bytes; 64-bit offsets */
};

static const struct {
  uint16_t first, last;
} not_carried[] = {
    {254, 259},     {262, 266},     {273, 273},     {277, 281},     {284, 284},     {288, 293},
    {300, 300},     {317, 317},     {320, 532},     {700, 700},     {32995, 32998}, {33421, 33422},
    {33723, 33723}, {34377, 34377}, {34675, 34675}, {37724, 37724}, {50674, 51200},
};

static bool is_carried(uint16_t id) {
  for (size_t i = 0; i < sizeof not_carried / sizeof not_carried[0]; i++)
    if (id >= not_carried[i].first && id <= not_carried[i].last) return false;
  return true;
}

static bool is_directory(uint16_t id) {
  return id == EXIF || id == GPS || id == INTEROPERABILITY;
}

/* Text that begins with the name of its encoding: a user's comment, and two of GPS. */
static bool is_text(uint16_t id) { return id == 0x9286 || id == 0x001b || id == 0x001c; }

/* Bytes of one value, and of the numbers in it that an order of bytes applies to. */
static int value_size(uint16_t type, int *number) {
  static const uint8_t sizes[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8};
  if (type >= sizeof sizes) return 0;
  *number = type == 5 || type == 10 ? 4 : sizes[type];
  return sizes[type];
}

static void tags_release(struct tags *t) {
  for (int i = 0; i < t->count; i++) {
    free(t->tag[i].data);
    tags_release(&t->tag[i].below);
  }
  free(t->tag);
  *t = (struct tags){0};
}

/* ---- reading ---- */

static bool read_at(const struct tiff *f, uint64_t at, void *to, size_t n) {
  if (at > f->size || n > f->size - at) return false;
  if (f->fd < 0) {
    memcpy(to, f->data + at, n);
    return true;
  }
  return pread(f->fd, to, n, (off_t)at) == (ssize_t)n;
}

/* An unsigned number of the TIFF's order. */
static uint64_t number_at(const struct tiff *f, const uint8_t *p, int bytes) {
  uint64_t v = 0;
  bool low_first = (BYTE_ORDER == LITTLE_ENDIAN) != f->turned;
  for (int i = 0; i < bytes; i++) v = v << 8 | p[low_first ? bytes - 1 - i : i];
  return v;
}

static void turn(uint8_t *p, size_t n, int number) {
  for (; n >= (size_t)number; p += number, n -= (size_t)number)
    for (int i = 0; i < number / 2; i++) {
      uint8_t swap = p[i];
      p[i] = p[number - 1 - i];
      p[number - 1 - i] = swap;
    }
}

/* See what kind it is and where its first directory lies. */
static bool read_header(struct tiff *f, uint64_t *first) {
  uint8_t h[16] = {0};
  if (!read_at(f, 0, h, 8)) return false;
  if (memcmp(h, "II", 2) && memcmp(h, "MM", 2)) return false;
  f->turned = (h[0] == 'I') != (BYTE_ORDER == LITTLE_ENDIAN);
  f->big = number_at(f, h + 2, 2) == 43;
  if (f->big && !read_at(f, 0, h, 16)) return false;
  *first = f->big ? number_at(f, h + 8, 8) : number_at(f, h + 4, 4);
  return f->big || number_at(f, h + 2, 2) == 42;
}

static bool read_tags(const struct tiff *f, uint64_t at, bool first, struct tags *out);

/* A tag's values, or the directory that it points to; false: not carried. */
static bool read_values(const struct tiff *f, const uint8_t *field, struct tag *t) {
  int number, room = f->big ? 8 : 4, bytes = value_size(t->type, &number);
  if (is_directory(t->id)) {
    int wide = bytes == 8 ? 8 : 4;
    return t->count == 1 && read_tags(f, number_at(f, field, wide), false, &t->below);
  }
  if (!bytes || !t->count || t->count > LARGEST / (unsigned)bytes) return false;
  size_t n = (size_t)t->count * (size_t)bytes;
  t->data = malloc(n);
  if (!t->data) return false;
  if (n <= (size_t)room)
    memcpy(t->data, field, n);
  else if (!read_at(f, number_at(f, field, room), t->data, n)) {
    free(t->data);
    t->data = NULL;
    return false;
  }
  if (f->turned) turn(t->data, n, number);
  if (f->turned && is_text(t->id) && n > 8 && !memcmp(t->data, "UNICODE", 8))
    turn(t->data + 8, n - 8, 2);
  return true;
}

/* The directory's entries, their values as they are in the file; *next: where the next one lies. */
static bool read_entries(const struct tiff *f, uint64_t at, struct tags *out, uint64_t *next) {
  int head = f->big ? 8 : 2, step = f->big ? 20 : 12, room = f->big ? 8 : 4;
  uint8_t b[20];
  if (!read_at(f, at, b, (size_t)head)) return false;
  uint64_t count = number_at(f, b, head);
  if (count > MOST_TAGS) return false;
  out->tag = calloc((size_t)count + 1, sizeof *out->tag);
  if (!out->tag) return false;
  for (at += (uint64_t)head; count--; at += (uint64_t)step) {
    struct tag *t = &out->tag[out->count];
    if (!read_at(f, at, b, (size_t)step)) return false;
    t->id = (uint16_t)number_at(f, b, 2);
    t->type = (uint16_t)number_at(f, b + 2, 2);
    t->count = number_at(f, b + 4, room);
    memcpy(t->value, b + 4 + room, (size_t)room);
    out->count++;
  }
  if (!read_at(f, at, b, (size_t)room)) return false;
  *next = number_at(f, b, room);
  return true;
}

/* What is carried of a directory; `first`: of a page and not of EXIF. */
static bool read_tags(const struct tiff *f, uint64_t at, bool first, struct tags *out) {
  struct tags all = {0};
  uint64_t next;
  int kept = 0;
  bool ok = read_entries(f, at, &all, &next);
  for (int i = 0; ok && i < all.count; i++) {
    struct tag t = all.tag[i];
    bool pointer = is_directory(t.id);
    /* Pointers lead one way only, so that none leads round. */
    bool wanted = first ? is_carried(t.id) && t.id != INTEROPERABILITY
                        : !pointer || t.id == INTEROPERABILITY;
    if (wanted && read_values(f, t.value, &t)) all.tag[kept++] = t;
  }
  if (!ok) {
    free(all.tag);
    return false;
  }
  all.count = kept;
  *out = all;
  return true;
}

/* ---- packing ---- */

struct packed {
  uint8_t *data;
  size_t size, room;
  uint64_t base; /* where data[0] will lie in the file */
  bool big, failed;
};

/* Append bytes, at an even place (a multiple of 8 in a BigTIFF); where they lie in the file. */
static uint64_t append(struct packed *p, const void *bytes, size_t n) {
  size_t align = p->big ? 8 : 2, at = p->size + (align - (p->base + p->size) % align) % align;
  if (at + n > p->room) {
    size_t room = 2 * (at + n);
    uint8_t *more = realloc(p->data, room);
    if (!more) {
      p->failed = true;
      return 0;
    }
    p->data = more;
    p->room = room;
  }
  memset(p->data + p->size, 0, at - p->size);
  memcpy(p->data + at, bytes, n);
  p->size = at + n;
  return p->base + at;
}

/* A number of 2, 4 or 8 bytes in the machine's order. */
static void put(uint8_t *to, uint64_t v, int bytes) {
  uint16_t two = (uint16_t)v;
  uint32_t four = (uint32_t)v;
  memcpy(to, bytes == 2 ? (void *)&two : bytes == 4 ? (void *)&four : (void *)&v, (size_t)bytes);
}

static uint64_t pack(struct packed *p, const struct tags *tags, uint64_t next);

/* An entry of 12 or 20 bytes; what does not fit into it goes before. */
static void pack_entry(struct packed *p, const struct tag *t, uint8_t *entry) {
  int room = p->big ? 8 : 4, number;
  uint16_t type = t->type;
  uint8_t *value = entry + 4 + room;
  if (is_directory(t->id) && t->below.tag) {
    type = p->big ? 18 : 4;
    put(value, pack(p, &t->below, 0), room);
  } else if (!t->data) {
    memcpy(value, t->value, (size_t)room);
  } else {
    size_t n = (size_t)t->count * (size_t)value_size(t->type, &number);
    if (n <= (size_t)room)
      memcpy(value, t->data, n);
    else
      put(value, append(p, t->data, n), room);
  }
  put(entry, t->id, 2);
  put(entry + 2, type, 2);
  put(entry + 4, t->count, room);
}

/* The directory and all that hangs on it; where it lies. */
static uint64_t pack(struct packed *p, const struct tags *tags, uint64_t next) {
  int head = p->big ? 8 : 2, step = p->big ? 20 : 12, room = p->big ? 8 : 4;
  size_t n = (size_t)head + (size_t)tags->count * (size_t)step + (size_t)room;
  uint8_t *directory = calloc(1, n), *entry = directory + head;
  if (!directory) {
    p->failed = true;
    return 0;
  }
  put(directory, (uint64_t)tags->count, head);
  for (int i = 0; i < tags->count; i++, entry += step) pack_entry(p, &tags->tag[i], entry);
  put(entry, next, room);
  uint64_t at = append(p, directory, n);
  free(directory);
  return at;
}

/* Only what 32 bits hold goes into EXIF. */
static void drop_wide(struct tags *t) {
  int kept = 0;
  for (int i = 0; i < t->count; i++) {
    drop_wide(&t->tag[i].below);
    if (t->tag[i].type < 14 || t->tag[i].below.tag)
      t->tag[kept++] = t->tag[i];
    else
      free(t->tag[i].data);
  }
  t->count = kept;
}

uint8_t *kz__tags_of_tiff(const char *path, size_t *size) {
  struct tiff f = {.fd = open(path, O_RDONLY | O_CLOEXEC)};
  struct packed p = {0};
  struct tags tags = {0};
  struct stat st;
  uint64_t first;
  uint8_t header[8] = {BYTE_ORDER == LITTLE_ENDIAN ? 'I' : 'M'};
  if (f.fd < 0) return NULL;
  if (fstat(f.fd, &st)) goto out;
  f.size = (uint64_t)st.st_size;
  if (!read_header(&f, &first) || !read_tags(&f, first, true, &tags)) goto out;
  drop_wide(&tags);
  header[1] = header[0];
  put(header + 2, 42, 2);
  append(&p, header, sizeof header);
  uint64_t at = pack(&p, &tags, 0);
  if (!p.failed) put(p.data + 4, at, 4);
out:
  close(f.fd);
  if (p.failed || !tags.count) {
    free(p.data);
    p.data = NULL;
  }
  tags_release(&tags);
  *size = p.size;
  return p.data;
}

/* ---- putting into a file ---- */

static int find(const struct tags *t, uint16_t id) {
  for (int i = 0; i < t->count; i++)
    if (t->tag[i].id == id) return i;
  return -1;
}

static void take_out(struct tags *t, uint16_t id) {
  int i = find(t, id);
  if (i < 0) return;
  memmove(t->tag + i, t->tag + i + 1, (size_t)(t->count - i - 1) * sizeof *t->tag);
  t->count--;
}

static int compare_ids(const void *a, const void *b) {
  return (int)((const struct tag *)a)->id - ((const struct tag *)b)->id;
}

/* Both in one, sorted, as a format that is searched from the front wants it. The values stay
 * `more`'s; only .tag is the caller's to free. */
static bool join(struct tags *own, const struct tags *more, bool resolution) {
  static const uint16_t replaced[] = {ORIENTATION, X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT};
  for (size_t i = 0; i < sizeof replaced / sizeof replaced[0]; i++)
    if (find(more, replaced[i]) >= 0 || (resolution && replaced[i] != ORIENTATION))
      take_out(own, replaced[i]);
  struct tag *all = realloc(own->tag, (size_t)(own->count + more->count + 1) * sizeof *all);
  if (!all) return false;
  own->tag = all;
  for (int i = 0, n = own->count; i < more->count; i++) {
    struct tags before = {all, n};
    if (find(&before, more->tag[i].id) < 0) all[own->count++] = more->tag[i];
  }
  qsort(all, (size_t)own->count, sizeof *all, compare_ids);
  return true;
}

static int write_at(int fd, const uint8_t *p, size_t n, uint64_t at) {
  while (n) {
    ssize_t k = pwrite(fd, p, n, (off_t)at);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) return -1;
    p += k, n -= (size_t)k, at += (uint64_t)k;
  }
  return 0;
}

/* The new first directory to the file's end, and the header pointed at it. */
static int write_directory(const struct tiff *f, const struct tags *tags, uint64_t next) {
  struct packed p = {.base = f->size, .big = f->big};
  uint8_t pointer[8];
  int room = f->big ? 8 : 4, rc = -1;
  put(pointer, pack(&p, tags, next), room);
  if (p.failed)
    errno = ENOMEM;
  else if (!f->big && p.base + p.size > UINT32_MAX)
    errno = EFBIG;
  else
    rc = write_at(f->fd, p.data, p.size, p.base) ||
         write_at(f->fd, pointer, (size_t)room, f->big ? 8 : 4);
  free(p.data);
  return rc ? -1 : 0;
}

int kz__tags_into_tiff(const char *path, const uint8_t *exif, size_t size, bool resolution) {
  struct tiff small = {.fd = -1, .data = exif, .size = size}, f = {.fd = -1};
  struct tags more = {0}, own = {0};
  struct stat st;
  uint64_t first, next;
  int rc = -1;
  if (!read_header(&small, &first) || !read_tags(&small, first, true, &more)) {
    if (!resolution) return 0; /* no EXIF that makes sense: nothing to put in */
    more = (struct tags){0};
  }
  f.fd = open(path, O_RDWR | O_CLOEXEC);
  if (f.fd < 0 || fstat(f.fd, &st)) goto out;
  f.size = (uint64_t)st.st_size;
  errno = EIO;
  if (!read_header(&f, &first) || f.turned || !read_entries(&f, first, &own, &next)) goto out;
  if (join(&own, &more, resolution)) rc = write_directory(&f, &own, next);
out:
  if (f.fd >= 0 && close(f.fd)) rc = -1;
  free(own.tag);
  tags_release(&more);
  return rc;
}
