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

/// The largest basis: a gigabyte of eigenvectors.
inline constexpr int64_t kMaxHippoSize = 8192;

/// The normal part of the HiPPO-LegS matrix of size N (Gu and others 2020; S5's
/// make_DPLR_HiPPO), diagonalized: V diag(decay + i frequencies) V^*.
struct HippoBasis {
  /// The real part of all eigenvalues: -1/2, but for float32 rounding.
  float decay;
  /// The imaginary parts, ascending: pairs of opposite sign, and 0 if N is odd.
  std::vector<double> frequencies;
  /// V in C order: eigenvectors are columns, of length 1. Their phase is free;
  /// the first component is positive here. LAPACK, which discretax uses, makes
  /// it real, of either sign.
  std::vector<std::complex<double>> vectors;

  int64_t getSize() const { return frequencies.size(); }
  std::complex<double> getVector(int64_t row, int64_t column) const {
    return vectors[row * getSize() + column];
  }
};

/// The basis of size `size`, from 1 to kMaxHippoSize, in O(size^2).
///
/// But for its diagonal, the matrix is skew-symmetric: -p_i p_j below and
/// p_i p_j above, with p_n^2 = n + 1/2. An eigenvector v to i omega has partial
/// sums s_n of p_n v_n; for sigma_n = 2 s_n - s_N its equations are
///
///     sigma_n = sigma_{n-1} (omega + i p_n^2) / (omega - i p_n^2),
///     v_n = p_n sigma_{n-1} / (omega - i p_n^2), but for a factor,
///
/// and sigma_N = -sigma_0: every step turns sigma by 2 atan(p_n^2 / omega), and
/// the eigenvalues are where all turns add up to an odd multiple of pi.
HippoBasis makeHippoBasis(int64_t size);

} // namespace ssmc

#endif // SSMC_LIB_INIT_HIPPO_H
