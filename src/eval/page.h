/* Parts of the page. All write to an open file, whose error is looked at when it is closed. */
#ifndef KZ_EVAL_PAGE_H
#define KZ_EVAL_PAGE_H

#include <stdio.h>

#include "eval/eval.h"
#include "report/html.h"

/* "data:image/png;base64,..." of a picture, reduced to at most `side` px each way; where `holes`
 * (or NULL) is set it is painted out. */
int kz__put_picture(FILE *f, const struct kz_pixels *p, const struct kz_pixels *holes, int side,
                    struct kz_err *err);
/* Every pair's value of a metric as a dot, a row for each group, with mean and interval: SVG. */
void kz__put_plot(FILE *f, const struct kz_eval *e, int metric);

#endif
