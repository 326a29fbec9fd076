/* Class maps from every kind of source, against pictures of letters and against slow references. */
#include "treat_fixture.h"

#include <math.h>
#include <sys/stat.h>

static struct kz_treat_source of_size(int width, int height) {
  return (struct kz_treat_source){.width = width, .height = height, .mask_class = KZ_UNCLASSIFIED};
}

static void assert_reads(const char *path, int width, int height, const struct kz_policy *policy,
                         const char *want) {
  struct kz_treat_source s = of_size(width, height);
  struct kz_treat_map map;
  struct kz_err err = {0};
  if (kz_treat_map_load(&map, path, &s, policy, &err)) fail_msg("%s", err.msg);
  assert_map(&map, want);
  int64_t all = 0, runs = 0;
  for (int i = 0; i < KZ_DAMAGE_CLASSES; i++) all += map.area[i];
  for (int64_t i = 0; i < map.rows.run_count; i++) runs += map.rows.runs[i].len;
  assert_int_equal(all, runs);
  kz_treat_map_release(&map);
}

static void assert_json_reads(const char *text, int width, int height, const char *want) {
  put_text(in_folder("a.json"), text);
  assert_reads(in_folder("a.json"), width, height, NULL, want);
}

static void assert_refused(const char *path, int width, int height, int code, const char *says) {
  struct kz_treat_source s = of_size(width, height);
  struct kz_treat_map map;
  struct kz_err err = {0};
  int got = kz_treat_map_load(&map, path, &s, NULL, &err);
  if (got != code || !strstr(err.msg, says) || !strstr(err.msg, path))
    fail_msg("wanted %d \"%s\", got %d \"%s\"", code, says, got, err.msg);
  assert_null(map.rows.runs);
}

/* ---- polygons ---- */

#define COCO_HEAD(w, h)                                                              \
  "{\"images\": [{\"id\": 7, \"file_name\": \"a.png\", \"width\": " #w ", \"height\": " #h \
  "}], \"categories\": [{\"id\": 1, \"name\": \"crack\"}, {\"id\": 2, \"name\": \"Paint Loss\"}]," \
  " \"annotations\": ["
#define NOTE(cat) "{\"id\": 5, \"image_id\": 7, \"category_id\": " #cat ", \"segmentation\": "

static void test_coco_polygons(void **state) {
  (void)state;
  /* The centre of a pixel decides; the later annotation is on top; two polygons of one annotation
   * both count, and what leaves the image is cut off. */
  assert_json_reads(COCO_HEAD(6, 4) NOTE(2) "[[0.5, 0.5, 3.5, 0.5, 3.5, 2.5, 0.5, 2.5]]},"
                    NOTE(1) "[[2, 1, 4, 1, 4, 2, 2, 2], [5, 3, 99, 3, 99, 99, 5, 99]]}]}",
                    6, 4,
                    "lll...\n"
                    "llcc..\n"
                    "......\n"
                    ".....c\n");
  /* A star drawn in one stroke: its middle is crossed twice and stays out (even-odd). */
  assert_json_reads(COCO_HEAD(5, 5) NOTE(2) "[[0, 0, 5, 0, 5, 5, 0, 5, 0, 0, 1, 1, 4, 1, 4, 4, 1, "
                    "4, 1, 1]]}]}",
                    5, 5,
                    "lllll\n"
                    "l...l\n"
                    "l...l\n"
                    "l...l\n"
                    "lllll\n");
}

/* Inside by casting a ray to the left from the pixel's centre. */
static bool inside(const double *xy, int n, double x, double y) {
  bool in = false;
  for (int i = 0, j = n - 1; i < n; j = i++) {
    double xi = xy[2 * i], yi = xy[2 * i + 1], xj = xy[2 * j], yj = xy[2 * j + 1];
    if ((yi > y) != (yj > y) && x > (xj - xi) * (y - yi) / (yj - yi) + xi) in = !in;
  }
  return in;
}

