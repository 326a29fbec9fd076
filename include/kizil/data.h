/* A stream of training crops, decoded and cut in the background. */
#ifndef KIZIL_DATA_H
#define KIZIL_DATA_H

#include <stdbool.h>
#include <stdint.h>

#include <kizil/caption.h>
#include <kizil/err.h>

/* One batch of square crops. Borrowed from the stream until the next call. */
struct kz_batch {
  int count, size;      /* crops, side in px */
  const uint8_t *rgb;   /* [count, size, size, 3] */
  const uint8_t *mask;  /* [count, size, size], 255 = damage; never empty, never full */
  /* Guides; NULL where the stream was not asked for them. */
  const uint8_t *drawn, *drawn_valid; /* [count, size, size]: a line drawing, 255 = line, and where
                                       * it counts */
  const char *captions; /* [count, KZ_CAPTION_MOST], each text ended by 0 */
};

/* Images come from
 * - a folder: what is held out is chosen by a hash of names;
 * - a catalogue (kizil/catalogue.h): the images that are in, of part train, or val if they are held
 *   out, each through its view, with its facts and captions; crops keep away from what its damage
 *   map shows. One that is not split is refused, and one whose parts share something;
 * - a list: CSV with a column `file`, and if they are there, the columns of an exported list
 *   (KZ_EXPORT_LIST_HEADER in kizil/export.h); held out as of a folder if none is `part`. */
struct kz_stream_options {
  const char *images;      /* folder, walked recursively; a catalogue; or a list */
  int short_side;          /* images with a longer short side are reduced to this, px (440) */
  double held_out;         /* share of a folder's images kept for validation (0.05) */
  int held_out_only;       /* 1: stream the held-out images instead, un-augmented */
  uint64_t seed;
  int threads;             /* background decoders and cutters (1) */
  int64_t cache_bytes;     /* decoded pixels kept in memory (2 GiB) */
  bool guides;             /* make line drawings and captions; held-out crops have no drawing, and a
                            * caption of what can be seen of them (false) */
  const struct kz_manifest *manifest; /* what is known of the images, for captions; borrowed (NULL) */
};
void kz_stream_options_defaults(struct kz_stream_options *o);

struct kz_stream;
/* Lists the images (at least one decodable is needed; unreadable ones are counted and named by
 * kz_stream_skipped) and starts decoding. */
int kz_stream_open(const struct kz_stream_options *o, struct kz_stream **out, struct kz_err *err);
void kz_stream_close(struct kz_stream *s);
/* Batch number `index` (0, 1, ...) of `count` crops of `size` px. Batch content depends only on
 * (seed, index, count, size) and the image list, never on timing or threads, so that a resumed run
 * sees what the unbroken run saw. The next batches are prepared meanwhile, assuming the same count
 * and size; asking for another index or shape drops them and starts anew. */
int kz_stream_next(struct kz_stream *s, int64_t index, int count, int size, struct kz_batch *batch,
                   struct kz_err *err);
/* Seconds that kz_stream_next has waited in all since open: a training step should never wait. */
double kz_stream_waited(const struct kz_stream *s);
/* Which images they are, of how many; "" for a folder. Borrowed. */
const char *kz_stream_told(const struct kz_stream *s);
/* A digest of the images in their order, without their places: crops of two streams whose digests
 * are the same are the same. 64 hex digits, borrowed. */
const char *kz_stream_identity(const struct kz_stream *s);
/* Images usable / found; and what was skipped, as text lines "path: reason" (borrowed). */
int kz_stream_images(const struct kz_stream *s, int *found);
const char *kz_stream_skipped(const struct kz_stream *s);

#endif
