//===- TargetDescription.h - What loops need to know of a CPU ---*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The one place that reads `#dlti.target_system_spec`: the entries of device
// "CPU" whose keys start with `ssm.`. A module without any is for x86-64 with
// AVX2.
//
//   module attributes {dlti.target_system_spec = #dlti.target_system_spec<
//     "CPU" = #dlti.target_device_spec<"ssm.f32_lanes" = 16 : i64,
//                                      "ssm.vector_registers" = 32 : i64>>}
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_ANALYSIS_TARGETDESCRIPTION_H
#define SSMC_LIB_ANALYSIS_TARGETDESCRIPTION_H

#include "mlir/IR/BuiltinOps.h"
#include "llvm/TargetParser/Triple.h"

namespace ssmc {

/// What records, workspaces, their buffers and packed weights are aligned to,
/// and what a prefetch fetches. Part of the layout that objects and their
/// callers share, so it is no property of a target: 64 also where lines are
/// longer.
inline constexpr int64_t kCacheLineBytes = 64;

/// The sizes that chunks, register tiles and layouts depend on. Results do not
/// depend on them. The defaults are any x86-64 CPU's with AVX2.
struct TargetDescription {
  /// f32 numbers in a vector register: 1, 2, 4, 8 or 16.
  int64_t f32Lanes = 8;
  int64_t vectorRegisters = 16;
  /// Vector multiply-adds started in a cycle, and cycles until the sum of one
  /// can be the addend of the next.
  int64_t fmasPerCycle = 2;
  int64_t fmaLatency = 4;
  /// Vector loads, or loads of one number into all lanes, in a cycle.
  int64_t loadsPerCycle = 2;
  /// Caches of one core: of the L3, all that it can fill.
  int64_t l1Bytes = 32 << 10;
  int64_t l2Bytes = 512 << 10;
  int64_t l3Bytes = 16 << 20;

  bool operator==(const TargetDescription &other) const;

  /// What `module` says; a key that is absent has its default. Emits an error
  /// at the module and fails on a key that is not known or a value that is out
  /// of range.
  static mlir::FailureOr<TargetDescription> fromModule(mlir::ModuleOp module);

  /// Writes all keys into `module`; what it says of other devices, and under
  /// other keys, stays.
  void attachTo(mlir::ModuleOp module) const;
};

/// The description of LLVM's CPU `cpu` of `triple`: of "x86-64-v3",
/// "x86-64-v4", "generic" and the like, what nearly all such CPUs have; of a
/// name that is not in the table, the same. `hasAvx512` says whether code for
/// an x86-64 CPU uses AVX-512. Asks nothing of the machine that it runs on.
TargetDescription describeTarget(const llvm::Triple &triple,
                                 llvm::StringRef cpu, bool hasAvx512);

} // namespace ssmc

#endif // SSMC_LIB_ANALYSIS_TARGETDESCRIPTION_H
