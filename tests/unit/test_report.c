/* Figures against sums by hand, sheets of every arrangement, plaster in the hole and nowhere
 * else, and what each function refuses. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <kizil/report.h>

enum { W = 50, H = 40 };

static char folder[] = "/tmp/kizil-report-XXXXXX";

static const char *in_folder(const char *name) {
  static char path[4][256];
  static int turn;
  turn = (turn + 1) % 4;
  snprintf(path[turn], sizeof path[turn], "%s/%s", folder, name);
  return path[turn];
}

static struct kz_pixels picture(int w, int h, int channels, int seed) {
  struct kz_pixels p = {0};
  struct kz_err err;
  assert_int_equal(kz_pixels_init(&p, w, h, channels, &err), 0);
  for (int i = 0; i < w * h * channels; i++) p.data[i] = (uint8_t)(i * 7 + seed + (i >> 4) * 13);
  return p;
}

/* A hole of `width` x 10 px at (5, 8). */
static struct kz_pixels hole(int w, int h, int width) {
  struct kz_pixels p = picture(w, h, 1, 0);
  for (int i = 0; i < w * h; i++)
    p.data[i] = i % w >= 5 && i % w < 5 + width && i / w >= 8 && i / w < 18 ? 255 : 0;
  return p;
}

static void test_figures(void **state) {
  (void)state;
  struct kz_pixels a = picture(W, H, 3, 0), b = picture(W, H, 3, 0), m = hole(W, H, 20);
  struct kz_figures f;
  struct kz_err err;
  assert_int_equal(kz_report_compare(&a, &b, &m, &f, &err), 0);
  assert_int_equal(f.damaged, 200);
  assert_true(fabs(f.cover - 200.0 / (W * H)) < 1e-12);
  assert_true(isinf(f.hole_psnr) && isinf(f.full_psnr) && f.largest_outside == 0);
  for (int i = 0; i < W * H; i++) /* 4 levels off in the hole, in every channel */
    for (int k = 0; k < 3 && m.data[i]; k++)
      b.data[3 * i + k] = (uint8_t)(a.data[3 * i + k] > 100 ? a.data[3 * i + k] - 4
                                                            : a.data[3 * i + k] + 4);
  assert_int_equal(kz_report_compare(&a, &b, &m, &f, &err), 0);
  assert_true(fabs(f.hole_psnr - 20 * log10(255.0 / 4)) < 1e-9);
  assert_true(fabs(f.full_psnr - (f.hole_psnr + 10 * log10((double)W * H / 200))) < 1e-9);
  assert_int_equal(f.largest_outside, 0);
  b.data[0] = (uint8_t)(a.data[0] ^ 16);
  b.data[3 * W * H - 1] = (uint8_t)(a.data[3 * W * H - 1] ^ 1);
  assert_int_equal(kz_report_compare(&a, &b, &m, &f, &err), 0);
  assert_int_equal(f.largest_outside, 16);
  kz_pixels_release(&a);
  kz_pixels_release(&b);
  kz_pixels_release(&m);
}

static void test_shapes_refused(void **state) {
  (void)state;
  struct kz_pixels a = picture(W, H, 3, 0), b = picture(W, H + 1, 3, 0), m = hole(W, H, 20);
  struct kz_pixels narrow = hole(W - 1, H, 20), out = {0};
  struct kz_figures f;
  struct kz_sheet_options o = {.panel = 700, .columns = 4};
  struct kz_err err = {0};
  assert_int_equal(kz_report_compare(&a, &b, &m, &f, &err), KZ_ESHAPE);
  assert_non_null(strstr(err.msg, "50 x 41"));
  assert_int_equal(kz_report_compare(&a, &a, &narrow, &f, &err), KZ_ESHAPE);
  assert_int_equal(kz_report_compare(&a, &a, &a, &f, &err), KZ_ESHAPE);
  struct kz_sheet s = {.original = &b, .mask = &m, .restored = &a};
  assert_int_equal(kz_sheet_draw(&s, &o, &out, &err), KZ_ESHAPE);
  assert_non_null(strstr(err.msg, "original"));
  s = (struct kz_sheet){.damaged = &b, .mask = &m, .restored = &a};
  assert_int_equal(kz_sheet_draw(&s, &o, &out, &err), KZ_ESHAPE);
  assert_non_null(strstr(err.msg, "damaged"));
  s = (struct kz_sheet){.mask = &narrow, .restored = &a};
  assert_int_equal(kz_sheet_draw(&s, &o, &out, &err), KZ_ESHAPE);
  assert_non_null(strstr(err.msg, "mask"));
  assert_null(out.data);
  kz_pixels_release(&a);
  kz_pixels_release(&b);
  kz_pixels_release(&m);
  kz_pixels_release(&narrow);
}

static bool holds(const struct kz_pixels *sheet, const struct kz_pixels *p, int x0, int y0) {
  for (int y = 0; y < p->height; y++)
    if (memcmp(sheet->data + 3 * ((size_t)(y0 + y) * (size_t)sheet->width + (size_t)x0),
               p->data + 3 * (size_t)y * (size_t)p->width, 3 * (size_t)p->width))
      return false;
  return true;
}

