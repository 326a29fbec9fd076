/* One condition for both directions: the queues are short and the items large (a file to decode, a
 * batch row to write), so that a waking too many costs nothing. */
#include "catalogue/queue.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

int kz__queue_init(struct kz__queue *q, int room, int producers, struct kz_err *err) {
  pthread_condattr_t attributes;
  *q = (struct kz__queue){.room = room, .producers = producers};
  q->slots = calloc((size_t)room, sizeof *q->slots);
  if (!q->slots) return kz_err_set(err, KZ_ENOMEM, "no memory for a queue of %d", room);
  pthread_mutex_init(&q->mutex, NULL);
  pthread_condattr_init(&attributes);
  pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
  pthread_cond_init(&q->changed, &attributes);
  pthread_condattr_destroy(&attributes);
  return 0;
}

void kz__queue_release(struct kz__queue *q) {
  if (!q->slots) return;
  free(q->slots);
  pthread_cond_destroy(&q->changed);
  pthread_mutex_destroy(&q->mutex);
  *q = (struct kz__queue){0};
}

bool kz__queue_push(struct kz__queue *q, void *item) {
  pthread_mutex_lock(&q->mutex);
  while (!q->closed && q->count == q->room) pthread_cond_wait(&q->changed, &q->mutex);
  bool open = !q->closed;
  if (open) {
    q->slots[(q->head + q->count++) % q->room] = item;
    pthread_cond_broadcast(&q->changed);
  }
  pthread_mutex_unlock(&q->mutex);
  return open;
}

static void *take(struct kz__queue *q) {
  void *item = q->slots[q->head];
  q->head = (q->head + 1) % q->room;
  q->count--;
  return item;
}

static struct timespec after(double seconds) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  long long ns = t.tv_nsec + (long long)(seconds * 1e9);
  t.tv_sec += (time_t)(ns / 1000000000);
  t.tv_nsec = (long)(ns % 1000000000);
  return t;
}

enum kz__popped kz__queue_pop(struct kz__queue *q, double seconds, void **item) {
  enum kz__popped result = KZ__POPPED;
  struct timespec until = after(seconds > 0 ? seconds : 0);
  pthread_mutex_lock(&q->mutex);
  while (!q->closed && !q->count && q->producers && result == KZ__POPPED) {
    if (seconds < 0)
      pthread_cond_wait(&q->changed, &q->mutex);
    else if (pthread_cond_timedwait(&q->changed, &q->mutex, &until) == ETIMEDOUT)
      result = KZ__POP_TIMEOUT;
  }
  if (q->closed) {
    result = KZ__POP_END;
  } else if (q->count) {
    *item = take(q);
    result = KZ__POPPED;
    pthread_cond_broadcast(&q->changed);
  } else if (!q->producers) {
    result = KZ__POP_END;
  }
  pthread_mutex_unlock(&q->mutex);
  return result;
}

void *kz__queue_drain(struct kz__queue *q) { return q->slots && q->count ? take(q) : NULL; }

void kz__queue_leave(struct kz__queue *q) {
  pthread_mutex_lock(&q->mutex);
  q->producers--;
  pthread_cond_broadcast(&q->changed);
  pthread_mutex_unlock(&q->mutex);
}

void kz__queue_close(struct kz__queue *q) {
  pthread_mutex_lock(&q->mutex);
  q->closed = true;
  pthread_cond_broadcast(&q->changed);
  pthread_mutex_unlock(&q->mutex);
}
