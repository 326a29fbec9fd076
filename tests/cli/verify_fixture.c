/* What test_verify.sh needs beside restore_fixture:
 * verify_fixture --record SOURCE MASK RESULT MODEL RECORD LINES   write the record of a restoration
 *   with --steps 2 --thin 0 and, unless LINES is "", --lines LINES
 * verify_fixture --flip IMAGE X Y      change the lowest bit of one sample */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kizil/image.h>
#include <kizil/record.h>

static int make_record(char **arg, struct kz_err *err) {
  struct kz_restore_options o;
  const struct kz_restore_stats stats = {.width = 96, .height = 64, .tiles = 1, .calls = 2,
                                         .damaged = 0.125, .seconds = 1};
  const struct kz_record_inputs in = {.source = arg[0], .mask = arg[1], .result = arg[2],
                                      .model = arg[3], .options = &o, .stats = &stats};
  struct kz_record r;
  kz_params_defaults(kz_restore_params, &o);
  o.steps = 2;
  o.thin = 0;
  o.lines = arg[5];
  int code = kz_record_make(&r, &in, arg[4], err);
  if (code) return code;
  code = kz_record_write(&r, arg[4], err);
  kz_record_release(&r);
  return code;
}

static int flip(char **arg, struct kz_err *err) {
  struct kz_pixels p = {0};
  int code = kz_pixels_load(arg[0], 0, 0, &p, err);
  if (code) return code;
  p.data[(strtol(arg[2], NULL, 10) * p.width + strtol(arg[1], NULL, 10)) * p.channels] ^= 1;
  code = kz_pixels_save(&p, arg[0], err);
  kz_pixels_release(&p);
  return code;
}

int main(int argc, char **argv) {
  struct kz_err err = {KZ_ERANGE, "wrong usage"};
  int code = KZ_ERANGE;
  if (argc < 2 || kz_image_startup("verify_fixture", 1, &err)) return 2;
  if (argc == 8 && !strcmp(argv[1], "--record")) code = make_record(argv + 2, &err);
  if (argc == 5 && !strcmp(argv[1], "--flip")) code = flip(argv + 2, &err);
  if (code) fprintf(stderr, "verify_fixture: %s\n", err.msg);
  kz_image_shutdown();
  return code != 0;
}
