/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Where a GPU's call has its weights: with the open model, or, when the model
 * was compiled with --weights runtime, in a set that NAME_cuda_load made and
 * that comes with each call; a part of the files with entry points for GPUs. */
#ifndef SSMC_CUDA_WEIGHTS_H
#define SSMC_CUDA_WEIGHTS_H

#include "cuda_handle.h"

static const uint64_t cuda_set_magic = 0x5448474945574353; /* "SCWEIGHT" */

/* What NAME_cuda_weights points to, in the host's memory. Nothing changes until
 * it is freed. */
struct MODEL_cuda_weights {
  uint64_t magic;
  uint64_t configuration; /* hash of the model without weights */
  uint64_t hash;          /* of the model with these weights */
  const struct MODEL_cuda *cuda;
  cu_pointer packed; /* in the memory of its device */
};

/* The hash of the model with the weights of a call. */
static inline int find_hash(const void *given, uint64_t *hash) {
  *hash = model_hash;
  if (!model_takes_weights)
    return OK;
  const struct MODEL_cuda_weights *set = given;
  if (!set)
    return E_ARG;
  if (set->magic != cuda_set_magic || set->configuration != model_hash)
    return E_WEIGHTS;
  *hash = set->hash;
  return OK;
}

/* The packed weights of a call on a device; those of another handle are wrong,
 * even if they are on the same one. */
static inline int find_packed(const struct MODEL_cuda *cuda,
                              const struct MODEL_cuda_weights *given,
                              cu_pointer *packed) {
  uint64_t hash;
  *packed = cuda->weights;
  int error = find_hash(given, &hash);
  if (error != OK || !model_takes_weights)
    return error;
  *packed = given->packed;
  return given->cuda == cuda ? OK : E_WEIGHTS;
}

#endif /* SSMC_CUDA_WEIGHTS_H */
