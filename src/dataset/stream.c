/* A stream of batches, cut by threads of its own while the caller trains on an earlier one.
 *
 * The data structure is a ring of four batches: the one lent to the caller and the three after it.
 * A thread takes one crop at a time, the lowest one nobody has taken, from the earliest unfinished
 * batch; so a batch is ready as soon as it can be, and any number of threads gives the same bytes:
 * a crop is a function of (seed, batch index, crop, size) and the list of images alone. It draws
 * its own generator, picks its picture by area, waits for that very picture to be decoded, and is
 * never given another for being late. A picture that turns out to be undecodable is passed over for
 * the next of the list, which is the same one at any time.
 *
 * With nothing to cut, threads decode ahead of need, in the order of the list, as long as the cache
 * has room. They run five steps of niceness below the caller, whose time is the dearer; a caller
 * who comes too early therefore does not just wait for them, but cuts what nobody has taken yet.
 *
 * Another shape, or an index that is not the next, empties the ring: the caller waits for the crops
 * in hand, then the batches are renumbered. Memory is allocated only there and when decoding. */
#include <kizil/data.h>

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <kizil/damage.h>
#include <kizil/image.h>
#include <kizil/rng.h>

#include "base/file.h"
#include "dataset/cache.h"
#include "dataset/cutter.h"
#include "dataset/guides.h"
#include "dataset/list.h"
#include "dataset/sound.h"
#include "dataset/source.h"

enum {
  RING = 4,         /* batches: one lent, three ahead */
  AT_LEAST = 256,   /* px; images with a shorter short side are enlarged to it, or to the crop */
  MIN_CROP = 16,
  MAX_CROP = 2048,
  MAX_COUNT = 65536, /* crops a batch; also the distance of generators between batches */
  MAX_THREADS = 64,
  NICER = 5
};

#define GUIDE_SEED 0x6775696465736b7aull

struct ring_batch {
  int taken, done; /* crops */
  uint8_t *rgb, *mask;
  uint8_t *drawn, *valid; /* NULL without guides, as the next */
  char *captions;
  int code;
  struct kz_err err;
};

/* What a thread cuts with. */
struct tools {
  struct kz__cutter cutter;
  struct kz__guide_maker guides;
};

struct kz_stream {
  struct kz_stream_options o;
  char *images, *told;
  char identity[65];
  uint64_t seed;
  int found;
  struct kz__list list;
  struct kz__log log;
  struct kz__cache cache;

  pthread_mutex_t lock;        /* guards all below */
  pthread_cond_t work, ready;  /* for the threads; for the caller */
  bool locks, quit, paused;
  int count, size;             /* of the batches in the ring; 0 before the first call */
  int64_t first;               /* batch index of the one lent; batch i is ring[i % RING] */
  struct ring_batch ring[RING];
  int busy;                    /* threads that cut at this moment */
  int ahead;                   /* next image to decode without need */
  pthread_t *threads;
  int running;

  struct tools tools; /* touched by the caller only, as is what follows */
  double waited;
};

void kz_stream_options_defaults(struct kz_stream_options *o) {
  *o = (struct kz_stream_options){.short_side = 440,
                                  .held_out = 0.05,
                                  .seed = 0,
                                  .threads = 1,
                                  .cache_bytes = INT64_C(2) << 30};
}

static void ring_batch_release(struct ring_batch *b) {
  free(b->rgb);
  free(b->mask);
  free(b->drawn);
  free(b->valid);
  free(b->captions);
  b->rgb = b->mask = b->drawn = b->valid = NULL;
  b->captions = NULL;
}

static bool ring_batch_resize(struct ring_batch *b, size_t pixels, size_t count, bool guides) {
  ring_batch_release(b);
  b->rgb = malloc(pixels * 3);
  b->mask = malloc(pixels);
  if (!guides) return b->rgb && b->mask;
  b->drawn = malloc(pixels);
  b->valid = malloc(pixels);
  b->captions = malloc(count * KZ_CAPTION_MOST);
  return b->rgb && b->mask && b->drawn && b->valid && b->captions;
}

