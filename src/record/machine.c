/* When and on what a restoration was made. The same bytes come back from the same processor, the
 * same number of threads and the same libraries; elsewhere the network's sums round differently. */
#include <dnnl.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <vips/vips.h>

#include "record/field.h"

/* The first "model name" of /proc/cpuinfo; "" if there is none. */
static void read_processor(char *to, size_t size) {
  char line[512];
  FILE *f = fopen("/proc/cpuinfo", "r");
  *to = 0;
  while (f && !*to && fgets(line, sizeof line, f)) {
    const char *colon = strchr(line, ':');
    if (strncmp(line, "model name", 10) || !colon) continue;
    snprintf(to, size, "%s", colon + 1 + strspn(colon + 1, " \t"));
    to[strcspn(to, "\n")] = 0;
  }
  if (f) fclose(f);
}

static const char *instructions(void) {
  switch (dnnl_get_effective_cpu_isa()) {
  case dnnl_cpu_isa_sse41: return "sse4.1";
  case dnnl_cpu_isa_avx: return "avx";
  case dnnl_cpu_isa_avx2: return "avx2";
  case dnnl_cpu_isa_avx2_vnni: return "avx2-vnni";
  case dnnl_cpu_isa_avx512_core: return "avx512";
  case dnnl_cpu_isa_avx512_core_vnni: return "avx512-vnni";
  case dnnl_cpu_isa_avx512_core_bf16: return "avx512-bf16";
  case dnnl_cpu_isa_avx512_core_amx: return "avx512-amx";
  default: return "other";
  }
}

int kz__record_time(char **to, struct kz_err *err) {
  time_t now = time(NULL);
  struct tm utc;
  char text[40];
  gmtime_r(&now, &utc);
  strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &utc);
  return kz_record_say(to, text, err);
}

static int add_software(struct kz_record *r, const char *name, const char *version,
                        struct kz_err *err) {
  const struct kz__field *f = kz__record_shape.fields;
  while (strcmp(f->name, "software")) f++;
  struct kz_record_software *s = kz__list_add(f, r);
  if (!s) return kz_err_set(err, KZ_ENOMEM, "no memory for the record");
  int code = kz_record_say(&s->name, name, err);
  return code ? code : kz_record_say(&s->version, version, err);
}

int kz__record_machine(struct kz_record *r, struct kz_err *err) {
  const dnnl_version_t *dnnl = dnnl_version();
  char text[300], version[64];
  struct utsname system = {0};
  uname(&system);
  int64_t threads = r->options.threads;
  r->machine.threads = threads ? threads : (int64_t)sysconf(_SC_NPROCESSORS_ONLN);
  int code = kz__record_time(&r->time, err);
  if (!code) code = kz_record_say(&r->machine.name, system.nodename, err);
  snprintf(text, sizeof text, "%s %s %s", system.sysname, system.release, system.machine);
  if (!code) code = kz_record_say(&r->machine.system, text, err);
  read_processor(text, sizeof text);
  if (!code) code = kz_record_say(&r->machine.processor, text, err);
  if (!code) code = kz_record_say(&r->machine.instructions, instructions(), err);
  snprintf(version, sizeof version, "%d.%d.%d", dnnl->major, dnnl->minor, dnnl->patch);
  if (!code) code = add_software(r, "libvips", vips_version_string(), err);
  if (!code) code = add_software(r, "oneDNN", version, err);
  return code;
}
