//===- Threefry.cpp - JAX's random bits -----------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Init/Threefry.h"
#include "llvm/ADT/bit.h"

using namespace ssmc;

RandomKey ssmc::makeKey(uint32_t seed) { return {0, seed}; }

RandomKey ssmc::threefry(RandomKey key, uint64_t counter) {
  static constexpr int kRotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  // 0x1bd11bda is the parity constant of Skein's key schedule.
  const uint32_t schedule[3] = {key.high, key.low,
                                key.high ^ key.low ^ 0x1bd11bda};
  uint32_t a = static_cast<uint32_t>(counter >> 32) + schedule[0];
  uint32_t b = static_cast<uint32_t>(counter) + schedule[1];
  for (uint32_t group = 1; group <= 5; ++group) {
    for (int rotation : kRotations[(group - 1) % 2]) {
      a += b;
      b = llvm::rotl(b, rotation) ^ a;
    }
    a += schedule[group % 3];
    b += schedule[(group + 1) % 3] + group;
  }
  return {a, b};
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
