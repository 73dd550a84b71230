//===- Hippo.cpp - The basis of S5's initial state ------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Init/Hippo.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace ssmc;

/// The mean of the diagonal of HiPPO-LegS plus p p^T, rounded where discretax's
/// _make_hippo and _make_dplr_hippo round.
static float getDecay(int64_t size) {
  double sum = 0;
  for (int64_t n = 0; n < size; ++n) {
    float root = std::sqrt(float(1 + 2 * n)), p = std::sqrt(float(n) + 0.5f);
    sum += -(root * root - float(n)) + p * p;
  }
  return static_cast<float>(sum / static_cast<double>(size));
}

/// The positive omega where atan(p_n^2 / omega) sums up to `turn`. The sum
/// falls and is convex: Newton's steps from the left stay there.
static double findFrequency(int64_t size, double turn, double left) {
  double omega = left;
  constexpr int kMaxSteps = 100; // a dozen do
  for (int step = 0; step < kMaxSteps; ++step) {
    double sum = -turn, slope = 0;
    for (int64_t n = 0; n < size; ++n) {
      double square = static_cast<double>(n) + 0.5;
      sum += std::atan2(square, omega);
      slope += square / (omega * omega + square * square);
    }
    double next = omega + sum / slope;
    if (!(next > omega * (1 + 1e-15)))
      break;
    omega = next;
  }
  return omega;
}

static std::vector<double> findFrequencies(int64_t size) {
  std::vector<double> frequencies(size);
  double omega = 0;
  for (int64_t pair = 0; pair < size / 2; ++pair) {
    int64_t halfTurns = 2 * (size / 2 - pair) - 1;
    double turn = llvm::numbers::pi / 2 * static_cast<double>(halfTurns);
    omega = findFrequency(size, turn, omega);
    frequencies[(size + 1) / 2 + pair] = omega;
    frequencies[size / 2 - 1 - pair] = -omega;
  }
  return frequencies;
}

HippoBasis ssmc::makeHippoBasis(int64_t size) {
  using Complex = std::complex<double>;
  HippoBasis basis{getDecay(size), findFrequencies(size), {}};
  basis.vectors.resize(size * size);
  for (int64_t mode = 0; mode < size; ++mode) {
    double omega = basis.frequencies[mode], squares = 0;
    // The first component becomes p_0 / |omega - i p_0^2|.
    Complex sigma = std::polar(1.0, std::arg(Complex(omega, -0.5)));
    for (int64_t n = 0; n < size; ++n) {
      double square = static_cast<double>(n) + 0.5;
      Complex v = std::sqrt(square) * sigma / Complex(omega, -square);
      sigma *= Complex(omega, square) / Complex(omega, -square);
      squares += std::norm(v);
      basis.vectors[n * size + mode] = v;
    }
    for (int64_t n = 0; n < size; ++n)
      basis.vectors[n * size + mode] /= std::sqrt(squares);
  }
  return basis;
}
