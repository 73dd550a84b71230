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
  int64_t by_chunk;     /* a unit's: blocks draw chunks, not streams (0, 1) */
  int64_t link_bytes;   /* what each chunk leaves for others */
};

extern const struct cuda_kernel model_kernels[];
extern const int64_t model_kernel_count;
/* Their numbers: of ssm_time, of ssm_rows, and of ssm_answers, which a pooled
 * model with launches has. */
extern const int64_t model_time_kernel;
extern const int64_t model_rows_kernel;
extern const int64_t model_answers_kernel;

enum { LAUNCH_CARRIES = 4 };

/* A unit on a piece of a sequence: the launches of one, in order, are a model
 * without the answers of a pooled head. */
struct cuda_launch {
  int64_t kernel;
  int64_t weights; /* where those of the unit begin, in bytes */
  int64_t in, out; /* see CudaLaunch of lib/Target/CudaKernel.h */
  int64_t carries[LAUNCH_CARRIES]; /* offsets into a record, in bytes */
};

extern const struct cuda_launch model_launches[];
extern const int64_t model_launch_count;
/* Of all activations between units, per time step and stream. */
extern const int64_t model_activation_bytes;
/* Whether launches are for streams that fill the device, too (0, 1). */
extern const int64_t model_cuts_all_streams;

/* Least compute capability, times 10, that the image has code for. */
extern const int64_t model_least_capability;
/* A fat binary, a cubin, or PTX with a zero at its end. */
extern const char model_image[];

#endif /* SSMC_CUDA_MODEL_H */