static void test_random_polygons_against_ray_casting(void **state) {
  (void)state;
  enum { W = 37, H = 29 };
  uint32_t seed = 5;
  for (int round = 0; round < 40; round++) {
    int n = 3 + (int)(noise(&seed) % 9);
    double xy[24];
    char text[2048], want[(W + 1) * H + 1], *out = want;
    int at = snprintf(text, sizeof text, "%s", COCO_HEAD(37, 29) NOTE(2) "[[");
    for (int i = 0; i < 2 * n; i++) {
      xy[i] = (int)(noise(&seed) % 5000) / 100.0 - 5.003;
      at += snprintf(text + at, sizeof text - (size_t)at, "%s%.17g", i ? ", " : "", xy[i]);
    }
    snprintf(text + at, sizeof text - (size_t)at, "]]}]}");
    for (int y = 0; y < H; y++) {
      for (int x = 0; x < W; x++) *out++ = inside(xy, n, x + 0.5, y + 0.5) ? 'l' : '.';
      *out++ = '\n';
    }
    *out = 0;
    assert_json_reads(text, W, H, want);
  }
}

static void test_neighbours_share_out_their_edge(void **state) {
  (void)state;
  struct kz_treat_source s = of_size(64, 48);
  struct kz_treat_map map;
  struct kz_err err;
  put_text(in_folder("a.json"),
           COCO_HEAD(64, 48) NOTE(1) "[[0, 0, 64, 0, 37.3, 23.1]]}," NOTE(2)
           "[[64, 0, 64, 48, 37.3, 23.1]]}," NOTE(1) "[[64, 48, 0, 48, 37.3, 23.1]]}," NOTE(2)
           "[[0, 48, 0, 0, 37.3, 23.1]]}]}");
  assert_int_equal(kz_treat_map_load(&map, in_folder("a.json"), &s, NULL, &err), 0);
  assert_int_equal(map.overlapped, 0);
  assert_int_equal(map.area[CRACK] + map.area[LOSS], 64 * 48);
  kz_treat_map_release(&map);
}

/* ---- run lengths ---- */

static void test_coco_runs(void **state) {
  (void)state;
  const char *want = ".l..\n"
                     "ll.l\n"
                     ".l.l\n";
  assert_json_reads(COCO_HEAD(4, 3) NOTE(2) "{\"size\": [3, 4], \"counts\": [1, 1, 1, 3, 4, 2]}}]}",
                    4, 3, want);
  /* The same, packed: 1 1 1, then 3 - 1, 4 - 1, 2 - 3 = -1. */
  assert_json_reads(COCO_HEAD(4, 3) NOTE(2) "{\"size\": [3, 4], \"counts\": \"11123O\"}}]}", 4, 3,
                    want);
}

/* COCO's packing, written from its description. */
static char *pack(char *out, int64_t v) {
  bool more = true;
  while (more) {
    int digit = (int)(v & 31);
    v >>= 5;
    more = digit & 16 ? v != -1 : v != 0;
    *out++ = (char)((more ? digit | 32 : digit) + 48);
  }
  return out;
}

static void test_packed_runs_of_a_large_mask(void **state) {
  (void)state;
  enum { W = 61, H = 64 };
  static uint8_t mask[W * H]; /* down the columns */
  static char text[1 << 16], counts[1 << 15], want[(W + 1) * H + 1];
  uint32_t seed = 11;
  for (int i = 0, set = 0; i < W * H; set = !set)
    for (int n = 1 + (int)(noise(&seed) % (set ? 40 : 200)); n > 0 && i < W * H; n--)
      mask[i++] = (uint8_t)set;
  int64_t before[2] = {0, 0};
  char *out = counts, *w = want;
  for (int i = 0, n = 0; i < W * H; n++) {
    int begin = i;
    while (i < W * H && mask[i] == n % 2) i++;
    out = pack(out, n > 2 ? i - begin - before[n % 2] : i - begin);
    before[n % 2] = i - begin;
  }
  *out = 0;
  for (int y = 0; y < H; y++) {
    for (int x = 0; x < W; x++) *w++ = mask[x * H + y] ? 'l' : '.';
    *w++ = '\n';
  }
  char *t = text + snprintf(text, sizeof text,
                            "%s{\"size\": [64, 61], \"counts\": \"", COCO_HEAD(61, 64) NOTE(2));
  for (const char *c = counts; *c; c++) {
    if (*c == '\\') *t++ = '\\';
    *t++ = *c;
  }
  snprintf(t, sizeof text - (size_t)(t - text), "\"}}]}");
  assert_json_reads(text, W, H, want);
}

