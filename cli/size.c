/* Shared by the commands that make a picture from nothing. */
#include "size.h"

#include <stdio.h>

#include "cli.h"

int kz_cli_size(const char *text, int most, int *width, int *height) {
  int used = 0;
  if (sscanf(text, "%9dx%9d%n", width, height, &used) != 2 || text[used] || *width < 1 ||
      *height < 1 || *width > most || *height > most)
    return kz_cli_usage("--size %s: write WIDTHxHEIGHT, each 1 to %d px, such as 768x512", text,
                        most);
  return -1;
}
