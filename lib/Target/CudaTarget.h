//===- CudaTarget.h - The GPUs that code is generated for -------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_CUDATARGET_H
#define SSMC_LIB_TARGET_CUDATARGET_H

#include "lib/Target/TargetCpu.h"
#include "llvm/ADT/SmallVector.h"
#include <algorithm>

namespace ssmc {

/// What an object for GPUs holds, by compute capability times 10; both sorted,
/// and not both empty.
struct CudaTarget {
  /// Machine code for sm_NN.
  llvm::SmallVector<unsigned> cubins;
  /// PTX for compute_NN, which a driver compiles for that GPU and all later
  /// ones.
  llvm::SmallVector<unsigned> ptx;

  /// All of them, sorted, each once.
  llvm::SmallVector<unsigned> getAll() const;
  /// The oldest GPU with code for it.
  unsigned getLeast() const { return getAll().front(); }
  /// The PTX alone, when no tool of CUDA is needed to make the image.
  bool isPlainPtx() const { return cubins.empty() && ptx.size() == 1; }
};

/// Whether `--target` names GPUs, well or badly: it begins with "cuda".
bool isCudaTarget(llvm::StringRef list);

/// Parses "cuda:sm_80,sm_90" or "cuda:compute_80". With sm_NN only, the newest
/// one's PTX comes along, for GPUs newer than all of them. Fails with the list
/// of all that is accepted, and what may have been meant.
llvm::Expected<CudaTarget> parseCudaTarget(llvm::StringRef list);

/// What the host's part of an object is compiled for: any CPU of this machine's
/// kind. Fails on systems without CUDA.
llvm::Expected<TargetCpu> getCudaHost();

} // namespace ssmc

#endif // SSMC_LIB_TARGET_CUDATARGET_H
