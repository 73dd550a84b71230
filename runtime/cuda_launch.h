/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * Queueing one launch of a kernel; a part of cuda_entry_points.c. */
#ifndef SSMC_CUDA_LAUNCH_H
#define SSMC_CUDA_LAUNCH_H

#include "cuda_device.h"

/* A call whose arguments are checked: n streams of T time steps each. Pointers
 * are the device's. */
struct cuda_call {
  enum { STEP, CHUNK, FORWARD } kind;
  const struct MODEL_cuda *cuda;
  cu_pointer weights;
  char *states; /* records; NULL: in the workspace */
  const int64_t *ids;
  const int64_t *lengths;
  int64_t n;
  int64_t T;
  const void *x;
  const float *dt; /* a number per row of x; NULL: the model takes none */
  float *y;
  char *ws;
  cu_stream stream;
};

/* The call without its first streams, whose records the caller counts; of time
 * steps, so without time deltas. */
static struct cuda_call skip_streams(const struct cuda_call *call,
                                     int64_t first) {
  struct cuda_call rest = *call;
  rest.n -= first;
  rest.ids = call->ids ? call->ids + first : NULL;
  rest.lengths = call->lengths ? call->lengths + first : NULL;
  rest.x = (const char *)call->x + first * call->T * model_inputs * VALUE_BYTES;
  rest.y = call->y
               ? call->y + first * (model_pooled ? 1 : call->T) * model_outputs
               : NULL;
  return rest;
}

/* One thread block per piece of work, or as many as the device runs at the same
 * time, which take the pieces in turn. */
static int launch(const struct cuda_call *call, int64_t kernel, int64_t pieces,
                  void **parameters) {
  const struct MODEL_cuda *cuda = call->cuda;
  const struct device_kernel *loaded = &cuda->kernels[kernel];
  int64_t blocks = pieces < loaded->resident ? pieces : loaded->resident;
  return from_result(
      cuda->driver.launch(loaded->function, (unsigned)blocks, 1, 1,
                          (unsigned)model_kernels[kernel].threads, 1, 1,
                          (unsigned)model_kernels[kernel].shared_bytes,
                          call->stream, parameters, NULL));
}

/* Zeros `bytes` bytes, a multiple of 4. */
static int clear(const struct cuda_call *call, char *memory, int64_t bytes) {
  return from_result(call->cuda->driver.memset_async(
      (cu_pointer)memory, 0, (size_t)(bytes / (int64_t)sizeof(uint32_t)),
      call->stream));
}

#endif /* SSMC_CUDA_LAUNCH_H */
