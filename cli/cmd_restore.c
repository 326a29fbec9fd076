/* kizil restore: one photograph, or a list of them with one load of the model. The list goes on
 * after a bad row; what is done already is skipped, so that an interrupted list is finished by the
 * same command. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <kizil/candidates.h>
#include <kizil/image.h>
#include <kizil/model.h>
#include <kizil/restore.h>

#include "cli.h"
#include "restore_list.h"

#define EXIT_INTERRUPTED 130

/* One picture. */
struct job {
  const char *image, *mask, *out;
  const char *record;      /* NULL: none is kept */
  const char *lines, *text; /* NULL: as the options say */
};

struct args {
  struct job job;
  const char *batch, *model;
  struct kz_restore_options o;
  struct kz_candidates_options c;
  const char *doubt, *heat, *regions; /* with candidates: maps, list; NULL: none */
};

/* What one run of the command holds: loaded when the first image needs it. */
struct session {
  const struct args *args;
  struct kz_model *model;
  struct kz_restorer *restorer;
  struct kz_cli_progress progress;
  const char *image;  /* being restored */
  int row, rows;      /* of a list; 0 without one */
};

static void show_progress(void *self, int done, int total) {
  struct session *s = self;
  int percent = (int)(100.0 * done / total);
  if (s->rows)
    kz_cli_progress(&s->progress, "row %d of %d: %s, %d %%", s->row, s->rows, s->image, percent);
  else
    kz_cli_progress(&s->progress, "%s: %d %%", s->image, percent);
}

static bool asked_to_stop(void *self) {
  (void)self;
  return kz_cli_interrupted();
}

static int load_model(struct session *s, struct kz_err *err) {
  char place[4096];
  const char *path = s->args->model;
  if (s->restorer) return 0;
  if (!path) path = kz_cli_default_model(place, sizeof place);
  if (access(path, F_OK)) {
    const char *named = getenv("KIZIL_MODEL");
    if (s->args->model) return kz_err_set(err, KZ_ENOENT, "there is no model %s", path);
    if (named && *named)
      return kz_err_set(err, KZ_ENOENT, "there is no model %s (from KIZIL_MODEL)", path);
    return kz_err_set(err, KZ_ENOENT,
                      "there is no model; looked in models/ beside the program's folder and for "
                      "%s; name one with --model FILE or in KIZIL_MODEL", path);
  }
  int code = 0;
  if (!s->model) code = kz_model_load(path, KZ_PRECISION_AUTO, &s->model, err);
  if (!code) code = kz_restorer_new(s->model, &s->restorer, err);
  return code;
}

static int restore(struct session *s, const struct job *j, struct kz_err *err) {
  struct kz_restore_options o = s->args->o;
  const struct kz_restore_host host = {s, show_progress, asked_to_stop};
  struct kz_restore_stats stats;
  char duration[32];
  int code = load_model(s, err);
  if (code) return code;
  s->image = j->image;
  if (j->record && !o.overwrite && !access(j->record, F_OK))
    return kz_err_set(err, KZ_EEXIST, "%s: is there already; --overwrite replaces it", j->record);
  if (j->lines) o.lines = j->lines;
  if (j->text) o.text = j->text;
  code = kz_restorer_run(s->restorer, j->image, j->mask, j->out, &o, &host, &stats, err);
  kz_cli_progress_end(&s->progress);
  if (!code && j->record)
    code = kz_restore_record(s->model, j->image, j->mask, j->out, &o, &stats, j->record, err);
  if (code) return code;
  printf("%d x %d, %.2f %% damaged, %d tile%s, %d call%s, %s: %s\n", stats.width, stats.height,
         100 * stats.damaged, stats.tiles, stats.tiles == 1 ? "" : "s", stats.calls,
         stats.calls == 1 ? "" : "s", kz_cli_duration(stats.seconds, duration), j->out);
  fflush(stdout);
  return 0;
}

/* Candidates in the order of their ranks, then the regions that only conjecture could fill. */
static void print_candidates(const struct kz_candidates *c) {
  const struct kz_restore_stats *stats = &c->stats;
  char duration[32];
  printf("%d x %d, %.2f %% damaged in %d region%s, %d call%s, %s\n", stats->width, stats->height,
         100 * stats->damaged, c->region_count, c->region_count == 1 ? "" : "s", stats->calls,
         stats->calls == 1 ? "" : "s", kz_cli_duration(stats->seconds, duration));
  for (int rank = 1; rank <= c->count; rank++)
    for (int k = 0; k < c->count; k++)
      if (c->list[k].rank == rank)
        printf("%d. %s, seed %lld, score %.3f\n", rank, c->list[k].path,
               (long long)c->list[k].seed, c->list[k].score);
  for (int i = 0; i < c->region_count; i++) {
    const struct kz_region *r = &c->regions[i];
    if (!r->conjecture) continue;
    printf("region %d, %d x %d px at %d, %d, %s:", i + 1, r->width, r->height, r->x, r->y,
           r->filled ? "filled by conjecture" : "left unfilled");
    for (int n = 0, many = 0; kz_conjecture_name(n); n++)
      if (r->conjecture >> n & 1) printf("%s %s", many++ ? "," : "", kz_conjecture_name(n));
    printf(" (%.0f %% known around, %.0f px deep, disagreement %.1f)\n", 100 * r->known,
           r->distance, r->doubt);
  }
}

