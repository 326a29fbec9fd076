/* The registry of samplers and the times they share: uniform in t, from pure noise to
 * the picture. */
#include "diffusion/sampler_list.h"

const struct kz_sampler *const kz_samplers[] = {&kz__sampler_ddim, &kz__sampler_dpmpp2m, NULL};

static const struct kz_sampler_info list[] = {KZ__DDIM_INFO, KZ__DPMPP2M_INFO, {NULL, NULL}};

const struct kz_sampler_info *kz_sampler_list(void) { return list; }

double kz_sampler_time(int i, int steps) { return 1.0 - (double)i / steps; }
