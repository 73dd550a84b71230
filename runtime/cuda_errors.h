/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * What the C API of a model on a GPU returns beyond errors.h, with a sentence
 * for each; a part of cuda_entry_points.c. */
#ifndef SSMC_CUDA_ERRORS_H
#define SSMC_CUDA_ERRORS_H

#include "cuda_driver.h"
#include "errors.h"
#include "messages.h"

enum {
  E_CUDA_NO_DRIVER = 16,
  E_CUDA_OLD_DRIVER,
  E_CUDA_NO_DEVICE,
  E_CUDA_NO_IMAGE,
  E_CUDA_RESOURCES,
  E_CUDA_MEMORY,
  E_CUDA_END,
  /* And from here on E_CUDA_CALL + CUresult. */
  E_CUDA_CALL = 1000
};

static const char cuda_messages[E_CUDA_END - E_CUDA_NO_DRIVER][80] = {
    "no CUDA driver: libcuda.so.1 cannot be loaded",
    "the CUDA driver is too old for this model",
    "no such CUDA device",
    "the model was not compiled for this GPU's architecture, or an older one",
    "this GPU has too little shared memory or too few registers for the model",
    "out of memory on the host or the GPU"};

/* What is likely to be seen of the driver's results. */
static const struct {
  int result;
  char text[76];
} cuda_results[] = {
    {1, "a CUDA call failed: invalid value (1)"},
    {3, "a CUDA call failed: the driver is not initialized (3)"},
    {4, "a CUDA call failed: the driver is shutting down (4)"},
    {46, "a CUDA call failed: the device is unavailable (46)"},
    {200, "a CUDA call failed: invalid kernel image (200)"},
    {201, "a CUDA call failed: no context, or a destroyed one (201)"},
    {218, "a CUDA call failed: the driver rejects the PTX (218)"},
    {221, "a CUDA call failed: the driver has no PTX compiler (221)"},
    {400,
     "a CUDA call failed: invalid handle, as a stream of another GPU (400)"},
    {500, "a CUDA call failed: not found (500)"},
    {700, "a CUDA call failed: illegal address, of this or earlier work (700)"},
    {701, "a CUDA call failed: launch out of resources (701)"},
    {702, "a CUDA call failed: a kernel ran into a timeout (702)"},
    {709, "a CUDA call failed: the context was destroyed (709)"},
    {716, "a CUDA call failed: misaligned address (716)"},
    {719, "a CUDA call failed: a kernel failed, now or earlier (719)"},
    {802, "a CUDA call failed: the system is not ready (802)"},
    {803, "a CUDA call failed: driver and kernel module differ (803)"},
    {900, "a CUDA call failed: not allowed while a stream is captured (900)"},
    {901, "a CUDA call failed: the stream capture was invalidated (901)"},
    {906,
     "a CUDA call failed: the default stream, while one is captured (906)"},
    {999, "a CUDA call failed: unknown (999)"}};

static const char other_result[] =
    "a CUDA call failed: the error minus 1000 is its CUresult";

static inline const char *get_cuda_message(int error) {
  if (error >= E_CUDA_NO_DRIVER && error < E_CUDA_END)
    return cuda_messages[error - E_CUDA_NO_DRIVER];
  if (error < E_CUDA_CALL)
    return get_message(error);
  enum { COUNT = sizeof cuda_results / sizeof *cuda_results };
  for (unsigned i = 0; i < COUNT; ++i)
    if (cuda_results[i].result == error - E_CUDA_CALL)
      return cuda_results[i].text;
  return other_result;
}

/* The error for a result of the driver. */
static inline int from_result(cu_result result) {
  switch (result) {
  case CU_SUCCESS:
    return OK;
  case CU_OUT_OF_MEMORY:
    return E_CUDA_MEMORY;
  case CU_STUB_LIBRARY:
    return E_CUDA_NO_DRIVER;
  case CU_UNSUPPORTED_PTX_VERSION:
    return E_CUDA_OLD_DRIVER;
  case CU_NO_DEVICE:
  case CU_INVALID_DEVICE:
    return E_CUDA_NO_DEVICE;
  case CU_NO_BINARY_FOR_GPU:
    return E_CUDA_NO_IMAGE;
  default:
    return E_CUDA_CALL + result;
  }
}

#endif /* SSMC_CUDA_ERRORS_H */
