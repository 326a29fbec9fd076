/* Typed parameters as data. A module describes the fields of its options
 * struct once (name, type, default, range, unit, help); defaults, validation,
 * command-line options, --help text, JSON configuration files and records all
 * follow from that table. */
#ifndef KIZIL_PARAM_H
#define KIZIL_PARAM_H

#include <stddef.h>
#include <stdio.h>

#include <kizil/err.h>

enum kz_param_type {
  KZ_PARAM_INT,    /* int64_t field */
  KZ_PARAM_FLOAT,  /* double field */
  KZ_PARAM_BOOL,   /* bool field */
  KZ_PARAM_STRING, /* const char * field, owned by the struct's user (see kz_params_release) */
  KZ_PARAM_CHOICE  /* int field: index into `choices` */
};

struct kz_param {
  const char *name; /* lower case, words joined by '-' : "hole-weight" */
  enum kz_param_type type;
  size_t offset;        /* offsetof(struct options, field) */
  double def, min, max; /* INT, FLOAT, BOOL (0/1), CHOICE (index) */
  const char *def_text; /* STRING default, may be NULL */
  const char *const *choices; /* CHOICE: NULL-terminated names */
  const char *unit;           /* "px", "", "s" */
  const char *help;           /* one line */
};

/* Tables end with an entry whose name is NULL. */
void kz_params_defaults(const struct kz_param *table, void *options);
/* Free the strings that kz_params_set or _load_json put into `options`. */
void kz_params_release(const struct kz_param *table, void *options);
/* NULL if there is none of that name. */
const struct kz_param *kz_param_find(const struct kz_param *table, const char *name);
/* Parse `text` and check its range; KZ_ENOENT for an unknown name, KZ_ERANGE for a
 * value outside, KZ_EFORMAT for text that is not of the type. Messages name the parameter,
 * its range and the nearest known name. */
int kz_params_set(const struct kz_param *table, void *options, const char *name, const char *text,
                  struct kz_err *err);
/* One line a parameter: "  --name N   help (default 8, 1 to 1000 px)". */
void kz_params_help(const struct kz_param *table, FILE *to);
/* The two halves of such a line, for help in other forms: "--name N" and what follows it. */
void kz_param_term(const struct kz_param *p, FILE *to);
void kz_param_explain(const struct kz_param *p, FILE *to);
/* JSON object text, keys in table order, indented by 2; the caller frees. NULL: no memory. */
char *kz_params_to_json(const struct kz_param *table, const void *options);
/* Read a JSON object; unknown keys, wrong types and ranges are errors that name the key.
 * Keys that are absent keep their value. `origin` names the source in messages. */
int kz_params_from_json(const struct kz_param *table, void *options, const char *json,
                        const char *origin, struct kz_err *err);
/* The same from a file. */
int kz_params_load(const struct kz_param *table, void *options, const char *path,
                   struct kz_err *err);

/* Letters to change, insert or drop to make one name of the other (Levenshtein, 1966), for "did
 * you mean". Names over 63 letters count as their first 63. */
int kz_name_distance(const char *a, const char *b);

#endif