/* ---- LabelMe ---- */

static void test_labelme(void **state) {
  (void)state;
  assert_json_reads("{\"imageWidth\": 8, \"imageHeight\": 6, \"shapes\": ["
                    "{\"label\": \"crack\", \"points\": [[0, 0], [3, 0], [0, 3]]},"
                    "{\"label\": \"paint_loss\", \"shape_type\": \"rectangle\","
                    " \"points\": [[8, 1], [6, 0]]},"
                    "{\"label\": \"old repair\", \"shape_type\": \"circle\","
                    " \"points\": [[5, 4], [5, 6]]}]}",
                    8, 6,
                    "cc....ll\n"
                    "c.......\n"
                    "....rr..\n"
                    "...rrrr.\n"
                    "...rrrr.\n"
                    "....rr..\n");
}

/* ---- Web Annotations ---- */

#define W3C(svg)                                                                          \
  "{\"type\": \"AnnotationPage\", \"items\": [{\"type\": \"Annotation\","                 \
  "\"body\": [{\"value\": \"seen in 1913\"}, {\"value\": \"crack\"}], \"target\": {\"source\": " \
  "\"x\", \"selector\": {\"type\": \"SvgSelector\", \"value\": \"<svg "                   \
  "xmlns='http://www.w3.org/2000/svg'>" svg "</svg>\"}}}]}"

static void test_svg_selectors(void **state) {
  (void)state;
  const char *ring = "cccc\n"
                     "c..c\n"
                     "c..c\n"
                     "cccc\n";
  assert_json_reads(W3C("<!-- > --><g><path d='M0,0H4V4H0ZM1 1L3 1 3 3 1 3z'/></g>"), 4, 4, ring);
  assert_json_reads(W3C("<path d='m0 0 4 0 0 4-4 0zm1 1h2v2h-2z'/>"), 4, 4, ring);
  assert_json_reads(W3C("<svg:polygon points='0,0 4,0 4,4'/>"), 4, 4,
                    "cccc\n" /* a centre on a left edge is inside, on a right edge outside */
                    ".ccc\n"
                    "..cc\n"
                    "...c\n");
  assert_json_reads(W3C("<rect x='1' y='1' width='2px' height='1'/><rect x='2' y='1' width='1' "
                        "height='2'/>"),
                    4, 4, "....\n.cc.\n..c.\n....\n");
}

