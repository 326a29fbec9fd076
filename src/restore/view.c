/* Swaps in place: a view costs no second tile. */
#include "restore/view.h"

static void swap(float *a, float *b, int n) {
  for (int i = 0; i < n; i++) {
    float x = a[i];
    a[i] = b[i];
    b[i] = x;
  }
}

struct kz__view kz__view_at(int i) {
  return (struct kz__view){.x = i == 1 || i == 2, .y = i >= 2};
}

void kz__view_turn(struct kz__view by, int w, int h, int channels, float *tile) {
  const int row = w * channels;
  for (int y = 0; y < h && by.x; y++)
    for (int x = 0; x < w / 2; x++)
      swap(tile + y * row + x * channels, tile + y * row + (w - 1 - x) * channels, channels);
  for (int y = 0; y < h / 2 && by.y; y++) swap(tile + y * row, tile + (h - 1 - y) * row, row);
}
