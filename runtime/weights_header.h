/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * How a packed set of weights in the host's memory begins: what NAME_load
 * makes. */
#ifndef SSMC_WEIGHTS_HEADER_H
#define SSMC_WEIGHTS_HEADER_H

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

#endif /* SSMC_WEIGHTS_HEADER_H */
