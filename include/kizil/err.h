/* Errors: one list of codes, and a message that the caller owns.
 *
 * A function that can fail returns 0 or a negative kz_code; its last argument
 * is the caller's `struct kz_err`, untouched on success. The message names the
 * file, the shape or the value, and says what to do. */
#ifndef KIZIL_ERR_H
#define KIZIL_ERR_H

enum kz_code {
  KZ_OK = 0,
  KZ_ENOMEM = -1,       /* memory could not be had */
  KZ_EIO = -2,          /* the system refused a read or a write */
  KZ_EFORMAT = -3,      /* a file is truncated, foreign or damaged */
  KZ_ERANGE = -4,       /* a value is outside its range */
  KZ_ESHAPE = -5,       /* sizes do not fit together */
  KZ_EUNSUPPORTED = -6, /* valid, but not done here */
  KZ_EINTR = -7,        /* the caller asked to stop */
  KZ_EEXIST = -8,       /* would overwrite something */
  KZ_ENOENT = -9,       /* no such file or name */
  KZ_EBACKEND = -10     /* the compute backend failed */
};

struct kz_err {
  int code;
  char msg[1024];
};

/* Fill `err` (which may be NULL) and return `code`. */
int kz_err_set(struct kz_err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* Put "context: " before the message that is there; returns err->code. */
int kz_err_prefix(struct kz_err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
