/* A page to show: one HTML file, made from records of restorations, that a conservator can hand to
 * a client. It needs no network and no other file.
 *
 * Each picture has a section: before and after under a slider, layers to lay over them (damage by
 * class, disagreement of the candidates, the fill alone), the regions that matter most at full
 * resolution with their evidence, candidates side by side, and the record in words. Records of one
 * source and one mask share a section: the first is the result that is shown, the others are shown
 * beside it. Nothing on the page is not in the records or in the files they name; a file that is
 * missing, or is not the file of the record, is said to be so in its place. */
#ifndef KIZIL_PAGE_H
#define KIZIL_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <kizil/err.h>
#include <kizil/param.h>
#include <kizil/restore.h>

struct kz_page_options {
  const char *title; /* NULL or "": the picture's name, or how many there are */
  int64_t side;      /* px, longest side of a picture that is shown whole; 400 to 4000 */
  int64_t zooms;     /* regions shown at full resolution, of each picture; 0 to 48 */
  int64_t megabytes; /* all pictures of the page together, as stored in it; 1 to 500 */
  bool check;        /* whether the files are those of the record, by their hashes */
  bool overwrite;
};
extern const struct kz_param kz_page_params[];

/* Write the page of the records at `records` (paths) to `path`. Memory follows the size of what is
 * shown, not of the pictures: they are read strip by strip. The file is at most `megabytes` (2^20
 * bytes) of pictures, which are made smaller where many share it, and 256 KiB of text for each
 * record. KZ_EEXIST if `path` is there (unless `overwrite`) or is one of the records or a file that
 * they name; what kz_record_read refuses is refused and names the record. On failure nothing is
 * left. The host's progress counts pictures; KZ_EINTR from its stop. Any thread, one at a time for
 * one file. */
int kz_page_write(const char *const *records, int count, const char *path,
                  const struct kz_page_options *options, const struct kz_restore_host *host,
                  struct kz_err *err);

#endif
