/* How far to believe a restoration: what each region of damage had to go by, which regions are
 * left unfilled because only conjecture could fill them, and candidates, restorations that
 * differ by seed, with where they disagree.
 *
 * Disagreement is not error: where candidates agree all may be wrong, where they differ at most one
 * is right. Damage that gets one call of the network (steps 1, or no wider than `thin`) hardly
 * depends on the seed: disagreement is near 0 there and says nothing (kz_region.sampled is
 * false). */
#ifndef KIZIL_CANDIDATES_H
#define KIZIL_CANDIDATES_H

#include <kizil/layers.h>
#include <kizil/restore.h>
#include <kizil/treat.h>

#define KZ_CANDIDATES_MOST 16

struct kz_candidates_options {
  int64_t count;        /* 2..KZ_CANDIDATES_MOST; 0, 1: one restoration, named `out` itself */
  int64_t ring;         /* px: width of the ring around a region where known pixels are counted */
  double least_known;   /* share of the ring; a region with less is conjecture */
  double most_distance; /* px from the inmost pixel to a known one; more is conjecture; 0: any */
  double most_doubt;    /* mean disagreement where sampled, delta E; more is conjecture; 0: any */
  bool allow_conjecture; /* fill such regions all the same; they are listed either way */
};
extern const struct kz_param kz_candidates_params[];

/* Why a region is conjecture; flags. */
enum kz_conjecture {
  KZ_CONJECTURE_FEW_KNOWN = 1,
  KZ_CONJECTURE_FAR = 2,
  KZ_CONJECTURE_DISAGREE = 4
};
/* Of the flag 1 << i, "far from known pixels"; NULL: there is none. */
const char *kz_conjecture_name(int i);

/* A part of the damage: pixels connected over 8 neighbours. In the order of their first pixels. */
struct kz_region {
  int x, y, width, height; /* bounds, px */
  int64_t area;            /* px */
  double known;    /* share of known pixels in the ring: those at most `ring` px away (the larger of
                    * dx, dy). Other damage, and what lies outside the image, is not known. */
  double distance; /* px, Euclidean between centres, from the inmost pixel to the nearest known one;
                    * a hole of one pixel has 1 */
  double doubt, doubt_95; /* disagreement: mean; 95th percentile (nearest rank); NaN for one
                           * restoration */
  bool sampled;           /* candidates could differ here */
  unsigned conjecture;    /* of enum kz_conjecture; 0: there is evidence enough */
  bool filled;            /* false: the region is as it was in the image */
};

/* Candidates are ranked by two figures, each divided by its mean over all candidates, and added:
 *   off_mean  root mean square delta E from the mean of all candidates. The mean has the least
 *             expected error but is a blur; the candidate nearest to it is the least odd painting.
 *   step      mean delta E between a damaged pixel at the rim and the known pixels beside it: less
 *             is a better joint.
 * Less is better. Neither knows what was painted; a rank is an order to look at them in. Regions
 * that are left unfilled do not count. */
struct kz_candidate {
  char *path;
  int64_t seed; /* as kz_restore_options.seed: the same file comes from it alone */
  double off_mean, step, score; /* 0 for one restoration */
  int rank; /* 1: best */
};

struct kz_candidates {
  struct kz_candidate *list; /* in the order of their numbers */
  int count;
  struct kz_region *regions;
  int region_count;
  int *region_of; /* [plan->region_count] which of these a region of the plan lies in; -1: it is not
                   * restored. NULL without a plan */
  int conjecture, unfilled; /* regions */
  struct kz_restore_stats stats; /* calls and seconds of all candidates together */
};
void kz_candidates_release(struct kz_candidates *c);

struct kz_candidates_job {
  const char *image;
  const char *mask;   /* is named in messages and never written over; read where `plan` is NULL */
  struct kz_treat_plan *plan; /* the damage: regions whose decision is KZ_RESTORE; NULL: all that is
                       * white in `mask`. Borrowed */
  const struct kz_style_options *style; /* NULL: plain */
  const char *out;   /* as of kz_candidate_path */
  const char *const *records; /* [count, 1 at least] of each picture the file that its metadata
                               * point to, see kz_image_marks; NULL: none */
  const char *doubt; /* .png, 16 bits: disagreement in hundredths of a delta E; NULL: none */
  const char *heat;  /* .png, RGBA to lay over the image: black at 0 through red and yellow to white
                      * at 20 delta E, transparent where nothing is damaged; NULL: none */
  const char *filled; /* .png, 8 bits: white where pixels were filled; NULL: none */
};

/* Candidate k, from 1: "wall.tif" -> "wall-1.tif". In malloc'd memory; NULL: no memory. */
char *kz_candidate_path(const char *out, int k);
/* Seed of candidate k: seed + k - 1; after 2^53 comes 0. */
int64_t kz_candidate_seed(int64_t seed, int k);

/* Make one restoration or candidates and write them. What kz_restorer_run refuses is refused,
 * before anything is computed, and so is damage of which every region is conjecture by what is
 * known around it (KZ_ERANGE); on failure the files of this call are removed. Where no region
 * is left unfilled, samples are those that kz_restorer_run makes of a candidate's seed.
 * Disagreement is the standard deviation (n - 1) over candidates in CIELAB, the image's samples
 * taken as sRGB: the root of the summed variances of L, a and b, a delta E (1976). Memory: that
 * of one restoration and 6 bytes for each candidate of each damaged pixel. *out is released by
 * the caller; untouched on failure. */
int kz_restorer_candidates(struct kz_restorer *r, const struct kz_candidates_job *job,
                           const struct kz_restore_options *options,
                           const struct kz_candidates_options *candidates,
                           const struct kz_restore_host *host, struct kz_candidates *out,
                           struct kz_err *err);

#endif
