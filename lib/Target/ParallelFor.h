//===- ParallelFor.h - Work on as many threads as there are ------*- C++
//-*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_PARALLELFOR_H
#define SSMC_LIB_TARGET_PARALLELFOR_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include <cstddef>

namespace ssmc {

/// Calls `body` once for every number below `count`, in any order, on this
/// thread and on as many others as this machine has CPUs for and the system
/// gives; returns when all calls have.
void parallelFor(size_t count, llvm::function_ref<void(size_t)> body);

} // namespace ssmc

#endif // SSMC_LIB_TARGET_PARALLELFOR_H
