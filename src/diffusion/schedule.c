/* The cosine schedule (Nichol and Dhariwal, 2021) in continuous time. Written through
 * sin and cos of one angle, so that alpha^2 + sigma^2 = 1 holds to rounding; the ends
 * are exact by hand, because cos(pi/2) is not 0 in floating point and a sampler's last
 * step must land on x0 itself. */
#include <math.h>

#include "diffusion/sampler.h"

double kz_schedule_alpha(double t) { return t >= 1 ? 0 : t <= 0 ? 1 : cos(M_PI / 2 * t); }

double kz_schedule_sigma(double t) { return t >= 1 ? 1 : t <= 0 ? 0 : sin(M_PI / 2 * t); }
