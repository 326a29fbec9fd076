/* What a record is made of, as data: a field says where a member lies in its struct and what it may
 * hold. Writing, reading, checking, freeing and the published schema all follow from these tables,
 * so that they cannot disagree. */
#ifndef KZ_RECORD_FIELD_H
#define KZ_RECORD_FIELD_H

#include <jansson.h>
#include <stddef.h>

#include <kizil/record.h>

enum kz__kind {
  KZ__TEXT,    /* char *, not empty */
  KZ__HASH,    /* char *, 64 hex digits */
  KZ__TIME,    /* char *, UTC to the second */
  KZ__INT,     /* int64_t, min to max; always needed */
  KZ__REAL,    /* double, min to max; NaN: not said */
  KZ__CHOICE,  /* int: index into `choices`; always needed */
  KZ__OBJECT,  /* a struct of `shape` at the offset; not written where nothing in it is said */
  KZ__LIST,    /* pointer to structs of `shape`, their number an int64_t at `count` */
  KZ__OPTIONS, /* a struct of options, by `params`; where they are not needed, defaults hold */
  KZ__SEAL     /* not in the struct: see record.c */
};

struct kz__field {
  const char *name;
  enum kz__kind kind;
  size_t offset;
  const char *help;
  bool needed;
  double min, max;
  const char *const *choices; /* NULL-terminated */
  const struct kz__shape *shape;
  size_t count; /* offset */
  const struct kz_param *params;
};

struct kz__shape {
  size_t size;
  const struct kz__field *fields; /* ends with a NULL name */
};

extern const struct kz__shape kz__record_shape;

/* Lists empty, numbers zero or NaN, options at their defaults. */
void kz__shape_init(const struct kz__shape *shape, void *at);
void kz__shape_release(const struct kz__shape *shape, void *at);
/* NULL: a text is not UTF-8, or memory is out. */
json_t *kz__shape_encode(const struct kz__shape *shape, const void *at);
/* Into a struct that was initialised; to be released on failure too. Messages start with
 * `origin`. */
int kz__shape_decode(const struct kz__shape *shape, void *at, const json_t *value,
                     const char *origin, struct kz_err *err);
/* Room for one more in a list: the new member, initialised. NULL: no memory. */
void *kz__list_add(const struct kz__field *field, void *at);

/* machine.c: time, machine and software of now and here; the time alone. */
int kz__record_machine(struct kz_record *r, struct kz_err *err);
int kz__record_time(char **to, struct kz_err *err);
/* hash.c: of a file's bytes, or of a folder as kz_record_say_file says. */
int kz__record_hash(const char *path, char hex[65], struct kz_err *err);
/* place.c: `path` as the record at `record` names it; malloc'd. */
int kz__record_relative(const char *record, const char *path, char **out, struct kz_err *err);

#endif