static void tools_release(struct tools *t) {
  kz__cutter_release(&t->cutter);
  kz__guide_maker_release(&t->guides);
}

/* ---- one crop ---- */

/* Proportional to area, so that every painted square centimetre is seen as often as another. */
static int pick_by_area(const struct kz__list *list, struct kz_rng *rng) {
  uint64_t total = list->items[list->count - 1].end;
  uint64_t at = (uint64_t)(((unsigned __int128)kz_rng_u64(rng) * total) >> 64);
  int low = 0, high = list->count - 1;
  while (low < high) {
    int middle = (low + high) / 2;
    if (list->items[middle].end > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

static int gcd(int a, int b) { return b ? gcd(b, a % b) : a; }

/* Held-out images in turn, by golden-section steps so that a few crops span the whole list. */
static int pick_in_turn(const struct kz__list *list, int64_t index, int count, int crop) {
  int n = list->count, step = (int)(n * 0.618);
  while (step < 1 || gcd(n, step) > 1) step++;
  uint64_t turn = ((uint64_t)index * (uint64_t)count + (uint64_t)crop) % (uint64_t)n;
  return (int)(turn * (uint64_t)step % (uint64_t)n);
}

static int pin_image(struct kz_stream *s, int *image, const struct kz_pixels **pixels, int size,
                     struct kz_err *err) {
  int at_least = size > AT_LEAST ? size : AT_LEAST;
  for (int tries = 0; tries < s->list.count; tries++) {
    int code = kz__cache_pin(&s->cache, *image, at_least, pixels, err);
    if (code <= 0) return code;
    *image = (*image + 1) % s->list.count;
  }
  return kz_err_set(err, KZ_EFORMAT, "none of the %d images in '%s' can be decoded",
                    s->list.count, s->images);
}

/* The guides of a crop that has been cut, from generators of their own: with or without them the
 * crops are the same. A held-out crop is described as restoring would do it. */
static int make_guides(struct kz_stream *s, struct kz__guide_maker *maker, int64_t index, int crop,
                       int image, int size, struct ring_batch *b, struct kz_err *err) {
  if (!s->o.guides) return 0;
  struct kz_rng rng;
  kz_rng_init_stream(&rng, s->seed ^ GUIDE_SEED, (uint64_t)index * MAX_COUNT + (uint64_t)crop);
  size_t area = (size_t)size * (size_t)size, at = (size_t)crop * area;
  const uint8_t *rgb = b->rgb + at * 3, *mask = b->mask + at;
  char *text = b->captions + (size_t)crop * KZ_CAPTION_MOST;
  const struct kz__notes *notes = s->list.items[image].notes;
  const struct kz_caption_facts *facts[2] = {notes ? &notes->facts[0] : NULL,
                                             notes ? &notes->facts[1] : NULL};
  if (s->o.held_out_only) {
    memset(b->drawn + at, 0, area);
    memset(b->valid + at, 0, area);
    kz_caption_write(text, KZ_LANGUAGE_EN, NULL, size, size, rgb, mask);
    return 0;
  }
  int code = kz__guide_maker_resize(maker, size, err);
  if (code) return code;
  const struct kz_caption_facts *listed =
      s->o.manifest ? kz_manifest_find(s->o.manifest, s->list.items[image].path) : NULL;
  if (listed) facts[0] = facts[1] = listed;
  kz__guide_lines(maker, &rng, rgb, b->drawn + at, b->valid + at);
  kz__guide_caption(&rng, facts, size, rgb, mask, text);
  return 0;
}

static int cut_crop(struct kz_stream *s, struct tools *tools, int64_t index, int crop,
                    int count, int size, struct ring_batch *b, struct kz_err *err) {
  struct kz__cutter *cutter = &tools->cutter;
  struct kz_rng rng;
  kz_rng_init_stream(&rng, s->seed, (uint64_t)index * MAX_COUNT + (uint64_t)crop);
  int image = s->o.held_out_only ? pick_in_turn(&s->list, index, count, crop)
                                 : pick_by_area(&s->list, &rng);
  int code = kz__cutter_resize(cutter, size, err);
  if (code) return code;
  const struct kz_pixels *pixels;
  code = pin_image(s, &image, &pixels, size, err);
  if (code) return code;
  struct kz__cut cut;
  if (s->o.held_out_only)
    kz__cut_draw_plain(&cut, &rng, pixels->width, pixels->height, size);
  else
    kz__sound_draw(&cut, &rng, &s->list.items[image], pixels->width, pixels->height, size);
  size_t area = (size_t)size * (size_t)size;
  kz__cutter_cut(cutter, pixels, &cut, b->rgb + (size_t)crop * area * 3);
  kz__cache_unpin(&s->cache, image);
  kz_damage_training_draw(&rng, size, size, b->mask + (size_t)crop * area);
  return make_guides(s, &tools->guides, index, crop, image, size, b, err);
}

/* ---- the threads; `lock` held unless it says otherwise ---- */

static bool take_crop(struct kz_stream *s, int64_t *index, int *crop) {
  if (s->paused || !s->count) return false;
  for (int64_t i = s->first; i < s->first + RING; i++) {
    struct ring_batch *b = &s->ring[i % RING];
    if (b->taken == s->count) continue;
    *index = i;
    *crop = b->taken++;
    return true;
  }
  return false;
}

static void do_crop(struct kz_stream *s, struct tools *tools, int64_t index, int crop) {
  struct ring_batch *b = &s->ring[index % RING];
  struct kz_err err;
  int count = s->count, size = s->size;
  s->busy++;
  pthread_mutex_unlock(&s->lock);
  int code = cut_crop(s, tools, index, crop, count, size, b, &err);
  pthread_mutex_lock(&s->lock);
  s->busy--;
  b->done++;
  if (code && !b->code) {
    b->code = code;
    b->err = err;
  }
  if (b->done == s->count || (s->paused && !s->busy)) pthread_cond_signal(&s->ready);
}

/* Decode one image that nobody has asked for yet; false if there is none or no room. */
static bool decode_ahead(struct kz_stream *s) {
  int at_least = s->size > AT_LEAST ? s->size : AT_LEAST;
  while (s->ahead < s->list.count) {
    int image = s->ahead++;
    if (!kz__cache_wants(&s->cache, image, at_least)) continue;
    pthread_mutex_unlock(&s->lock);
    const struct kz_pixels *pixels;
    if (!kz__cache_pin(&s->cache, image, at_least, &pixels, NULL))
      kz__cache_unpin(&s->cache, image);
    pthread_mutex_lock(&s->lock);
    return true;
  }
  return false;
}

static void *thread_main(void *arg) {
  struct kz_stream *s = arg;
  struct tools tools = {0};
  int64_t index;
  int crop;
  /* On Linux this is the priority of the calling thread. Failing to lower it harms nobody. */
  setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + NICER);
  pthread_mutex_lock(&s->lock);
  while (!s->quit) {
    if (take_crop(s, &index, &crop)) do_crop(s, &tools, index, crop);
    else if (!decode_ahead(s)) pthread_cond_wait(&s->work, &s->lock);
  }
  pthread_mutex_unlock(&s->lock);
  tools_release(&tools);
  return NULL;
}

static int start_threads(struct kz_stream *s, struct kz_err *err) {
  pthread_mutex_init(&s->lock, NULL);
  pthread_cond_init(&s->work, NULL);
  pthread_cond_init(&s->ready, NULL);
  s->locks = true;
  s->threads = calloc((size_t)s->o.threads, sizeof *s->threads);
  if (!s->threads) return kz_err_set(err, KZ_ENOMEM, "no memory for threads");
  sigset_t all, old; /* signals are the caller's business */
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &old);
  int failed = 0;
  while (!failed && s->running < s->o.threads) {
    failed = pthread_create(&s->threads[s->running], NULL, thread_main, s);
    if (!failed) s->running++;
  }
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (failed)
    return kz_err_set(err, KZ_ENOMEM, "cannot start thread %d of %d: %s", s->running + 1,
                      s->o.threads, strerror(failed));
  return 0;
}

/* ---- opening ---- */

static int check_options(const struct kz_stream_options *o, struct kz_err *err) {
  if (!o->images || !o->images[0])
    return kz_err_set(err, KZ_ERANGE, "no images were given: a folder, a catalogue or a list");
  if (!(o->held_out >= 0 && o->held_out < 1))
    return kz_err_set(err, KZ_ERANGE, "held-out share %g is not in [0, 1)", o->held_out);
  if (o->short_side < 64)
    return kz_err_set(err, KZ_ERANGE, "short side %d px is less than 64", o->short_side);
  if (o->threads < 1 || o->threads > MAX_THREADS)
    return kz_err_set(err, KZ_ERANGE, "%d data threads: 1 to %d are possible", o->threads,
                      MAX_THREADS);
  if (o->cache_bytes < 0)
    return kz_err_set(err, KZ_ERANGE, "a cache of %lld bytes", (long long)o->cache_bytes);
  return 0;
}

static int no_usable(struct kz_stream *s, struct kz_err *err) {
  const char *why = kz__log_text(&s->log);
  return kz_err_set(err, KZ_ENOENT, "none of the %d images in '%s' can be used; the first: %.*s",
                    s->found, s->images, (int)strcspn(why, "\n"), why);
}

static int list_images(struct kz_stream *s, struct kz_err *err) {
  int code = kz__source_list(&s->list, &s->o, &s->log, &s->told, err);
  if (code) return code;
  s->found = s->list.count;
  code = kz__list_probe(&s->list, s->o.short_side, AT_LEAST, &s->log, err);
  if (code) return code;
  kz__list_identity(&s->list, s->identity);
  return s->list.count ? 0 : no_usable(s, err);
}

/* One image must decode before training is set up on the promise that there are any. */
static int decode_one(struct kz_stream *s, struct kz_err *err) {
  for (int i = 0; i < s->list.count; i++) {
    const struct kz_pixels *pixels;
    int code = kz__cache_pin(&s->cache, i, AT_LEAST, &pixels, err);
    if (!code) kz__cache_unpin(&s->cache, i);
    if (code <= 0) return code;
  }
  return no_usable(s, err);
}

int kz_stream_open(const struct kz_stream_options *o, struct kz_stream **out,
                   struct kz_err *err) {
  int code = check_options(o, err);
  if (code) return code;
  struct kz_stream *s = calloc(1, sizeof *s);
  if (!s) return kz_err_set(err, KZ_ENOMEM, "no memory for a stream");
  s->o = *o;
  s->o.images = s->images = strdup(o->images);
  s->seed = o->seed ^ 0x6b697a696c2d6461u; /* apart from the trainer's generators */
  code = s->images ? kz__log_init(&s->log, err)
                   : kz_err_set(err, KZ_ENOMEM, "no memory for a stream");
  if (!code) code = list_images(s, err);
  if (!code)
    code = kz__cache_init(&s->cache, &s->list, &s->log, o->short_side, o->cache_bytes, err);
  if (!code) code = decode_one(s, err);
  if (!code) code = start_threads(s, err);
  if (code) {
    kz_stream_close(s);
    return code;
  }
  *out = s;
  return 0;
}

void kz_stream_close(struct kz_stream *s) {
  if (!s) return;
  if (s->locks) {
    pthread_mutex_lock(&s->lock);
    s->quit = true;
    pthread_cond_broadcast(&s->work);
    pthread_mutex_unlock(&s->lock);
    for (int i = 0; i < s->running; i++) pthread_join(s->threads[i], NULL);
    pthread_cond_destroy(&s->ready);
    pthread_cond_destroy(&s->work);
    pthread_mutex_destroy(&s->lock);
  }
  free(s->threads);
  for (int i = 0; i < RING; i++) ring_batch_release(&s->ring[i]);
  tools_release(&s->tools);
  kz__cache_release(&s->cache);
  kz__list_release(&s->list);
  kz__log_release(&s->log);
  free(s->images);
  free(s->told);
  free(s);
}

/* ---- batches; `lock` held ---- */

static int reshape(struct kz_stream *s, int count, int size, struct kz_err *err) {
  size_t pixels = (size_t)count * (size_t)size * (size_t)size;
  s->count = s->size = 0;
  for (int i = 0; i < RING; i++)
    if (!ring_batch_resize(&s->ring[i], pixels, (size_t)count, s->o.guides))
      return kz_err_set(err, KZ_ENOMEM, "no memory for batches of %d crops of %d px", count, size);
  s->count = count;
  s->size = size;
  s->ahead = 0; /* larger crops may want images in another size */
  return 0;
}

static int restart(struct kz_stream *s, int64_t index, int count, int size, struct kz_err *err) {
  int code = 0;
  s->paused = true;
  while (s->busy) pthread_cond_wait(&s->ready, &s->lock);
  if (s->count != count || s->size != size) code = reshape(s, count, size, err);
  for (int i = 0; i < RING; i++) s->ring[i].taken = s->ring[i].done = s->ring[i].code = 0;
  s->first = index;
  s->paused = false;
  return code;
}

/* Wait for the batch, or lend a hand. */
static void complete(struct kz_stream *s, int64_t index) {
  struct ring_batch *b = &s->ring[index % RING];
  while (b->done < s->count) {
    if (b->taken < s->count) do_crop(s, &s->tools, index, b->taken++);
    else pthread_cond_wait(&s->ready, &s->lock);
  }
}

int kz_stream_next(struct kz_stream *s, int64_t index, int count, int size, struct kz_batch *batch,
                   struct kz_err *err) {
  if (index < 0 || index > INT64_MAX / (2 * MAX_COUNT))
    return kz_err_set(err, KZ_ERANGE, "batch number %lld", (long long)index);
  if (count < 1 || count > MAX_COUNT || size < MIN_CROP || size > MAX_CROP)
    return kz_err_set(err, KZ_ERANGE, "a batch of %d crops of %d px: 1 to %d crops of %d to %d px "
                      "are possible", count, size, MAX_COUNT, MIN_CROP, MAX_CROP);
  double start = kz_now();
  int code = 0;
  pthread_mutex_lock(&s->lock);
  if (count != s->count || size != s->size || index < s->first || index > s->first + 1) {
    code = restart(s, index, count, size, err);
  } else if (index == s->first + 1) {
    struct ring_batch *back = &s->ring[s->first % RING];
    back->taken = back->done = back->code = 0;
    s->first = index;
  }
  pthread_cond_broadcast(&s->work);
  struct ring_batch *b = &s->ring[index % RING];
  if (!code) complete(s, index);
  if (!code && b->code) code = kz_err_set(err, b->code, "%s", b->err.msg);
  if (!code) *batch = (struct kz_batch){count,   size,     b->rgb,     b->mask,
                                         b->drawn, b->valid, b->captions};
  pthread_mutex_unlock(&s->lock);
  s->waited += kz_now() - start;
  return code;
}

double kz_stream_waited(const struct kz_stream *s) { return s->waited; }

int kz_stream_images(const struct kz_stream *s, int *found) {
  if (found) *found = s->found;
  return kz__cache_usable((struct kz__cache *)&s->cache);
}

const char *kz_stream_told(const struct kz_stream *s) { return s->told ? s->told : ""; }

const char *kz_stream_identity(const struct kz_stream *s) { return s->identity; }

const char *kz_stream_skipped(const struct kz_stream *s) {
  return kz__log_text((struct kz__log *)&s->log);
}
