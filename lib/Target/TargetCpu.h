//===- TargetCpu.h - The CPU that code is generated for ---------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_TARGETCPU_H
#define SSMC_LIB_TARGET_TARGETCPU_H

#include "lib/Target/CpuNeeds.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/Error.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include <memory>
#include <string>
#include <vector>

namespace ssmc {

/// A CPU, resolved: what LLVM needs to generate code for it.
struct TargetCpu {
  llvm::Triple triple;
  /// LLVM's name of the CPU, never "native".
  std::string cpu;
  /// Features beyond the CPU's own ("+avx2,-sse4a"), or empty.
  std::string features;
  /// Calling convention where LLVM needs to be told, or empty.
  std::string abi;
  /// Whether an x86-64 CPU has vectors of 512 bits.
  bool hasAvx512 = false;
  /// What an x86-64 machine must have to run the code.
  CpuWords needs = {};

  bool isX86() const { return triple.isX86(); }
  /// Whether an object for it chooses its code when it is loaded (an ifunc): it
  /// must be ELF, and there must be machines of the same triple that lack what
  /// the code needs.
  bool isDispatched = false;
};

/// What code is compiled for when nothing else is asked for.
inline constexpr llvm::StringLiteral kDefaultTargets = "x86-64-v3,x86-64-v4";

/// The CPU that `--target` names: an LLVM CPU name ("x86-64-v3", "znver3"),
/// "native", the machine this runs on, or one of getTargetTriples(), also as
/// other spellings of the same system (x86_64-unknown-linux-gnu). Fails on
/// an unknown name, with the nearest known one, and on an x86-64 CPU without
/// FMA and AVX2.
llvm::Expected<TargetCpu> resolveTargetCpu(llvm::StringRef name);

/// A list of them, separated by commas, for one object: one triple, or
/// different x86-64 CPUs. The most demanding one is last. x86-64 Linux by its
/// triple stands for kDefaultTargets.
llvm::Expected<std::vector<TargetCpu>> resolveTargets(llvm::StringRef list);

/// x86-64 CPUs that resolveTargetCpu accepts, sorted.
std::vector<std::string> getTargetCpuNames();

/// Triples that resolveTargetCpu accepts: systems, with a CPU that stands for
/// all of theirs.
std::vector<std::string> getTargetTriples();

/// Fails when this machine cannot run code for `target`: it lacks an
/// instruction set, or is another one altogether.
llvm::Error checkRunsHere(const TargetCpu &target);

/// A machine for position-independent code that fuses no floating-point
/// operations but those written fused.
llvm::Expected<std::unique_ptr<llvm::TargetMachine>> createTargetMachine(
    const TargetCpu &target,
    llvm::CodeGenOptLevel level = llvm::CodeGenOptLevel::Aggressive);

} // namespace ssmc

#endif // SSMC_LIB_TARGET_TARGETCPU_H
