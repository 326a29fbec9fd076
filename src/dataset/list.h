/* The images to learn from: what is there, what is held out, what was left aside and why. They come
 * from a folder, from a catalogue, or from a list of files. */
#ifndef KZ_DATASET_LIST_H
#define KZ_DATASET_LIST_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <kizil/caption.h>
#include <kizil/err.h>
#include <kizil/image.h>

/* What is known of an image beside its file; of one from a folder nothing is. */
struct kz__notes {
  char *text;         /* all words below, in one block */
  const char *sha256; /* or NULL */
  struct kz_caption_facts facts[2]; /* by enum kz_language; captions only where a person wrote */
  int width, height, orientation;   /* of the file as it is stored; 0: not known */
  int64_t bytes;                    /* of the file; 0: not known */
  uint8_t *damage; /* [KZ_CATALOGUE_MAP squared] over the file as it is stored, or NULL */
};

struct kz__item {
  char *path;         /* to open it */
  const char *name;   /* to speak of it: relative to the folder or list; inside `path` */
  int width, height;  /* of what is kept of the file, before it is turned */
  uint64_t end;       /* areas of this and all items before it, px after reduction */
  struct kz_view view;
  struct kz__notes *notes; /* or NULL */
};

struct kz__list {
  struct kz__item *items;
  int count, room;
};

/* Lines "name: reason", added to by any thread. */
struct kz__log {
  pthread_mutex_t lock;
  char *text;
  size_t length, room;
  char *view; /* the copy lent out last */
};

/* Takes the item over, on failure too. */
int kz__list_append(struct kz__list *list, struct kz__item *item, struct kz_err *err);
/* Collect the image files below `root` (jpg, jpeg, png, tif, tiff, webp in any case; hidden files
 * and folders are passed over; links are followed except back into a folder that contains them),
 * sorted by name, by bytes. Folders that cannot be read are logged. KZ_ENOENT if `root` is no
 * folder. */
int kz__list_walk(struct kz__list *list, const char *root, struct kz__log *log,
                  struct kz_err *err);
/* Keep the items on one side of the split: rank below `share` is held out. */
void kz__list_split(struct kz__list *list, double share, int held_out);
/* Read the headers of those whose size is not known; items that cannot be used are logged and
 * removed. Areas are those after the short side was brought into [at_least, short_side]. KZ_ENOMEM
 * only. */
int kz__list_probe(struct kz__list *list, int short_side, int at_least, struct kz__log *log,
                   struct kz_err *err);
void kz__list_release(struct kz__list *list);
/* A digest of all that crops hang on: names or contents, sizes, views, damage, and the order. */
void kz__list_identity(const struct kz__list *list, char hex[65]);

/* Where a name falls in the split: [0, 1), from a hash of its group, so that it depends on nothing
 * else in the folder. The group is the last '-'-separated token of the file name's stem if that
 * begins with a letter and ends with a digit ("apsara-0001-northern-liang-cave272.jpg": "cave272"),
 * because pictures of one place overlap; else the whole relative name without its suffix. */
double kz__split_rank(const char *name);

/* The length an image's short side is brought to. */
int kz__short_target(int width, int height, int short_side, int at_least);

int kz__log_init(struct kz__log *log, struct kz_err *err);
void kz__log_release(struct kz__log *log);
/* `reason` may begin with the path ("path: why"); it is named once. */
void kz__log_add(struct kz__log *log, const struct kz__item *item, const char *reason);
/* All lines so far; "" if none. Borrowed until the next call. */
const char *kz__log_text(struct kz__log *log);

#endif
