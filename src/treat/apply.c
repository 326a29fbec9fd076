/* From a map and a policy to regions with decisions. The runs of a plan carry the number of their
 * region and not what was decided of it, so a person's answer, or a doubt that comes up later, is a
 * change of one word and the mask follows. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "treat/parts.h"

static const char *const formats[] = {"auto",   "image", "indexed", "folder",
                                      "coco", "labelme", "w3c", NULL};
static const char *const grooming[] = {"auto", "no", "yes", NULL};
static const char *const answers[] = {"restore", "leave", NULL};

#define FIELD(f) offsetof(struct kz_treat_options, f)
const struct kz_param kz_treat_params[] = {
    {"mask-format", KZ_PARAM_CHOICE, FIELD(format), KZ_TREAT_AUTO, 0, KZ_TREAT_W3C, NULL, formats,
     "", "what MASK is"},
    {"asked", KZ_PARAM_CHOICE, FIELD(asked), KZ_LEAVE, 0, KZ_LEAVE, NULL, answers, "",
     "the answer where the policy asks"},
    {"groom", KZ_PARAM_CHOICE, FIELD(groom), KZ_GROOM_AUTO, 0, KZ_GROOM_YES, NULL, grooming, "",
     "clean the damage up by the policy; auto: class maps, but not a plain mask"},
    {"dilate", KZ_PARAM_BOOL, FIELD(dilate), 1, 0, 1, NULL, NULL, "",
     "widen the damage as the policy says"},
    {"fill-holes", KZ_PARAM_BOOL, FIELD(fill_holes), 1, 0, 1, NULL, NULL, "",
     "fill small holes in the damage as the policy says"},
    {"drop-specks", KZ_PARAM_BOOL, FIELD(drop_specks), 1, 0, 1, NULL, NULL, "",
     "leave specks of damage out as the policy says"},
    {0}};

void kz_treat_options_defaults(struct kz_treat_options *options) {
  kz_params_defaults(kz_treat_params, options);
}

void kz_treat_plan_release(struct kz_treat_plan *plan) {
  kz__rows_release(&plan->rows);
  free(plan->regions);
  *plan = (struct kz_treat_plan){0};
}

static int copy_rows(struct kz_treat_rows *to, const struct kz_treat_rows *from,
                     struct kz_err *err) {
  int code = kz__rows_init(to, from->width, from->height, err);
  for (int y = 0; y < from->height && !code; y++) {
    for (int64_t i = from->row[y]; i < from->row[y + 1] && !code; i++)
      code = kz__rows_add(to, from->runs[i].x, from->runs[i].len, from->runs[i].id, err);
    kz__rows_end(to, y);
  }
  return code;
}

/* Pixels of a run that the map gives to the same class; `at` walks along the map's row. */
static int64_t marked_in(const struct kz_treat_run *run, const struct kz_treat_rows *map, int y,
                         int64_t *at) {
  int64_t count = 0;
  const struct kz_treat_run *m = map->runs;
  while (*at < map->row[y + 1] && m[*at].x + m[*at].len <= run->x) (*at)++;
  for (int64_t i = *at; i < map->row[y + 1] && m[i].x < run->x + run->len; i++) {
    int from = m[i].x > run->x ? m[i].x : run->x;
    int end = run->x + run->len, to = m[i].x + m[i].len < end ? m[i].x + m[i].len : end;
    if (m[i].id == run->id) count += to - from;
  }
  return count;
}

static void extend(struct kz_treat_region *g, const struct kz_treat_run *run, int y) {
  int right = g->x + g->width;
  if (run->x + run->len > right) right = run->x + run->len;
  if (run->x < g->x) g->x = run->x;
  g->width = right - g->x;
  g->height = y + 1 - g->y;
  g->area += run->len;
}

static int list_regions(struct kz_treat_plan *plan, const struct kz_treat_map *map,
                        const struct kz_policy *policy, struct kz_err *err) {
  struct kz_treat_rows *rows = &plan->rows;
  int *label = NULL, count = 0;
  int code = kz__label(rows, true, &label, &count, err);
  if (code) return code;
  plan->regions = calloc((size_t)count + 1, sizeof *plan->regions);
  if (!plan->regions) {
    free(label);
    return kz_err_set(err, KZ_ENOMEM, "no memory for %d regions", count);
  }
  plan->region_count = count;
  for (int y = 0; y < rows->height; y++) {
    int64_t at = map->rows.row[y];
    for (int64_t i = rows->row[y]; i < rows->row[y + 1]; i++) {
      struct kz_treat_run *run = &rows->runs[i];
      struct kz_treat_region *g = &plan->regions[label[i]];
      const struct kz_policy_rule *rule = &policy->rule[run->id];
      if (!g->area)
        *g = (struct kz_treat_region){
            .cls = run->id, .x = run->x, .y = y, .decision = rule->decision, .fast = rule->fast};
      extend(g, run, y);
      g->marked += marked_in(run, &map->rows, y, &at);
      run->id = label[i];
    }
  }
  free(label);
  return 0;
}

int kz_treat_apply(struct kz_treat_plan *plan, const struct kz_treat_map *map,
                   const struct kz_policy *policy, const struct kz_treat_options *options,
                   struct kz_err *err) {
  struct kz_treat_options all;
  kz_treat_options_defaults(&all);
  if (!options) options = &all;
  const bool groom = options->groom == KZ_GROOM_YES ||
                     (options->groom == KZ_GROOM_AUTO && map->format != KZ_TREAT_MASK);
  *plan = (struct kz_treat_plan){0};
  int code = copy_rows(&plan->rows, &map->rows, err);
  if (!code && groom && options->drop_specks)
    code = kz__drop_specks(&plan->rows, policy, &plan->dropped, err);
  if (!code && groom && options->fill_holes)
    code = kz__fill_holes(&plan->rows, policy, &plan->filled, err);
  if (!code && groom && options->dilate) code = kz__dilate(&plan->rows, policy, &plan->dilated, err);
  if (!code) code = list_regions(plan, map, policy, err);
  if (code) kz_treat_plan_release(plan);
  return code;
}

void kz_treat_plan_row(const struct kz_treat_plan *plan, int y, uint8_t *mask) {
  const struct kz_treat_rows *rows = &plan->rows;
  memset(mask, 0, (size_t)rows->width);
  for (int64_t i = rows->row[y]; i < rows->row[y + 1]; i++) {
    const struct kz_treat_run *r = &rows->runs[i];
    if (plan->regions[r->id].decision == KZ_RESTORE) memset(mask + r->x, 255, (size_t)r->len);
  }
}

int64_t kz_treat_plan_count(const struct kz_treat_plan *plan) {
  int64_t count = 0;
  for (int64_t i = 0; i < plan->region_count; i++)
    if (plan->regions[i].decision == KZ_RESTORE) count += plan->regions[i].area;
  return count;
}
