/* kizil restore: one photograph with all that is made beside it, or many (restore_list.h) with one
 * load of the model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kizil/image.h>
#include <kizil/model.h>
#include <kizil/page.h>
#include <kizil/restoration.h>

#include "cli.h"
#include "restore_list.h"

struct args {
  struct kz_restoration_job job;
  struct kz_restoration_options o;
  struct kz_cli_batch batch;
  const char *model; /* as given; NULL: the default one */
};

struct session {
  const char *image;
  struct kz_cli_progress progress;
};

static void show_progress(void *self, int done, int total) {
  struct session *s = self;
  kz_cli_progress(&s->progress, "%s: %d %%", s->image, (int)(100.0 * done / total));
}

static bool asked_to_stop(void *self) {
  (void)self;
  return kz_cli_interrupted();
}

/* `path` as given, or NULL: the default. */
static int load_model(const char *path, char place[4096], const char **found,
                      struct kz_model **model, struct kz_err *err) {
  const char *named = getenv("KIZIL_MODEL");
  *found = path ? path : kz_cli_default_model(place, 4096);
  if (!access(*found, F_OK)) return kz_model_load(*found, KZ_PRECISION_AUTO, model, err);
  if (path) return kz_err_set(err, KZ_ENOENT, "there is no model %s", path);
  if (named && *named)
    return kz_err_set(err, KZ_ENOENT, "there is no model %s (from KIZIL_MODEL)", *found);
  return kz_err_set(err, KZ_ENOENT,
                    "there is no model; looked in models/ beside the program's folder and for %s; "
                    "name one with --model FILE or in KIZIL_MODEL", *found);
}

/* ---- one picture ---- */

/* Of this region: why it was left, or what it was filled against. */
static void print_region(const struct kz_record_region *r, int number) {
  static const char *const outcomes[] = {[KZ_RECORD_FILLED] = "filled",
                                         [KZ_RECORD_UNFILLED] = "left as it is",
                                         [KZ_RECORD_CONJECTURE] = "left unfilled",
                                         [KZ_RECORD_ALLOWED] = "filled by conjecture"};
  printf("region %d, %s, %lld x %lld px at %lld, %lld: %s: ", number,
         r->damage ? r->damage : "damage", (long long)r->width, (long long)r->height,
         (long long)r->x, (long long)r->y, outcomes[r->outcome]);
  if (r->conjecture)
    printf("%s (%.0f %% known around, %.0f px deep)\n", r->conjecture, 100 * r->known, r->distance);
  else
    printf("%s\n", r->policy == KZ_RECORD_ASK ? "the policy asks; --asked restore says yes"
                                              : "by the policy");
}

static void print_regions(const struct kz_record *r) {
  enum { MOST = 20 };
  int64_t noted = 0;
  for (int64_t i = 0; i < r->region_count; i++) {
    const struct kz_record_region *region = &r->regions[i];
    if (region->outcome == KZ_RECORD_FILLED) continue;
    if (noted++ < MOST) print_region(region, (int)i + 1);
  }
  if (noted > MOST)
    printf("and %lld regions more; the record lists all\n", (long long)(noted - MOST));
}

/* Candidates in the order of their ranks. */
static void print_candidates(const struct kz_record *r, const char *out) {
  for (int64_t rank = 1; rank <= r->candidate_count; rank++)
    for (int64_t k = 0; k < r->candidate_count; k++) {
      const struct kz_record_candidate *c = &r->candidates[k];
      char *path = c->rank == rank ? kz_candidate_path(out, (int)k + 1) : NULL;
      if (path)
        printf("%lld. %s, seed %lld, score %.3f\n", (long long)rank, path, (long long)c->seed,
               c->score);
      free(path);
    }
}

static void print_result(const struct kz_record *r, const char *out) {
  const long long tiles = r->figures.tiles, calls = r->figures.calls;
  char duration[32];
  printf("%lld x %lld, %.2f %% damaged, %lld tile%s, %lld call%s, %s%s%s\n", (long long)r->width,
         (long long)r->height, 100 * r->figures.damaged, tiles, tiles == 1 ? "" : "s", calls,
         calls == 1 ? "" : "s", kz_cli_duration(r->figures.seconds, duration),
         r->candidate_count ? "" : ": ", r->candidate_count ? "" : out);
  print_candidates(r, out);
  print_regions(r);
}

