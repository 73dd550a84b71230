//===- PrepareKernels.h - From NVVM IR to IR for this CPU -----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The functions' own instructions stay as they are: what computes on the GPU
// computes here. Pointers keep their address spaces, which x86 takes for plain
// memory. Shared memory, what NVVM's intrinsics do, and accesses to memory
// become calls of the functions in Runtime.cpp, `simt_...`.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_SIMT_PREPAREKERNELS_H
#define SSMC_TEST_SIMT_PREPAREKERNELS_H

#include "test/simt/Sites.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include "llvm/TargetParser/Triple.h"

namespace ssmc::simt {

struct KernelInfo {
  std::string name;
  std::vector<unsigned> parameterBytes;
  std::vector<bool> isPointer;
  bool flushesResults = false, flushesInputs = false; ///< Denormal floats.
  unsigned mostThreads = 1024;
};

struct GlobalVariableInfo {
  std::string name;
  uint64_t bytes = 0;
};

struct PreparedKernels {
  std::vector<KernelInfo> kernels;
  std::vector<GlobalVariableInfo> globals; ///< In device memory.
  Sites sites;
  Ranges ranges;
  std::vector<Range *> sharedRanges; ///< Those for shared memory.
  uint64_t staticSharedBytes = 0;    ///< Dynamic shared memory begins behind.
};

struct PrepareOptions {
  enum {
    Unchecked,
    Checked, ///< The runtime is told of loads and stores in unknown places,
    All      ///< of all.
  } accesses = Checked;
};

/// A kernel's function that takes its parameters the way cuLaunchKernel does.
std::string entryName(llvm::StringRef kernel);

/// Rewrites the module for a target. Fails on what cannot be emulated, and
/// names it.
llvm::Expected<PreparedKernels> prepareKernels(llvm::Module &module,
                                               const llvm::Triple &triple,
                                               const llvm::DataLayout &layout,
                                               const PrepareOptions &options);

} // namespace ssmc::simt

#endif // SSMC_TEST_SIMT_PREPAREKERNELS_H
