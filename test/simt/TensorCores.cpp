//===- TensorCores.cpp - mma.sync on the lanes of a warp ------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Manufacturers say only that sums are of f32 at least. Published tests of
// tensor cores (Fasi et al. 2021) found products exact, added to the sum some
// at a time (8 in bf16, 4 in tf32), all cut to the unit of the largest: that is
// done here, with no bit more than f32 has, so that devices that keep more are
// more accurate than this.
//
//===----------------------------------------------------------------------===//

#include "test/simt/TensorCores.h"
#include <algorithm>
#include <cmath>
#include <cstring>

using namespace ssmc::simt;

static float toFloat(uint32_t bits) {
  float value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

/// 2^exponent, in the range of doubles.
static double powerOfTwo(int exponent) {
  uint64_t bits = uint64_t(exponent + 1023) << 52;
  double value;
  std::memcpy(&value, &bits, sizeof(value));
  return value;
}

static int exponentOf(double value) {
  uint64_t bits;
  std::memcpy(&bits, &value, sizeof(bits));
  return int(bits >> 52 & 2047) - 1023;
}

/// The sum of `count` terms, as a float whose last bits are cut.
static float addCut(const double *terms, unsigned count) {
  double largest = 0, plain = 0;
  for (unsigned i = 0; i < count; ++i) {
    largest = std::max(largest, std::fabs(terms[i]));
    plain += terms[i];
  }
  if (largest == 0 || !std::isfinite(plain) || !std::isfinite(largest))
    return float(plain);
  int unit = exponentOf(largest) - 23;
  double scale = powerOfTwo(-unit);
  int64_t sum = 0;
  for (unsigned i = 0; i < count; ++i)
    sum += int64_t(terms[i] * scale);
  // Carries: cut what a float has no place for.
  while (std::abs(sum) >= int64_t(1) << 24) {
    sum /= 2;
    ++unit;
  }
  return float(double(sum) * powerOfTwo(unit));
}

namespace {
struct Matrices {
  float a[16][16], b[16][8], c[16][8];
};
} // namespace

/// Places of a lane's words: of columns and rows of four by eight lanes.
static void gather(const std::array<uint32_t *, 32> &lanes, bool isBf16,
                   Matrices &matrices) {
  for (unsigned lane = 0; lane < 32; ++lane) {
    const uint32_t *words = lanes[lane];
    unsigned group = lane / 4, place = lane % 4;
    for (unsigned i = 0; i < 4; ++i) {
      unsigned row = group + i % 2 * 8;
      if (isBf16) {
        unsigned k = 2 * place + i / 2 * 8;
        matrices.a[row][k] = toFloat(words[i] << 16);
        matrices.a[row][k + 1] = toFloat(words[i] & 0xFFFF0000u);
      } else {
        matrices.a[row][place + i / 2 * 4] = toFloat(words[i] & 0xFFFFE000u);
      }
      matrices.c[group + i / 2 * 8][2 * place + i % 2] = toFloat(words[6 + i]);
    }
    for (unsigned i = 0; i < 2; ++i) {
      if (isBf16) {
        unsigned k = 2 * place + i * 8;
        matrices.b[k][group] = toFloat(words[4 + i] << 16);
        matrices.b[k + 1][group] = toFloat(words[4 + i] & 0xFFFF0000u);
      } else {
        matrices.b[place + i * 4][group] = toFloat(words[4 + i] & 0xFFFFE000u);
      }
    }
  }
}

void ssmc::simt::multiplyFragments(const std::array<uint32_t *, 32> &lanes,
                                   bool isBf16) {
  Matrices matrices;
  gather(lanes, isBf16, matrices);
  unsigned depth = isBf16 ? 16 : 8, together = depth / 2;
  for (unsigned lane = 0; lane < 32; ++lane)
    for (unsigned i = 0; i < 4; ++i) {
      unsigned row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
      float sum = matrices.c[row][column];
      for (unsigned k = 0; k < depth; k += together) {
        double terms[9] = {sum};
        for (unsigned u = 0; u < together; ++u)
          terms[1 + u] =
              double(matrices.a[row][k + u]) * matrices.b[k + u][column];
        sum = addCut(terms, together + 1);
      }
      std::memcpy(&lanes[lane][6 + i], &sum, sizeof(sum));
    }
}
