//===- KnownTargets.cpp - CPUs by name ------------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Caches and FMA units are the manufacturers' (optimization manuals, data
// sheets); of several products of one name, the smallest.
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/TargetDescription.h"

using namespace llvm;
using namespace ssmc;

static constexpr int64_t operator""_K(unsigned long long size) {
  return size << 10;
}
static constexpr int64_t operator""_M(unsigned long long size) {
  return size << 20;
}

namespace {
struct KnownCpu {
  StringLiteral name;
  int64_t lanes, registers, fmasPerCycle, l1, l2, l3;
};
} // namespace

// Of CPUs whose 512-bit units are two of 256 bits, an FMA takes both: one in a
// cycle.
static constexpr KnownCpu kX86Cpus[] = {
    {"x86-64-v3", 8, 16, 2, 32_K, 512_K, 16_M},
    {"x86-64-v4", 16, 32, 2, 32_K, 1_M, 16_M},
    {"haswell", 8, 16, 2, 32_K, 256_K, 4_M},
    {"core-avx2", 8, 16, 2, 32_K, 256_K, 4_M},
    {"broadwell", 8, 16, 2, 32_K, 256_K, 4_M},
    {"skylake", 8, 16, 2, 32_K, 256_K, 4_M},
    {"alderlake", 8, 16, 2, 48_K, 1_M, 12_M},
    {"skylake-avx512", 16, 32, 2, 32_K, 1_M, 8_M},
    {"skx", 16, 32, 2, 32_K, 1_M, 8_M},
    {"cascadelake", 16, 32, 2, 32_K, 1_M, 8_M},
    {"cooperlake", 16, 32, 2, 32_K, 1_M, 16_M},
    {"icelake-server", 16, 32, 2, 48_K, 1280_K, 12_M},
    {"sapphirerapids", 16, 32, 2, 48_K, 2_M, 16_M},
    {"emeraldrapids", 16, 32, 2, 48_K, 2_M, 24_M},
    {"graniterapids", 16, 32, 2, 48_K, 2_M, 32_M},
    {"znver1", 8, 16, 1, 32_K, 512_K, 4_M},
    {"znver2", 8, 16, 2, 32_K, 512_K, 4_M},
    {"znver3", 8, 16, 2, 32_K, 512_K, 16_M},
    {"znver4", 16, 32, 1, 32_K, 1_M, 16_M},
    {"znver5", 16, 32, 2, 48_K, 1_M, 16_M},
};

static constexpr KnownCpu kAArch64Cpus[] = {
    {"generic", 4, 32, 2, 32_K, 512_K, 4_M},
    {"cortex-a76", 4, 32, 2, 64_K, 256_K, 2_M},
    {"neoverse-n1", 4, 32, 2, 64_K, 512_K, 16_M},
    {"neoverse-v1", 4, 32, 4, 64_K, 1_M, 16_M},
    {"neoverse-n2", 4, 32, 2, 64_K, 512_K, 16_M},
    {"neoverse-v2", 4, 32, 4, 64_K, 1_M, 16_M},
    {"apple-m1", 4, 32, 4, 128_K, 4_M, 8_M},
    {"apple-m2", 4, 32, 4, 128_K, 4_M, 8_M},
    {"apple-m3", 4, 32, 4, 128_K, 4_M, 8_M},
    {"apple-m4", 4, 32, 4, 128_K, 4_M, 8_M},
};

// Code does not use the V extension: vectors of 16 become 16 numbers in scalar
// registers.
static constexpr KnownCpu kRiscv = {"rv64gc", 1, 32, 1, 32_K, 256_K, 2_M};

static TargetDescription describe(const KnownCpu &cpu) {
  TargetDescription target;
  target.f32Lanes = cpu.lanes;
  target.vectorRegisters = cpu.registers;
  target.fmasPerCycle = cpu.fmasPerCycle;
  target.l1Bytes = cpu.l1;
  target.l2Bytes = cpu.l2;
  target.l3Bytes = cpu.l3;
  return target;
}

static TargetDescription find(ArrayRef<KnownCpu> cpus, StringRef name,
                              const KnownCpu &otherwise) {
  const KnownCpu *known = llvm::find_if(
      cpus, [&](const KnownCpu &cpu) { return cpu.name == name; });
  return describe(known == cpus.end() ? otherwise : *known);
}

TargetDescription ssmc::describeTarget(const Triple &triple, StringRef cpu,
                                       bool hasAvx512) {
  if (triple.isAArch64()) {
    // All of Apple's 64-bit Macs.
    if (triple.isOSDarwin() && (cpu.empty() || cpu == "generic"))
      cpu = "apple-m1";
    return find(kAArch64Cpus, cpu, kAArch64Cpus[0]);
  }
  if (triple.isRISCV())
    return describe(kRiscv);
  TargetDescription target = find(kX86Cpus, cpu, kX86Cpus[hasAvx512 ? 1 : 0]);
  // Features can be taken from a CPU, or given to it.
  target.f32Lanes = hasAvx512 ? 16 : 8;
  target.vectorRegisters = hasAvx512 ? 32 : 16;
  return target;
}