/* A disc of radius 10 by every way to say it: the same pixels, and those within the radius. */
static void test_curves(void **state) {
  (void)state;
  static const char *const shapes[] = {
      W3C("<circle cx='12' cy='12' r='10'/>"),
      W3C("<ellipse cx='12' cy='12' rx='10' ry='10'/>"),
      W3C("<path d='M2 12A10 10 0 0 1 22 12A10,10 0 01 2,12'/>"),
      W3C("<path d='M2 12a10 10 0 1020 0a10 10 30 1 0-20 0'/>"),
      W3C("<path d='M2 12C2 6.477 6.477 2 12 2S22 6.477 22 12 17.523 22 12 22 2 17.523 2 12'/>"),
  };
  for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
    struct kz_treat_source s = of_size(24, 24);
    struct kz_treat_map map;
    struct kz_err err = {0};
    char got[25 * 24 + 1];
    put_text(in_folder("a.json"), shapes[i]);
    if (kz_treat_map_load(&map, in_folder("a.json"), &s, NULL, &err)) fail_msg("%s", err.msg);
    show_rows(&map.rows, got);
    for (int y = 0; y < 24; y++)
      for (int x = 0; x < 24; x++) {
        double d = hypot(x + 0.5 - 12, y + 0.5 - 12);
        if (fabs(d - 10) > 0.1) assert_int_equal(got[y * 25 + x], d < 10 ? 'c' : '.');
      }
    kz_treat_map_release(&map);
  }
  /* Two quadratic arches, the second smooth: x = 8 t, y = 4 - 8 t (1 - t), then the same below. */
  assert_json_reads(W3C("<path d='M0 4Q4 0 8 4T16 4Z'/>"), 16, 8,
                    "................\n"
                    "................\n"
                    "..cccc..........\n"
                    ".cccccc.........\n"
                    ".........cccccc.\n"
                    "..........cccc..\n"
                    "................\n"
                    "................\n");
}

static void test_fragment_selectors(void **state) {
  (void)state;
  const char *want = "....\n.cc.\n....\n....\n";
  assert_json_reads("{\"body\": \"crack\", \"target\": {\"selector\": {\"type\": "
                    "\"FragmentSelector\", \"value\": \"xywh=pixel:1,1,2,1\"}}}", 4, 4, want);
  assert_json_reads("[{\"body\": {\"value\": \"裂隙\"}, \"target\": "
                    "\"http://a/b.jpg#xywh=percent:25,25,50,25\"}]", 4, 4, want);
}

/* ---- images ---- */

static void put_indexed(const char *path, int w, int h, const char *indices,
                        const uint8_t *palette, int colours) {
  put_depth(path, w, h, 8, indices, palette, colours);
}

static void test_indexed_png(void **state) {
  (void)state;
  uint8_t palette[15] = {0, 0, 0, 0, 0, 0, 10, 20, 30, 1, 2, 3, 9, 9, 9};
  struct kz_policy p;
  struct kz_err err;
  const char *path = in_folder("i.png");
  memcpy(palette + 3, kz_damage_classes[LOSS].colour, 3);
  put_indexed(path, 4, 2, "01123044", palette, 5);
  kz_policy_defaults(&p);
  assert_refused(path, 4, 2, KZ_ENOENT, "at 3, 0 the index \"2\" is no class");
  assert_int_equal(kz_policy_name(&p, "2", "crack", &err), 0);
  assert_int_equal(kz_policy_name(&p, "#010203", "old-repair", &err), 0);
  assert_int_equal(kz_policy_name(&p, "4", "ignore", &err), 0);
  assert_reads(path, 4, 2, &p, ".llc\nr...\n");
  kz_policy_release(&p);
}

static void test_grey_indices_and_masks(void **state) {
  (void)state;
  static const uint8_t two[6] = {0, 0, 0, 255, 255, 255};
  struct kz_policy p;
  struct kz_err err;
  const char *path = in_folder("g.png");
  struct kz_treat_source s = of_size(3, 2);
  struct kz_treat_map map;
  put_indexed(path, 3, 2, "010011", two, 2); /* a palette of black and white is a mask's */
  assert_reads(path, 3, 2, NULL, ".U.\n.UU\n");
  put_indexed(path, 3, 2, "012211", NULL, 0);
  kz_policy_defaults(&p);
  assert_int_equal(kz_policy_name(&p, "1", "crack", &err), 0);
  assert_int_equal(kz_policy_name(&p, "2", "paint-loss", &err), 0);
  s.format = KZ_TREAT_INDEXED;
  assert_int_equal(kz_treat_map_load(&map, path, &s, &p, &err), 0);
  assert_map(&map, ".cl\nlcc\n");
  kz_treat_map_release(&map);
  kz_policy_release(&p);
}

