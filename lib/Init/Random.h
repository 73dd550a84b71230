//===- Random.h - JAX's random numbers --------------------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_INIT_RANDOM_H
#define SSMC_LIB_INIT_RANDOM_H

#include "lib/Init/Threefry.h"

namespace ssmc {

/// `jax.random.uniform(key, shape, minval=low, maxval=high)` in float32, bit
/// for bit; `count` elements in C order.
std::vector<float> drawUniform(RandomKey key, int64_t count, float low = 0,
                               float high = 1);

/// `jax.random.normal(key, shape)` in float32, but for the last digits.
std::vector<float> drawNormal(RandomKey key, int64_t count);

/// `jax.random.truncated_normal(key, -2, 2, shape)` in float32, but for the
/// last digits.
std::vector<float> drawTruncatedNormal(RandomKey key, int64_t count);

/// `jax.nn.initializers.lecun_normal()`: truncated at two deviations, of
/// variance 1 / fanIn.
std::vector<float> drawLecunNormal(RandomKey key, int64_t count, double fanIn);

/// The inverse of erf, by the polynomials that XLA evaluates (Giles 2012,
/// "Approximating the erfinv function").
float invertErf(float x);

} // namespace ssmc

#endif // SSMC_LIB_INIT_RANDOM_H