static int make_candidates(struct session *s, struct kz_err *err) {
  const struct args *a = s->args;
  const struct kz_restore_host host = {s, show_progress, asked_to_stop};
  const struct kz_candidates_job job = {.image = a->job.image, .mask = a->job.mask,
                                        .out = a->job.out, .doubt = a->doubt, .heat = a->heat};
  struct kz_candidates all;
  int code = load_model(s, err);
  if (code) return code;
  s->image = a->job.image;
  if (a->regions && !a->o.overwrite && !access(a->regions, F_OK))
    return kz_err_set(err, KZ_EEXIST, "%s: is there already; --overwrite replaces it", a->regions);
  code = kz_restorer_candidates(s->restorer, &job, &a->o, &a->c, &host, &all, err);
  kz_cli_progress_end(&s->progress);
  if (code) return code;
  if (a->regions) code = kz_candidates_save(&all, &job, &a->c, a->regions, err);
  if (!code) print_candidates(&all);
  kz_candidates_release(&all);
  return code;
}

static int run_single(struct session *s) {
  const struct args *a = s->args;
  struct kz_err err;
  bool lossless = true;
  int code = a->c.count ? make_candidates(s, &err) : restore(s, &a->job, &err);
  if (code) return code == KZ_EINTR ? EXIT_INTERRUPTED : kz_cli_fail(&err);
  if (!kz_image_lossless(a->job.out, &lossless, &err) && !lossless)
    kz_cli_warn("%s: this format changes pixels a little everywhere; PNG and TIFF keep what is "
                "outside the mask exactly",
                a->job.out);
  return KZ_EXIT_OK;
}

/* ---- lists ---- */

enum outcome { DONE, SKIPPED, FAILED, STOPPED, HOPELESS, OUTCOMES };

static enum outcome run_row(struct session *s, const char *list,
                            const struct kz_cli_picture *row) {
  const struct kz_restoration_job *j = &row->job;
  const struct job job = {j->image, j->mask, j->out, j->record, row->lines, row->text};
  struct kz_err err = {0};
  int code = 0;
  if (row->problem) {
    code = kz_err_set(&err, KZ_EFORMAT, "%s", row->problem);
  } else {
    if (!s->args->o.overwrite && access(j->out, F_OK) == 0) return SKIPPED;
    code = restore(s, &job, &err);
  }
  if (!code) return DONE;
  if (code == KZ_EINTR) return STOPPED;
  bool hopeless = !row->problem && !s->restorer; /* no model: no row will do better */
  if (!hopeless) kz_err_prefix(&err, "%s: line %d", list, row->line);
  kz_cli_fail(&err);
  return hopeless ? HOPELESS : FAILED;
}

static int run_list(struct session *s) {
  const struct kz_cli_batch batch = {.list = s->args->batch};
  struct kz_cli_pictures l;
  struct kz_err err;
  char duration[32];
  int tally[OUTCOMES] = {0}, status = KZ_EXIT_FAILURE;
  double start = kz_cli_now();
  if (kz_cli_pictures_load(&l, &batch, &err)) {
    kz_cli_fail(&err);
    goto out;
  }
  s->rows = l.count;
  for (s->row = 1; s->row <= l.count && !tally[STOPPED] && !tally[HOPELESS]; s->row++)
    tally[kz_cli_interrupted() ? STOPPED : run_row(s, batch.list, &l.all[s->row - 1])]++;
  if (tally[HOPELESS]) goto out;
  printf("%d restored, %d skipped (output exists), %d failed, %s%s\n", tally[DONE], tally[SKIPPED],
         tally[FAILED], kz_cli_duration(kz_cli_now() - start, duration),
         tally[STOPPED] ? "; interrupted, the same command goes on from here" : "");
  status = tally[STOPPED] ? EXIT_INTERRUPTED : tally[FAILED] ? KZ_EXIT_FAILURE : KZ_EXIT_OK;
out:
  kz_cli_pictures_release(&l);
  return status;
}

/* ---- the command ---- */

