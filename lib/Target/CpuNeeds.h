//===- CpuNeeds.h - What code for a CPU needs of a machine ------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_CPUNEEDS_H
#define SSMC_LIB_TARGET_CPUNEEDS_H

#include "runtime/dispatch.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include <array>
#include <cstdint>

namespace ssmc {

/// Bits that a machine must show, in the order of runtime/dispatch.h.
using CpuWords = std::array<uint32_t, CPU_WORDS>;

/// LLVM's names of the x86-64 features whose instructions code generation uses
/// by itself, without being asked for one by name: those decide where code
/// runs.
llvm::ArrayRef<llvm::StringRef> getDecidingFeatures();

/// What code needs that uses those of the deciding features for which `has`
/// holds.
CpuWords getCpuNeeds(llvm::function_ref<bool(llvm::StringRef)> has);

} // namespace ssmc

#endif // SSMC_LIB_TARGET_CPUNEEDS_H
