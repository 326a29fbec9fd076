/* Restore the white part of a mask in a picture: the whole of it through kizil's library.
 *
 *   cc restore.c $(pkg-config --cflags --libs kizil) -o restore
 *   ./restore kizil-base.safetensors mural.tif mask.png restored.tif */
#include <stdio.h>

#include <kizil/kizil.h>

static void show_progress(void *self, int done, int total) {
  (void)self;
  fprintf(stderr, "\r%3d %%", 100 * done / total);
}

int main(int argc, char **argv) {
  struct kz_model *model = NULL;
  struct kz_restore_options options;
  struct kz_restore_stats stats;
  struct kz_restore_host host = {.progress = show_progress};
  struct kz_err err;
  if (argc != 5) {
    fprintf(stderr, "usage: restore MODEL IMAGE MASK OUT\n");
    return 2;
  }
  kz_params_defaults(kz_restore_params, &options);
  options.seed = 7; /* the same seed gives the same picture */
  int code = kz_image_startup(argv[0], 0, &err);
  if (code) goto out;
  code = kz_model_load(argv[1], KZ_PRECISION_AUTO, &model, &err);
  if (code) goto out;
  code = kz_restore_file(model, argv[2], argv[3], argv[4], &options, &host, &stats, &err);
  if (code) goto out;
  fprintf(stderr, "\n");
  printf("%d x %d px, %.2f %% restored in %.1f s: %s\n", stats.width, stats.height,
         100 * stats.damaged, stats.seconds, argv[4]);
out:
  if (code) fprintf(stderr, "restore: %s\n", err.msg);
  kz_params_release(kz_restore_params, &options);
  kz_model_free(model);
  kz_image_shutdown();
  return code ? 1 : 0;
}
