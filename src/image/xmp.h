/* Statements added to an XMP packet. */
#ifndef KZ_IMAGE_XMP_H
#define KZ_IMAGE_XMP_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a packet can be added to: UTF-8, well-formed, with one rdf:RDF. */
bool kz__xmp_readable(const char *packet, size_t size);

/* The packet with Iptc4xmpExt:DigitalSourceType set to `type` and `relation` among dc:relation;
 * either may be NULL; both must be free of what XML would have escaped. *size is that of the packet
 * and becomes that of what is returned, malloc'd, a NUL after it. A packet that is not readable, or
 * where one of the two properties is written in a way of its own, ends as base64 in
 * kizil:UnreadXMP of a new packet; without one (NULL) there is a new one. NULL: no memory. */
char *kz__xmp_state(const char *packet, size_t *size, const char *type, const char *relation);

#endif
