//===- vectors.h - Vectors of this machine, and element functions ---------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_BENCH_EXPERT_VECTORS_H
#define SSMC_BENCH_EXPERT_VECTORS_H

#include <immintrin.h>

#define INLINE static inline __attribute__((always_inline))

#ifdef __AVX512F__
constexpr int kLanes = 16;
constexpr int kTileRows = 12; ///< x 2 vectors: 24 of 32 registers
using Vector = __m512;
INLINE Vector load(const float *p) { return _mm512_loadu_ps(p); }
INLINE void store(float *p, Vector v) { _mm512_storeu_ps(p, v); }
INLINE Vector splat(float v) { return _mm512_set1_ps(v); }
INLINE Vector fma(Vector a, Vector b, Vector c) {
  return _mm512_fmadd_ps(a, b, c);
}
INLINE Vector fnma(Vector a, Vector b, Vector c) {
  return _mm512_fnmadd_ps(a, b, c);
}
INLINE Vector clamp(Vector v, float low, float high) {
  return _mm512_min_ps(_mm512_max_ps(v, splat(low)), splat(high));
}
/// p * 2^n, n in the low bits of z.
INLINE Vector scale(Vector p, Vector z) {
  return _mm512_castsi512_ps(_mm512_add_epi32(
      _mm512_castps_si512(p), _mm512_slli_epi32(_mm512_castps_si512(z), 23)));
}
#else
constexpr int kLanes = 8;
constexpr int kTileRows = 6; ///< x 2 vectors: 12 of 16 registers
using Vector = __m256;
INLINE Vector load(const float *p) { return _mm256_loadu_ps(p); }
INLINE void store(float *p, Vector v) { _mm256_storeu_ps(p, v); }
INLINE Vector splat(float v) { return _mm256_set1_ps(v); }
INLINE Vector fma(Vector a, Vector b, Vector c) {
  return _mm256_fmadd_ps(a, b, c);
}
INLINE Vector fnma(Vector a, Vector b, Vector c) {
  return _mm256_fnmadd_ps(a, b, c);
}
INLINE Vector clamp(Vector v, float low, float high) {
  return _mm256_min_ps(_mm256_max_ps(v, splat(low)), splat(high));
}
/// p * 2^n, n in the low bits of z.
INLINE Vector scale(Vector p, Vector z) {
  return _mm256_castsi256_ps(_mm256_add_epi32(
      _mm256_castps_si256(p), _mm256_slli_epi32(_mm256_castps_si256(z), 23)));
}
#endif

/// 2^t, about 1.5 ulp: rounding by a magic number, a minimax polynomial of
/// degree 5, an addition to the exponent.
INLINE Vector exp2(Vector t) {
  t = clamp(t, -126.0f, 126.0f);
  const Vector magic = splat(12582912.0f);
  Vector z = t + magic, r = t - (z - magic);
  Vector p = splat(0x1.5c0884p-10f);
  p = fma(p, r, splat(0x1.3d0ccep-7f));
  p = fma(p, r, splat(0x1.c6b6e8p-5f));
  p = fma(p, r, splat(0x1.ebf916p-3f));
  p = fma(p, r, splat(0x1.62e428p-1f));
  p = fma(p, r, splat(0x1.000002p+0f));
  return scale(p, z);
}

/// 0.5 x (1 + tanh(u)) = x / (1 + exp(-2u)), u = sqrt(2/pi) (x + 0.044715 x^3);
/// log2(e) is in the two constants.
INLINE Vector gelu(Vector x) {
  Vector t = x * fma(x * x, splat(-0x1.a5a7dp-4f), splat(-0x1.26aec2p+1f));
  return x / (splat(1.0f) + exp2(t));
}

/// a sigmoid(w); -log2(e) is in the weights that give b = -log2(e) w.
INLINE Vector gate(Vector a, Vector b) { return a / (splat(1.0f) + exp2(b)); }

#endif // SSMC_BENCH_EXPERT_VECTORS_H
