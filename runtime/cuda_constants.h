/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What the host, the kernels and the compiler's cost model have to agree on;
 * C and C++. */
#ifndef SSMC_CUDA_CONSTANTS_H
#define SSMC_CUDA_CONSTANTS_H

enum {
  /* Chunks of a piece of a sequence per thread block that has room. */
  CUDA_CHUNKS_PER_PLACE = 2,
  /* Chunks of a group, between which states are passed on in turn; see
   * lib/Conversion/ChunkToGpu/ChunkToGpu.h. */
  CUDA_LINKED_GROUP = 16
};

#endif /* SSMC_CUDA_CONSTANTS_H */