static void test_colours_without_a_palette(void **state) {
  (void)state;
  const char *path = in_folder("c.png");
  struct kz_treat_source s = of_size(3, 1);
  struct kz_treat_map map;
  struct kz_pixels px;
  struct kz_err err;
  assert_int_equal(kz_pixels_init(&px, 3, 1, 3, &err), 0);
  memset(px.data, 0, 9);
  memcpy(px.data, kz_damage_classes[LOSS].colour, 3);
  memcpy(px.data + 6, kz_damage_classes[CRACK].colour, 3);
  assert_int_equal(kz_pixels_save(&px, path, &err), 0);
  assert_refused(path, 3, 1, KZ_EUNSUPPORTED, "in colour at 0, 0");
  s.format = KZ_TREAT_INDEXED;
  assert_int_equal(kz_treat_map_load(&map, path, &s, NULL, &err), 0);
  assert_map(&map, "l.c\n");
  kz_treat_map_release(&map);
  px.data[4] = 1;
  assert_int_equal(kz_pixels_save(&px, path, &err), 0);
  assert_int_equal(kz_treat_map_load(&map, path, &s, NULL, &err), KZ_ENOENT);
  assert_non_null(strstr(err.msg, "at 1, 0 the colour \"#000100\" is no class"));
  kz_pixels_release(&px);
}

/* Indices of 2 and 4 bits, with a palette and as grey, which decoders spread over 0 to 255. */
static void test_small_indices(void **state) {
  (void)state;
  static const uint8_t palette[12] = {0, 0, 0, 10, 20, 30, 200, 1, 2, 5, 250, 7};
  const char *path = in_folder("s.png");
  struct kz_policy p;
  struct kz_err err;
  kz_policy_defaults(&p);
  assert_int_equal(kz_policy_name(&p, "1", "crack", &err), 0);
  assert_int_equal(kz_policy_name(&p, "2", "paint-loss", &err), 0);
  assert_int_equal(kz_policy_name(&p, "3", "old-repair", &err), 0);
  for (int depth = 2; depth <= 4; depth += 2)
    for (int grey = 0; grey < 2; grey++) {
      struct kz_treat_source s = of_size(5, 2);
      struct kz_treat_map map;
      s.format = KZ_TREAT_INDEXED;
      put_depth(path, 5, 2, depth, "0123032100", grey ? NULL : palette, 4);
      assert_int_equal(kz_treat_map_load(&map, path, &s, &p, &err), 0);
      assert_map(&map, ".clr.\nrlc..\n");
      kz_treat_map_release(&map);
    }
  kz_policy_release(&p);
}

static void put_mask(const char *path, const char *picture, int w, int h) {
  struct kz_pixels px;
  struct kz_err err;
  assert_int_equal(kz_pixels_init(&px, w, h, 1, &err), 0);
  for (int i = 0; i < w * h; i++) px.data[i] = picture[i] == '.' ? 0 : 255;
  assert_int_equal(kz_pixels_save(&px, path, &err), 0);
  kz_pixels_release(&px);
}

static void test_a_mask_a_class(void **state) {
  (void)state;
  char dir[128], a[192], b[192];
  struct kz_treat_source s = of_size(4, 2);
  struct kz_treat_map map;
  struct kz_err err;
  snprintf(dir, sizeof dir, "%s/masks", folder);
  snprintf(a, sizeof a, "%s/crack.png", dir);
  snprintf(b, sizeof b, "%s/paint_loss.tif", dir);
  assert_int_equal(mkdir(dir, 0700), 0);
  assert_refused(dir, 4, 2, KZ_ENOENT, "no masks here");
  put_mask(a, "cc..c...", 4, 2);
  put_mask(b, ".ll....l", 4, 2);
  assert_reads(dir, 4, 2, NULL, "cll.\nc..l\n");
  const char *const paths[] = {b, a};
  const int classes[] = {LOSS, REPAIR};
  assert_int_equal(kz_treat_map_load_masks(&map, paths, classes, 2, &s, &err), 0);
  assert_map(&map, "rrl.\nr..l\n");
  assert_int_equal(map.overlapped, 1);
  kz_treat_map_release(&map);
  assert_refused(dir, 5, 2, KZ_ESHAPE, "4 x 2 px, but the image is 5 x 2");
  snprintf(a + strlen(dir), sizeof a - strlen(dir), "/rust.png");
  put_mask(a, "........", 4, 2);
  assert_refused(dir, 4, 2, KZ_ENOENT, "\"rust\" is no class");
  unlink(a);
  unlink(b);
  snprintf(a + strlen(dir), sizeof a - strlen(dir), "/crack.png");
  unlink(a);
  rmdir(dir);
}

