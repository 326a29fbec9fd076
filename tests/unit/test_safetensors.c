/* Safetensors: what is written is read back; what is damaged is refused, by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "nn/safetensors.h"

static char dir[64], path[96];

static int setup(void **state) {
  (void)state;
  snprintf(dir, sizeof dir, "/tmp/kizil-st-XXXXXX");
  if (!mkdtemp(dir)) return -1;
  snprintf(path, sizeof path, "%s/a.safetensors", dir);
  return 0;
}

static int teardown(void **state) {
  (void)state;
  unlink(path);
  return rmdir(dir); /* fails if a temporary is left behind */
}

/* A file with this header and `data` bytes after it. */
static void craft(const char *header, size_t data) {
  uint64_t len = strlen(header);
  FILE *f = fopen(path, "wb");
  assert_non_null(f);
  assert_int_equal(fwrite(&len, 1, 8, f), 8);
  assert_int_equal(fwrite(header, 1, len, f), len);
  for (size_t i = 0; i < data; i++) fputc((int)(i & 255), f);
  assert_int_equal(fclose(f), 0);
}

static void refused(const char *header, size_t data, const char *tensor, const char *field) {
  struct kz_err err = {0};
  struct kz_safetensors *s = NULL;
  craft(header, data);
  int code = kz_safetensors_open(path, &s, &err);
  if (code != KZ_EFORMAT || !strstr(err.msg, field))
    fail_msg("%s: code %d, message '%s', wanted '%s'", header, code, err.msg, field);
  assert_null(s);
  assert_non_null(strstr(err.msg, path));
  assert_non_null(strstr(err.msg, tensor));
}

static void write_sample(void) {
  static const float w[6] = {1, -2, 3.5f, 0, 65504, 1e-7f};
  static const int64_t steps[1] = {123456789012345};
  static const uint8_t bytes[3] = {7, 8, 9};
  const struct kz_st_write t[] = {
      {"w", KZ_ST_F32, 2, {2, 3}, w, 0},    {"w.half", KZ_ST_F16, 1, {6}, w, 1},
      {"w.brain", KZ_ST_BF16, 1, {6}, w, 1}, {"n", KZ_ST_I64, 1, {1}, steps, 0},
      {"b", KZ_ST_U8, 1, {3}, bytes, 0},     {"none", KZ_ST_F32, 2, {0, 4}, w, 0},
      {"scalar", KZ_ST_F32, 0, {0}, w + 2, 0}};
  const struct kz_st_meta meta[] = {{"format", "test"},
                                    {"text", "a \"quoted\"\n line, \xe7\x9f\xb3"}};
  struct kz_err err = {0};
  if (kz_safetensors_save(path, t, 7, meta, 2, &err)) fail_msg("%s", err.msg);
}

static void test_round_trip(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_safetensors *s = NULL;
  write_sample();
  if (kz_safetensors_open(path, &s, &err)) fail_msg("%s", err.msg);
  assert_int_equal(kz_safetensors_count(s), 7);
  assert_string_equal(kz_safetensors_meta(s, "text"), "a \"quoted\"\n line, \xe7\x9f\xb3");
  assert_null(kz_safetensors_meta(s, "absent"));
  assert_null(kz_safetensors_find(s, "absent"));
  assert_null(kz_safetensors_at(s, 7));

  const struct kz_st_tensor *w = kz_safetensors_find(s, "w");
  const float want[6] = {1, -2, 3.5f, 0, 65504, 1e-7f};
  assert_true(w->dtype == KZ_ST_F32 && w->rank == 2 && w->shape[0] == 2 && w->shape[1] == 3);
  assert_memory_equal(w->data, want, sizeof want);
  assert_int_equal((uintptr_t)w->data % 64, 0);
  const uint16_t half[6] = {0x3c00, 0xc000, 0x4300, 0, 0x7bff, 0x0002};
  assert_memory_equal(kz_safetensors_find(s, "w.half")->data, half, sizeof half);
  const uint16_t brain[6] = {0x3f80, 0xc000, 0x4060, 0, 0x4780, 0x33d7};
  assert_memory_equal(kz_safetensors_find(s, "w.brain")->data, brain, sizeof brain);
  int64_t n;
  memcpy(&n, kz_safetensors_find(s, "n")->data, 8);
  assert_true(n == 123456789012345);
  assert_int_equal(kz_safetensors_find(s, "none")->bytes, 0);
  assert_int_equal(kz_safetensors_find(s, "scalar")->rank, 0);
  assert_int_equal(kz_safetensors_find(s, "scalar")->bytes, 4);
  kz_safetensors_close(s);
}

