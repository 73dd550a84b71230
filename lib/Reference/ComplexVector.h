//===- ComplexVector.h - Complex numbers of mixers --------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_REFERENCE_COMPLEXVECTOR_H
#define SSMC_LIB_REFERENCE_COMPLEXVECTOR_H

#include "lib/Reference/Tensor.h"
#include "llvm/ADT/STLExtras.h"
#include <cmath>
#include <complex>
#include <limits>
#include <vector>

namespace ssmc::reference {

using Complex = std::complex<double>;
using ComplexVector = std::vector<Complex>;

/// a b by its four products: operator* would turn some NaNs into infinities.
inline Complex multiply(Complex a, Complex b) {
  return {a.real() * b.real() - a.imag() * b.imag(),
          a.real() * b.imag() + a.imag() * b.real()};
}

/// The imaginary part of an exponent; NaN beyond 2^48, where no digit of the
/// phase of a computed number is left to trust (docs/concepts.md).
inline double getPhase(Complex z) {
  return std::fabs(z.imag()) <= 0x1p48
             ? z.imag()
             : std::numeric_limits<double>::quiet_NaN();
}

/// exp(z), 0 at a real part of minus infinity.
inline Complex exponential(Complex z) {
  double radius = std::exp(z.real()), phase = getPhase(z);
  return {radius * std::cos(phase), radius * std::sin(phase)};
}

/// exp(z) - 1 without cancellation: with z = a + i b,
/// expm1(a) cos b - 2 sin^2(b / 2) + i exp(a) sin b.
inline Complex exponentialMinusOne(Complex z) {
  double phase = getPhase(z), half = std::sin(phase / 2);
  return {std::expm1(z.real()) * std::cos(phase) - 2 * half * half,
          std::exp(z.real()) * std::sin(phase)};
}

/// Two tensors of one shape as real and imaginary parts.
inline ComplexVector combine(const Tensor &re, const Tensor &im) {
  ComplexVector values;
  for (auto [x, y] : llvm::zip_equal(re.floats(), im.floats()))
    values.push_back({x, y});
  return values;
}

/// A trailing [re, im] axis as complex numbers.
inline ComplexVector asComplex(const Tensor &pairs) {
  ComplexVector values;
  for (size_t i = 0; i + 1 < pairs.floats().size(); i += 2)
    values.push_back({pairs.floats()[i], pairs.floats()[i + 1]});
  return values;
}

} // namespace ssmc::reference

#endif // SSMC_LIB_REFERENCE_COMPLEXVECTOR_H
