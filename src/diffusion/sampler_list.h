/* Adding a sampler: a file with its step, its text here, its line in sampler.c. */
#ifndef KZ_SAMPLER_LIST_H
#define KZ_SAMPLER_LIST_H

#include "diffusion/sampler.h"

#define KZ__DDIM_INFO {"ddim", "DDIM, deterministic (Song et al., 2021)"}
#define KZ__DPMPP2M_INFO {"dpm++2m", "DPM-Solver++ of second order, multistep (Lu et al., 2022)"}

extern const struct kz_sampler kz__sampler_ddim, kz__sampler_dpmpp2m;

#endif
