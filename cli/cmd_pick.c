/* kizil pick: one of several candidates is taken, or of each region another. People count from 1,
 * records and the library from 0; the numbers are turned here and nowhere else. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <kizil/image.h>
#include <kizil/restoration.h>

#include "cli.h"

struct args {
  const char *given, *out, *take;
  const char *reviewer, *decision;
  const char **region, **leave; /* [region_count], [leave_count]: as they were given */
  const char *last;             /* of these; all are in the lists */
  int region_count, leave_count;
  bool list, overwrite;
};

static const char notes[] =
    "RECORD is the record of any of the candidates (wall-1.tif.json); or give the candidate\n"
    "itself, which is then the one that is taken. A record alone stands for the best ranked one.\n"
    "Regions and candidates are numbered from 1, as --list shows them and files are named. What\n"
    "is written has the samples of the candidates, a record of its own with who decided and what,\n"
    "and, if a region was left, OUT.filled.png; 'kizil verify' and 'kizil replay' go on from it.\n"
    "\n"
    "  kizil pick wall-1.tif.json --list\n"
    "  kizil pick wall-2.tif -o wall.restored.tif --reviewer 'M. Chen' --decision accepted\n"
    "  kizil pick wall-2.tif -o wall.restored.tif --region 3=1 --region 7=4 --leave 5\n"
    "\n"
    "Exit status: 0 done, 1 not done, 2 wrong usage.";

/* ---- the record ---- */

static bool is_record(const char *path) {
  const size_t n = strlen(path);
  return n > 5 && !strcasecmp(path + n - 5, ".json");
}

/* Where the record of what was given lies; malloc'd. */
static char *find_record(const char *given, struct kz_err *err) {
  char *place = is_record(given) ? strdup(given) : kz_record_place(given);
  if (!place) {
    kz_err_set(err, KZ_ENOMEM, "no memory for a name");
    return NULL;
  }
  if (!access(place, F_OK)) return place;
  if (is_record(given))
    kz_err_set(err, KZ_ENOENT, "there is no record %s", given);
  else
    kz_err_set(err, KZ_ENOENT, "there is no record %s beside %s", place, given);
  free(place);
  return NULL;
}

/* The candidate that the record is of, from 0; -1: it is of none. */
static int candidate_of(const struct kz_record *r) {
  for (int64_t k = 0; k < r->candidate_count; k++)
    if (r->candidates[k].file.path && !strcmp(r->candidates[k].file.path, r->files.result.path))
      return (int)k;
  return -1;
}

static int best_of(const struct kz_record *r) {
  for (int64_t k = 0; k < r->candidate_count; k++)
    if (r->candidates[k].rank == 1) return (int)k;
  return 0;
}

/* ---- what there is ---- */

static void print_region(const struct kz_record *r, int64_t i) {
  static const char *const outcomes[] = {[KZ_RECORD_FILLED] = "filled",
                                         [KZ_RECORD_UNFILLED] = "left as it is",
                                         [KZ_RECORD_CONJECTURE] = "left unfilled",
                                         [KZ_RECORD_ALLOWED] = "filled by conjecture"};
  const struct kz_record_region *g = &r->regions[i];
  printf("region %lld, %s, %lld x %lld px at %lld, %lld", (long long)i + 1,
         g->damage ? g->damage : "damage", (long long)g->width, (long long)g->height,
         (long long)g->x, (long long)g->y);
  if (!isnan(g->known)) printf(", %.0f %% known around", 100 * g->known);
  if (!isnan(g->distance)) printf(", %.0f px deep", g->distance);
  if (!isnan(g->disagreement)) printf(", disagreement %.1f", g->disagreement);
  printf(": %s", outcomes[g->outcome]);
  if (g->conjecture) printf(" (%s)", g->conjecture);
  if (r->candidate_count && (g->outcome == KZ_RECORD_FILLED || g->outcome == KZ_RECORD_ALLOWED))
    printf(", candidate %lld", (long long)g->candidate + 1);
  if (g->note) printf("; %s", g->note);
  printf("\n");
}

