/* The thumbnails of a report: as many threads as asked, one large picture at a time, and none that
 * fails stops the others: its place says why it is empty. */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "export/page.h"

enum { MOST_THREADS = 16, LARGE_PIXELS = 8000000, PAUSE_MS = 20 };

struct work {
  struct kz__page *p;
  atomic_int next, done;
  atomic_bool stop;
  pthread_mutex_t large; /* held while a large picture is decoded: some decoders keep it all */
};

static const char *words_for(int code) {
  switch (code) {
  case KZ_ENOENT: return "the file is gone";
  case KZ_EIO: return "the file cannot be read";
  case KZ_ERANGE: return "too large to be shown here";
  default: return "cannot be decoded any more";
  }
}

static void make_one(struct kz__shown *s, pthread_mutex_t *large) {
  struct stat st;
  struct kz_err err;
  bool big = s->pixels > LARGE_PIXELS;
  if (s->why) return;
  if (!stat(s->path, &st) && st.st_size != s->bytes) {
    s->why = "the file has changed since it was added";
    return;
  }
  if (big) pthread_mutex_lock(large);
  int code = kz_thumb_make(s->path, KZ__THUMB_WIDTH, KZ__THUMB_HEIGHT, &s->thumb, &err);
  if (big) pthread_mutex_unlock(large);
  if (code) s->why = words_for(code);
}

static void *make_many(void *user) {
  struct work *w = user;
  for (int i; !atomic_load(&w->stop) &&
              (i = atomic_fetch_add(&w->next, 1)) < w->p->shown_count;) {
    make_one(&w->p->shown[i], &w->large);
    atomic_fetch_add(&w->done, 1);
  }
  return NULL;
}

static void tell(const struct work *w, double began) {
  const struct kz_catalogue_host *h = w->p->host;
  const int done = atomic_load(&w->done);
  const struct kz_catalogue_progress progress = {
      .found = w->p->shown_count, .done = done, .images = done, .seconds = kz_now() - began};
  if (h && h->progress) h->progress(h->user, &progress);
}

/* This thread only watches: host is never called from another. */
static void watch(struct work *w) {
  const struct kz_catalogue_host *h = w->p->host;
  const double began = kz_now();
  while (atomic_load(&w->done) < w->p->shown_count && !atomic_load(&w->stop)) {
    if (h && h->stop && h->stop(h->user)) atomic_store(&w->stop, true);
    tell(w, began);
    usleep(PAUSE_MS * 1000);
  }
  tell(w, began);
}

int kz__page_thumbs(struct kz__page *p, struct kz_err *err) {
  struct work w = {.p = p};
  pthread_t thread[MOST_THREADS];
  long processors = sysconf(_SC_NPROCESSORS_ONLN);
  int wanted = p->o->threads > 0 ? (int)p->o->threads : processors > 1 ? 2 : 1, started = 0;
  if (wanted > MOST_THREADS) wanted = MOST_THREADS;
  if (wanted > p->shown_count) wanted = p->shown_count;
  pthread_mutex_init(&w.large, NULL);
  while (started < wanted && !pthread_create(&thread[started], NULL, make_many, &w)) started++;
  if (started)
    watch(&w);
  else
    make_many(&w); /* no thread is to be had */
  for (int i = 0; i < started; i++) pthread_join(thread[i], NULL);
  pthread_mutex_destroy(&w.large);
  if (!atomic_load(&w.stop)) return 0;
  return kz_err_set(err, KZ_EINTR, "interrupted; no report was written");
}
