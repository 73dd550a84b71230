//===- Random.cpp - JAX's random numbers ----------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Init/Random.h"
#include "llvm/ADT/bit.h"
#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

using namespace ssmc;

static constexpr float kSqrt2 = 1.41421356f;

/// The mantissa is random and the exponent that of 1. XLA fuses the product
/// with the sum.
static float toUniform(uint32_t bits, float low, float high) {
  float unit = llvm::bit_cast<float>(bits >> 9 | 0x3f800000u) - 1.0f;
  return std::max(low, std::fma(unit, high - low, low));
}

std::vector<float> ssmc::drawUniform(RandomKey key, int64_t count, float low,
                                     float high) {
  std::vector<float> values(count);
  for (int64_t i = 0; i < count; ++i)
    values[i] = toUniform(drawBits(key, i), low, high);
  return values;
}

template <size_t N>
static float evaluate(const float (&coefficients)[N], float x) {
  float sum = coefficients[0];
  for (size_t i = 1; i < N; ++i)
    sum = std::fma(sum, x, coefficients[i]);
  return sum;
}

float ssmc::invertErf(float x) {
  static constexpr float kCentral[] = {
      2.81022636e-08f,  3.43273939e-07f, -3.5233877e-06f,
      -4.39150654e-06f, 0.00021858087f,  -0.00125372503f,
      -0.00417768164f,  0.246640727f,    1.50140941f};
  static constexpr float kTail[] = {
      -0.000200214257f, 0.000100950558f, 0.00134934322f,
      -0.00367342844f,  0.00573950773f,  -0.0076224613f,
      0.00943887047f,   1.00167406f,     2.83297682f};
  if (std::fabs(x) == 1.0f)
    return x * std::numeric_limits<float>::infinity();
  float w = -static_cast<float>(std::log1p(-double(x * x)));
  return x * (w < 5 ? evaluate(kCentral, w - 2.5f)
                    : evaluate(kTail, std::sqrt(w) - 3.0f));
}

std::vector<float> ssmc::drawNormal(RandomKey key, int64_t count) {
  // -1 itself would be -infinity.
  std::vector<float> values =
      drawUniform(key, count, std::nextafter(-1.0f, 0.0f), 1.0f);
  for (float &value : values)
    value = kSqrt2 * invertErf(value);
  return values;
}

std::vector<float> ssmc::drawTruncatedNormal(RandomKey key, int64_t count) {
  constexpr float kErf = 0.954499722f; // erf(2 / sqrt(2)), as XLA rounds it
  const float largest = std::nextafter(2.0f, 0.0f);
  std::vector<float> values = drawUniform(key, count, -kErf, kErf);
  for (float &value : values)
    value = std::clamp(kSqrt2 * invertErf(value), -largest, largest);
  return values;
}

std::vector<float> ssmc::drawLecunNormal(RandomKey key, int64_t count,
                                         double fanIn) {
  // The deviation of a standard normal distribution cut at +-2.
  constexpr float kTruncatedDeviation = 0.87962566103423978f;
  float deviation =
      std::sqrt(static_cast<float>(1 / fanIn)) / kTruncatedDeviation;
  std::vector<float> values = drawTruncatedNormal(key, count);
  for (float &value : values)
    value *= deviation;
  return values;
}