static int run_single(const struct args *a, struct kz_model *model) {
  struct session s = {.image = a->job.image};
  const struct kz_restore_host host = {&s, show_progress, asked_to_stop};
  struct kz_restorer *restorer = NULL;
  struct kz_record record;
  struct kz_err err;
  bool lossless = true;
  int code = kz_restorer_new(model, &restorer, &err);
  if (!code) code = kz_restoration_make(restorer, &a->job, &a->o, &host, &record, &err);
  kz_cli_progress_end(&s.progress);
  kz_restorer_free(restorer);
  if (code) return code == KZ_EINTR ? KZ_EXIT_INTERRUPTED : kz_cli_fail(&err);
  print_result(&record, a->job.out);
  kz_record_release(&record);
  if (!kz_image_lossless(a->job.out, &lossless, &err) && !lossless)
    kz_cli_warn("%s: this format changes pixels a little everywhere; PNG and TIFF keep what is "
                "outside the mask exactly",
                a->job.out);
  return KZ_EXIT_OK;
}

/* ---- the command ---- */

static int check_single(const struct args *a) {
  const struct kz_restoration_job *j = &a->job;
  if (!j->image) return kz_cli_usage("give an IMAGE, or many with --batch");
  if (!j->mask) return kz_cli_usage("give the damage with --mask MASK");
  if (!j->out) return kz_cli_usage("say where to write with -o OUT");
  if (j->record && a->o.candidates.count > 1)
    return kz_cli_usage("--record: each candidate has a record of its own, beside it; leave it out");
  if (j->unrecorded && (j->record || j->page))
    return kz_cli_usage("--no-record: %s needs one", j->record ? "--record" : "--report");
  if (a->o.candidates.count < 2 && (j->doubt || j->heat))
    return kz_cli_usage("--doubt and --heat come from --candidates K; add it");
  return -1;
}

static int check_usage(const struct args *a) {
  const struct kz_restore_options *o = &a->o.restore;
  const long long tile = (long long)o->tile, overlap = (long long)o->overlap;
  int status = kz_cli_batch_check(&a->batch);
  if (status < 0 && !a->batch.list) status = check_single(a);
  if (status >= 0) return status;
  if (a->o.candidates.count == 1)
    return kz_cli_usage("--candidates 1: give 2 or more, or leave it out");
  if (tile && (tile < 64 || tile % 32))
    return kz_cli_usage("--tile %lld: give a multiple of 32 from 64 on, or 0", tile);
  if (overlap > (tile ? tile : 256) / 2)
    return kz_cli_usage("--overlap %lld is more than half of --tile %lld", overlap,
                        tile ? tile : 256);
  return -1;
}

static int restore(struct args *a) {
  char place[4096];
  struct kz_model *model = NULL;
  struct kz_err err;
  int status;
  if (kz_image_startup("kizil", (int)a->o.restore.threads, &err)) return kz_cli_fail(&err);
  if (load_model(a->model, place, &a->job.model, &model, &err)) {
    status = kz_cli_fail(&err);
  } else if (a->batch.list || a->batch.dry_run || a->batch.json) {
    a->batch.common = a->job;
    status = kz_cli_batch_run(&a->batch, model);
  } else {
    status = run_single(a, model);
  }
  kz_model_free(model);
  kz_image_shutdown();
  return status;
}

static const char notes[] =
    "IMAGE and OUT may be PNG, JPEG, TIFF or WebP, of 8 or 16 bits or float, grey, RGB or CMYK. Pixels\n"
    "outside the damage stay exactly as they are, unless OUT is a format that changes them (JPEG,\n"
    "lossy WebP). MASK is an image of the same size, white where there is damage; or a map of damage\n"
    "by class: an indexed PNG, a folder with a mask a class, COCO, LabelMe or Web Annotations. A\n"
    "policy says which classes are restored, left, asked about or recorded only.\n"
    "\n"
    "Beside OUT lies its record, OUT.json: what was read, made and left, by what and by whom; see\n"
    "kizil verify and kizil replay. Where not all that MASK marks was filled, OUT.filled.png shows\n"
    "what was. Regions with too little to go by (--least-known, --most-distance, --most-doubt) stay\n"
    "unfilled and are listed, unless --allow-conjecture is given.\n"
    "\n"
    "--candidates K writes OUT-1 to OUT-K, which differ by their seeds, and ranks them; kizil pick\n"
    "makes one of them. --doubt maps where they disagree, in hundredths of a delta E; --heat is the\n"
    "same to look at, as a layer over the picture. --layers writes original, fill, mask and\n"
    "disagreement as one file for Krita or GIMP (.ora) or as pages (.tif).\n"
    "\n"
    "The fill follows a line drawing (--lines) where there is one. Words (--text), English or Chinese,\n"
    "are for models that were trained with captions, which the default model was not; such a model\n"
    "without words gets a caption made from the colours that can be seen.\n"
    "\n"
    "--batch takes LIST.csv, whose first line names its columns: image, mask, output, and if wanted\n"
    "lines, text, record; or a folder of pictures, with --masks and -o as folders. A picture that\n"
    "fails is reported and the rest goes on; what is there already is skipped unless --overwrite is\n"
    "given. KIZIL_WHO and KIZIL_ORGANISATION stand in for --who and --organisation.\n"
    "\n"
    "  kizil restore mural.jpg --mask mask.png -o restored.png\n"
    "  kizil restore mural.tif --mask damage.json --policy ours.json -o restored.tif --who 'A. Li'\n"
    "  kizil restore mural.tif --mask mask.png -o try.tif --candidates 4 --report try.html\n"
    "  kizil restore --batch photos --masks masks -o restored --jobs 2\n"
    "\n"
    "Exit status: 0 done, 1 something failed, 2 wrong usage, 130 interrupted.";

