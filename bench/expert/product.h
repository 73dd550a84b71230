//===- product.h - A product with an epilogue in registers ----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Every output is one chain of multiply-adds in the order of k that starts from
// its bias, so that a result does not depend on how rows are grouped.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_BENCH_EXPERT_PRODUCT_H
#define SSMC_BENCH_EXPERT_PRODUCT_H

#include "bench/expert/vectors.h"

constexpr int kVectors = 2;               ///< of a panel
constexpr int kPanel = kVectors * kLanes; ///< columns of a panel
constexpr int kPanelsOfOneRow = 6;        ///< that run side by side

/// Row stride of activations of n columns: a stride of 1 KB puts every fourth
/// row of a tile into the same sets of the L1 cache.
constexpr int stride(int n) { return n % 256 ? n : n + 16; }

/// R rows by NP panels, then the epilogue of each panel.
template <int R, int NP, int K, int LDA, class Epilogue>
INLINE void tile(const float *__restrict a, const float *__restrict w,
                 const float *__restrict bias, int row, int panel,
                 const Epilogue &epilogue) {
  Vector acc[NP][R][kVectors];
  for (int p = 0; p < NP; ++p)
    for (int r = 0; r < R; ++r)
      for (int v = 0; v < kVectors; ++v)
        acc[p][r][v] = load(bias + (panel + p) * kPanel + v * kLanes);
  a += (long)row * LDA;
  w += (long)panel * K * kPanel;
#pragma GCC unroll 4
  for (int k = 0; k < K; ++k) {
#pragma GCC unroll 16
    for (int p = 0; p < NP; ++p) {
      Vector b[kVectors];
#pragma GCC unroll 16
      for (int v = 0; v < kVectors; ++v)
        b[v] = load(w + ((long)p * K + k) * kPanel + v * kLanes);
#pragma GCC unroll 32
      for (int r = 0; r < R; ++r) {
        Vector x = splat(a[(long)r * LDA + k]);
#pragma GCC unroll 16
        for (int v = 0; v < kVectors; ++v)
          acc[p][r][v] = fma(x, b[v], acc[p][r][v]);
      }
    }
  }
#pragma GCC unroll 16
  for (int p = 0; p < NP; ++p)
    epilogue.template operator()<R>(acc[p], row, (panel + p) * kPanel);
}

/// How many panels run side by side for r rows: few rows leave registers free.
constexpr int groupOf(int r, int panels) {
  int group = r == 1              ? kPanelsOfOneRow
              : r * kVectors >= 8 ? 1
                                  : (8 + r * kVectors - 1) / (r * kVectors);
  while (panels % group)
    --group;
  return group;
}

template <int R, int K, int N, int LDA, class Epilogue>
__attribute__((noinline)) void lastRows(const float *a, const float *w,
                                        const float *bias, int row,
                                        const Epilogue &epilogue) {
  constexpr int kPanels = N / kPanel, kGroup = groupOf(R, kPanels);
  for (int j = 0; j < kPanels; j += kGroup)
    tile<R, kGroup, K, LDA>(a, w, bias, row, j, epilogue);
}

/// epilogue(bias + a[rows][K] w[K][N]): panels outside, so that one stays in
/// L1.
template <int K, int N, int LDA, class Epilogue>
__attribute__((noinline)) void product(const float *a, int rows, const float *w,
                                       const float *bias,
                                       const Epilogue &epilogue) {
  static_assert(N % kPanel == 0);
  int full = rows / kTileRows * kTileRows;
  for (int j = 0; full && j < N / kPanel; ++j)
    for (int r = 0; r < full; r += kTileRows)
      tile<kTileRows, 1, K, LDA>(a, w, bias, r, j, epilogue);
  switch (rows - full) {
#define LAST_ROWS(R)                                                           \
  case R:                                                                      \
    if constexpr (R < kTileRows)                                               \
      lastRows<R, K, N, LDA>(a, w, bias, full, epilogue);                      \
    break;
    LAST_ROWS(1)
    LAST_ROWS(2)
    LAST_ROWS(3)
    LAST_ROWS(4)
    LAST_ROWS(5)
    LAST_ROWS(6)
    LAST_ROWS(7)
    LAST_ROWS(8)
    LAST_ROWS(9)
    LAST_ROWS(10)
    LAST_ROWS(11)
#undef LAST_ROWS
  }
}

#endif // SSMC_BENCH_EXPERT_PRODUCT_H
