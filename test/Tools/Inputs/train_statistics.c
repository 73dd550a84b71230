/* Moments of rows in memory of exactly their size, so that AddressSanitizer
 * sees every access beyond; against loops over one feature after the other. */
#include "train_statistics.h"
#include <stdio.h>
#include <stdlib.h>

enum { MOST_WIDTH = 40, MOST_ROWS = 20 };

/* The sums of take_moments for one feature. */
static int check(const float *rows, int64_t count, int64_t width, int64_t i,
                 double mean, double var) {
  double sum = 0, squares = 0;
  for (int64_t row = 0; row < count; ++row)
    sum += (double)rows[row * width + i];
  sum /= (double)count;
  for (int64_t row = 0; row < count; ++row) {
    double x = (double)rows[row * width + i] - sum;
    squares += x * x;
  }
  return mean == sum && var == squares / (double)count;
}

int main(void) {
  int failed = 0;
  for (int64_t width = 1; width <= MOST_WIDTH; ++width)
    for (int64_t count = 1; count <= MOST_ROWS; ++count) {
      float *rows = malloc((size_t)(width * count) * sizeof *rows);
      if (!rows)
        return 1;
      for (int64_t i = 0; i < width * count; ++i)
        rows[i] = (float)(i * 7919 % 1009) / 101;
      double mean[MOST_WIDTH + PANEL], var[MOST_WIDTH + PANEL];
      for (int64_t panel = 0; panel * PANEL < width; ++panel)
        take_moments(rows, count, width, panel, mean, var);
      for (int64_t i = 0; i < width; ++i)
        failed += !check(rows, count, width, i, mean[i], var[i]);
      free(rows);
    }
  printf("%d wrong\n", failed);
  return failed != 0;
}
