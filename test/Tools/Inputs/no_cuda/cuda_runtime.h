/* Stands in for the CUDA runtime, where none is installed, so that programs
 * that use it compile: declared as there, with host memory, and no device. */
#ifndef CUDA_RUNTIME_H
#define CUDA_RUNTIME_H

#include <stdlib.h>
#include <string.h>

typedef enum { cudaSuccess = 0, cudaErrorMemoryAllocation = 2 } cudaError_t;
typedef struct CUstream_st *cudaStream_t;
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2 };

static inline cudaError_t cudaMalloc(void **memory, size_t bytes) {
  *memory = malloc(bytes);
  return *memory ? cudaSuccess : cudaErrorMemoryAllocation;
}

static inline cudaError_t cudaStreamCreate(cudaStream_t *stream) {
  *stream = NULL;
  return cudaSuccess;
}

static inline cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  (void)stream;
  return cudaSuccess;
}

static inline cudaError_t cudaMemcpyAsync(void *to, const void *from,
                                          size_t bytes,
                                          enum cudaMemcpyKind kind,
                                          cudaStream_t stream) {
  (void)kind, (void)stream;
  memcpy(to, from, bytes);
  return cudaSuccess;
}

#endif /* CUDA_RUNTIME_H */
