//===- Hippo.h - The basis of S5's initial state ----------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_INIT_HIPPO_H
#define SSMC_LIB_INIT_HIPPO_H

#include <complex>
#include <cstdint>
#include <vector>

namespace ssmc {

/// The largest basis; its eigenvectors take minutes and a gigabyte.
inline constexpr int64_t kMaxHippoSize = 4096;

/// The normal part of the HiPPO-LegS matrix of size N (Gu and others 2020,
/// S5's make_DPLR_HiPPO), diagonalized: V diag(decay + i frequencies) V^*.
struct HippoBasis {
  /// The real part, -1/2 but for float32 rounding, of all eigenvalues.
  float decay;
  /// The imaginary parts, ascending: pairs of opposite sign, and 0 if N is odd.
  std::vector<float> frequencies;
  /// V in C order: eigenvectors are columns, of length 1. Their phase is free;
  /// the first component is positive here. LAPACK, which discretax uses, makes
  /// it real, of either sign.
  std::vector<std::complex<double>> vectors;

  int64_t getSize() const { return frequencies.size(); }
  std::complex<double> getVector(int64_t row, int64_t column) const {
    return vectors[row * getSize() + column];
  }
};

/// The basis of size `size`, from 1 to kMaxHippoSize. The matrix is rounded to
/// float32 as discretax rounds it, its eigenvectors are computed in double.
HippoBasis makeHippoBasis(int64_t size);

} // namespace ssmc

#endif // SSMC_LIB_INIT_HIPPO_H
