/* The flat colour of a repaired but unpainted place. */
#ifndef KZ_PLASTER_H
#define KZ_PLASTER_H

static const unsigned char kz__plaster[3] = {205, 191, 170};

#endif
