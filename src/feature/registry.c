/* The features as data: pages of the TIFF, captions of the sheet and the command's help follow from
 * this table. The first KZ_FUSED of them are the channels of fused.h, which are computed together
 * because they share all their passes; a feature of its own would be one more row and a case in
 * tile.c. */
#include <kizil/feature.h>

#include <stddef.h>

#include "feature/fused.h"
#include "feature/palette.h"

#define FIELD(f) offsetof(struct kz_features_options, f)
const struct kz_param kz_line_params[] = {
    {.name = "line-threshold", .type = KZ_PARAM_FLOAT, .offset = FIELD(line_threshold),
     .def = 0.1, .min = 0, .max = 0.95, .unit = "",
     .help = "weaker lines are left out of the fused picture and the drawing"},
    {.name = "outline", .type = KZ_PARAM_FLOAT, .offset = FIELD(outline), .def = 16, .min = 0,
     .max = 200, .unit = "",
     .help = "contrast from which the drawing outlines a shape; 0: painted lines only"},
    {.name = NULL},
};

const struct kz_param kz_palette_params[] = {
    {.name = "colours", .type = KZ_PARAM_INT, .offset = FIELD(colours), .def = 6, .min = 1,
     .max = KZ_PALETTE_MOST, .unit = "", .help = "of the palette, at most"},
    {.name = "seed", .type = KZ_PARAM_INT, .offset = FIELD(seed), .def = 0, .min = 0,
     .max = 9007199254740992.0, .unit = "", .help = "of the palette's k-means"},
    {.name = NULL},
};

const struct kz_param kz_features_params[] = {
    {.name = "grain", .type = KZ_PARAM_FLOAT, .offset = FIELD(grain), .def = 1, .min = 0,
     .max = 4, .unit = "", .help = "how strongly texture shows in the fused picture"},
    {.name = "panel", .type = KZ_PARAM_INT, .offset = FIELD(panel), .def = 320, .min = 32,
     .max = 2048, .unit = "px", .help = "largest side of a panel of the sheet"},
    {.name = "threads", .type = KZ_PARAM_INT, .offset = FIELD(threads), .def = 0, .min = 0,
     .max = 1024, .unit = "", .help = "0: all processors; at most 4 are used"},
    {.name = "overwrite", .type = KZ_PARAM_BOOL, .offset = FIELD(overwrite), .def = 0, .min = 0,
     .max = 1, .unit = "", .help = "replace outputs that exist"},
    {.name = NULL},
};
#undef FIELD

const struct kz_feature kz_features[] = {
    {"line", "", 0, 1, "painted lines: flow-guided difference of Gaussians", kz_line_params},
    {"gradient", "", 0, 1, "magnitude of the structure tensor's gradient", NULL},
    {"direction-cos", "", -1, 1, "coherence x cos 2 theta, theta along the structure", NULL},
    {"direction-sin", "", -1, 1, "coherence x sin 2 theta", NULL},
    {"texture-fine", "", 0, 1, "energy of the band of about 2 to 4 px", NULL},
    {"texture-coarse", "", 0, 1, "energy of the band of about 4 to 8 px", NULL},
    {"layout-L", "(L - 50) / 50", -1, 1, "CIELAB low-passed: lightness", NULL},
    {"layout-a", "a / 50", -2.56, 2.56, "CIELAB low-passed: green to red", NULL},
    {"layout-b", "b / 50", -2.56, 2.56, "CIELAB low-passed: blue to yellow", NULL},
    {"distance", "log2(1 + px) / 8", -1, 1, "to the hole's border, negative outside", NULL},
    {"drawn", "", 0, 1, "the line drawing, in the hole", NULL},
    {"drawn-valid", "", 0, 1, "where the drawing says what is there", NULL},
    {"palette", "colour", 0, KZ_PALETTE_MOST, "number of the palette's colour, 0 in holes",
     kz_palette_params},
    {.name = NULL},
};
_Static_assert(sizeof kz_features / sizeof *kz_features == KZ_FEATURES + 1 &&
                   (int)KZ_FEATURES == (int)KZ_FUSED + 1,
               "a row a page");
