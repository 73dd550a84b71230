/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Keys of JAX's random numbers; a part of train_entry_points.c. */
#ifndef SSMC_TRAIN_KEYS_H
#define SSMC_TRAIN_KEYS_H

#include "threefry.h"
#include "train_model.h"
#include <stdint.h>

/* The keys of a step for a batch element. */
static void make_keys(const struct train_step *step, const uint32_t *element,
                      uint32_t *keys) {
  for (int64_t i = 0; i < step->keys; ++i, keys += 2) {
    const struct train_key *key = &train_keys[step->key + i];
    keys[0] = element[0];
    keys[1] = element[1];
    for (int64_t j = 0; j < key->count; ++j)
      apply_threefry(keys, (uint64_t)key->splits[j]);
  }
}

#endif /* SSMC_TRAIN_KEYS_H */
