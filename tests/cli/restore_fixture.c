/* restore_fixture FOLDER: what test_restore.sh works on, written into FOLDER: a tiny model with
 * random weights (model.safetensors) and one with guides (guided.safetensors), photographs (a.png,
 * b.png, c.png: 96 x 64 and 700 x 90 and 96 x 64), masks for them (mask.png, mask_b.png), masks to
 * refuse (empty.png, full.png), a line drawing (lines.png).
 * restore_fixture --same IMAGE RESULT MASK: exit 0 if they differ inside the mask only, and do. */
#include <stdio.h>
#include <string.h>

#include <kizil/image.h>

#include "../unit/tiny_model.h"

enum { STRIPES, EMPTY, FULL };

static int write_image(const char *folder, const char *name, int w, int h, int phase) {
  char path[4096];
  struct kz_pixels p;
  struct kz_err err;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  if (kz_pixels_init(&p, w, h, 3, &err)) return 1;
  for (int i = 0; i < w * h * 3; i++)
    p.data[i] = (uint8_t)((i / 3 % w) * 2 + (i / 3 / w) * (i % 3) + phase);
  int failed = kz_pixels_save(&p, path, &err);
  kz_pixels_release(&p);
  return failed;
}

static int write_mask(const char *folder, const char *name, int w, int h, int kind) {
  char path[4096];
  struct kz_pixels p;
  struct kz_err err;
  snprintf(path, sizeof path, "%s/%s", folder, name);
  if (kz_pixels_init(&p, w, h, 1, &err)) return 1;
  for (int y = 0; y < h; y++)
    for (int x = 0; x < w; x++)
      p.data[y * w + x] = kind == FULL || (kind == STRIPES && (x + y) % 40 < 5) ? 255 : 0;
  int failed = kz_pixels_save(&p, path, &err);
  kz_pixels_release(&p);
  return failed;
}

static int compare(const char *image, const char *result, const char *mask) {
  struct kz_pixels a = {0}, b = {0}, m = {0};
  struct kz_err err;
  int wrong = 1, inside = 0, outside = 0;
  if (kz_pixels_load(image, 0, 0, &a, &err) || kz_pixels_load(result, 0, 0, &b, &err) ||
      kz_pixels_load(mask, 0, 0, &m, &err)) {
    fprintf(stderr, "%s\n", err.msg);
    goto out;
  }
  if (a.width != b.width || a.height != b.height || a.width != m.width || a.height != m.height)
    goto out;
  for (int i = 0; i < a.width * a.height * 3; i++) {
    if (a.data[i] == b.data[i]) continue;
    inside += m.data[i] > 127;
    outside += m.data[i] <= 127;
  }
  wrong = !inside || outside;
  if (wrong) fprintf(stderr, "%d samples differ inside, %d outside\n", inside, outside);
out:
  kz_pixels_release(&a);
  kz_pixels_release(&b);
  kz_pixels_release(&m);
  return wrong;
}

int main(int argc, char **argv) {
  struct kz_err err;
  char path[4096];
  if (kz_image_startup("restore_fixture", 1, &err)) return 1;
  int status = 2;
  if (argc == 5 && !strcmp(argv[1], "--same")) {
    status = compare(argv[2], argv[3], argv[4]);
  } else if (argc == 2) {
    snprintf(path, sizeof path, "%s/model.safetensors", argv[1]);
    status = write_image(argv[1], "a.png", 96, 64, 0) ||
             write_image(argv[1], "b.png", 700, 90, 50) ||
             write_image(argv[1], "c.png", 96, 64, 99) ||
             write_mask(argv[1], "mask.png", 96, 64, STRIPES) ||
             write_mask(argv[1], "mask_b.png", 700, 90, STRIPES) ||
             write_mask(argv[1], "empty.png", 96, 64, EMPTY) ||
             write_mask(argv[1], "full.png", 96, 64, FULL) ||
             write_mask(argv[1], "lines.png", 96, 64, STRIPES) || tiny_model_write(path, 1, &err);
    snprintf(path, sizeof path, "%s/guided.safetensors", argv[1]);
    if (!status) status = tiny_model_write_as(path, 1, true, &err);
    if (status) fprintf(stderr, "restore_fixture: %s\n", err.msg);
  }
  kz_image_shutdown();
  return status;
}
