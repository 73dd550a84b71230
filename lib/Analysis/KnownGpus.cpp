//===- KnownGpus.cpp - GPUs by architecture and by name -------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Limits are those of the CUDA programming guide's table of compute
// capabilities; counts, clocks and memory those of the manufacturer's data
// sheets. The bandwidth of L2 caches is nobody's promise: about what
// microbenchmarks reach, 28 to 32 bytes per cycle and SM on data centers'
// products and about 16 on the others; of B200, taken to be as on H100. So is
// what `mma.sync` makes of tensor cores, which on H100 was measured to be 62 %
// of the data sheet's rate (Luo et al. 2024), that of `wgmma`; on the others it
// is all of it.
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/GpuDescription.h"

using namespace ssmc;

static constexpr int64_t operator""_K(unsigned long long size) {
  return size << 10;
}
static constexpr int64_t operator""_M(unsigned long long size) {
  return size << 20;
}

namespace {
/// What all products of an architecture have.
struct Architecture {
  unsigned sm;
  int64_t lanes, f64Ratio, threads, blocks, sharedPerSm, l1;
};
/// What one product has.
struct Product {
  int64_t smCount, l2, l2PerCycle, memory, clock, tensorFmas;
};
} // namespace

// Sorted; a product below names one by its place.
static constexpr Architecture kArchitectures[] = {
    {80, 64, 2, 2048, 32, 164_K, 192_K},
    {86, 128, 64, 1536, 16, 100_K, 128_K},
    {89, 128, 64, 1536, 24, 100_K, 128_K},
    {90, 128, 2, 2048, 32, 228_K, 256_K},
    {100, 128, 2, 2048, 32, 228_K, 256_K},
    {120, 128, 64, 1536, 24, 100_K, 128_K},
};
static constexpr unsigned kNumbers[] = {80, 86, 89, 90, 100, 120};
static_assert(std::size(kNumbers) == std::size(kArchitectures));

static constexpr GpuDescription describe(int place, const Product &product) {
  const Architecture &architecture = kArchitectures[place];
  GpuDescription gpu;
  gpu.sm = architecture.sm;
  gpu.smCount = product.smCount;
  gpu.f32Lanes = architecture.lanes;
  gpu.f64Ratio = architecture.f64Ratio;
  gpu.threadsPerSm = architecture.threads;
  gpu.blocksPerSm = architecture.blocks;
  gpu.sharedPerSm = architecture.sharedPerSm;
  // The system keeps 1 KB of each block's.
  gpu.sharedPerBlock = architecture.sharedPerSm - 1_K;
  gpu.l1Bytes = architecture.l1;
  gpu.l2Bytes = product.l2;
  gpu.l2BytesPerCycle = product.l2PerCycle;
  gpu.memoryGbPerSecond = product.memory;
  gpu.clockMhz = product.clock;
  gpu.tensorFmas = product.tensorFmas;
  return gpu;
}

static constexpr KnownGpu kGpus[] = {
    {"A100 SXM 80 GB", describe(0, {108, 40_M, 3400, 2039, 1410, 1024})},
    {"RTX A6000", describe(1, {84, 6_M, 1300, 768, 1800, 512})},
    {"RTX 3090", describe(1, {82, 6_M, 1300, 936, 1695, 256})},
    {"RTX 4090", describe(2, {128, 72_M, 2050, 1008, 2520, 256})},
    {"L4", describe(2, {58, 48_M, 930, 300, 2040, 512})},
    {"H100 SXM", describe(3, {132, 50_M, 3700, 3350, 1980, 1270})},
    {"H200", describe(3, {132, 50_M, 3700, 4800, 1980, 1270})},
    {"B200", describe(4, {148, 126_M, 4150, 8000, 1965, 1270})},
    {"RTX 5090", describe(5, {170, 96_M, 2700, 1792, 2407, 256})},
};

llvm::ArrayRef<unsigned> ssmc::knownGpuArchitectures() { return kNumbers; }

llvm::ArrayRef<KnownGpu> ssmc::knownGpus() { return kGpus; }

std::optional<GpuDescription> ssmc::describeGpu(unsigned sm) {
  for (const KnownGpu &known : kGpus)
    if (known.gpu.sm == sm)
      return known.gpu;
  return std::nullopt;
}
