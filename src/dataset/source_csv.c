/* A list of files, as `kizil dataset export --as list` writes it, or by hand: columns are found by
 * name, and only `file` must be there. A line that cannot be read ends it all: a list is made by a
 * program or with care, and half of one is not the data set that was meant. */
#include "dataset/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/csv.h>

#include "base/file.h"

enum column {
  FILE_NAME, PART, WIDTH, HEIGHT, CROP, ORIENTATION, SRGB, GAINS, WORDS, COLUMNS = WORDS + KZ__WORDS
};
static const char *const names[COLUMNS] = {
    "file", "part", "width", "height", "crop", "orientation", "srgb", "gains",
    "sha256", "subject", "kind", "period", "site", "caption", "caption-zh"};

struct reading {
  struct kz__list *list;
  const char *path, *part;
  size_t folder; /* bytes of `path` that name its folder, with the slash */
  int column[COLUMNS];
  int lines, parted; /* those that name a part */
};

static int read_header(struct reading *r, const struct kz_csv_record *line, struct kz_err *err) {
  for (int i = 0; i < COLUMNS; i++) {
    r->column[i] = -1;
    for (int j = 0; j < line->count; j++) {
      if (strcmp(line->fields[j], names[i])) continue;
      if (r->column[i] >= 0)
        return kz_err_set(err, KZ_EFORMAT, "%s:%d: two columns '%s'", r->path, line->line,
                          names[i]);
      r->column[i] = j;
    }
  }
  if (r->column[FILE_NAME] >= 0) return 0;
  return kz_err_set(err, KZ_EFORMAT, "no column 'file' is in its first line");
}

static const char *field(const struct reading *r, const struct kz_csv_record *line, int column) {
  int at = r->column[column];
  return at >= 0 && at < line->count ? line->fields[at] : "";
}

static int bad_field(const struct reading *r, const struct kz_csv_record *line, int column,
                     const char *wanted, struct kz_err *err) {
  return kz_err_set(err, KZ_EFORMAT, "%s:%d: %s '%s': %s", r->path, line->line, names[column],
                    field(r, line, column), wanted);
}

/* `count` numbers with blanks between and nothing else; none where the field is empty. */
static bool numbers(const char *text, double *to, int count, int *found) {
  *found = 0;
  while (*text && *found < count) {
    char *end;
    to[*found] = strtod(text, &end);
    if (end == text || (*end && *end != ' ')) return false;
    ++*found;
    text = end + strspn(end, " ");
  }
  return !*text && (*found == 0 || *found == count);
}

/* Whole numbers from `least` to `most` into to[count]; false if anything else is there. */
static bool wholes(const char *text, int *to, int count, int least, int most) {
  double v[4];
  int found;
  if (!numbers(text, v, count, &found)) return false;
  for (int i = 0; i < found; i++) {
    if (!(v[i] >= least && v[i] <= most && v[i] == (int)v[i])) return false;
    to[i] = (int)v[i];
  }
  return true;
}

static int read_view(const struct reading *r, const struct kz_csv_record *line,
                     struct kz_view *view, struct kz_err *err) {
  int crop[4] = {0}, found;
  const char *srgb = field(r, line, SRGB);
  if (!wholes(field(r, line, CROP), crop, 4, 0, 1 << 30) || (crop[2] > 0) != (crop[3] > 0))
    return bad_field(r, line, CROP, "x, y, width and height of what is kept, in px", err);
  *view = (struct kz_view){.x = crop[0], .y = crop[1], .w = crop[2], .h = crop[3]};
  if (!wholes(field(r, line, ORIENTATION), &view->orientation, 1, 0, 8))
    return bad_field(r, line, ORIENTATION, "1 to 8, or nothing", err);
  if (*srgb && strcmp(srgb, "yes") && strcmp(srgb, "no"))
    return bad_field(r, line, SRGB, "yes, or nothing", err);
  view->to_srgb = !strcmp(srgb, "yes");
  bool read = numbers(field(r, line, GAINS), view->gain, 3, &found);
  for (int i = 0; read && i < found; i++) read = view->gain[i] > 0 && view->gain[i] < 1e6;
  return read ? 0 : bad_field(r, line, GAINS, "red, green and blue, above 0", err);
}

