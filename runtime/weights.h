/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Where a call's weights are: in the object, or, when the model was compiled
 * with --weights runtime, in a packed set that NAME_load made and that comes
 * with each call; a part of the files with entry points. */
#ifndef SSMC_WEIGHTS_H
#define SSMC_WEIGHTS_H

#include "arguments.h"

enum { WEIGHTS_VERSION = 1 };
static const uint64_t weights_magic = 0x48474945574d5353; /* "SSMWEIGH" */

/* In front of packed weights; one cache line, little-endian. No pointers: a set
 * may be copied, saved and mapped. */
struct weights_header {
  uint64_t magic;
  uint32_t version;
  uint32_t header_bytes;
  uint64_t configuration; /* hash of the model without weights */
  uint64_t hash;          /* of the model with these weights */
  uint64_t packed_bytes;  /* behind the header */
  uint64_t reserved[3];
};

_Static_assert(sizeof(struct weights_header) == RECORD_ALIGNMENT,
               "packed weights are aligned as their set is");

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

#endif /* SSMC_WEIGHTS_H */