static void print_list(const struct kz_record *r, const char *place) {
  for (int64_t k = 0; k < r->candidate_count; k++) {
    const struct kz_record_candidate *c = &r->candidates[k];
    char *path = c->file.path ? kz_record_path(place, c->file.path) : NULL;
    printf("candidate %lld, %s, seed %lld, rank %lld", (long long)k + 1, path ? path : "no file",
           (long long)c->seed, (long long)c->rank);
    if (!isnan(c->score)) printf(", score %.3f", c->score);
    printf("\n");
    free(path);
  }
  for (int64_t i = 0; i < r->region_count; i++) print_region(r, i);
  if (!r->candidate_count) printf("no candidates: this is one restoration\n");
}

/* ---- what is chosen ---- */

/* A number from 1 at `text`, up to `end`; 0: it is none. */
static int64_t number_in(const char *text, const char *end) {
  char *stop;
  if (*text < '1' || *text > '9' || end - text > 9) return 0;
  const long long n = strtoll(text, &stop, 10);
  return stop == end ? n : 0;
}

static int wrong_number(const char *option, const char *text, const char *wanted) {
  return kz_cli_usage("--%s %s: give %s", option, text, wanted);
}

/* --region and --leave as the library takes them; -1, or the exit status. */
static int read_choice(const struct args *a, int64_t *regions, int *taken) {
  int n = 0;
  for (int i = 0; i < a->region_count; i++, n++) {
    const char *text = a->region[i], *equals = strchr(text, '=');
    const int64_t region = equals ? number_in(text, equals) : 0;
    const int64_t from = region ? number_in(equals + 1, text + strlen(text)) : 0;
    if (!from) return wrong_number("region", text, "a region and a candidate, from 1, as 3=2");
    regions[n] = region - 1;
    taken[n] = (int)from - 1;
  }
  for (int i = 0; i < a->leave_count; i++, n++) {
    const char *text = a->leave[i];
    const int64_t region = number_in(text, text + strlen(text));
    if (!region) return wrong_number("leave", text, "a region, from 1");
    regions[n] = region - 1;
    taken[n] = -1;
  }
  return -1;
}

static void print_choice(const struct args *a, const struct kz_record *r, const char *place,
                         const struct kz_restoration_choice *choice, bool by_rank) {
  const struct kz_record_candidate *c = &r->candidates[choice->whole];
  char *path = kz_record_path(place, c->file.path);
  printf("candidate %d%s, %s, seed %lld, rank %lld", choice->whole + 1,
         by_rank ? " (the best ranked)" : "", path ? path : c->file.path, (long long)c->seed,
         (long long)c->rank);
  for (int i = 0; i < choice->count; i++)
    if (choice->taken[i] >= 0)
      printf("; region %lld of candidate %d", (long long)choice->regions[i] + 1,
             choice->taken[i] + 1);
    else
      printf("; region %lld left as it was", (long long)choice->regions[i] + 1);
  printf(": %s\n", a->out);
  free(path);
}

/* Which candidate is taken where nothing else is said: -1, or the exit status. */
static int find_whole(const struct args *a, const struct kz_record *r, bool *by_rank, int *whole) {
  const int64_t taken = a->take ? number_in(a->take, a->take + strlen(a->take)) : 0;
  if (a->take && !taken) return wrong_number("take", a->take, "a candidate, from 1");
  *by_rank = !a->take && is_record(a->given);
  *whole = a->take ? (int)taken - 1 : *by_rank ? best_of(r) : candidate_of(r);
  if (*whole < 0) *whole = 0; /* of no candidate: the library says so */
  return -1;
}