/* ---- what is refused ---- */

static void test_bad_annotations_are_refused(void **state) {
  (void)state;
  static const struct {
    const char *text, *says;
    int code;
  } bad[] = {
      {"{\"images\": [", "broken JSON in line 1", KZ_EFORMAT},
      {"{}", "not annotations that are known", KZ_EFORMAT},
      {COCO_HEAD(5, 4) "]}", "5 x 4 px, but this one is 4 x 4", KZ_ESHAPE},
      {COCO_HEAD(4, 4) NOTE(3) "[[0, 0, 1, 0, 1, 1]]}]}", "annotation 5: its category_id",
       KZ_EFORMAT},
      {COCO_HEAD(4, 4) NOTE(1) "[[0, 0, 1, 0]]}]}", "three corners", KZ_EFORMAT},
      {COCO_HEAD(4, 4) NOTE(1) "[[0, 0, 1, 0, 1, \"1\"]]}]}", "not a number", KZ_EFORMAT},
      {COCO_HEAD(4, 4) NOTE(1) "[[0, 0, 1, 0, 1, 1e300]]}]}", "over 1e9", KZ_ERANGE},
      {COCO_HEAD(4, 4) NOTE(1) "[]}]}", "no \"segmentation\"", KZ_EFORMAT},
      {COCO_HEAD(4, 4) NOTE(1) "{\"size\": [4, 4], \"counts\": [9, 8]}}]}", "add up", KZ_EFORMAT},
      {COCO_HEAD(4, 4) NOTE(1) "{\"size\": [4, 4], \"counts\": [15]}}]}", "add up", KZ_EFORMAT},
      {COCO_HEAD(4, 4) NOTE(1) "{\"size\": [4, 4], \"counts\": \"oooooooooooooooo\"}}]}", "add up",
       KZ_EFORMAT},
      {COCO_HEAD(4, 4) NOTE(1) "{\"size\": [4, 4], \"counts\": \"P\"}}]}", "add up", KZ_EFORMAT},
      {COCO_HEAD(4, 4) NOTE(1) "{\"size\": [4, 5], \"counts\": [20]}}]}", "5 x 4 px", KZ_ESHAPE},
      {"{\"images\": [{\"id\": 1}, {\"id\": 2}], \"annotations\": []}", "none of its 2 images",
       KZ_ENOENT},
      {"{\"shapes\": [{\"label\": \"rust\", \"points\": []}]}", "\"rust\" is no class", KZ_ENOENT},
      {"{\"shapes\": [{\"label\": \"crack\", \"shape_type\": \"linestrip\", \"points\": []}]}",
       "a linestrip is not read", KZ_EUNSUPPORTED},
      {"{\"shapes\": [{\"points\": []}]}", "shape 1 has no \"label\"", KZ_EFORMAT},
      {"{\"shapes\": [{\"label\": \"crack\", \"points\": [[1], [2], [3]]}]}", "is not [x, y]",
       KZ_EFORMAT},
      {"{\"shapes\": [], \"imageWidth\": 3, \"imageHeight\": 4}", "3 x 4 px", KZ_ESHAPE},
      {"[{\"body\": \"rust\", \"target\": \"a\"}]", "\"rust\" is no class", KZ_ENOENT},
      {"[{\"body\": \"crack\", \"target\": \"a\"}]", "no selector", KZ_EFORMAT},
      {"[{\"body\": \"crack\", \"target\": \"a#xywh=1,2,3\"}]", "fragment is not", KZ_EFORMAT},
      {"[{\"body\": \"crack\"}]", "no \"target\"", KZ_EFORMAT},
      {"[{\"target\": \"a\"}]", "no body", KZ_EFORMAT},
      {"[{\"body\": \"crack\", \"target\": {\"selector\": {\"type\": \"XPathSelector\", \"value\": "
       "\"\"}}}]", "XPathSelector is not read", KZ_EUNSUPPORTED},
      {W3C(""), "no shape", KZ_EFORMAT},
      {W3C("<line x1='0'/>"), "no area", KZ_EUNSUPPORTED},
      {W3C("<g transform='scale(2)'>"), "transforms", KZ_EUNSUPPORTED},
      {W3C("<path d='L1 1'/>"), "cannot be read", KZ_EFORMAT},
      {W3C("<path d='M1 1 X'/>"), "cannot be read", KZ_EFORMAT},
      {W3C("<path d='M1 1 2'/>"), "cannot be read", KZ_EFORMAT},
      {W3C("<path d='M1 1A1 1 0 2 0 3 3'/>"), "cannot be read", KZ_EFORMAT},
      {W3C("<polygon points='1,1 2,2'/>"), "cannot be read", KZ_EFORMAT},
      {W3C("<polygon points='1,1 2,2 x'/>"), "cannot be read", KZ_EFORMAT},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    put_text(in_folder("a.json"), bad[i].text);
    assert_refused(in_folder("a.json"), 4, 4, bad[i].code, bad[i].says);
  }
  assert_refused(in_folder("none.json"), 4, 4, KZ_ENOENT, "none.json");
}

