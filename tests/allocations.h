/* Counts the program's heap allocations between armed = 1 and armed = 0, by taking malloc's place; the
 * first one is reported with its callers. oneDNN's execute call makes a small table of its
 * arguments by C++'s operator new each time, which no caller can avoid: those are told apart by
 * taking operator new's place too, and may only be small (a scratchpad among them would be our
 * mistake). Included once, by the program's one file. */
#ifndef TEST_ALLOCATIONS_H
#define TEST_ALLOCATIONS_H

#include <errno.h>
#include <execinfo.h>
#include <stdbool.h>
#include <stdlib.h>

/* The sanitiser has taken malloc's place already. */
#if defined(__SANITIZE_ADDRESS__)
#define COUNTS 0
#else
#define COUNTS 1
#endif

#define SMALL 1024 /* bytes: more than any of oneDNN's argument tables */

static volatile int armed, counted;
static volatile size_t largest_new;

#if COUNTS
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);
void *malloc(size_t n);
void *calloc(size_t n, size_t size);
void *realloc(void *p, size_t n);
void *memalign(size_t alignment, size_t n);
void *aligned_alloc(size_t alignment, size_t n);
int posix_memalign(void **p, size_t alignment, size_t n);
void *_Znwm(size_t n); /* operator new */

static void count_one(void) {
  if (!armed) return;
  if (__atomic_fetch_add(&counted, 1, __ATOMIC_RELAXED) == 0) {
    void *frames[32];
    armed = 0;
    backtrace_symbols_fd(frames, backtrace(frames, 32), 2);
    armed = 1;
  }
}

void *malloc(size_t n) {
  count_one();
  return __libc_malloc(n);
}
void *calloc(size_t n, size_t size) {
  count_one();
  return __libc_calloc(n, size);
}
void *realloc(void *p, size_t n) {
  count_one();
  return __libc_realloc(p, n);
}
void *memalign(size_t alignment, size_t n) {
  count_one();
  return __libc_memalign(alignment, n);
}
void *aligned_alloc(size_t alignment, size_t n) { return memalign(alignment, n); }
int posix_memalign(void **p, size_t alignment, size_t n) {
  void *q = memalign(alignment, n);
  if (!q) return ENOMEM;
  *p = q;
  return 0;
}
void *_Znwm(size_t n) {
  void *p = __libc_malloc(n ? n : 1);
  if (!p) abort(); /* operator new never returns NULL */
  if (armed && n > largest_new) largest_new = n;
  return p;
}
#endif

#endif
