//===- GpuDescription.h - What kernels need to know of a GPU ----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The entries of device "GPU" of `#dlti.target_system_spec` whose keys start
// with `ssm.gpu.`. The architecture has to be there; what else is said goes
// before what that architecture's usual product has.
//
//   module attributes {dlti.target_system_spec = #dlti.target_system_spec<
//     "GPU" = #dlti.target_device_spec<"ssm.gpu.sm" = 90 : i64,
//                                      "ssm.gpu.sm_count" = 114 : i64>>}
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_ANALYSIS_GPUDESCRIPTION_H
#define SSMC_LIB_ANALYSIS_GPUDESCRIPTION_H

#include "mlir/IR/BuiltinOps.h"
#include <optional>

namespace ssmc {

/// The sizes and rates that kernels are planned by. The limits are those that
/// code for the architecture can rely on; the rates are of one product, and
/// only the speed depends on them.
struct GpuDescription {
  /// Of compute capability 9.0: 90.
  int64_t sm = 80;
  /// Streaming multiprocessors.
  int64_t smCount = 108;
  /// f32 multiply-adds that an SM starts in a cycle if `fmaRate` is 1.
  int64_t f32Lanes = 64;
  /// Multiply-adds that a lane starts in a cycle.
  int64_t fmaRate = 1;
  /// Cycles until the sum of one can be the addend of the next.
  int64_t fmaLatency = 4;
  /// Multiply-adds of bf16 with sums in f32 that an SM's tensor cores do in a
  /// cycle by `mma.sync`; half as many of tf32.
  int64_t tensorFmas = 1024;
  /// f32 multiply-adds in the time of one in f64.
  int64_t f64Ratio = 2;
  /// 32-bit registers.
  int64_t registersPerSm = 65536;
  int64_t registersPerThread = 255;
  int64_t threadsPerBlock = 1024;
  int64_t threadsPerSm = 2048;
  int64_t blocksPerSm = 32;
  /// Shared memory. A thread block gets at most `sharedPerBlock`, if it asks
  /// for it, and takes 1 KB more of `sharedPerSm` than it gets.
  int64_t sharedPerSm = 164 << 10;
  int64_t sharedPerBlock = 163 << 10;
  /// Shared memory and L1 cache together.
  int64_t l1Bytes = 192 << 10;
  int64_t l2Bytes = 40 << 20;
  /// Bytes in a cycle that all SMs together read from the L2 cache.
  int64_t l2BytesPerCycle = 3400;
  /// 10^9 bytes in a second.
  int64_t memoryGbPerSecond = 2039;
  /// When busy.
  int64_t clockMhz = 1410;

  bool operator==(const GpuDescription &other) const;

  /// Of all SMs in a cycle.
  double memoryBytesPerCycle() const {
    return 1e3 * memoryGbPerSecond / clockMhz;
  }
  /// Multiply-adds that a thread does by one instruction of a product: from
  /// compute capability 10.0 on there are those of two sums.
  int64_t fmasPerInstruction() const { return sm >= 100 ? 2 : 1; }
  /// Multiply-adds of an SM in a cycle.
  double fmasPerCycle() const { return double(f32Lanes) * fmaRate; }
  /// 10^9 floating-point operations in a second, a multiply-add being two.
  double peakGflops() const {
    return 2e-3 * fmasPerCycle() * smCount * clockMhz;
  }

  /// What `module` says. Emits an error at the module and fails when it
  /// describes no GPU or names no architecture, on an architecture or a key
  /// that is not known, and on a value that is out of range.
  static mlir::FailureOr<GpuDescription> fromModule(mlir::ModuleOp module);

  /// Writes all keys into `module`; what it says of other devices, and under
  /// other keys, stays.
  void attachTo(mlir::ModuleOp module) const;
};

/// The architectures that kernels can be compiled for, as in `sm_80`,
/// ascending.
llvm::ArrayRef<unsigned> knownGpuArchitectures();

/// A product, by the name that people know.
struct KnownGpu {
  llvm::StringLiteral name;
  GpuDescription gpu;
};

/// Products of all architectures, ascending; the first of an architecture is
/// the one that code for it is planned for.
llvm::ArrayRef<KnownGpu> knownGpus();

/// The product that code for architecture `sm` is planned for; none when it is
/// not known.
std::optional<GpuDescription> describeGpu(unsigned sm);

} // namespace ssmc

#endif // SSMC_LIB_ANALYSIS_GPUDESCRIPTION_H
