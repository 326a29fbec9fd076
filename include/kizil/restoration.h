/* One picture, from what is asked to all that is handed over: damage by class and policy, the
 * restored picture or candidates of it, maps, layers, the record, a page. What `kizil restore`,
 * `kizil pick` and `kizil replay` do, for programs. restore.h has the plain way, a mask and a
 * result. */
#ifndef KIZIL_RESTORATION_H
#define KIZIL_RESTORATION_H

#include <kizil/candidates.h>
#include <kizil/layers.h>
#include <kizil/record.h>
#include <kizil/restore.h>
#include <kizil/treat.h>

/* What is asked, each part with its table of parameters: kz_restore_params, kz_candidates_params,
 * kz_style_params, kz_treat_params. */
struct kz_restoration_options {
  struct kz_restore_options restore;
  struct kz_candidates_options candidates;
  struct kz_style_options style;
  struct kz_treat_options treat;
};
void kz_restoration_defaults(struct kz_restoration_options *o);

/* What is read and what is written; NULL: not given, not wanted. Strings are borrowed. */
struct kz_restoration_job {
  const char *image;
  const char *mask;    /* the damage: whatever kz_treat_map_load reads */
  const char *policy;  /* NULL: the default one */
  const char *out;     /* with candidates their names are made from it (kz_candidate_path) */
  bool unrecorded;     /* no records are written */
  const char *record;  /* NULL: beside each result (kz_record_place); with candidates NULL */
  const char *doubt, *heat; /* as in kz_candidates_job; need candidates */
  const char *layers;  /* .ora, .tif: as kz_layers_write_files, of the best candidate */
  const char *page;    /* .html: as kz_page_write; needs records */
  const char *model;   /* the file that the restorer's model came from; needed for records */
  const char *who, *organisation, *why; /* for the record */
};

/* Do it. What can be refused is refused before anything is computed; on failure no file of this
 * call is left. Where what was filled is not all that the mask marks (classes, grooming, regions
 * left unfilled), a picture of it is written beside the result, RESULT.filled.png, unless
 * `unrecorded`. *out (may be NULL): the record of the result, or of the best candidate, with its
 * classes, regions and candidates; released by the caller; of an unrecorded one paths are as they
 * were given, and files have no hashes. KZ_ERANGE if nothing is to be restored, whatever the
 * reason (which the message says). */
int kz_restoration_make(struct kz_restorer *r, const struct kz_restoration_job *job,
                        const struct kz_restoration_options *options,
                        const struct kz_restore_host *host, struct kz_record *out,
                        struct kz_err *err);

/* What kz_restoration_make would do: every refusal of it that needs no network, and its measure. */
struct kz_restoration_forecast {
  int width, height;           /* px */
  int64_t damaged, restored;   /* px: that the mask marks; that would be filled */
  int64_t regions, unfilled;   /* those the policy or the evidence would leave unfilled; what
                                * candidates disagree on is not known before */
  int tiles;
  int64_t calls;               /* of the network, all candidates together */
  double megapixels;           /* that it computes in these calls */
};
int kz_restoration_foresee(struct kz_restorer *r, const struct kz_restoration_job *job,
                           const struct kz_restoration_options *options,
                           struct kz_restoration_forecast *out, struct kz_err *err);

/* ---- choosing ---- */

/* What a person decided: candidate `whole` (from 0), but in regions[i] (a region's number in the
 * record, from 0) candidate taken[i]; -1: leave that region as it was. */
struct kz_restoration_choice {
  int whole;
  const int64_t *regions;
  const int *taken;
  int count;
  const char *reviewer, *decision; /* for the record; NULL: not said */
};
/* Make one result of candidates: `record` is that of any of them, beside which the others lie where
 * it says. Samples are copied as the candidates have them; `out` gets a record of its own, from
 * which verify and replay go on, and OUT.filled.png where a region is left or candidates have such
 * a picture. KZ_EFORMAT if the record has no candidates or is of a choice itself, KZ_ERANGE for
 * numbers it does not have, regions named twice or left in all candidates, and where nothing is
 * taken, KZ_EUNSUPPORTED for regions of candidates that are styled (hatching goes on from region to
 * region), KZ_EBACKEND if the record, source, mask, policy or a candidate that is taken from was
 * changed, KZ_ENOENT if one is gone, KZ_EEXIST for files that are there or would be lost. On
 * failure nothing is left. */
int kz_restoration_pick(const char *record, const struct kz_restoration_choice *choice,
                        const char *out, bool overwrite, struct kz_err *err);

/* ---- making again ---- */

struct kz_restoration_replay {
  bool same;         /* byte for byte the recorded result */
  char text[1024];   /* what differs, and what of machine or software may be why; "" if same */
};
/* Make the result of a record again, as `out`, without a record: with the recorded number of
 * threads, all candidates where there were any, and of these what was chosen. `r` is of the
 * recorded model. Files that moved: `places` (may be NULL). A record, source, mask, policy,
 * drawing or model that is not the recorded one is refused (KZ_EBACKEND; KZ_ENOENT if it is
 * gone), and so is another format than the recorded one (KZ_EUNSUPPORTED) and a name that is
 * taken or of the record's (KZ_EEXIST). A result that differs is no error: it is kept, and
 * *result tells. */
int kz_restoration_replay(struct kz_restorer *r, const char *record,
                          const struct kz_record_places *places, const char *out, bool overwrite,
                          const struct kz_restore_host *host,
                          struct kz_restoration_replay *result, struct kz_err *err);

#endif
