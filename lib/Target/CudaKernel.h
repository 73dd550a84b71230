//===- CudaKernel.h - How a GPU kernel is launched --------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_CUDAKERNEL_H
#define SSMC_LIB_TARGET_CUDAKERNEL_H

#include <cstdint>
#include <string>

namespace ssmc {

/// What the host must know of a kernel to launch it. Parameters are plain
/// pointers and int64; runtime/cuda_schedule.h has those of each kernel.
struct CudaKernel {
  std::string name;
  /// Of a thread block.
  int64_t threads = 0;
  /// Dynamic shared memory of a thread block.
  int64_t sharedBytes = 0;
  /// Streams, or time steps, that a thread block works on at a time.
  int64_t rows = 0;
};

} // namespace ssmc

#endif // SSMC_LIB_TARGET_CUDAKERNEL_H