static int make_item(const struct reading *r, const struct kz_csv_record *line,
                     struct kz__item *item, struct kz_err *err) {
  const char *file = field(r, line, FILE_NAME), *words[KZ__WORDS];
  size_t folder = file[0] == '/' ? 0 : r->folder;
  int code = read_view(r, line, &item->view, err), size[2] = {0};
  for (int i = 0; i < 2 && !code; i++)
    if (!wholes(field(r, line, WIDTH + i), &size[i], 1, 0, 1 << 30))
      code = bad_field(r, line, WIDTH + i, "whole px, or nothing", err);
  if (code) return code;
  for (int i = 0; i < KZ__WORDS; i++) words[i] = field(r, line, WORDS + i);
  item->path = kz_format("%.*s%s", (int)folder, r->path, file);
  item->notes = item->path ? kz__notes_new(words) : NULL;
  if (!item->notes) {
    free(item->path);
    return kz_err_set(err, KZ_ENOMEM, "no memory for a list of images");
  }
  item->name = item->path + folder;
  item->notes->width = size[0];
  item->notes->height = size[1];
  return 0;
}

static int read_line(struct reading *r, const struct kz_csv_record *line, struct kz_err *err) {
  struct kz__item item = {0};
  const char *part = field(r, line, PART);
  if (line->problem)
    return kz_err_set(err, KZ_EFORMAT, "%s:%d: %s", r->path, line->line, line->problem);
  if (!*field(r, line, FILE_NAME))
    return kz_err_set(err, KZ_EFORMAT, "%s:%d: names no file", r->path, line->line);
  r->lines++;
  r->parted += *part != 0;
  if (r->column[PART] >= 0 && strcmp(part, r->part)) return 0;
  int code = make_item(r, line, &item, err);
  return code ? code : kz__list_append(r->list, &item, err);
}

/* A list without a column of parts is parted as a folder is. */
static int choose(struct reading *r, const struct kz_stream_options *o, struct kz_err *err) {
  if (!r->lines) return kz_err_set(err, KZ_ENOENT, "the list '%s' names no pictures", r->path);
  if (r->column[PART] >= 0 && !r->parted)
    return kz_err_set(err, KZ_ENOENT,
                      "no line of the list '%s' names a part: run kizil dataset split before the "
                      "list is written, or leave the column out to part by names", r->path);
  if (r->column[PART] < 0) kz__list_split(r->list, o->held_out, o->held_out_only);
  if (r->list->count) return 0;
  if (r->column[PART] >= 0)
    return kz_err_set(err, KZ_ENOENT, "none of the %d pictures in the list '%s' is of part %s",
                      r->lines, r->path, r->part);
  return kz_err_set(err, KZ_ENOENT,
                    "%s of the %d pictures in the list '%s' are held out at a share of %g",
                    o->held_out_only ? "none" : "all", r->lines, r->path, o->held_out);
}

static int tell(const struct reading *r, char **told, struct kz_err *err) {
  const char *by = r->column[PART] < 0 ? "by names" : "part";
  *told = kz_format("%s: %s %s, %d of %d pictures", r->path, by, r->part, r->list->count, r->lines);
  return *told ? 0 : kz_err_set(err, KZ_ENOMEM, "no memory for a list of images");
}

int kz__source_csv(struct kz__list *list, const struct kz_stream_options *o, char **told,
                   struct kz_err *err) {
  const char *slash = strrchr(o->images, '/');
  struct reading r = {.list = list,
                      .path = o->images,
                      .part = o->held_out_only ? "val" : "train",
                      .folder = slash ? (size_t)(slash + 1 - o->images) : 0};
  struct kz_csv csv = {0};
  struct kz_csv_record line = {0};
  struct kz_err why;
  int code = kz_csv_load(&csv, o->images, &why);
  if (!code && (!kz_csv_next(&csv, &line) || line.problem)) line.count = 0;
  if (!code) code = read_header(&r, &line, &why);
  if (code) {
    kz_csv_release(&csv);
    return kz_err_set(err, code, "'%s' is not a folder, not a catalogue, and not a list of "
                      "pictures: %s", o->images, why.msg);
  }
  while (!code && kz_csv_next(&csv, &line)) code = read_line(&r, &line, err);
  if (!code) code = choose(&r, o, err);
  if (!code) code = tell(&r, told, err);
  kz_csv_release(&csv);
  return code;
}
