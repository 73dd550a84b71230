//===- Threefry.cpp - JAX's random bits -----------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Init/Threefry.h"
#include "runtime/threefry.h"

using namespace ssmc;

RandomKey ssmc::makeKey(uint32_t seed) { return {0, seed}; }

RandomKey ssmc::threefry(RandomKey key, uint64_t counter) {
  uint32_t words[2] = {key.high, key.low};
  apply_threefry(words, counter);
  return {words[0], words[1]};
}

std::vector<RandomKey> ssmc::split(RandomKey key, int64_t count) {
  std::vector<RandomKey> keys(count);
  for (int64_t i = 0; i < count; ++i)
    keys[i] = threefry(key, i);
  return keys;
}

uint32_t ssmc::drawBits(RandomKey key, uint64_t index) {
  RandomKey words = threefry(key, index);
  return words.high ^ words.low;
}