static int run(int argc, char **argv) {
  struct args a = {0};
  struct kz_restoration_job *j = &a.job;
  const struct kz_cli_positional positionals[] = {
      {"IMAGE", &j->image, "photograph to restore", true}, {0}};
  const struct kz_cli_option options[] = {
      {.name = "mask", .value = "MASK", .text = &j->mask, .help = "damage"},
      {.name = "output", .letter = 'o', .value = "OUT", .text = &j->out, .help = "where to write"},
      {.name = "policy", .value = "FILE.json", .text = &j->policy,
       .help = "what is done about which class of damage"},
      {.name = "layers", .value = "FILE", .text = &j->layers,
       .help = "original, fill, mask, disagreement as layers: .ora, .tif"},
      {.name = "report", .value = "FILE.html", .text = &j->page, .help = "a page to show"},
      {.name = "doubt", .value = "MAP.png", .text = &j->doubt,
       .help = "with --candidates: where they disagree, 16 bits"},
      {.name = "heat", .value = "MAP.png", .text = &j->heat,
       .help = "with --candidates: the same in colours, transparent elsewhere"},
      {.name = "record", .value = "FILE.json", .text = &j->record,
       .help = "where the record goes (OUT.json)"},
      {.name = "no-record", .flag = &j->unrecorded, .help = "write none"},
      {.name = "who", .value = "NAME", .text = &j->who, .help = "for the record: who restores"},
      {.name = "organisation", .value = "NAME", .text = &j->organisation,
       .help = "for the record: for whom"},
      {.name = "why", .value = "TEXT", .text = &j->why, .help = "for the record: purpose, grounds"},
      {.name = "batch", .value = "LIST", .text = &a.batch.list,
       .help = "restore many: a list or a folder"},
      {.name = "masks", .value = "FOLDER", .text = &a.batch.masks,
       .help = "with --batch FOLDER: masks of the same names"},
      {.name = "jobs", .value = "N", .text = &a.batch.jobs, .help = "with --batch: so many at once"},
      {.name = "dry-run", .flag = &a.batch.dry_run,
       .help = "say what would be done and how long it takes"},
      {.name = "json", .flag = &a.batch.json, .help = "say it for programs, an object a line"},
      {.name = "model", .value = "FILE", .text = &a.model, .help = "weights to use"},
      {0}};
  const struct kz_cli_parser parser = {.command = &kz_cmd_restore,
                                       .positionals = positionals,
                                       .options = options,
                                       .tables = {{kz_restore_params, &a.o.restore},
                                                  {kz_treat_params, &a.o.treat},
                                                  {kz_candidates_params, &a.o.candidates},
                                                  {kz_style_params, &a.o.style}},
                                       .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status >= 0) return status;
  if (!j->who) j->who = getenv("KIZIL_WHO");
  if (!j->organisation) j->organisation = getenv("KIZIL_ORGANISATION");
  a.batch.options = &a.o;
  a.batch.common = a.job;
  if (a.batch.list) a.batch.out = j->out;
  status = check_usage(&a);
  if (status < 0) {
    kz_cli_catch_interrupts();
    status = restore(&a);
  }
  kz_cli_release(&parser);
  return status;
}

const struct kz_command kz_cmd_restore = {
    "restore", "restore the damaged part of a photograph", run};