static int pick(const struct args *a, const struct kz_record *r, const char *place) {
  const int count = a->region_count + a->leave_count;
  int64_t *regions = calloc((size_t)count + 1, sizeof *regions);
  int *taken = calloc((size_t)count + 1, sizeof *taken), status, code;
  struct kz_restoration_choice choice = {.regions = regions, .taken = taken, .count = count,
                                         .reviewer = a->reviewer, .decision = a->decision};
  struct kz_err err = {KZ_ENOMEM, "no memory for the choice"};
  bool by_rank = false, lossless = true;
  status = regions && taken ? read_choice(a, regions, taken) : kz_cli_fail(&err);
  if (status < 0) status = find_whole(a, r, &by_rank, &choice.whole);
  if (status >= 0) goto out;
  code = kz_restoration_pick(place, &choice, a->out, a->overwrite, &err);
  if (code) {
    status = kz_cli_fail(&err);
    goto out;
  }
  print_choice(a, r, place, &choice, by_rank);
  if (!kz_image_lossless(a->out, &lossless, &err) && !lossless)
    kz_cli_warn("%s: this format changes pixels a little everywhere; PNG and TIFF keep what is "
                "outside the mask exactly", a->out);
  status = KZ_EXIT_OK;
out:
  free(regions);
  free(taken);
  return status;
}

static int work(const struct args *a) {
  struct kz_record r;
  struct kz_err err;
  char *place = find_record(a->given, &err);
  if (!place) return kz_cli_fail(&err);
  int status = KZ_EXIT_OK, code = kz_image_startup("kizil", 0, &err);
  if (code) {
    free(place);
    return kz_cli_fail(&err);
  }
  code = kz_record_read(&r, place, NULL, &err);
  if (code)
    status = kz_cli_fail(&err);
  else if (a->out)
    status = pick(a, &r, place);
  else
    print_list(&r, place);
  if (!code) kz_record_release(&r);
  kz_image_shutdown();
  free(place);
  return status;
}

static int run(int argc, char **argv) {
  struct args a = {0};
  const struct kz_err none = {KZ_ENOMEM, "no memory for the choice"};
  int status;
  a.region = calloc((size_t)argc, sizeof *a.region);
  a.leave = calloc((size_t)argc, sizeof *a.leave);
  const struct kz_cli_positional positionals[] = {
      {"RECORD", &a.given, "record of a candidate, or a candidate", false}, {0}};
  const struct kz_cli_option options[] = {
      {.name = "output", .letter = 'o', .value = "FILE", .text = &a.out, .help = "where to write"},
      {.name = "list", .flag = &a.list, .help = "show regions and candidates (also without -o)"},
      {.name = "take", .value = "K", .text = &a.take, .help = "take candidate K"},
      {.name = "region", .value = "N=K", .text = &a.last, .each = a.region,
       .count = &a.region_count, .help = "take region N from candidate K; may be given again"},
      {.name = "leave", .value = "N", .text = &a.last, .each = a.leave, .count = &a.leave_count,
       .help = "leave region N as it was; may be given again"},
      {.name = "reviewer", .value = "NAME", .text = &a.reviewer, .help = "who decides"},
      {.name = "decision", .value = "TEXT", .text = &a.decision, .help = "what, and why"},
      {.name = "overwrite", .flag = &a.overwrite, .help = "replace files that are there"},
      {0}};
  const struct kz_cli_parser parser = {.command = &kz_cmd_pick, .positionals = positionals,
                                       .options = options, .notes = notes};
  status = a.region && a.leave ? kz_cli_parse(&parser, argc, argv) : kz_cli_fail(&none);
  const bool chosen = a.take || a.last || a.reviewer || a.decision || a.overwrite;
  if (status < 0 && a.list && a.out) status = kz_cli_usage("--list writes nothing; leave -o out");
  if (status < 0 && !a.out && chosen) status = kz_cli_usage("-o FILE is missing");
  if (status < 0) status = work(&a);
  free(a.region);
  free(a.leave);
  return status;
}

const struct kz_command kz_cmd_pick = {"pick", "take a candidate, whole or region by region", run};
