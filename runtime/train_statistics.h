/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Statistics of a norm's input, as eqx.nn.BatchNorm (mode "ema") keeps them; a
 * part of train_entry_points.c. Sums are f64, one chain per feature in the
 * order of the rows: they do not depend on who adds them up. */
#ifndef SSMC_TRAIN_STATISTICS_H
#define SSMC_TRAIN_STATISTICS_H

#include "train_model.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#pragma STDC FP_CONTRACT OFF

enum { PANEL = 16 };

typedef float f32_lanes __attribute__((vector_size(PANEL * 4), aligned(4)));
typedef double f64_lanes __attribute__((vector_size(PANEL * 8), aligned(8)));

/* Mean and biased variance of 16 features over `count` rows of `width` values:
 * two passes. */
static void take_moments(const float *rows, int64_t count, int64_t width,
                         double *mean, double *var) {
  f64_lanes sum = {0}, squares = {0};
  for (int64_t row = 0; row < count; ++row)
    sum += __builtin_convertvector(*(const f32_lanes *)(rows + row * width),
                                   f64_lanes);
  f64_lanes m = sum / (double)count;
  for (int64_t row = 0; row < count; ++row) {
    f64_lanes x = __builtin_convertvector(
        *(const f32_lanes *)(rows + row * width), f64_lanes);
    x -= m;
    squares += x * x;
  }
  *(f64_lanes *)mean = m;
  *(f64_lanes *)var = squares / (double)count;
}

/* Moves the running statistics at `in` by the moments of a batch, to `out` (or
 * NULL), and says what the norm does with them: adds `shift`, then multiplies
 * by `scale`. */
static void update_norm(const struct train_norm *norm, const char *in,
                        char *out, const double *mean, const double *var,
                        float *shift, float *scale) {
  const float *old_mean = (const float *)(in + norm->offset);
  const float *old_var = old_mean + norm->features;
  bool is_first = *(const int32_t *)(old_var + norm->features) != 0;
  float *new_mean = (float *)(out ? out + norm->offset : NULL);
  for (int64_t i = 0; i < norm->features; ++i) {
    double m = mean[i], v = var[i];
    if (!is_first) {
      /* The first time, what the running statistics hold does not matter. */
      m = (1.0 - norm->momentum) * m + norm->momentum * (double)old_mean[i];
      v = (1.0 - norm->momentum) * v + norm->momentum * (double)old_var[i];
    }
    shift[i] = (float)-m;
    scale[i] = (float)(1.0 / __builtin_elementwise_sqrt(v + norm->epsilon));
    if (new_mean) {
      new_mean[i] = (float)m;
      new_mean[norm->features + i] = (float)v;
    }
  }
  if (new_mean)
    *(int32_t *)(new_mean + 2 * norm->features) = 0;
}

#endif /* SSMC_TRAIN_STATISTICS_H */
