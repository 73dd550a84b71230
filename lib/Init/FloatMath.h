//===- FloatMath.h - float32 functions of the initializers ------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// discretax computes initial values one float32 operation after the other, and
// some of its formulas cancel: following the operations gives its numbers,
// computing in double would not. XLA's functions are within a unit in the last
// place of these, which are rounded from double.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_INIT_FLOATMATH_H
#define SSMC_LIB_INIT_FLOATMATH_H

#include <cmath>

namespace ssmc::f32 {

inline float log(float x) { return float(std::log(double(x))); }
inline float exp(float x) { return float(std::exp(double(x))); }
inline float sin(float x) { return float(std::sin(double(x))); }
inline float cos(float x) { return float(std::cos(double(x))); }
inline float tan(float x) { return float(std::tan(double(x))); }
inline float sqrt(float x) { return std::sqrt(x); }
/// 1 / (1 + exp(-x)).
inline float sigmoid(float x) { return 1.0f / (1.0f + exp(-x)); }

} // namespace ssmc::f32

#endif // SSMC_LIB_INIT_FLOATMATH_H
