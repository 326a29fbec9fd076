/* The reader walks the text once with a read and a write position: unquoting only shortens, so
 * fields are made in the text itself and nothing is allocated for them. */
#include <kizil/csv.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT ((size_t)64 << 20)

int kz_csv_load(struct kz_csv *c, const char *path, struct kz_err *err) {
  int code = 0;
  *c = (struct kz_csv){.line = 1};
  FILE *f = fopen(path, "rb");
  if (!f)
    return kz_err_set(err, errno == ENOENT ? KZ_ENOENT : KZ_EIO, "%s: %s", path, strerror(errno));
  size_t len = 0, cap = 0;
  for (;;) {
    if (len + 1 >= cap) {
      cap = cap ? cap * 2 : 65536;
      char *grown = cap <= 2 * LIMIT ? realloc(c->text, cap) : NULL;
      if (!grown) {
        code = kz_err_set(err, KZ_ERANGE, "%s: a list of over 64 MiB", path);
        goto out;
      }
      c->text = grown;
    }
    size_t got = fread(c->text + len, 1, cap - len - 1, f);
    if (!got) break;
    len += got;
  }
  if (ferror(f)) {
    code = kz_err_set(err, KZ_EIO, "%s: %s", path, strerror(errno));
    goto out;
  }
  c->text[len] = 0;
  if (strlen(c->text) != len) {
    code = kz_err_set(err, KZ_EFORMAT, "%s: holds a zero byte; a list is plain text", path);
    goto out;
  }
  c->at = c->text + (strncmp(c->text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
out:
  fclose(f);
  if (code) kz_csv_release(c);
  return code;
}

void kz_csv_release(struct kz_csv *c) {
  free(c->text);
  *c = (struct kz_csv){0};
}

/* Length of the line end at p: 0 if there is none. */
static int line_end(const char *p) {
  if (p[0] == '\n') return 1;
  return p[0] == '\r' && p[1] == '\n' ? 2 : 0;
}

/* Read one field, up to its separator, and unquote it; *end is where its NUL belongs, which may be
 * where the separator still stands. Returns what is wrong, or NULL. */
static const char *read_field(struct kz_csv *c, char **end) {
  char *read = c->at, *write = read;
  const char *problem = NULL;
  if (*read == '"') {
    for (read++; *read && (*read != '"' || read[1] == '"'); *write++ = *read++) {
      if (*read == '"') read++;
      if (*read == '\n') c->line++;
    }
    if (!*read)
      problem = "a quote is not closed";
    else if (*++read && *read != ',' && !line_end(read))
      problem = "text after a closing quote";
  } else {
    for (; *read && *read != ',' && !line_end(read); write++, read++)
      if (*read == '"') problem = "a quote inside a field that does not begin with one";
  }
  c->at = read;
  *end = write;
  return problem;
}

static void skip_line(struct kz_csv *c) {
  c->at += strcspn(c->at, "\n");
  if (!*c->at) return;
  c->at++;
  c->line++;
}

bool kz_csv_next(struct kz_csv *c, struct kz_csv_record *r) {
  for (int n; (n = line_end(c->at)) > 0; c->at += n) c->line++;
  if (!*c->at) return false;
  *r = (struct kz_csv_record){.line = c->line};
  for (bool more = true; more;) {
    char *start = c->at, *end;
    r->problem = r->count == KZ_CSV_FIELDS ? "too many fields" : read_field(c, &end);
    if (r->problem) {
      skip_line(c);
      return true;
    }
    r->fields[r->count++] = start;
    more = *c->at == ',';
    int n = more ? 1 : line_end(c->at);
    if (n && !more) c->line++;
    c->at += n;
    *end = 0;
  }
  return true;
}
