/* Treatment by class of damage: what is damaged and how, what a policy says of it, and what is to
 * be restored in the end.
 *
 * Three things follow one another. A class map says of every damaged pixel of which class it is; it
 * is read from what people have: masks, indexed PNGs, annotations. A policy says for each class
 * whether it is restored, left, asked for or recorded only, and how its mask is groomed. A plan is
 * both together: the regions with their decisions, and the mask they give. Maps and plans are runs
 * by rows, so memory follows the damage and not the size of the wall. */
#ifndef KIZIL_TREAT_H
#define KIZIL_TREAT_H

#include <stdbool.h>
#include <stdint.h>

#include <kizil/err.h>
#include <kizil/param.h>

/* ---- classes ---- */

enum kz_damage_kind {
  KZ_DAMAGE_AREA,  /* has an extent that a mask can follow */
  KZ_DAMAGE_THIN,  /* lines */
  KZ_DAMAGE_TONAL, /* changes tones; nothing is missing that could be filled */
  KZ_DAMAGE_UNSEEN /* not to be seen in a photograph */
};

enum kz_decision { KZ_RESTORE, KZ_LEAVE, KZ_ASK, KZ_RECORD, KZ_DECISION_COUNT };

struct kz_damage_class {
  const char *id;      /* stable: "paint-loss" */
  const char *english; /* "paint loss" */
  const char *chinese; /* UTF-8 */
  const char *meaning; /* one line */
  uint8_t colour[3];   /* sRGB, in maps and overlays; none is black or white */
  enum kz_damage_kind kind;
  enum kz_decision decision; /* of the default policy */
};

/* The classes; the last, "unclassified", is what a plain mask marks. */
enum { KZ_DAMAGE_CLASSES = 20, KZ_UNCLASSIFIED = KZ_DAMAGE_CLASSES - 1 };
extern const struct kz_damage_class kz_damage_classes[KZ_DAMAGE_CLASSES];
/* By id, English or Chinese name; case, '-', '_' and ' ' do not matter. -1: none. */
int kz_damage_class_find(const char *name);
/* "restore", "leave", "ask", "record"; find: -1 for anything else. */
const char *kz_decision_name(enum kz_decision decision);
int kz_decision_find(const char *name);

/* ---- policy ---- */

struct kz_policy_rule {
  enum kz_decision decision;
  int dilate;           /* px by which the mask is widened (a disc), 0 to 64 */
  int64_t least;        /* px; parts with fewer are dropped as specks; 0 or 1: none is */
  bool fill_holes;      /* sound pixels enclosed by the class belong to it ... */
  int64_t largest_hole; /* ... in holes of at most so many px */
  bool fast;            /* thin damage (kz_restore_options.thin) takes one network call */
};

enum { KZ_IGNORE = -2 }; /* a name that stands for no damage */

/* A name in annotations, an index or a colour ("#rrggbb") of an indexed PNG, a file's name: what is
 * meant by it. */
struct kz_policy_name {
  char *name;
  int cls; /* or KZ_IGNORE */
};

struct kz_policy {
  struct kz_policy_rule rule[KZ_DAMAGE_CLASSES];
  struct kz_policy_name *names;
  int name_count;
};

/* The default policy: decisions as in kz_damage_classes; what is restored or asked for is widened
 * by 2 px (thin classes by 1), specks under 4 px are dropped, holes up to 64 px filled. */
void kz_policy_defaults(struct kz_policy *policy);
void kz_policy_release(struct kz_policy *policy);
/* From JSON; what is not said is as in the default policy. Init; on failure nothing is kept.
 *   {"kizil-policy": 1,
 *    "all":     {"dilate": 3},
 *    "classes": {"crack": {"decision": "leave"},
 *                "graffiti": {"decision": "ask", "dilate": 1, "least": 9, "fill-holes": true,
 *                             "largest-hole": 64, "fast": false}},
 *    "names":   {"Riss": "crack", "3": "paint-loss", "frame": "ignore"}}
 * "all" comes first, then each class. KZ_EFORMAT (broken JSON, unknown members, wrong types) and
 * KZ_ERANGE name the file and the member. */
int kz_policy_load(struct kz_policy *policy, const char *path, struct kz_err *err);
/* `name` means class `meaning` (as kz_damage_class_find, or "ignore"); replaces an earlier one. */
int kz_policy_name(struct kz_policy *policy, const char *name, const char *meaning,
                   struct kz_err *err);
/* The whole policy as such JSON, malloc'd; loading it gives the same policy. NULL: no memory. */
char *kz_policy_to_json(const struct kz_policy *policy);

/* ---- class map ---- */

struct kz_treat_run {
  int x, len; /* px */
  int id;     /* class in a map; region in a plan */
};

/* Runs by rows: those of a row go from left to right and do not overlap. */
struct kz_treat_rows {
  int width, height;
  struct kz_treat_run *runs;
  int64_t run_count, run_cap;
  int64_t *row; /* [height + 1]: row y's runs are row[y] to row[y + 1] - 1 */
};

