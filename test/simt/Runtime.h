//===- Runtime.h - The functions that kernels call ------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_SIMT_RUNTIME_H
#define SSMC_TEST_SIMT_RUNTIME_H

#include "llvm/ADT/ArrayRef.h"

namespace ssmc::simt {

struct RuntimeFunction {
  const char *name;
  void *address;
};

/// All functions that Rewriter::call may name.
llvm::ArrayRef<RuntimeFunction> runtimeFunctions();

} // namespace ssmc::simt

#endif // SSMC_TEST_SIMT_RUNTIME_H
