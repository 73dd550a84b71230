//===- CudaKernel.h - How a GPU kernel is launched --------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_CUDAKERNEL_H
#define SSMC_LIB_TARGET_CUDAKERNEL_H

#include "llvm/ADT/SmallVector.h"
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
  /// Of a unit's kernel: thread blocks take the chunks of all streams; else a
  /// stream each.
  bool byChunk = false;
  /// What each chunk leaves for others in the workspace.
  int64_t linkBytes = 0;
};

/// A call of a unit's kernel on a piece of a sequence.
struct CudaLaunch {
  int64_t kernel = 0; ///< among those of the model
  int64_t blob = 0;   ///< where the unit's weights begin, in bytes
  /// Offsets of the unit's carries into a record, in bytes.
  llvm::SmallVector<int64_t, 4> carries;
  /// Bytes of a row of activations before what the unit reads, and what it
  /// writes; -1: the caller's x or y. A unit in place writes what it reads.
  int64_t in = 0, out = 0;
};

/// The kernels of a model, and how they take long sequences.
struct CudaKernels {
  /// ssm_time and ssm_rows are among them.
  llvm::SmallVector<CudaKernel> kernels;
  /// One after the other on each piece of a sequence; then, once, ssm_answers
  /// of a pooled model. None: streams are never cut into pieces.
  llvm::SmallVector<CudaLaunch> launches;
  /// Whether streams are cut into pieces even where there are enough of them to
  /// fill the device.
  bool cutsAllStreams = false;
  /// Bytes of activations between units, per time step and stream.
  int64_t activationBytes = 0;
};

} // namespace ssmc

#endif // SSMC_LIB_TARGET_CUDAKERNEL_H
