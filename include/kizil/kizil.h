/* Everything kizil offers to a program, and a short tour of it.
 *
 * To restore a picture (examples/restore.c is a whole program):
 *
 *   kz_image_startup("name", threads, &err);            once, before anything else of images
 *   kz_model_load(path, KZ_PRECISION_AUTO, &model, &err);
 *   kz_params_defaults(kz_restore_params, &options);
 *   kz_restore_file(model, image, mask, out, &options, NULL, &stats, &err);
 *   kz_model_free(model);
 *   kz_image_shutdown();
 *
 * A function that can fail returns 0 (or a count) or a negative kz_code; its last argument is the
 * caller's struct kz_err, which then holds a sentence fit to be shown. The library never prints,
 * never exits and installs no signal handler. Options are plain structs described by tables of
 * struct kz_param, so a form, a command line or a configuration file can be made from them without
 * naming a field.
 *
 * Only what these headers declare can be linked against; nothing that starts with kz__ is meant.
 *
 *   compile:  cc program.c $(pkg-config --cflags --libs kizil)
 *   with libkizil.a inside: the same with its path for -lkizil, and the libraries that
 *             pkg-config --print-requires-private kizil names, -fopenmp, -ldnnl, -lm */
#ifndef KIZIL_KIZIL_H
#define KIZIL_KIZIL_H

/* Errors, parameters as data, random numbers, CSV. */
#include <kizil/csv.h>
#include <kizil/err.h>
#include <kizil/param.h>
#include <kizil/rng.h>

/* Pictures: files and pixels; what can be seen in them; damage, drawn to learn from. */
#include <kizil/caption.h>
#include <kizil/damage.h>
#include <kizil/feature.h>
#include <kizil/image.h>
#include <kizil/sample.h>

/* Restoring: a trained network; one picture or many; treatment by class of damage; candidates,
 * layers and the record. */
#include <kizil/candidates.h>
#include <kizil/layers.h>
#include <kizil/model.h>
#include <kizil/page.h>
#include <kizil/record.h>
#include <kizil/restoration.h>
#include <kizil/restore.h>
#include <kizil/treat.h>

/* Judging: against an original, by sheets of pictures, by experts' eyes. */
#include <kizil/eval.h>
#include <kizil/report.h>
#include <kizil/study.h>

/* Learning: catalogues of images, what leaves them, streams of crops, training. */
#include <kizil/catalogue.h>
#include <kizil/data.h>
#include <kizil/diffusion.h>
#include <kizil/export.h>

#endif
