/* The motifs, one a file (or a few that belong together). Each paints about
 * the origin of the brush's frame, in units that its comment gives. */
#ifndef KZ_SAMPLE_MOTIF_H
#define KZ_SAMPLE_MOTIF_H

#include "sample/brush.h"

/* Plaster over the whole wall, px. */
void kz__ground(const struct kz__brush *b, int width, int height);
/* One lozenge of the mountain pattern, 100 wide and 110 high, centred. */
void kz__mountain(const struct kz__brush *b, const struct kz__pigment *pigment);
/* A tree 60 high, standing on the origin. */
void kz__tree(const struct kz__brush *b);
/* A pond 50 wide, centred. */
void kz__pond(const struct kz__brush *b);
/* A water bird 50 long, standing on the origin, looking to the right. */
void kz__bird(const struct kz__brush *b);
/* A lotus seen from the side, 60 wide, its cup on the origin. */
void kz__lotus(const struct kz__brush *b, const struct kz__pigment *petals);
/* A row of petals: a throne, 160 wide, its upper rim on the origin. */
void kz__lotus_seat(const struct kz__brush *b);
/* Concentric rings of pigment about the origin; rx, ry of the outermost. */
void kz__halo(const struct kz__brush *b, double rx, double ry,
              const struct kz__pigment *const *rings, int count);
/* A head 50 high, centred; `look` -1 to 1 turns the face. `bun`: hair drawn up into a knob. */
void kz__head(const struct kz__brush *b, double look, bool bun);
/* The seated figure, 200 high, its seat on the origin. */
void kz__seated(const struct kz__brush *b);
/* A kneeling attendant, 150 high, looking to the right, knees on the origin. */
void kz__attendant(const struct kz__brush *b, const struct kz__pigment *skirt,
                   const struct kz__pigment *scarf);
/* A flying figure about 220 long, heading right and down, centred. */
void kz__celestial(const struct kz__brush *b, const struct kz__pigment *skirt,
                   const struct kz__pigment *scarf);
/* A ribbon through n knots (x, y pairs), `breadth` at its widest, with a tongue at the end. */
void kz__ribbon(const struct kz__brush *b, const double (*knot)[2], int n, double breadth,
                const struct kz__pigment *pigment);
/* A strip of pearls, `length` long and `breadth` high, from the origin to the right. */
void kz__pearls(const struct kz__brush *b, double length, double breadth);

#endif
