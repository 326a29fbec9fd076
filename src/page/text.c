/* Words and numbers of the page. A record may come from anywhere: its texts are shown as text,
 * whatever they hold, and none so long that it hides the rest. */
#include <ctype.h>
#include <math.h>
#include <string.h>

#include "base/utf8.h"
#include "page/page.h"
#include "report/html.h"

/* Characters that are not seen but change how others are: controls, marks of direction, separators
 * of lines. A line's end is one of them: texts of records are shown as one paragraph. */
static bool unseen(uint32_t code) {
  return code < ' ' || (code >= 0x7f && code < 0xa0) || (code >= 0x200b && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) ||
         code == 0xfeff || (code >= 0xfff9 && code <= 0xfffb);
}

void kz__folio_text(FILE *f, const char *text, size_t most) {
  for (size_t used = 0; text && *text;) {
    uint32_t code = 0;
    char piece[16];
    int step = kz_utf8_step(text, &code);
    if (used >= most) {
      fputs("…", f);
      return;
    }
    if (!step)
      snprintf(piece, sizeof piece, "\\x%02x", (unsigned char)*text);
    else if (code == '\n' || code == '\t')
      snprintf(piece, sizeof piece, " ");
    else if (unseen(code))
      snprintf(piece, sizeof piece, "\\u%04x", (unsigned)code);
    else
      snprintf(piece, sizeof piece, "%.*s", step, text);
    kz__put_html(f, piece);
    used += strlen(piece);
    text += step ? step : 1;
  }
}

void kz__folio_count(FILE *f, int64_t n) {
  char digits[32];
  int length = snprintf(digits, sizeof digits, "%lld", (long long)n);
  for (int i = 0; i < length; i++) {
    fputc(digits[i], f);
    if (isdigit((unsigned char)digits[i]) && i < length - 1 && (length - 1 - i) % 3 == 0)
      fputc(',', f);
  }
}

void kz__folio_many(FILE *f, int64_t n, const char *one) {
  kz__folio_count(f, n);
  fprintf(f, " %s%s", one, n == 1 ? "" : "s");
}

void kz__folio_share(FILE *f, double share) {
  const double percent = 100 * share;
  if (percent > 0 && percent < 0.01)
    fputs("under 0.01&nbsp;%", f);
  else
    fprintf(f, "%.*f&nbsp;%%", percent < 1 ? 2 : percent < 10 ? 1 : 0, percent);
}

void kz__folio_argument(FILE *f, const char *name) {
  bool plain = *name != 0;
  for (const char *c = name; *c; c++)
    plain &= isalnum((unsigned char)*c) || strchr("._-/", *c) || (unsigned char)*c >= 0x80;
  if (!plain) fputs("&#39;", f);
  if (*name == '-') fputs("./", f);
  for (const char *c = name; *c;) { /* ' ends the quotation, \' is one, ' goes on */
    char piece[256];
    size_t n = strcspn(c, "'");
    if (n >= sizeof piece) n = sizeof piece - 1;
    while (n && n == sizeof piece - 1 && ((unsigned char)c[n] & 0xc0) == 0x80) n--;
    snprintf(piece, sizeof piece, "%.*s", (int)n, c);
    kz__folio_text(f, piece, sizeof piece * 4);
    c += n;
    if (*c == '\'') {
      fputs("&#39;\\&#39;&#39;", f);
      c++;
    }
  }
  if (!plain) fputs("&#39;", f);
}

const char *kz__folio_name(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash && slash[1] ? slash + 1 : path;
}
