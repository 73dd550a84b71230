/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What cuda_entry_points.c is linked with beyond the facts of model.h: the code
 * for GPUs, and how to launch it. */
#ifndef SSMC_CUDA_MODEL_H
#define SSMC_CUDA_MODEL_H

#include "model.h"

struct cuda_kernel {
  char name[48];
  int64_t threads;      /* of a thread block */
  int64_t shared_bytes; /* dynamic shared memory of a thread block */
  int64_t rows;         /* streams or time steps that one works on at a time */
};

extern const struct cuda_kernel model_kernels[];
extern const int64_t model_kernel_count;
extern const int64_t model_weight_bytes;
/* Least compute capability, times 10, that the image has code for. */
extern const int64_t model_least_capability;
/* A fat binary, a cubin, or PTX with a zero at its end. */
extern const char model_image[];

#endif /* SSMC_CUDA_MODEL_H */
