/* What a command says while it works and when it fails; interruption; the default model's place.
 * The command's name and the signal flag are process-wide, as the terminal and signals are. */
#include "cli.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "main.h"

static const char *current_command; /* for messages */
static volatile sig_atomic_t interrupted;

void kz_cli_set_command(const char *name) { current_command = name; }

/* ---- messages ---- */

static void print_context(void) {
  fputs("kizil", stderr);
  if (current_command) fprintf(stderr, " %s", current_command);
  fputs(": ", stderr);
}

int kz_cli_fail(const struct kz_err *err) {
  print_context();
  fprintf(stderr, "%s\n", err->msg);
  return KZ_EXIT_FAILURE;
}

int kz_cli_usage(const char *fmt, ...) {
  va_list ap;
  print_context();
  va_start(ap, fmt);
  vfprintf(stderr, fmt, ap);
  va_end(ap);
  fprintf(stderr, "\nTry 'kizil %s%s--help'.\n", current_command ? current_command : "",
          current_command ? " " : "");
  return KZ_EXIT_USAGE;
}

void kz_cli_warn(const char *fmt, ...) {
  va_list ap;
  print_context();
  fputs("warning: ", stderr);
  va_start(ap, fmt);
  vfprintf(stderr, fmt, ap);
  va_end(ap);
  fputc('\n', stderr);
}

/* ---- progress ---- */

double kz_cli_now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void kz_cli_progress(struct kz_cli_progress *p, const char *fmt, ...) {
  char line[512];
  bool terminal = isatty(STDERR_FILENO);
  double now = kz_cli_now(), pause = terminal ? 0.1 : 10.0;
  if (p->shown > 0 && now - p->shown < pause) return;
  p->shown = now;
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(line, sizeof line, fmt, ap);
  va_end(ap);
  if (!terminal) {
    fprintf(stderr, "%s\n", line);
    return;
  }
  int width = (int)strlen(line); /* spaces wipe what the longer line before left */
  fprintf(stderr, "\r%s%*s", line, p->width > width ? p->width - width : 0, "");
  fflush(stderr);
  p->width = width;
}

void kz_cli_progress_end(struct kz_cli_progress *p) {
  if (p->width > 0) {
    fprintf(stderr, "\r%*s\r", p->width, "");
    fflush(stderr);
  }
  *p = (struct kz_cli_progress){0};
}

const char *kz_cli_duration(double seconds, char buf[32]) {
  long s = seconds > 0 ? (long)(seconds + 0.5) : 0;
  if (seconds < 59.95)
    snprintf(buf, 32, "%.1f s", seconds > 0 ? seconds : 0.0);
  else if (s < 3600)
    snprintf(buf, 32, "%ld min %02ld s", s / 60, s % 60);
  else
    snprintf(buf, 32, "%ld h %02ld min", s / 3600, s % 3600 / 60);
  return buf;
}

/* ---- interruption ---- */

static void on_signal(int number) {
  interrupted = 1;
  signal(number, SIG_DFL); /* the second one ends the process */
}

void kz_cli_catch_interrupts(void) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

bool kz_cli_interrupted(void) { return interrupted; }

/* ---- the default model ---- */

static const char model_name[] = "models/kizil-base.safetensors";

/* The folder that holds the program's own folder, so that build/kizil finds models/. */
static bool beside_program(char *buf, int size) {
  char self[4096];
  ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
  if (n <= 0) return false;
  self[n] = '\0';
  for (int i = 0; i < 2; i++) {
    char *slash = strrchr(self, '/');
    if (!slash) return false;
    *slash = '\0';
  }
  return snprintf(buf, (size_t)size, "%s/%s", self, model_name) < size && !access(buf, R_OK);
}

const char *kz_cli_default_model(char *buf, int size) {
  const char *wanted = getenv("KIZIL_MODEL");
  if (wanted && *wanted)
    snprintf(buf, (size_t)size, "%s", wanted);
  else if (!beside_program(buf, size))
    snprintf(buf, (size_t)size, "%s/%s", KZ_DATADIR, model_name);
  return buf;
}
