/* A file that libvips encodes into, with something of ours put into its header.
 *
 * libvips hands out what it encodes piece by piece, in order. The header is held until it is whole;
 * all that follows goes straight to the file. */
#include "image/sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int kz__sink_write(struct kz__sink *s, const void *bytes, size_t n) {
  const unsigned char *p = bytes;
  while (n) {
    ssize_t k = write(s->fd, p, n);
    if (k < 0 && errno == EINTR) continue;
    if (k <= 0) {
      vips_error("write", "%s", strerror(errno));
      return -1;
    }
    p += k;
    n -= (size_t)k;
  }
  return 0;
}

static int hold(struct kz__sink *s, const void *data, size_t n) {
  if (s->held_size + n > s->held_room) {
    size_t room = 2 * (s->held_size + n);
    unsigned char *more = realloc(s->held, room);
    if (!more) {
      vips_error("write", "no memory for a header of %zu bytes", room);
      return -1;
    }
    s->held = more;
    s->held_room = room;
  }
  memcpy(s->held + s->held_size, data, n);
  s->held_size += n;
  return 0;
}

static gint64 on_write(VipsTargetCustom *target, const void *data, gint64 length, void *user) {
  struct kz__sink *s = user;
  (void)target;
  if (s->passed) return kz__sink_write(s, data, (size_t)length) ? -1 : length;
  if (hold(s, data, (size_t)length)) return -1;
  size_t header = s->header_size(s->held, s->held_size);
  if (!header || header > s->held_size) return length;
  s->passed = true;
  if (s->write_header(s, s->held, header) ||
      kz__sink_write(s, s->held + header, s->held_size - header))
    return -1;
  return length;
}

VipsTarget *kz__sink_open(struct kz__sink *s, const char *path) {
  s->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (s->fd < 0) {
    vips_error("open", "%s", strerror(errno));
    return NULL;
  }
  VipsTargetCustom *target = vips_target_custom_new();
  g_signal_connect(target, "write", G_CALLBACK(on_write), s);
  return VIPS_TARGET(target);
}

int kz__sink_close(struct kz__sink *s, VipsTarget *target, int rc) {
  if (target) g_object_unref(target);
  if (!rc && !s->passed) rc = kz__sink_write(s, s->held, s->held_size);
  if (s->fd >= 0 && close(s->fd) && !rc) {
    vips_error("close", "%s", strerror(errno));
    rc = -1;
  }
  free(s->held);
  free(s->more);
  return rc;
}
