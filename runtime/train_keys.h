/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Keys of JAX's random numbers; a part of train_entry_points.c. */
#ifndef SSMC_TRAIN_KEYS_H
#define SSMC_TRAIN_KEYS_H

#include "train_model.h"
#include <stdint.h>

static uint32_t rotate_left(uint32_t x, uint32_t places) {
  return x << places | x >> (32 - places);
}

/* key = jax.random.split(key, more than index)[index]: threefry-2x32 with 20
 * rounds (Salmon et al. 2011) of the index. */
static void split_key(uint32_t key[2], uint64_t index) {
  static const uint8_t rotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  const uint32_t keys[3] = {key[0], key[1], key[0] ^ key[1] ^ 0x1BD11BDAu};
  uint32_t x = (uint32_t)(index >> 32) + keys[0];
  uint32_t y = (uint32_t)index + keys[1];
  for (uint32_t i = 0; i < 5; ++i) {
    for (int j = 0; j < 4; ++j) {
      x += y;
      y = rotate_left(y, rotations[i % 2][j]) ^ x;
    }
    x += keys[(i + 1) % 3];
    y += keys[(i + 2) % 3] + i + 1;
  }
  key[0] = x;
  key[1] = y;
}

/* The keys of a step for a batch element. */
static void make_keys(const struct train_step *step, const uint32_t *element,
                      uint32_t *keys) {
  for (int64_t i = 0; i < step->keys; ++i, keys += 2) {
    const struct train_key *key = &train_keys[step->key + i];
    keys[0] = element[0];
    keys[1] = element[1];
    for (int64_t j = 0; j < key->count; ++j)
      split_key(keys, (uint64_t)key->splits[j]);
  }
}

#endif /* SSMC_TRAIN_KEYS_H */
