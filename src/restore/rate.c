/* How fast the network is on this machine, for saying beforehand how long a restoration takes. The
 * numbers that go in are of no matter: what the network computes does not depend on them. */
#include <stdlib.h>

#include "base/file.h"
#include "restore/sample.h"

enum { SIDE = 256, CALLS = 2 };

/* The least of some calls after one that lays out the weights. */
static int time_calls(const struct kz__denoise *d, const float *in, const float *features,
                      float *x0, double *seconds, struct kz_err *err) {
  static const float t = 0.5f;
  int code = d->run(d->self, 1, in, features, &t, x0, err);
  for (int i = 0; i < CALLS && !code; i++) {
    double start = kz_now();
    code = d->run(d->self, 1, in, features, &t, x0, err);
    double taken = kz_now() - start;
    if (i == 0 || taken < *seconds) *seconds = taken;
  }
  return code;
}

int kz_restorer_rate(struct kz_restorer *r, const struct kz_restore_options *options,
                     double *megapixels, struct kz_err *err) {
  const struct kz__denoise d = kz__restorer_denoise(r, options);
  const size_t pixels = (size_t)SIDE * SIDE;
  int batch, code;
  double seconds = 0;
  float *in = calloc(pixels * (KZ__IN + KZ_FUSED + 3), sizeof *in);
  if (!in) return kz_err_set(err, KZ_ENOMEM, "no memory for a tile of %d px", SIDE);
  float *features = in + pixels * KZ__IN, *x0 = features + pixels * KZ_FUSED;
  if (d.say) d.say(d.self, "");
  code = d.bind(d.self, SIDE, SIDE, 1, &batch, err);
  if (!code) code = time_calls(&d, in, d.structure ? features : NULL, x0, &seconds, err);
  if (!code) *megapixels = 1e-6 * (double)pixels / seconds;
  free(in);
  return code;
}
