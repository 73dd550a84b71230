//===- Threefry.h - JAX's random bits ---------------------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_INIT_THREEFRY_H
#define SSMC_LIB_INIT_THREEFRY_H

#include <cstdint>
#include <vector>

namespace ssmc {

/// A key of JAX's default generator, as `jax.random.key_data` gives it.
struct RandomKey {
  uint32_t high = 0, low = 0;
};

/// `jax.random.PRNGKey(seed)`. JAX without 64 bits drops what is above 2^32.
RandomKey makeKey(uint32_t seed);

/// Threefry-2x32 with 20 rounds (Salmon and others 2011): two random words of
/// `counter`, whose upper half is the first word.
RandomKey threefry(RandomKey key, uint64_t counter);

/// `jax.random.split(key, count)`.
std::vector<RandomKey> split(RandomKey key, int64_t count);

/// Word `index` of `jax.random.bits(key, shape)`, in C order, with
/// `jax_threefry_partitionable` (the default): the same for every shape.
uint32_t drawBits(RandomKey key, uint64_t index);

} // namespace ssmc

#endif // SSMC_LIB_INIT_THREEFRY_H
