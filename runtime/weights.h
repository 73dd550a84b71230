/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Where a call's weights are: in the object, or, when the model was compiled
 * with --weights runtime, in a packed set that NAME_load made and that comes
 * with each call; a part of the files with entry points. */
#ifndef SSMC_WEIGHTS_H
#define SSMC_WEIGHTS_H

#include "weights_header.h"

/* Finds the packed weights of a call, and the hash of the model with them. */
static inline int find_weights(const void *given, const char **packed,
                               uint64_t *hash) {
  if (!model_takes_weights) {
    *packed = model_weights;
    *hash = model_hash;
    return OK;
  }
  const struct weights_header *found = given;
  if (!found)
    return E_ARG;
  if (!is_aligned(found, RECORD_ALIGNMENT))
    return E_ALIGN;
  if (found->magic != weights_magic || found->version != WEIGHTS_VERSION ||
      found->header_bytes != sizeof *found ||
      found->configuration != model_hash ||
      found->packed_bytes != (uint64_t)model_packed_bytes)
    return E_WEIGHTS;
  *packed = (const char *)given + sizeof *found;
  *hash = found->hash;
  return OK;
}

/* The hash alone. */
static inline int find_hash(const void *given, uint64_t *hash) {
  const char *packed;
  return find_weights(given, &packed, hash);
}

#endif /* SSMC_WEIGHTS_H */
