/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Records in host memory: cleared, saved and loaded, the same wherever the
 * model runs; a part of the files with entry points. */
#ifndef SSMC_SAVED_STATES_H
#define SSMC_SAVED_STATES_H

#include "arguments.h"
#include <stddef.h>

/* The hash of the model with the weights of a call: see weights.h, and for GPUs
 * cuda_weights.h. */
static int find_hash(const void *weights, uint64_t *hash);

/* A record is of no use where all of a sequence must be known. */
static int check_stateful(void) {
  return model_sequence_bytes > 0 ? E_BIDIRECTIONAL : OK;
}

int MODEL_state_reset(void *states, int64_t first, int64_t count) {
  int error = check_stateful();
  if (error == OK)
    error = check_records(states, first, count);
  if (error == OK && count > 0)
    __builtin_memset((char *)states + first * model_state_bytes, 0,
                     (size_t)(count * model_state_bytes));
  return error;
}

/* In front of the record in a saved state; little-endian. */
struct blob_header {
  char magic[8];
  uint32_t version;
  uint32_t header_bytes;
  uint64_t model_hash;
  uint64_t record_bytes;
};

static struct blob_header make_header(uint64_t hash) {
  struct blob_header header = {{'S', 'S', 'M', 'S', 'T', 'A', 'T', 'E'},
                               1,
                               sizeof(struct blob_header),
                               hash,
                               (uint64_t)model_state_bytes};
  return header;
}

int MODEL_state_save(const void *weights, const void *state, void *blob,
                     size_t n) {
  uint64_t hash = 0;
  int error = check_stateful();
  if (error == OK)
    error = find_hash(weights, &hash);
  if (error != OK)
    return error;
  struct blob_header header = make_header(hash);
  if (!state || !blob)
    return E_ARG;
  if (!is_aligned(state, RECORD_ALIGNMENT))
    return E_ALIGN;
  if (n < sizeof header + (size_t)model_state_bytes)
    return E_BLOB_SIZE;
  __builtin_memcpy(blob, &header, sizeof header);
  __builtin_memcpy((char *)blob + sizeof header, state,
                   (size_t)model_state_bytes);
  return OK;
}

int MODEL_state_load(const void *weights, void *state, const void *blob,
                     size_t n) {
  uint64_t hash = 0;
  int error = check_stateful();
  if (error == OK)
    error = find_hash(weights, &hash);
  if (error != OK)
    return error;
  struct blob_header expected = make_header(hash), found;
  if (!state || !blob)
    return E_ARG;
  if (!is_aligned(state, RECORD_ALIGNMENT))
    return E_ALIGN;
  if (n < sizeof found)
    return E_BLOB_SIZE;
  __builtin_memcpy(&found, blob, sizeof found);
  for (unsigned i = 0; i < sizeof found.magic; ++i)
    if (found.magic[i] != expected.magic[i])
      return E_BLOB_MAGIC;
  if (found.version != expected.version)
    return E_BLOB_VERSION;
  if (found.model_hash != expected.model_hash)
    return E_BLOB_MODEL;
  if (found.header_bytes != expected.header_bytes ||
      found.record_bytes != expected.record_bytes ||
      n < sizeof found + (size_t)model_state_bytes)
    return E_BLOB_SIZE;
  __builtin_memcpy(state, (const char *)blob + sizeof found,
                   (size_t)model_state_bytes);
  return OK;
}

#endif /* SSMC_SAVED_STATES_H */
