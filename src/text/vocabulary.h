/* Text as the network reads it: byte-pair tokens (Sennrich et al., 2016) of UTF-8, from a vocabulary
 * that was trained for kizil on captions of its own templates, English and Chinese. Every byte is a
 * token too, so any text can be written. */
#ifndef KZ_VOCABULARY_H
#define KZ_VOCABULARY_H

#include <stdint.h>

#define KZ_TEXT_TOKENS 77  /* a text, padded */
#define KZ_TEXT_MOST 512   /* bytes of a text that are read; cut between two characters */
#define KZ_TEXT_ROWS 1024  /* size of the vocabulary: KZ_TEXT_* below, 256 bytes, merges */
#define KZ_TEXT_NAME "kizil-bpe-1" /* goes into model files: tokens mean the same, or are refused */

enum { KZ_TEXT_PAD, KZ_TEXT_BEGIN, KZ_TEXT_END, KZ_TEXT_FIRST_BYTE };

/* tokens [KZ_TEXT_TOKENS]: begin, the text (lower-cased ASCII, runs of blanks as one), end, padding;
 * cut off after KZ_TEXT_TOKENS - 2 tokens. NULL or "" is the empty text: begin, end, padding.
 * Returns the number of tokens that the whole text has (more than KZ_TEXT_TOKENS - 2: it was cut).
 * Allocates nothing. */
int kz_text_encode(const char *text, int32_t tokens[KZ_TEXT_TOKENS]);

#endif