struct kz_treat_map {
  struct kz_treat_rows rows;
  int64_t area[KZ_DAMAGE_CLASSES]; /* px of each class */
  int64_t overlapped;              /* px marked with more than one class: the later one holds */
  int format;                      /* as which it was read: enum kz_treat_format; JSON of any kind
                                    * that was told by its content is KZ_TREAT_AUTO */
};

enum kz_treat_format {
  KZ_TREAT_AUTO,
  KZ_TREAT_MASK,    /* an image; white is damage of one class */
  KZ_TREAT_INDEXED, /* a PNG of 8 bits: an index, a grey value or a colour is a class */
  KZ_TREAT_FOLDER,  /* a mask a class, named by the class: crack.png */
  KZ_TREAT_COCO,    /* JSON: polygons and run lengths, plain or packed */
  KZ_TREAT_LABELME, /* JSON: polygons, rectangles, circles */
  KZ_TREAT_W3C      /* JSON: Web Annotations with SVG or fragment selectors */
};

struct kz_treat_source {
  enum kz_treat_format format;
  int width, height;   /* of the image that the map is of */
  const char *picture; /* its path: which of COCO's images it is; NULL: the file's only one */
  int mask_class;      /* what a plain mask marks; usually KZ_UNCLASSIFIED */
};

/* Read a class map. KZ_TREAT_AUTO tells formats by folder, content and palette: a PNG with a
 * palette of more than black and white is indexed, another image is a mask, and one in colours has
 * to be called indexed. Index 0 and black are no damage unless they are named; others are what
 * `policy` names them ("3" or "#c81e1e"), or the class whose colour they have. Indices are told
 * apart by their colours, so two of one colour must mean the same. Coordinates are those of SVG:
 * pixel (0, 0) reaches from 0 to 1, and a pixel belongs to a polygon if its centre does (even-odd;
 * a centre on a left edge is inside, on a right edge outside). What lies outside the image is cut
 * off. Where sources give several classes to a pixel, the later holds (in a folder, by name).
 * Errors: KZ_ESHAPE for a source made for another size, KZ_ENOENT for names that are no class,
 * KZ_EFORMAT for broken files, KZ_EUNSUPPORTED for shapes that have no area. Init; on failure
 * nothing is kept. `policy` may be NULL. */
int kz_treat_map_load(struct kz_treat_map *map, const char *path,
                      const struct kz_treat_source *source, const struct kz_policy *policy,
                      struct kz_err *err);
/* One mask a class, the later on top; classes[i] is that of paths[i]. */
int kz_treat_map_load_masks(struct kz_treat_map *map, const char *const *paths,
                            const int *classes, int count, const struct kz_treat_source *source,
                            struct kz_err *err);
void kz_treat_map_release(struct kz_treat_map *map);

/* ---- plan ---- */

/* A connected part (8 neighbours) of one class. */
struct kz_treat_region {
  int cls;
  int x, y, width, height; /* px, the box around it */
  int64_t area;            /* px, groomed */
  int64_t marked;          /* px of these that the map had */
  enum kz_decision decision;
  bool fast;
};

struct kz_treat_plan {
  struct kz_treat_rows rows; /* id: number of the region */
  struct kz_treat_region *regions;
  int64_t region_count;              /* in raster order of their first pixels */
  int64_t dropped, filled, dilated;  /* px by which grooming changed the map */
};

enum kz_groom { KZ_GROOM_AUTO, KZ_GROOM_NO, KZ_GROOM_YES };

struct kz_treat_options {
  int format; /* of the map: enum kz_treat_format */
  int asked;  /* enum kz_decision, KZ_RESTORE or KZ_LEAVE: the answer where the policy asks */
  int groom;  /* enum kz_groom; auto: all but plain masks */
  bool dilate, fill_holes, drop_specks; /* off switches of grooming */
};
extern const struct kz_param kz_treat_params[];
void kz_treat_options_defaults(struct kz_treat_options *options); /* grooming is all on */

/* Groom a map by a policy and list its regions. Classes that are restored or asked for lose their
 * specks, have their holes filled and are widened, in this order; the others stay as they were
 * drawn, and no widening or filling takes a pixel that the map gives to another class. Where the
 * policy asks, the region's decision is KZ_ASK; options->asked is for the caller. Init. */
int kz_treat_apply(struct kz_treat_plan *plan, const struct kz_treat_map *map,
                   const struct kz_policy *policy, const struct kz_treat_options *options,
                   struct kz_err *err);
void kz_treat_plan_release(struct kz_treat_plan *plan);
/* Row y of the mask to restore, as the regions' decisions stand (they may be changed after the
 * plan was made): mask [width], 255 where the decision is KZ_RESTORE, else 0. */
void kz_treat_plan_row(const struct kz_treat_plan *plan, int y, uint8_t *mask);
/* Pixels to restore, as the decisions stand. */
int64_t kz_treat_plan_count(const struct kz_treat_plan *plan);

#endif
