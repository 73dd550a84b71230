/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Identifies weights: the same in the compiler and in emitted objects, so that
 * a saved state fits both. C99 and C++17. */
#ifndef SSMC_HASH_H
#define SSMC_HASH_H

#include <stddef.h>
#include <stdint.h>

static const uint64_t hash_primes[5] = {
    0x9E3779B185EBCA87u, 0xC2B2AE3D27D4EB4Fu, 0x165667B19E3779F9u,
    0x85EBCA77C2B2AE63u, 0x27D4EB2F165667C5u};

static inline uint64_t hash_rotate(uint64_t value, int bits) {
  return value << bits | value >> (64 - bits);
}

static inline uint64_t hash_load(const char *bytes, size_t n) {
  uint64_t value = 0;
  __builtin_memcpy(&value, bytes, n); /* little-endian, like all our targets */
  return value;
}

static inline uint64_t hash_round(uint64_t lane, uint64_t value) {
  return hash_rotate(lane + value * hash_primes[1], 31) * hash_primes[0];
}

/* XXH64 of Yann Collet (the algorithm's specification 0.1.1): 8 bytes at a time
 * in four independent lanes, about as fast as memory. */
static inline uint64_t hash_bytes(const void *data, size_t n, uint64_t seed) {
  const char *at = (const char *)data, *end = at + n;
  uint64_t hash = seed + hash_primes[4];
  if (n >= 32) {
    uint64_t lanes[4] = {seed + hash_primes[0] + hash_primes[1],
                         seed + hash_primes[1], seed, seed - hash_primes[0]};
    for (; end - at >= 32; at += 32)
      for (int i = 0; i < 4; ++i)
        lanes[i] = hash_round(lanes[i], hash_load(at + 8 * i, 8));
    hash = hash_rotate(lanes[0], 1) + hash_rotate(lanes[1], 7) +
           hash_rotate(lanes[2], 12) + hash_rotate(lanes[3], 18);
    for (int i = 0; i < 4; ++i)
      hash = (hash ^ hash_round(0, lanes[i])) * hash_primes[0] + hash_primes[3];
  }
  hash += n;
  for (; end - at >= 8; at += 8)
    hash = hash_rotate(hash ^ hash_round(0, hash_load(at, 8)), 27) *
               hash_primes[0] +
           hash_primes[3];
  if (end - at >= 4) {
    hash = hash_rotate(hash ^ hash_load(at, 4) * hash_primes[0], 23) *
               hash_primes[1] +
           hash_primes[2];
    at += 4;
  }
  for (; at < end; ++at)
    hash = hash_rotate(hash ^ hash_load(at, 1) * hash_primes[4], 11) *
           hash_primes[0];
  hash = (hash ^ hash >> 33) * hash_primes[1];
  hash = (hash ^ hash >> 29) * hash_primes[2];
  return hash ^ hash >> 32;
}

#endif /* SSMC_HASH_H */
