//===- Hippo.cpp - The basis of S5's initial state ------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Init/Hippo.h"
#include <Eigen/Eigenvalues>

using namespace ssmc;

/// Entry (i, j) of HiPPO-LegS plus p p^T with p_n = sqrt(n + 1/2), rounded
/// where discretax's _make_hippo and _make_dplr_hippo round.
static float getEntry(int64_t i, int64_t j) {
  float product = std::sqrt(float(1 + 2 * i)) * std::sqrt(float(1 + 2 * j));
  float hippo = -((j <= i ? product : 0.0f) - (i == j ? float(i) : 0.0f));
  return hippo + std::sqrt(float(i) + 0.5f) * std::sqrt(float(j) + 0.5f);
}

HippoBasis ssmc::makeHippoBasis(int64_t size) {
  HippoBasis basis;
  // But for its diagonal the matrix is skew-symmetric: -i times it is
  // Hermitian, and the solver reads the lower triangle.
  Eigen::MatrixXcd hermitian = Eigen::MatrixXcd::Zero(size, size);
  double sum = 0;
  for (int64_t i = 0; i < size; ++i) {
    sum += getEntry(i, i);
    for (int64_t j = 0; j < i; ++j)
      hermitian(i, j) = {0, (getEntry(j, i) - getEntry(i, j)) / 2};
  }
  basis.decay = static_cast<float>(sum / static_cast<double>(size));
  Eigen::SelfAdjointEigenSolver<Eigen::MatrixXcd> solver(hermitian);
  basis.frequencies.resize(size);
  basis.vectors.resize(size * size);
  for (int64_t j = 0; j < size; ++j) {
    basis.frequencies[j] = static_cast<float>(solver.eigenvalues()[j]);
    std::complex<double> first = solver.eigenvectors()(0, j);
    std::complex<double> phase = std::conj(first) / std::abs(first);
    for (int64_t i = 0; i < size; ++i)
      basis.vectors[i * size + j] = solver.eigenvectors()(i, j) * phase;
  }
  return basis;
}
