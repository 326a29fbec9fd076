/* Source and result, sample by sample: what differs, and whether the mask allows it. */
#ifndef KZ_RECORD_PIXELS_H
#define KZ_RECORD_PIXELS_H

#include <kizil/record.h>

/* Fill in report->changed, outside, first_x, first_y and the finding KZ_CHECK_PIXELS. Files that
 * cannot be read and images that do not fit together are findings too; errors are memory and
 * KZ_EINTR. */
int kz__record_compare(const char *source, const char *mask, const char *result,
                       const struct kz_restore_host *host, struct kz_record_report *report,
                       struct kz_err *err);

#endif