/* Panels that need no scaling are on the sheet pixel for pixel, in their order. */
static void test_sheet_panels(void **state) {
  (void)state;
  enum { SIDE = 120 };
  struct kz_pixels a = picture(SIDE, SIDE, 3, 0), d = picture(SIDE, SIDE, 3, 50);
  struct kz_pixels r = picture(SIDE, SIDE, 3, 99), m = hole(SIDE, SIDE, 30), out = {0};
  struct kz_sheet s = {.original = &a, .damaged = &d, .mask = &m, .restored = &r};
  struct kz_sheet_options o = {.panel = 700, .columns = 4};
  struct kz_err err;
  int step = SIDE + 14, top = 14 + 30;
  assert_int_equal(kz_sheet_draw(&s, &o, &out, &err), 0);
  assert_int_equal(out.width, 4 * step + 14);
  assert_int_equal(out.height, SIDE + 30 + 2 * 14);
  assert_true(holds(&out, &a, 14, top));
  assert_true(holds(&out, &d, 14 + step, top));
  assert_true(holds(&out, &r, 14 + 3 * step, top));
  assert_int_equal(out.data[3 * ((top + 10) * out.width + 14 + 2 * step + 10)], 255);
  assert_int_equal(out.data[3 * ((top + 30) * out.width + 14 + 2 * step + 10)], 0);
  kz_pixels_release(&out);
  o.columns = 2;
  s.damaged = NULL; /* painted out of the original */
  assert_int_equal(kz_sheet_draw(&s, &o, &out, &err), 0);
  assert_int_equal(out.width, 2 * step + 14);
  assert_int_equal(out.height, 2 * (SIDE + 30 + 14) + 14);
  assert_true(holds(&out, &r, 14 + step, top + SIDE + 30 + 14));
  const uint8_t *in_hole = out.data + 3 * ((top + 10) * out.width + 14 + step + 10);
  assert_true(in_hole[0] > 180 && in_hole[2] < in_hole[0]);
  kz_pixels_release(&out);
  s.original = NULL;
  o = (struct kz_sheet_options){.panel = 60, .columns = 4}; /* three panels at half the size */
  assert_int_equal(kz_sheet_draw(&s, &o, &out, &err), 0);
  assert_int_equal(out.width, 3 * (60 + 14) + 14);
  assert_int_equal(out.height, 60 + 30 + 2 * 14);
  kz_pixels_release(&out);
  kz_pixels_release(&a);
  kz_pixels_release(&d);
  kz_pixels_release(&r);
  kz_pixels_release(&m);
}

static void test_files(void **state) {
  (void)state;
  static const char *const none[] = {NULL};
  const char *const guarded[] = {in_folder("a.png"), NULL};
  struct kz_pixels a = picture(W, H, 3, 3), m = hole(W, H, 20), back = {0};
  struct kz_figures f;
  struct kz_err err = {0};
  assert_int_equal(kz_report_save(&a, in_folder("a.png"), none, &err), 0);
  assert_int_equal(kz_report_save(&m, in_folder("m.png"), guarded, &err), 0);
  assert_int_equal(kz_report_save(&m, in_folder("a.png"), guarded, &err), KZ_EEXIST);
  assert_non_null(strstr(err.msg, "would write over"));
  assert_int_equal(kz_report_load(in_folder("a.png"), &back, &err), 0);
  assert_memory_equal(back.data, a.data, W * H * 3);
  kz_pixels_release(&back);
  assert_int_equal(kz_report_load_mask(in_folder("m.png"), &back, &err), 0);
  assert_int_equal(back.channels, 1);
  assert_memory_equal(back.data, m.data, W * H);
  kz_pixels_release(&back);
  assert_int_equal(kz_report_plaster(in_folder("a.png"), &m, in_folder("d.png"), &err), 0);
  assert_int_equal(kz_report_load(in_folder("d.png"), &back, &err), 0);
  assert_int_equal(kz_report_compare(&a, &back, &m, &f, &err), 0);
  assert_int_equal(f.largest_outside, 0);
  for (int i = 0; i < W * H; i++)
    if (m.data[i]) assert_memory_equal(back.data + 3 * i, back.data + 3 * (8 * W + 5), 3);
  kz_pixels_release(&back);
  assert_int_equal(kz_report_plaster(in_folder("a.png"), &m, in_folder("a.png"), &err), KZ_EEXIST);
  struct kz_pixels narrow = hole(W - 1, H, 20);
  assert_int_equal(kz_report_plaster(in_folder("a.png"), &narrow, in_folder("e.png"), &err),
                   KZ_ESHAPE);
  assert_non_null(strstr(err.msg, "49 x 40"));
  assert_int_not_equal(access(in_folder("e.png"), F_OK), 0);
  assert_int_not_equal(kz_report_load(in_folder("none.png"), &back, &err), 0);
  assert_non_null(strstr(err.msg, "none.png"));
  assert_null(back.data);
  kz_pixels_release(&narrow);
  kz_pixels_release(&a);
  kz_pixels_release(&m);
}

static int set_up(void **state) {
  (void)state;
  struct kz_err err;
  return !mkdtemp(folder) || kz_image_startup("test_report", 1, &err);
}

static int tear_down(void **state) {
  (void)state;
  static const char *const names[] = {"a.png", "m.png", "d.png"};
  for (int i = 0; i < 3; i++) unlink(in_folder(names[i]));
  kz_image_shutdown();
  return rmdir(folder);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_figures),
      cmocka_unit_test(test_shapes_refused),
      cmocka_unit_test(test_sheet_panels),
      cmocka_unit_test(test_files),
  };
  return cmocka_run_group_tests_name("report", tests, set_up, tear_down);
}
