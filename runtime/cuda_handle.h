/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * A model that is open on a device, and memory there; a part of the files with
 * entry points for GPUs. */
#ifndef SSMC_CUDA_HANDLE_H
#define SSMC_CUDA_HANDLE_H

#include "arguments.h"
#include "cuda_driver.h"
#include "cuda_errors.h"
#include "cuda_model.h"

/* Of the C library; there are no headers of it here. */
void *calloc(size_t count, size_t bytes);
void free(void *memory);

/* A kernel as a device has it. */
struct device_kernel {
  cu_function function;
  int64_t resident; /* thread blocks that the device runs at the same time */
};

/* What NAME_cuda points to. Nothing changes after it is opened, so that threads
 * can share it. */
struct MODEL_cuda {
  struct cuda_driver driver;
  cu_device device;
  cu_context context;
  bool is_retained; /* the context: to be released */
  cu_module module;
  cu_pointer weights;             /* 0 where they come with each call */
  struct device_kernel kernels[]; /* in the order of model_kernels */
};

/* Makes the model's context the calling thread's, on top of what it has. */
static inline int enter(const struct MODEL_cuda *cuda) {
  return from_result(cuda->driver.ctx_push(cuda->context));
}

/* Back to the caller's; returns `error`, or what went wrong here. */
static inline int leave(const struct MODEL_cuda *cuda, int error) {
  cu_context own;
  int popped = from_result(cuda->driver.ctx_pop(&own));
  return error != OK ? error : popped;
}

/* A copy of packed weights in the device's memory, in the model's context. It
 * is complete before any stream of the caller reads it: copying only waits
 * until the host's memory is free again. */
static inline int copy_to_device(const struct MODEL_cuda *cuda,
                                 const char *packed, int64_t bytes,
                                 cu_pointer *copy) {
  const struct cuda_driver *driver = &cuda->driver;
  if (bytes == 0)
    return OK;
  int error = from_result(driver->mem_alloc(copy, (size_t)bytes));
  if (error == OK)
    error = from_result(driver->memcpy_to_device(*copy, packed, (size_t)bytes));
  if (error == OK)
    error = from_result(driver->stream_synchronize(NULL));
  return error;
}

#endif /* SSMC_CUDA_HANDLE_H */