/* Cut anywhere: refused, never read past the end. Grown: refused too. */
static void test_every_length(void **state) {
  (void)state;
  struct kz_err err;
  struct kz_safetensors *s = NULL;
  char *data = NULL;
  size_t len = 0;
  write_sample();
  assert_int_equal(kz_file_read(path, 1 << 20, &data, &len, &err), 0);
  for (size_t cut = 0; cut <= len + 16; cut += cut + 8 < len ? 3 : 1) {
    if (cut == len) continue;
    FILE *f = fopen(path, "wb");
    assert_int_equal(fwrite(data, 1, cut < len ? cut : len, f), cut < len ? cut : len);
    for (size_t i = len; i < cut; i++) fputc(0, f);
    fclose(f);
    memset(&err, 0, sizeof err);
    if (kz_safetensors_open(path, &s, &err) != KZ_EFORMAT || !strstr(err.msg, path))
      fail_msg("cut to %zu of %zu: '%s'", cut, len, err.msg);
  }
  assert_non_null(strstr(err.msg, "oversized"));
  free(data);
}

/* Any byte of the header changed: refused or read, but never a crash or a tensor outside. */
static void test_flipped_bytes(void **state) {
  (void)state;
  struct kz_err err;
  char *data = NULL;
  size_t len = 0;
  write_sample();
  assert_int_equal(kz_file_read(path, 1 << 20, &data, &len, &err), 0);
  for (size_t i = 0; i < len; i += 2) {
    struct kz_safetensors *s = NULL;
    char old = data[i];
    data[i] = (char)(old ^ (1 << (i / 2 % 8)));
    FILE *f = fopen(path, "wb");
    assert_int_equal(fwrite(data, 1, len, f), len);
    fclose(f);
    if (kz_safetensors_open(path, &s, &err) == 0) {
      unsigned sum = 0;
      for (int k = 0; k < kz_safetensors_count(s); k++) {
        const struct kz_st_tensor *t = kz_safetensors_at(s, k);
        for (uint64_t b = 0; b < t->bytes; b++) sum += ((const uint8_t *)t->data)[b];
      }
      assert_true(sum < UINT32_MAX);
      kz_safetensors_close(s);
    }
    data[i] = old;
  }
  free(data);
}

