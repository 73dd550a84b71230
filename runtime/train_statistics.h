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

/* 16 values of a row, or, where only `there` of them may be read, zeros behind.
 */
static f64_lanes load_lanes(const float *row, int64_t there) {
  if (there >= PANEL)
    return __builtin_convertvector(*(const f32_lanes *)row, f64_lanes);
  f64_lanes values = {0};
  for (int64_t i = 0; i < there; ++i)
    values[i] = (double)row[i];
  return values;
}

/* Mean and biased variance of a panel: 16 features, or the last of the `width`
 * of each of the `count` rows. Two passes. What stands in lanes behind the last
 * feature is of the next row, or zero behind the last one: nobody reads it. */
static void take_moments(const float *rows, int64_t count, int64_t width,
                         int64_t panel, double *mean, double *var) {
  const float *first = rows + panel * PANEL, *end = rows + count * width;
  f64_lanes sum = {0}, squares = {0};
  for (int64_t row = 0; row < count; ++row)
    sum += load_lanes(first + row * width, end - (first + row * width));
  f64_lanes m = sum / (double)count;
  for (int64_t row = 0; row < count; ++row) {
    f64_lanes x = load_lanes(first + row * width, end - (first + row * width));
    x -= m;
    squares += x * x;
  }
  *(f64_lanes *)(mean + panel * PANEL) = m;
  *(f64_lanes *)(var + panel * PANEL) = squares / (double)count;
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
