/* Reading the JSON of keys and answers: what is absent or of another type has a value that no valid
 * file has, so that one look at the value is enough. */
#ifndef KZ_EVAL_STUDY_JSON_H
#define KZ_EVAL_STUDY_JSON_H

#include <jansson.h>

#include <kizil/err.h>

/* Errors name the file and the place in it. */
int kz__json_load(const char *path, json_t **out, struct kz_err *err);
const char *kz__json_text(const json_t *object, const char *key); /* "" */
int kz__json_int(const json_t *object, const char *key);          /* from 0; else -1 */

#endif
