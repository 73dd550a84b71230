//===- GpuDescription.cpp - What kernels need to know of a GPU ------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/GpuDescription.h"
#include "lib/Analysis/DeviceKeys.h"

using namespace mlir;
using namespace ssmc;

static constexpr int64_t kMega = 1 << 20;

// A warp has 32 threads, and a tile of a product takes tens of registers.
static constexpr DeviceKey<GpuDescription> kKeys[] = {
    {{"ssm.gpu.sm", 1, 999}, &GpuDescription::sm},
    {{"ssm.gpu.sm_count", 1, 4096}, &GpuDescription::smCount},
    {{"ssm.gpu.f32_lanes", 32, 1024, true}, &GpuDescription::f32Lanes},
    {{"ssm.gpu.fma_rate", 1, 8}, &GpuDescription::fmaRate},
    {{"ssm.gpu.fma_latency", 1, 64}, &GpuDescription::fmaLatency},
    {{"ssm.gpu.tensor_fmas", 1, 65536}, &GpuDescription::tensorFmas},
    {{"ssm.gpu.f64_ratio", 1, 128}, &GpuDescription::f64Ratio},
    {{"ssm.gpu.registers_per_sm", 8192, kMega},
     &GpuDescription::registersPerSm},
    {{"ssm.gpu.registers_per_thread", 32, 1024},
     &GpuDescription::registersPerThread},
    {{"ssm.gpu.threads_per_block", 32, 4096}, &GpuDescription::threadsPerBlock},
    {{"ssm.gpu.threads_per_sm", 32, 8192}, &GpuDescription::threadsPerSm},
    {{"ssm.gpu.blocks_per_sm", 1, 128}, &GpuDescription::blocksPerSm},
    {{"ssm.gpu.shared_per_sm", 16 << 10, 16 * kMega},
     &GpuDescription::sharedPerSm},
    {{"ssm.gpu.shared_per_block", 16 << 10, 16 * kMega},
     &GpuDescription::sharedPerBlock},
    {{"ssm.gpu.l1_bytes", 16 << 10, 16 * kMega}, &GpuDescription::l1Bytes},
    {{"ssm.gpu.l2_bytes", 64 << 10, int64_t(1) << 40},
     &GpuDescription::l2Bytes},
    {{"ssm.gpu.l2_bytes_per_cycle", 1, kMega},
     &GpuDescription::l2BytesPerCycle},
    {{"ssm.gpu.memory_gb_per_second", 1, kMega},
     &GpuDescription::memoryGbPerSecond},
    {{"ssm.gpu.clock_mhz", 1, 100000}, &GpuDescription::clockMhz},
};

static constexpr DeviceName kGpu = {"GPU", "ssm.gpu."};

bool GpuDescription::operator==(const GpuDescription &other) const {
  return areEqual(kKeys, *this, other);
}

/// Values that contradict each other.
static LogicalResult verifyLimits(ModuleOp module, const GpuDescription &gpu) {
  auto verify = [&](StringRef part, int64_t least, StringRef whole,
                    int64_t most) -> LogicalResult {
    if (least <= most)
      return success();
    return module.emitError()
           << "target description has 'ssm.gpu." << part << "' = " << least
           << "; expected at most 'ssm.gpu." << whole << "' = " << most;
  };
  if (failed(verify("threads_per_block", gpu.threadsPerBlock, "threads_per_sm",
                    gpu.threadsPerSm)) ||
      failed(verify("shared_per_block", gpu.sharedPerBlock, "shared_per_sm",
                    gpu.sharedPerSm)))
    return failure();
  return verify("shared_per_sm", gpu.sharedPerSm, "l1_bytes", gpu.l1Bytes);
}

FailureOr<GpuDescription> GpuDescription::fromModule(ModuleOp module) {
  std::string expected = "; expected '";
  llvm::raw_string_ostream stream(expected);
  stream << kKeys[0].range.name << "', one of ";
  llvm::interleaveComma(knownGpuArchitectures(), stream);
  if (!hasDevice(module, kGpu.device))
    return module.emitError()
           << "target description has no device \"GPU\"" << expected;
  GpuDescription named;
  named.sm = 0;
  if (failed(readDevice(module, kGpu, kKeys, named)))
    return failure();
  if (named.sm == 0)
    return module.emitError()
           << "target description names no architecture for device \"GPU\""
           << expected;
  std::optional<GpuDescription> gpu = describeGpu(named.sm);
  if (!gpu)
    return module.emitError()
           << "target description has '" << StringRef(kKeys[0].range.name)
           << "' = " << named.sm << expected;
  // A second time, over what the architecture has.
  if (failed(readDevice(module, kGpu, kKeys, *gpu)) ||
      failed(verifyLimits(module, *gpu)))
    return failure();
  return *gpu;
}

void GpuDescription::attachTo(ModuleOp module) const {
  writeDevice(module, kGpu, kKeys, *this);
}
