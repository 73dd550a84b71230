/* Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
 * SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
 *
 * The functions of the CUDA driver that an emitted object calls, found in
 * libcuda.so.1 when a model is opened: nothing is linked, and no header of
 * CUDA is needed. Types and numbers are those of cuda.h, as every driver since
 * CUDA 11 has them; a function is found by the name that cuda.h gives it (the
 * suffix _v2 is part of some), not through cuGetProcAddress.
 *
 * A stream is passed on as the caller gave it: NULL is the legacy default
 * stream.
 *
 * What is called when:
 *   open     init, device_*, primary_retain or ctx_*, ctx_push, module_load,
 *            mem_alloc, memcpy_to_device, stream_synchronize, function_*,
 *            occupancy, ctx_pop
 *   load     ctx_push, mem_alloc, memcpy_to_device, stream_synchronize, ctx_pop
 *   unload   ctx_push, mem_free, ctx_pop
 *   run      ctx_push, memset_async, launch, ctx_pop: all that a CUDA graph
 *            can capture
 *   close    ctx_push, module_unload, mem_free, ctx_pop, primary_release */
#ifndef SSMC_CUDA_DRIVER_H
#define SSMC_CUDA_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef int cu_result; /* CUresult; 0 is success */
typedef int cu_device; /* CUdevice: an ordinal */
typedef struct cu_context_object *cu_context;
typedef struct cu_module_object *cu_module;
typedef struct cu_function_object *cu_function;
typedef struct cu_stream_object *cu_stream;
typedef uintptr_t cu_pointer; /* CUdeviceptr */

/* Of CUdevice_attribute and CUfunction_attribute. */
enum {
  CU_MULTIPROCESSORS = 16,
  CU_CAPABILITY_MAJOR = 75,
  CU_CAPABILITY_MINOR = 76,
  CU_MOST_SHARED_BYTES = 97, /* of a thread block that opts in */
  CU_FUNCTION_DYNAMIC_SHARED_BYTES = 8
};

/* Of CUresult. */
enum {
  CU_SUCCESS = 0,
  CU_OUT_OF_MEMORY = 2,
  CU_STUB_LIBRARY = 34,
  CU_NO_DEVICE = 100,
  CU_INVALID_DEVICE = 101,
  CU_INVALID_CONTEXT = 201,
  CU_NO_BINARY_FOR_GPU = 209,
  CU_UNSUPPORTED_PTX_VERSION = 222
};

/* X(member, name in the library, parameters) for every function. */
#define SSMC_CUDA_FUNCTIONS(X)                                                 \
  X(init, cuInit, (unsigned flags))                                            \
  X(device_count, cuDeviceGetCount, (int *count))                              \
  X(device_get, cuDeviceGet, (cu_device * device, int ordinal))                \
  X(device_attribute, cuDeviceGetAttribute,                                    \
    (int *value, int attribute, cu_device device))                             \
  X(primary_retain, cuDevicePrimaryCtxRetain,                                  \
    (cu_context * context, cu_device device))                                  \
  X(primary_release, cuDevicePrimaryCtxRelease_v2, (cu_device device))         \
  X(ctx_push, cuCtxPushCurrent_v2, (cu_context context))                       \
  X(ctx_pop, cuCtxPopCurrent_v2, (cu_context * context))                       \
  X(ctx_current, cuCtxGetCurrent, (cu_context * context))                      \
  X(ctx_device, cuCtxGetDevice, (cu_device * device))                          \
  X(module_load, cuModuleLoadData, (cu_module * module, const void *image))    \
  X(module_unload, cuModuleUnload, (cu_module module))                         \
  X(module_function, cuModuleGetFunction,                                      \
    (cu_function * function, cu_module module, const char *name))              \
  X(function_attribute, cuFuncSetAttribute,                                    \
    (cu_function function, int attribute, int value))                          \
  X(occupancy, cuOccupancyMaxActiveBlocksPerMultiprocessor,                    \
    (int *blocks, cu_function function, int threads, size_t shared_bytes))     \
  X(mem_alloc, cuMemAlloc_v2, (cu_pointer * memory, size_t bytes))             \
  X(mem_free, cuMemFree_v2, (cu_pointer memory))                               \
  X(memcpy_to_device, cuMemcpyHtoD_v2,                                         \
    (cu_pointer to, const void *from, size_t bytes))                           \
  X(stream_synchronize, cuStreamSynchronize, (cu_stream stream))               \
  X(memset_async, cuMemsetD32Async,                                            \
    (cu_pointer to, unsigned value, size_t words, cu_stream stream))           \
  X(launch, cuLaunchKernel,                                                    \
    (cu_function function, unsigned grid_x, unsigned grid_y, unsigned grid_z,  \
     unsigned block_x, unsigned block_y, unsigned block_z,                     \
     unsigned shared_bytes, cu_stream stream, void **parameters,               \
     void **extra))

/* NOLINTBEGIN(bugprone-macro-parentheses): a declaration has no others. */
struct cuda_driver {
#define SSMC_MEMBER(member, name, parameters) cu_result(*member) parameters;
  SSMC_CUDA_FUNCTIONS(SSMC_MEMBER)
#undef SSMC_MEMBER
};
/* NOLINTEND(bugprone-macro-parentheses) */

#endif /* SSMC_CUDA_DRIVER_H */
