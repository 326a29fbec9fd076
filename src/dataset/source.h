/* Where the images of a stream come from: a folder, a catalogue, or a list of files. */
#ifndef KZ_DATASET_SOURCE_H
#define KZ_DATASET_SOURCE_H

#include <kizil/data.h>

#include "dataset/list.h"

/* What is told of an image in words, in the order of struct kz__notes' text. */
enum kz__word {
  KZ__WORD_SHA256,
  KZ__WORD_SUBJECT,
  KZ__WORD_KIND,
  KZ__WORD_PERIOD,
  KZ__WORD_SITE,
  KZ__WORD_CAPTION, /* English, then Chinese */
  KZ__WORD_CAPTION_ZH,
  KZ__WORDS
};
/* A copy of the words; NULL and "" are none. NULL: no memory. */
struct kz__notes *kz__notes_new(const char *const words[KZ__WORDS]);

/* Fill the list with the images of one side of the split, in an order that hangs on them alone, and
 * say in *told (malloc'd; NULL for a folder) which they are of how many. KZ_ENOENT if there are
 * none, with what to do. */
int kz__source_list(struct kz__list *list, const struct kz_stream_options *o, struct kz__log *log,
                    char **told, struct kz_err *err);

/* By its first bytes, a catalogue. */
int kz__source_catalogue(struct kz__list *list, const struct kz_stream_options *o, char **told,
                         struct kz_err *err);
/* Any other file: CSV with a column `file` (see kizil/data.h). */
int kz__source_csv(struct kz__list *list, const struct kz_stream_options *o, char **told,
                   struct kz_err *err);

#endif
