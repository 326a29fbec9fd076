/* A bounded queue of pointers between threads. */
#ifndef KZ_CATALOGUE_QUEUE_H
#define KZ_CATALOGUE_QUEUE_H

#include <pthread.h>
#include <stdbool.h>

#include <kizil/err.h>

struct kz__queue {
  void **slots;
  int room, head, count;
  int producers; /* that may still push; at 0 an empty queue is at its end */
  bool closed;   /* nothing goes in or out any more */
  pthread_mutex_t mutex;
  pthread_cond_t changed;
};

enum kz__popped { KZ__POPPED, KZ__POP_TIMEOUT, KZ__POP_END };

int kz__queue_init(struct kz__queue *q, int room, int producers, struct kz_err *err);
void kz__queue_release(struct kz__queue *q); /* of an empty one */
/* Waits for room; false if the queue was closed: the item stays the caller's. */
bool kz__queue_push(struct kz__queue *q, void *item);
/* Waits at most `seconds`; < 0: for ever. */
enum kz__popped kz__queue_pop(struct kz__queue *q, double seconds, void **item);
/* What is left after everyone has ended, to be freed; NULL: nothing. */
void *kz__queue_drain(struct kz__queue *q);
void kz__queue_leave(struct kz__queue *q); /* one producer is done */
void kz__queue_close(struct kz__queue *q);

#endif
