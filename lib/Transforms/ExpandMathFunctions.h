//===- ExpandMathFunctions.h - Elementary functions -------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Elementary functions of f32 and f64 as straight-line IR. docs/accuracy.md has
// their measured errors. Everywhere:
//
// * NaN gives NaN, whatever its payload;
// * a subnormal result is zero, and the logarithm takes a subnormal for zero,
//   so that bits do not depend on the caller's flush-to-zero mode. expm1,
//   log1p, sin and tanh return a subnormal argument as it is.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TRANSFORMS_EXPANDMATHFUNCTIONS_H
#define SSMC_LIB_TRANSFORMS_EXPANDMATHFUNCTIONS_H

#include "lib/Transforms/ExpandMathBuilder.h"

namespace ssmc {

/// A value as a product that need not be rounded: 2^t = mantissa * power.
struct ScaledPower {
  mlir::Value mantissa; ///< in [2^-0.5, 2^0.5]
  mlir::Value power;    ///< a power of two
};

/// The magnitude to which `buildFastExp2` clamps its argument.
constexpr double fastExp2Limit = 126;

/// 2^t in f32 for hot loops, t clamped to [-126, 126]: 2^126 and not infinity
/// above, 2^-126 and not zero below, so that 1 / (1 + 2^t) needs no other test.
ScaledPower buildFastExp2(Elementwise &e, mlir::Value t);

/// 2^(a b) in f32, the product not rounded. |a b| <= 126, or NaN, is the
/// caller's duty.
ScaledPower buildFastExp2OfProduct(Elementwise &e, mlir::Value a,
                                   mlir::Value b);

/// e^x; infinity and zero beyond the format's range.
mlir::Value buildExp(Elementwise &e, mlir::Value x);
/// 2^x in f64; infinity and zero beyond the format's range.
mlir::Value buildExp2(Elementwise &e, mlir::Value x);
/// e^x - 1 without cancellation.
mlir::Value buildExpM1(Elementwise &e, mlir::Value x);
/// tanh in f64.
mlir::Value buildTanh(Elementwise &e, mlir::Value x);
/// tanh in f32 for hot loops: half of what the corrected e^x - 1 would take. At
/// most 1 in magnitude, and x itself where x is tiny.
mlir::Value buildFastTanh(Elementwise &e, mlir::Value x);
/// Natural logarithm; -infinity at zero, NaN below.
mlir::Value buildLog(Elementwise &e, mlir::Value x);
/// log(1 + x) without cancellation.
mlir::Value buildLog1P(Elementwise &e, mlir::Value x);
/// sin(x) and cos(x) in f64 for |x| <= 2^48. Beyond, where no digit of the
/// phase of a computed x is left to trust, and at infinity: NaN.
mlir::Value buildSin(Elementwise &e, mlir::Value x);
mlir::Value buildCos(Elementwise &e, mlir::Value x);
/// Both, on f64, for a third of the operations. Errors are those of the
/// argument reduced in two steps: below 2^-52, but next to multiples of pi/2
/// not relative to the result. NaN beyond 2^48.
std::pair<mlir::Value, mlir::Value> buildSinCos(Elementwise &e, mlir::Value x);

} // namespace ssmc

#endif // SSMC_LIB_TRANSFORMS_EXPANDMATHFUNCTIONS_H