static void test_which_picture_of_coco(void **state) {
  (void)state;
  struct kz_treat_source s = of_size(2, 1);
  struct kz_treat_map map;
  struct kz_err err;
  put_text(in_folder("a.json"),
           "{\"images\": [{\"id\": 1, \"file_name\": \"x/a.png\"}, {\"id\": 2, \"file_name\": "
           "\"b.png\"}], \"categories\": [{\"id\": 1, \"name\": \"crack\"}], \"annotations\": ["
           "{\"image_id\": 1, \"category_id\": 1, \"segmentation\": [[0, 0, 1, 0, 1, 1, 0, 1]]},"
           "{\"image_id\": 2, \"category_id\": 1, \"segmentation\": [[1, 0, 2, 0, 2, 1, 1, 1]]}]}");
  s.picture = "/wall/b.png";
  assert_int_equal(kz_treat_map_load(&map, in_folder("a.json"), &s, NULL, &err), 0);
  assert_map(&map, ".c\n");
  kz_treat_map_release(&map);
  s.picture = "/wall/a.png";
  assert_int_equal(kz_treat_map_load(&map, in_folder("a.json"), &s, NULL, &err), 0);
  assert_map(&map, "c.\n");
  kz_treat_map_release(&map);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_coco_polygons),
      cmocka_unit_test(test_random_polygons_against_ray_casting),
      cmocka_unit_test(test_neighbours_share_out_their_edge),
      cmocka_unit_test(test_coco_runs),
      cmocka_unit_test(test_packed_runs_of_a_large_mask),
      cmocka_unit_test(test_labelme),
      cmocka_unit_test(test_svg_selectors),
      cmocka_unit_test(test_curves),
      cmocka_unit_test(test_fragment_selectors),
      cmocka_unit_test(test_indexed_png),
      cmocka_unit_test(test_grey_indices_and_masks),
      cmocka_unit_test(test_colours_without_a_palette),
      cmocka_unit_test(test_small_indices),
      cmocka_unit_test(test_a_mask_a_class),
      cmocka_unit_test(test_bad_annotations_are_refused),
      cmocka_unit_test(test_which_picture_of_coco),
  };
  return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