static int check_usage(const struct args *a) {
  const struct job *j = &a->job;
  if (a->batch && (j->image || j->mask || j->out || j->record))
    return kz_cli_usage("--batch takes images, masks, outputs and records from its list; leave "
                        "IMAGE, --mask, --output and --record out");
  if (!a->batch) {
    if (!j->image) return kz_cli_usage("give an IMAGE, or a list with --batch");
    if (!j->mask) return kz_cli_usage("give the damage with --mask MASK");
    if (!j->out) return kz_cli_usage("say where to write with -o OUT");
  }
  if (a->c.count == 1) return kz_cli_usage("--candidates 1: give 2 or more, or leave it out");
  if (a->c.count && (a->batch || j->record))
    return kz_cli_usage("--candidates is for one IMAGE, and writes --regions in place of a record");
  if (!a->c.count && (a->doubt || a->heat || a->regions))
    return kz_cli_usage("--doubt, --heat and --regions come from --candidates K; add it");
  long long tile = (long long)a->o.tile, overlap = (long long)a->o.overlap;
  if (tile && (tile < 64 || tile % 32))
    return kz_cli_usage("--tile %lld: give a multiple of 32 from 64 on, or 0", tile);
  if (overlap > (tile ? tile : 256) / 2)
    return kz_cli_usage("--overlap %lld is more than half of --tile %lld", overlap,
                        tile ? tile : 256);
  return -1;
}

static const char notes[] =
    "MASK is an image of the same size; white marks damage. IMAGE, MASK and OUT may be PNG, JPEG,\n"
    "TIFF or WebP. Pixels outside the mask stay exactly as they are, unless OUT is a format that\n"
    "changes them (JPEG, lossy WebP).\n"
    "\n"
    "The fill follows a line drawing (--lines) where there is one. Words (--text), English or Chinese,\n"
    "are for models that were trained with captions, which the default model was not; such a model\n"
    "without words gets a caption made from the colours that can be seen.\n"
    "\n"
    "--candidates K writes OUT-1 to OUT-K, which differ by their seeds, and ranks them. Regions of\n"
    "damage with too little to go by (--least-known, --most-distance, --most-doubt) stay unfilled and\n"
    "are listed, unless --allow-conjecture is given. --doubt maps where the candidates disagree, in\n"
    "hundredths of a delta E; --heat is the same to look at, as a layer over the picture.\n"
    "\n"
    "LIST.csv names its columns in the first line: image, mask and output, and if wanted lines, text\n"
    "and record, in any order. Relative paths start from the current directory. A row that fails is\n"
    "reported and the rest goes on; rows whose output exists are skipped unless --overwrite is given.\n"
    "\n"
    "  kizil restore mural.jpg --mask mask.png -o restored.png\n"
    "  kizil restore mural.jpg --mask mask.png --lines drawing.png -o restored.png\n"
    "  kizil restore mural.tif --mask mask.png -o try.tif --candidates 4 --heat heat.png\n"
    "  kizil restore --batch list.csv --seed 3\n"
    "\n"
    "Exit status: 0 done, 1 something failed, 2 wrong usage, 130 interrupted.";

static int run(int argc, char **argv) {
  struct args a = {0};
  const struct kz_cli_positional positionals[] = {
      {"IMAGE", &a.job.image, "photograph to restore", true}, {0}};
  const struct kz_cli_option options[] = {
      {.name = "mask", .value = "MASK", .text = &a.job.mask, .help = "damage, white"},
      {.name = "output", .letter = 'o', .value = "OUT", .text = &a.job.out, .help = "where to write"},
      {.name = "record", .value = "FILE.json", .text = &a.job.record,
       .help = "write what was used and said: model, parameters, caption, drawing"},
      {.name = "doubt", .value = "MAP.png", .text = &a.doubt,
       .help = "with --candidates: where they disagree, 16 bits"},
      {.name = "heat", .value = "MAP.png", .text = &a.heat,
       .help = "with --candidates: the same in colours, transparent elsewhere"},
      {.name = "regions", .value = "FILE.json", .text = &a.regions,
       .help = "with --candidates: seeds, ranks, evidence and decision by region"},
      {.name = "batch", .value = "LIST.csv", .text = &a.batch, .help = "restore all of a list"},
      {.name = "model", .value = "FILE", .text = &a.model, .help = "weights to use"},
      {0}};
  const struct kz_cli_parser parser = {.command = &kz_cmd_restore,
                                       .positionals = positionals,
                                       .options = options,
                                       .tables = {{kz_restore_params, &a.o},
                                                  {kz_candidates_params, &a.c}},
                                       .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status >= 0) return status;
  struct session s = {.args = &a};
  struct kz_err err;
  status = check_usage(&a);
  if (status >= 0) goto out;
  kz_cli_catch_interrupts();
  if (kz_image_startup("kizil", (int)a.o.threads, &err)) {
    status = kz_cli_fail(&err);
    goto out;
  }
  status = a.batch ? run_list(&s) : run_single(&s);
  kz_restorer_free(s.restorer);
  kz_model_free(s.model);
  kz_image_shutdown();
out:
  kz_cli_release(&parser);
  return status;
}

const struct kz_command kz_cmd_restore = {
    "restore", "restore the damaged part of a photograph", run};
