/* The classes of damage. Ids and their order stay: files name the ids, maps count by the order. Age
 * cracks may stay, graffiti may have value, old repairs are history, and where tones have changed
 * nothing is missing; so the default policy restores only what is gone. */
#include <string.h>

#include "treat/parts.h"

const struct kz_damage_class kz_damage_classes[KZ_DAMAGE_CLASSES] = {
    {"crack", "crack", "裂隙", "break through plaster or support", {230, 25, 75},
     KZ_DAMAGE_THIN, KZ_RESTORE},
    {"craquelure", "craquelure", "龟裂", "net of fine surface cracks", {245, 130, 48},
     KZ_DAMAGE_THIN, KZ_LEAVE},
    {"flaking", "flaking", "起甲", "paint or ground curls into scales", {255, 225, 25},
     KZ_DAMAGE_AREA, KZ_RESTORE},
    {"paint-loss", "paint loss", "颜料层脱落", "paint gone, ground visible", {60, 180, 75},
     KZ_DAMAGE_AREA, KZ_RESTORE},
    {"plaster-loss", "plaster loss", "地仗脱落", "plaster gone, support visible", {0, 130, 200},
     KZ_DAMAGE_AREA, KZ_RESTORE},
    {"blistering", "punctate loss", "疱疹", "small pits or bumps from salts", {70, 240, 240},
     KZ_DAMAGE_AREA, KZ_RESTORE},
    {"detachment", "detachment", "空鼓", "hollow behind the plaster", {128, 128, 128},
     KZ_DAMAGE_UNSEEN, KZ_RECORD},
    {"disruption", "disruption", "酥碱", "salts loosen the plaster to crumbs", {145, 30, 180},
     KZ_DAMAGE_AREA, KZ_ASK},
    {"efflorescence", "efflorescence", "盐霜", "white salt on the surface", {210, 245, 60},
     KZ_DAMAGE_AREA, KZ_RESTORE},
    {"powdering", "powdering", "粉化", "paint loses its binder", {220, 190, 255},
     KZ_DAMAGE_UNSEEN, KZ_RECORD},
    {"scratch", "scratch", "划痕", "mechanical line", {240, 50, 230}, KZ_DAMAGE_THIN, KZ_RESTORE},
    {"soot", "soot", "烟熏", "carbon film", {64, 64, 64}, KZ_DAMAGE_TONAL, KZ_RECORD},
    {"biological", "mould, biological growth", "霉变", "colonies, spots", {0, 128, 128},
     KZ_DAMAGE_AREA, KZ_RESTORE},
    {"fading", "fading, discoloration", "褪色/变色", "pigment changed", {250, 190, 212},
     KZ_DAMAGE_TONAL, KZ_RECORD},
    {"stain", "water or mud stain", "水渍/泥渍", "streaks, deposits", {154, 99, 36},
     KZ_DAMAGE_TONAL, KZ_ASK},
    {"animal", "animal damage", "动物损害", "nests, droppings, holes", {128, 128, 0},
     KZ_DAMAGE_AREA, KZ_RESTORE},
    {"gilding", "gilding scraped off", "刮金", "gold removed", {255, 180, 0},
     KZ_DAMAGE_AREA, KZ_ASK},
    {"graffiti", "graffiti", "涂写", "later writing; may have value", {0, 0, 117},
     KZ_DAMAGE_AREA, KZ_ASK},
    {"old-repair", "old repair, overpaint", "历史修复", "previous intervention", {170, 255, 195},
     KZ_DAMAGE_AREA, KZ_RECORD},
    {"unclassified", "damage", "未分类", "marked as damage, of no class", {255, 0, 0},
     KZ_DAMAGE_AREA, KZ_RESTORE},
};

static const char *const decisions[KZ_DECISION_COUNT] = {"restore", "leave", "ask", "record"};

static bool joint(char c) { return c == '-' || c == '_' || c == ' '; }

static char lower(char c) { return (char)(c >= 'A' && c <= 'Z' ? c + 32 : c); }

bool kz__name_same(const char *a, const char *b) {
  for (; *a && *b; a++, b++)
    if (lower(*a) != lower(*b) && !(joint(*a) && joint(*b))) return false;
  return *a == *b;
}

/* Whether `name` is `all`, or one of the parts that '/' and ", " set apart in it. */
static bool one_of(const char *name, const char *all) {
  char part[64];
  if (kz__name_same(name, all)) return true;
  while (*all) {
    size_t n = strcspn(all, "/,");
    const size_t fits = n < sizeof part ? n : sizeof part - 1;
    memcpy(part, all, fits);
    part[fits] = 0;
    if (n && kz__name_same(name, part)) return true;
    all += n + strspn(all + n, "/, ");
  }
  return false;
}

int kz_damage_class_find(const char *name) {
  if (!*name) return -1;
  for (int i = 0; i < KZ_DAMAGE_CLASSES; i++) {
    const struct kz_damage_class *c = &kz_damage_classes[i];
    if (kz__name_same(name, c->id) || one_of(name, c->english) || one_of(name, c->chinese))
      return i;
  }
  return -1;
}

const char *kz_decision_name(enum kz_decision decision) { return decisions[decision]; }

int kz_decision_find(const char *name) {
  for (int i = 0; i < KZ_DECISION_COUNT; i++)
    if (!strcmp(name, decisions[i])) return i;
  return -1;
}

int kz__name_class(const struct kz_policy *policy, const char *name) {
  for (int i = 0; policy && i < policy->name_count; i++)
    if (kz__name_same(name, policy->names[i].name)) return policy->names[i].cls;
  return kz_damage_class_find(name);
}

int kz__name_unknown(const char *path, const char *where, const char *name, struct kz_err *err) {
  return kz_err_set(err, KZ_ENOENT,
                    "%s: %s \"%.100s\" is no class of damage; give it a meaning in \"names\" of a "
                    "policy, such as {\"names\": {\"%.100s\": \"paint-loss\"}}, or \"ignore\"",
                    path, where, name, name);
}
