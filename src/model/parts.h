/* The parts that FEDR is built of, between the files of src/model. Builders only: what they add to
 * the graph is named after `name`. */
#ifndef KZ_MODEL_PARTS_H
#define KZ_MODEL_PARTS_H

#include <stdio.h>

#include "model/fedr.h"

#define KZ__LEVELS 4
#define KZ__BLOCK 4 /* pixels a side that space-to-depth gathers */

#define KZ__NAME(buf, ...) (snprintf(buf, sizeof buf, __VA_ARGS__), buf)

/* The structure branch: one encoding of the features for each level of the U-Net. */
void kz__structure_build(struct kz_graph *g, const struct kz_fedr_config *c, kz_var features,
                         kz_var level[KZ__LEVELS]);
/* Tokens [n, 1, 77, text] of a caption. */
kz_var kz__text_build(struct kz_graph *g, const struct kz_fedr_config *c, kz_var text,
                      kz_var position);

#endif
