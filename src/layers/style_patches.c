/* A style over the patches of a picture, which may be tiles that share a region: around each patch
 * its neighbours' fill is gathered as far as the style looks. What is not changed until all are
 * done is needed by the next, so the styled rgb is kept beside. */
#include <stdlib.h>
#include <string.h>

#include <kizil/layers.h>

/* Lay what `p` has filled into the window. */
static void gather(const struct kz_patch *p, struct kz_patch *window) {
  int x0 = p->x > window->x ? p->x : window->x, y0 = p->y > window->y ? p->y : window->y;
  int x1 = p->x + p->w < window->x + window->w ? p->x + p->w : window->x + window->w;
  int y1 = p->y + p->h < window->y + window->h ? p->y + p->h : window->y + window->h;
  for (int y = y0; y < y1; y++)
    for (int x = x0; x < x1; x++) {
      size_t from = (size_t)(y - p->y) * p->w + (size_t)(x - p->x);
      size_t to = (size_t)(y - window->y) * window->w + (size_t)(x - window->x);
      if (!p->mask[from]) continue;
      window->mask[to] = 255;
      memcpy(window->rgb + 3 * to, p->rgb + 3 * from, 3 * sizeof(float));
    }
}

/* The patch with `margin` px around it, as far as the picture goes; nothing filled yet. */
static int window_init(struct kz_patch *window, const struct kz_patch *p, int margin, int width,
                       int height, struct kz_err *err) {
  int x1 = p->w < width - p->x - margin ? p->x + p->w + margin : width;
  int y1 = p->h < height - p->y - margin ? p->y + p->h + margin : height;
  window->x = p->x > margin ? p->x - margin : 0;
  window->y = p->y > margin ? p->y - margin : 0;
  window->w = x1 - window->x;
  window->h = y1 - window->y;
  size_t count = (size_t)window->w * window->h;
  window->rgb = calloc(count, 3 * sizeof(float));
  window->mask = calloc(count, 1);
  if (window->rgb && window->mask) return 0;
  return kz_err_set(err, KZ_ENOMEM, "no memory to style %d x %d px", window->w, window->h);
}

static int style_one(const struct kz_style_options *o, int width, int height,
                     const struct kz_patch *patches, int count, int which, float **rgb,
                     struct kz_err *err) {
  const struct kz_patch *p = &patches[which];
  struct kz_patch window = {0}, dst = *p;
  size_t size = (size_t)p->w * p->h;
  int rc = window_init(&window, p, kz_style_margin(o), width, height, err);
  if (rc) goto out;
  dst.rgb = malloc(size * 3 * sizeof(float));
  if (!dst.rgb) {
    rc = kz_err_set(err, KZ_ENOMEM, "no memory to style %d x %d px", p->w, p->h);
    goto out;
  }
  for (int i = 0; i < count; i++) gather(&patches[i], &window);
  rc = kz_style_apply(o, &window, &dst, err);
  for (size_t i = 0; i < size && !rc; i++) /* what a patch holds beside its fill stays */
    if (!p->mask[i]) memcpy(dst.rgb + 3 * i, p->rgb + 3 * i, 3 * sizeof(float));
  if (rc)
    free(dst.rgb);
  else
    *rgb = dst.rgb;
out:
  free(window.rgb);
  free(window.mask);
  return rc;
}

int kz_style_patches(const struct kz_style_options *o, int width, int height,
                     struct kz_patch *patches, int count, struct kz_err *err) {
  int rc = 0;
  float **styled = calloc((size_t)count + 1, sizeof *styled);
  if (!styled) return kz_err_set(err, KZ_ENOMEM, "no memory for %d patches", count);
  for (int i = 0; i < count; i++) {
    const struct kz_patch *p = &patches[i];
    if (p->x < 0 || p->y < 0 || p->w < 1 || p->h < 1 || p->x > width - p->w ||
        p->y > height - p->h) {
      rc = kz_err_set(err, KZ_ERANGE, "patch %d, %d x %d at %d, %d, leaves the %d x %d image", i,
                      p->w, p->h, p->x, p->y, width, height);
      goto out;
    }
  }
  for (int i = 0; i < count && !rc; i++)
    rc = style_one(o, width, height, patches, count, i, &styled[i], err);
  for (int i = 0; i < count && !rc; i++) /* the caller's blocks stay the caller's */
    memcpy(patches[i].rgb, styled[i], (size_t)patches[i].w * patches[i].h * 3 * sizeof(float));
out:
  for (int i = 0; i < count; i++) free(styled[i]);
  free(styled);
  return rc;
}
