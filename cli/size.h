/* Sizes on the command line: "768x512". */
#ifndef KZ_CLI_SIZE_H
#define KZ_CLI_SIZE_H

/* Both sides 1 to `most`. Returns -1 to go on, or the status of a reported usage error. */
int kz_cli_size(const char *text, int most, int *width, int *height);

#endif
