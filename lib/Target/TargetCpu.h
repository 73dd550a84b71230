//===- TargetCpu.h - The CPU that code is generated for ---------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_TARGETCPU_H
#define SSMC_LIB_TARGET_TARGETCPU_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"
#include <memory>
#include <string>

namespace ssmc {

/// A CPU, resolved: what LLVM needs to generate code for it.
struct TargetCpu {
  std::string triple;
  /// LLVM's name of the CPU, never "native".
  std::string cpu;
  /// Features beyond the CPU's own ("+avx2,-sse4a"), or empty.
  std::string features;
  /// Whether its vectors are 512 bits wide.
  bool hasAvx512 = false;
};

/// The CPU that `--target` names: an LLVM CPU name ("x86-64-v3", "znver3") or
/// "native", the machine this runs on. Fails on an unknown name, with the
/// nearest known ones, and on a CPU without FMA and AVX2.
llvm::Expected<TargetCpu> resolveTargetCpu(llvm::StringRef name);

/// Names that resolveTargetCpu accepts, sorted.
std::vector<std::string> getTargetCpuNames();

/// Fails when this machine lacks an instruction set that `target` has.
llvm::Error checkRunsHere(const TargetCpu &target);

/// A machine for position-independent code that fuses no floating-point
/// operations but those written fused.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>> createTargetMachine(
    const TargetCpu &target,
    llvm::CodeGenOptLevel level = llvm::CodeGenOptLevel::Aggressive);

} // namespace ssmc

#endif // SSMC_LIB_TARGET_TARGETCPU_H
