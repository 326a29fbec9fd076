/* A set of prints: a table of heads, and for each print one block of its own with bits, places and
 * thumbnail, no larger than it must be. */
#include <stdlib.h>
#include <string.h>

#include "near/private.h"

struct kz_near_set {
  int count, room;
  size_t blocks; /* bytes */
  struct kz__near_view *view;
};

size_t kz__near_block(int count) {
  struct kz__near_view *v = NULL;
  return (size_t)count * (sizeof *v->bits + sizeof *v->place) + KZ__NEAR_THUMB_BYTES;
}

void kz__near_view_init(struct kz__near_view *v, const struct kz_near_print *p, void *block) {
  *v = (struct kz__near_view){p->width, p->height, p->count, p->global, block, NULL, NULL};
  v->place = (uint32_t *)(v->bits + p->count);
  v->thumb = (uint8_t *)(v->place + p->count);
  for (int i = 0; i < p->count; i++) {
    memcpy(v->bits[i], p->local[i].bits, sizeof v->bits[i]);
    v->place[i] = kz__near_place(&p->local[i]);
  }
  for (int i = 0; i < KZ__NEAR_THUMB_BYTES; i++)
    v->thumb[i] = (uint8_t)(p->thumb[2 * i] | p->thumb[2 * i + 1] << 4);
}

int kz_near_set_new(struct kz_near_set **out, struct kz_err *err) {
  struct kz_near_set *s = calloc(1, sizeof *s);
  if (!s) return kz_err_set(err, KZ_ENOMEM, "no memory for a set of prints");
  *out = s;
  return 0;
}

void kz_near_set_free(struct kz_near_set *s) {
  if (!s) return;
  for (int i = 0; i < s->count; i++) free(s->view[i].bits);
  free(s->view);
  free(s);
}

int kz_near_set_add(struct kz_near_set *s, const struct kz_near_print *p, struct kz_err *err) {
  if (s->count == KZ__NEAR_MOST)
    return kz_err_set(err, KZ_ERANGE, "a set holds at most %d prints", KZ__NEAR_MOST);
  if (s->count == s->room) {
    int room = s->room ? s->room + s->room / 2 : 64;
    struct kz__near_view *view = realloc(s->view, (size_t)room * sizeof *view);
    if (!view) return kz_err_set(err, KZ_ENOMEM, "no memory for %d prints", room);
    s->view = view;
    s->room = room;
  }
  size_t bytes = kz__near_block(p->count);
  void *block = malloc(bytes);
  if (!block) return kz_err_set(err, KZ_ENOMEM, "no memory for print %d of a set", s->count);
  kz__near_view_init(&s->view[s->count++], p, block);
  s->blocks += bytes;
  return 0;
}

int kz_near_set_add_packed(struct kz_near_set *s, const void *from, size_t bytes,
                           struct kz_err *err) {
  struct kz_near_print p;
  int code = kz_near_unpack(from, bytes, &p, err);
  return code ? code : kz_near_set_add(s, &p, err);
}

int kz_near_set_count(const struct kz_near_set *s) { return s->count; }
size_t kz_near_set_bytes(const struct kz_near_set *s) {
  return s->blocks + (size_t)s->room * sizeof *s->view;
}
const struct kz__near_view *kz__near_set_get(const struct kz_near_set *s, int i) {
  return &s->view[i];
}
