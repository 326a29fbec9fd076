/* kizil sheet: a restoration beside what it was made from, and its figures. */
#include <stdbool.h>
#include <stdio.h>

#include <kizil/report.h>

#include "cli.h"

struct args {
  const char *out, *original, *damaged, *mask, *restored;
  struct kz_sheet_options o;
};

struct pictures {
  struct kz_pixels original, damaged, mask, restored, sheet;
};

static const char notes[] =
    "Prints the PSNR inside the hole and over the whole picture (8-bit RGB), and the largest change\n"
    "outside the mask. Without --original only that change is known, against --damaged.\n"
    "\n"
    "  kizil sheet sheet.png --original mural.png --mask mask.png --restored restored.png";

static int load(const struct args *a, struct pictures *p, struct kz_err *err) {
  int code = kz_report_load(a->restored, &p->restored, err);
  if (!code) code = kz_report_load_mask(a->mask, &p->mask, err);
  if (!code && a->original) code = kz_report_load(a->original, &p->original, err);
  if (!code && a->damaged) code = kz_report_load(a->damaged, &p->damaged, err);
  return code;
}

static int print_figures(const struct args *a, const struct pictures *p, struct kz_err *err) {
  struct kz_figures f;
  int code;
  if (!a->original && !a->damaged) return 0;
  code = kz_report_compare(a->original ? &p->original : &p->damaged, &p->restored, &p->mask, &f,
                           err);
  if (code) return code;
  if (a->original)
    printf("hole PSNR %.2f dB, full PSNR %.2f dB, ", f.hole_psnr, f.full_psnr);
  printf("largest change outside the mask %d, damaged %.2f %%\n", f.largest_outside,
         100 * f.cover);
  return 0;
}

static int make(const struct args *a, struct pictures *p, struct kz_err *err) {
  const char *const sources[] = {a->restored, a->mask, a->original ? a->original : a->mask,
                                 a->damaged ? a->damaged : a->mask, NULL};
  const struct kz_sheet sheet = {.original = a->original ? &p->original : NULL,
                                 .damaged = a->damaged ? &p->damaged : NULL,
                                 .mask = &p->mask,
                                 .restored = &p->restored};
  int code = kz_image_startup("kizil", 0, err);
  if (!code) code = load(a, p, err);
  if (!code) code = kz_sheet_draw(&sheet, &a->o, &p->sheet, err);
  if (!code) code = kz_report_save(&p->sheet, a->out, sources, err);
  if (!code) code = print_figures(a, p, err);
  return code;
}

static int run(int argc, char **argv) {
  struct args a = {0};
  struct pictures p = {0};
  struct kz_err err;
  const struct kz_cli_positional positionals[] = {{"OUT", &a.out, "sheet to write", false}, {0}};
  const struct kz_cli_option options[] = {
      {.name = "original", .value = "IMAGE", .text = &a.original, .help = "the undamaged picture"},
      {.name = "damaged", .value = "IMAGE", .text = &a.damaged,
       .help = "what was restored (the holes are painted out otherwise)"},
      {.name = "mask", .value = "MASK", .text = &a.mask, .required = true, .help = "damage, white"},
      {.name = "restored", .value = "IMAGE", .text = &a.restored, .required = true,
       .help = "the result"},
      {0}};
  const struct kz_cli_parser parser = {.command = &kz_cmd_sheet,
                                       .positionals = positionals,
                                       .options = options,
                                       .tables = {{kz_sheet_params, &a.o}},
                                       .notes = notes};
  int status = kz_cli_parse(&parser, argc, argv);
  if (status >= 0) return status;
  status = make(&a, &p, &err) ? kz_cli_fail(&err) : KZ_EXIT_OK;
  kz_pixels_release(&p.original);
  kz_pixels_release(&p.damaged);
  kz_pixels_release(&p.mask);
  kz_pixels_release(&p.restored);
  kz_pixels_release(&p.sheet);
  kz_image_shutdown();
  kz_cli_release(&parser);
  return status;
}

const struct kz_command kz_cmd_sheet = {
    "sheet", "put original, damage and restoration side by side", run};
