//===- TargetDescription.cpp - What loops need to know of a CPU -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/TargetDescription.h"
#include "lib/Analysis/DeviceKeys.h"

using namespace mlir;
using namespace ssmc;

// A panel has 16 lanes, and sums, weights and an input take a register each.
static constexpr DeviceKey<TargetDescription> kKeys[] = {
    {{"ssm.f32_lanes", 1, 16, true}, &TargetDescription::f32Lanes},
    {{"ssm.vector_registers", 8, 1024}, &TargetDescription::vectorRegisters},
    {{"ssm.fmas_per_cycle", 1, 16}, &TargetDescription::fmasPerCycle},
    {{"ssm.fma_latency", 1, 64}, &TargetDescription::fmaLatency},
    {{"ssm.loads_per_cycle", 1, 16}, &TargetDescription::loadsPerCycle},
    {{"ssm.l1d_bytes", 1 << 10, 1 << 30}, &TargetDescription::l1Bytes},
    {{"ssm.l2_bytes", 1 << 10, 1 << 30}, &TargetDescription::l2Bytes},
    {{"ssm.l3_bytes", 0, int64_t(1) << 40}, &TargetDescription::l3Bytes},
};

static constexpr DeviceName kCpu = {"CPU", "ssm."};

bool TargetDescription::operator==(const TargetDescription &other) const {
  return areEqual(kKeys, *this, other);
}

FailureOr<TargetDescription> TargetDescription::fromModule(ModuleOp module) {
  TargetDescription target;
  if (failed(readDevice(module, kCpu, kKeys, target)))
    return failure();
  return target;
}

void TargetDescription::attachTo(ModuleOp module) const {
  writeDevice(module, kCpu, kKeys, *this);
}
