/* Why a cache of our own: a crop is a thousandth of the work of decoding the JPEG it comes from, so
 * decoded pictures are kept, 8 bits a channel, up to a limit that the caller sets. Over it, those
 * used longest ago go. Which pictures are in the cache never shows in the crops, only in the time
 * they take: a missing picture is decoded again, never replaced by another.
 *
 * One lock guards all entries. Decoding happens outside it, in the thread that needs the picture;
 * others that need the same one wait for it. */
#include "dataset/cache.h"

#include <stdlib.h>

int kz__cache_init(struct kz__cache *c, const struct kz__list *list, struct kz__log *log,
                   int short_side, int64_t limit, struct kz_err *err) {
  *c = (struct kz__cache){.list = list, .log = log, .short_side = short_side, .limit = limit};
  c->entries = calloc((size_t)list->count, sizeof *c->entries);
  if (!c->entries) return kz_err_set(err, KZ_ENOMEM, "no memory for %d images", list->count);
  pthread_mutex_init(&c->lock, NULL);
  pthread_cond_init(&c->changed, NULL);
  return 0;
}

void kz__cache_release(struct kz__cache *c) {
  if (!c->entries) return;
  for (int i = 0; i < c->list->count; i++) kz_pixels_release(&c->entries[i].pixels);
  free(c->entries);
  pthread_cond_destroy(&c->changed);
  pthread_mutex_destroy(&c->lock);
  *c = (struct kz__cache){0};
}

static int64_t pixels_bytes(const struct kz_pixels *p) {
  return (int64_t)p->width * p->height * p->channels;
}

static void drop(struct kz__cache *c, struct kz__entry *e) {
  c->bytes -= pixels_bytes(&e->pixels);
  kz_pixels_release(&e->pixels);
  e->pixels = (struct kz_pixels){0};
  e->state = KZ__ABSENT;
}

/* Drop what was used longest ago until the limit holds or all that is left is in use. */
static void shrink(struct kz__cache *c) {
  while (c->bytes > c->limit) {
    struct kz__entry *oldest = NULL;
    for (int i = 0; i < c->list->count; i++) {
      struct kz__entry *e = &c->entries[i];
      if (e->state == KZ__READY && !e->pins && (!oldest || e->used < oldest->used)) oldest = e;
    }
    if (!oldest) return;
    drop(c, oldest);
  }
}

/* Decode outside the lock. */
static int decode(struct kz__cache *c, int i, int target, struct kz_pixels *pixels,
                  struct kz_err *err) {
  pthread_mutex_unlock(&c->lock);
  const struct kz__item *item = &c->list->items[i];
  int code = kz_pixels_load_view(item->path, &item->view, target, target, pixels, err);
  if (!code && (pixels->channels != 3 || pixels->width < target || pixels->height < target)) {
    code = kz_err_set(err, KZ_ESHAPE, "decoded as %d x %d px with %d channels", pixels->width,
                      pixels->height, pixels->channels);
    kz_pixels_release(pixels);
  }
  pthread_mutex_lock(&c->lock);
  return code;
}

static int load(struct kz__cache *c, int i, int target, struct kz_err *err) {
  struct kz__entry *e = &c->entries[i];
  struct kz_pixels pixels = {0};
  struct kz_err why;
  e->state = KZ__LOADING;
  int code = decode(c, i, target, &pixels, &why);
  if (!code) {
    e->state = KZ__READY;
    e->seen = true;
    e->target = target;
    e->pixels = pixels;
    c->bytes += pixels_bytes(&pixels);
  } else if (code == KZ_ENOMEM || e->seen) {
    e->state = KZ__ABSENT;
    kz_err_set(err, code, "%s", why.msg);
  } else {
    e->state = KZ__BAD;
    c->bad++;
    kz__log_add(c->log, &c->list->items[i], why.msg);
    code = 0;
  }
  pthread_cond_broadcast(&c->changed);
  return code;
}

int kz__cache_pin(struct kz__cache *c, int i, int at_least, const struct kz_pixels **pixels,
                  struct kz_err *err) {
  const struct kz__item *item = &c->list->items[i];
  struct kz__entry *e = &c->entries[i];
  int target = kz__short_target(item->width, item->height, c->short_side, at_least), code = 0;
  pthread_mutex_lock(&c->lock);
  while (!code && e->state != KZ__BAD && !(e->state == KZ__READY && e->target == target)) {
    if (e->state == KZ__READY && !e->pins) drop(c, e); /* decoded for another crop size */
    if (e->state == KZ__ABSENT) code = load(c, i, target, err);
    else pthread_cond_wait(&c->changed, &c->lock);
  }
  if (!code && e->state == KZ__BAD) code = 1;
  if (!code) {
    e->pins++;
    e->used = ++c->clock;
    *pixels = &e->pixels;
    shrink(c);
  }
  pthread_mutex_unlock(&c->lock);
  return code;
}

void kz__cache_unpin(struct kz__cache *c, int i) {
  pthread_mutex_lock(&c->lock);
  c->entries[i].pins--;
  if (!c->entries[i].pins) {
    shrink(c);
    pthread_cond_broadcast(&c->changed);
  }
  pthread_mutex_unlock(&c->lock);
}

bool kz__cache_wants(struct kz__cache *c, int i, int at_least) {
  const struct kz__item *item = &c->list->items[i];
  double side = item->width < item->height ? item->width : item->height;
  double scale = kz__short_target(item->width, item->height, c->short_side, at_least) / side;
  pthread_mutex_lock(&c->lock);
  bool wants = c->entries[i].state == KZ__ABSENT &&
               c->bytes + 3.1 * scale * item->width * scale * item->height < (double)c->limit;
  pthread_mutex_unlock(&c->lock);
  return wants;
}

int kz__cache_usable(struct kz__cache *c) {
  pthread_mutex_lock(&c->lock);
  int usable = c->list->count - c->bad;
  pthread_mutex_unlock(&c->lock);
  return usable;
}
