/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The generator behind JAX's random numbers; a part of train_entry_points.c,
 * and of the compiler, which draws initial weights (lib/Init/Threefry.cpp). C
 * and C++. */
#ifndef SSMC_THREEFRY_H
#define SSMC_THREEFRY_H

#include <stdint.h>

/* Threefry-2x32 with 20 rounds (Salmon et al. 2011): the place of `key` is
 * taken by two random words of `counter`, whose upper half is its first word.
 * That is also jax.random.split(key, more than counter)[counter]. */
static inline void apply_threefry(uint32_t key[2], uint64_t counter) {
  static const uint8_t rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  /* The constant is the parity of Skein's key schedule. */
  const uint32_t schedule[3] = {key[0], key[1], key[0] ^ key[1] ^ 0x1BD11BDAu};
  uint32_t x = (uint32_t)(counter >> 32) + schedule[0];
  uint32_t y = (uint32_t)counter + schedule[1];
  for (uint32_t i = 0; i < 5; ++i) {
    for (int j = 0; j < 4; ++j) {
      uint32_t places = rotations[i % 2][j];
      x += y;
      y = (y << places | y >> (32 - places)) ^ x;
    }
    x += schedule[(i + 1) % 3];
    y += schedule[(i + 2) % 3] + i + 1;
  }
  key[0] = x;
  key[1] = y;
}

#endif /* SSMC_THREEFRY_H */
