/* Errors live in the caller's struct. The text is made in a local buffer first, because its
 * arguments may point into the message that it replaces. */
#include <kizil/err.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void end_with_dots(char *text, size_t size) { memcpy(text + size - 4, "...", 4); }

int kz_err_set(struct kz_err *err, int code, const char *fmt, ...) {
  if (!err) return code;
  char text[sizeof err->msg];
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  if (n < 0) text[0] = '\0';
  if (n >= (int)sizeof text) end_with_dots(text, sizeof text);
  err->code = code;
  memcpy(err->msg, text, strlen(text) + 1);
  return code;
}

int kz_err_prefix(struct kz_err *err, const char *fmt, ...) {
  if (!err) return KZ_EIO; /* the code is lost with the message; it must not look like success */
  char context[sizeof err->msg], text[sizeof err->msg];
  va_list ap;
  va_start(ap, fmt);
  int n = vsnprintf(context, sizeof context, fmt, ap);
  va_end(ap);
  if (n < 0) context[0] = '\0';
  size_t head = strlen(context);
  memcpy(text, context, head);
  n = snprintf(text + head, sizeof text - head, ": %s", err->msg);
  if (n >= (int)(sizeof text - head)) end_with_dots(text, sizeof text);
  memcpy(err->msg, text, strlen(text) + 1);
  return err->code;
}