#define T(dtype, shape, offsets) \
  "{\"x\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static void test_refusals(void **state) {
  (void)state;
  refused("", 4, "", "header");
  refused("[]", 4, "", "not a JSON object");
  refused("{\"x\":", 4, "", "not JSON");
  refused("{\"x\":3}", 0, "'x'", "entry");
  refused("{\"__metadata__\":3}", 0, "__metadata__", "not an object");
  refused("{\"__metadata__\":{\"k\":3}}", 0, "'k'", "not a string");
  refused("{\"x\":{\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "'x'", "dtype");
  refused(T("\"F64\"", "[1]", "[0,8]"), 8, "'x'", "dtype: 'F64'");
  refused(T("7", "[1]", "[0,8]"), 8, "'x'", "dtype");
  refused(T("\"F32\"", "4", "[0,4]"), 4, "'x'", "shape");
  refused(T("\"F32\"", "[-1]", "[0,4]"), 4, "'x'", "shape: dimension 0");
  refused(T("\"F32\"", "[1.5]", "[0,4]"), 4, "'x'", "shape");
  refused(T("\"F32\"", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4, "'x'", "shape: 9 dim");
  refused(T("\"F32\"", "[4294967296,4294967296]", "[0,4]"), 4, "'x'", "shape: more");
  refused(T("\"F32\"", "[4611686018427387905]", "[0,4]"), 4, "'x'", "shape: more");
  refused(T("\"F32\"", "[1]", "[0]"), 4, "'x'", "data_offsets");
  refused(T("\"F32\"", "[1]", "[0,\"4\"]"), 4, "'x'", "data_offsets");
  refused(T("\"F32\"", "[1]", "[4,0]"), 4, "'x'", "data_offsets");
  refused(T("\"F32\"", "[1]", "[-4,0]"), 4, "'x'", "data_offsets");
  refused(T("\"F32\"", "[2]", "[0,8]"), 4, "'x'", "truncated");
  refused(T("\"F32\"", "[2]", "[0,9223372036854775807]"), 4, "'x'", "truncated");
  refused(T("\"F32\"", "[2]", "[0,4]"), 4, "'x'", "dtype and shape make 8");
  refused(T("\"F32\"", "[1]", "[4,8]"), 8, "'x'", "gap");
  refused(T("\"F32\"", "[1]", "[0,4]"), 8, "", "oversized");
  refused("{\"x\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4],\"extra\":1}}", 4, "'x'",
          "extra: unknown field");
  refused("{\"x\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
          "\"y\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[2,6]}}",
          6, "'y'", "overlaps tensor 'x'");
  refused("{\"x\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]},"
          "\"x\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}",
          4, "", "duplicate");
}

static void test_foreign(void **state) {
  (void)state;
  struct kz_err err = {0};
  struct kz_safetensors *s = NULL;
  FILE *f = fopen(path, "wb");
  fputs("\x89PNG\r\n\x1a\n and so on, a picture", f);
  fclose(f);
  assert_int_equal(kz_safetensors_open(path, &s, &err), KZ_EFORMAT);
  assert_non_null(strstr(err.msg, "header length"));
  assert_int_equal(kz_safetensors_open(dir, &s, &err), KZ_EFORMAT);
  assert_non_null(strstr(err.msg, "regular file"));
  assert_int_equal(kz_safetensors_open("/nonexistent/x", &s, &err), KZ_ENOENT);
  assert_non_null(strstr(err.msg, "/nonexistent/x"));
}

static void test_save_refusals(void **state) {
  (void)state;
  struct kz_err err = {0};
  const float w[1] = {1};
  const struct kz_st_write twice[] = {{"a", KZ_ST_F32, 1, {1}, w, 0},
                                      {"a", KZ_ST_F32, 1, {1}, w, 0}};
  const struct kz_st_write meta = {"__metadata__", KZ_ST_F32, 1, {1}, w, 0};
  write_sample();
  struct stat before, after;
  assert_int_equal(stat(path, &before), 0);
  assert_int_equal(kz_safetensors_save(path, twice, 2, NULL, 0, &err), KZ_EEXIST);
  assert_non_null(strstr(err.msg, "'a'"));
  assert_int_equal(kz_safetensors_save(path, &meta, 1, NULL, 0, &err), KZ_EEXIST);
  assert_int_equal(stat(path, &after), 0);
  assert_int_equal(before.st_ino, after.st_ino); /* the old file stays */
  assert_true(kz_safetensors_save("/nonexistent/x", twice, 1, NULL, 0, &err) < 0);
  assert_non_null(strstr(err.msg, "/nonexistent/x"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_round_trip),    cmocka_unit_test(test_every_length),
      cmocka_unit_test(test_flipped_bytes), cmocka_unit_test(test_refusals),
      cmocka_unit_test(test_foreign),       cmocka_unit_test(test_save_refusals),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
