/* The rate at which libvips alone decodes files: the bar for `kizil dataset add` (adding.py).
 *
 *     bench_decode [THREADS] < LIST        a path a line; prints files, those that failed, seconds
 *                                          of processor time and of the clock
 *
 * Each thread takes the next file, opens it for one pass, and has all of its pixels written to
 * memory: what any program that looks at pixels must do. libvips' own threads are off in each, as
 * they are in `add`, since files are there to be spread.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <vips/vips.h>

static char **paths;
static int count;
static atomic_int next, failed;

static double seconds(clockid_t clock) {
  struct timespec t;
  clock_gettime(clock, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void decode(const char *path) {
  size_t size;
  VipsImage *im = vips_image_new_from_file(path, "access", VIPS_ACCESS_SEQUENTIAL, "fail_on",
                                           VIPS_FAIL_ON_TRUNCATED, NULL);
  void *pixels = im ? vips_image_write_to_memory(im, &size) : NULL;
  if (!pixels) atomic_fetch_add(&failed, 1);
  g_free(pixels);
  if (im) g_object_unref(im);
}

static void *work(void *unused) {
  for (int i; (i = atomic_fetch_add(&next, 1)) < count;) decode(paths[i]);
  vips_thread_shutdown();
  return unused;
}

static void read_list(void) {
  char line[4096];
  int room = 0;
  while (fgets(line, sizeof line, stdin)) {
    line[strcspn(line, "\n")] = 0;
    if (count == room) paths = realloc(paths, (size_t)(room = 2 * room + 64) * sizeof *paths);
    if (!paths || !(paths[count++] = strdup(line))) exit(1);
  }
}

int main(int argc, char **argv) {
  int threads = argc > 1 ? (int)strtol(argv[1], NULL, 10) : 2;
  pthread_t thread[64];
  if (threads < 1 || threads > 64 || VIPS_INIT(argv[0])) return 1;
  vips_concurrency_set(1);
  vips_cache_set_max(0);
  read_list();
  double start = seconds(CLOCK_MONOTONIC), busy = seconds(CLOCK_PROCESS_CPUTIME_ID);
  for (int i = 0; i < threads; i++)
    if (pthread_create(&thread[i], NULL, work, NULL)) return 1;
  for (int i = 0; i < threads; i++) pthread_join(thread[i], NULL);
  printf("%d %d %.3f %.3f\n", count, atomic_load(&failed),
         seconds(CLOCK_PROCESS_CPUTIME_ID) - busy, seconds(CLOCK_MONOTONIC) - start);
  for (int i = 0; i < count; i++) free(paths[i]);
  free(paths);
  return 0;
}
