//===- GpuCostModel.cpp - What row operations cost on a GPU ---------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/GpuCostModel.h"
#include "dialect/SsmDialect.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace ssmc;
using llvm::divideCeil;

static constexpr int64_t kWarp = 32;
/// Of an SM; each starts an instruction of one warp in a cycle.
static constexpr int64_t kSchedulers = 4;
/// Inputs that a thread loads together.
static constexpr int64_t kTogether = 4;
/// Lanes of a panel that are threads; each has two.
static constexpr int64_t kThreadLanes = kPanelLanes / 2;

/// Cycles until a value from there can be used.
static constexpr double kSharedLatency = 30, kL1Latency = 40, kL2Latency = 260;
/// Of an instruction in f64 on SMs with units for it.
static constexpr double kF64Latency = 8;
/// Of a barrier whose last warp has arrived, with the start of what follows.
static constexpr double kBarrier = 60;
/// Bytes in a cycle that an SM gets through its port to the L2 cache.
static constexpr double kL2Port = 64;
/// Cycles of shared memory for a load of 16 bytes by a warp in which
/// neighbours read the same.
static constexpr double kWideLoad = 2;
/// The same of different 16 bytes, all that the warp's banks hold four times;
/// of those of 8 rows whose places in the banks are the same, 64 bytes each.
static constexpr double kWholeLoad = 4, kFragmentLoad = 8;
/// Cycles from an mma.sync to the next on its sums.
static constexpr double kMmaLatency = 33;
/// Instructions that make a fragment of 4 floats: for bf16x3 4 conversions of
/// pairs, 4 that make f32 of bf16 and 4 differences.
static constexpr double kSplitBf16 = 12, kSplitTf32 = 4;
/// Instructions of the loop over the depth beside loads and multiply-adds, for
/// each step of 4.
static constexpr double kLoopOps = 3;
/// Registers of a thread for each pair of sums (with its address and what its
/// epilogue takes), for each row, and beside the tile: with as many, ptxas 13
/// spilled nothing in any kernel of W1 to W4 with tiles of 2 x 4 to 8 x 2.
/// Kernels of units alone take some 40 less than the one of all layers.
static constexpr int64_t kRegistersOfSum = 5, kRegistersOfRow = 7,
                         kOtherRegisters = 104;
/// In kernels of units, two steps' weights are in registers beside sums and
/// inputs; ptxas 13 took up to 75 more for W1 to W4 with tiles of 8 x 2.
static constexpr int64_t kRegistersAhead = 72;
/// Beside those, where a thread of a kernel of all layers has four lanes side
/// by side: with 8 x 1, ptxas 13 spilled up to 52 bytes of W4 and W3.
static constexpr int64_t kRegistersOfRun = 24;
/// Instructions of a step's loop where weights are read ahead: two steps share
/// 18 on sm_90.
static constexpr double kLoopOpsAhead = 9;
/// Sums of a thread from which on it reads ahead; with fewer, the loop is
/// unrolled instead.
static constexpr int64_t kLeastAhead = 4;
/// And for each panel's weights on tensor cores.
static constexpr int64_t kRegistersOfFragment = 12;
/// How units and latencies that are equally long overlap: with exponent 4 they
/// take 19 % longer than one of them.
static constexpr double kOverlap = 4;

static bool readsAhead(const GpuBlockShape &block, const GpuTile &tile) {
  return block.readsAhead &&
         tile.rows * tile.panels * tile.lanes >= kLeastAhead;
}

int64_t ssmc::countRegisters(const GpuTile &tile, const GpuProduct &product,
                             bool readsAhead) {
  int64_t columns = 2 * tile.panels * tile.lanes;
  if (readsAhead && !product.tensorCores)
    return tile.rows * columns + 2 * kTogether * columns +
           kTogether * tile.rows + kRegistersAhead;
  if (tile.lanes > 1)
    return tile.rows * columns + kTogether * columns + kTogether * tile.rows +
           kOtherRegisters + kRegistersOfRun;
  int64_t ofFragments =
      product.tensorCores ? kRegistersOfFragment * tile.panels : 0;
  return ofFragments + kRegistersOfSum * tile.rows * tile.panels +
         kRegistersOfRow * tile.rows + kOtherRegisters;
}

//===----------------------------------------------------------------------===//
// Cycles
//===----------------------------------------------------------------------===//

llvm::StringRef ssmc::getGpuBoundName(GpuBound bound) {
  static constexpr llvm::StringLiteral kNames[kNumGpuBounds] = {
      "FMA", "tensor", "issue", "f64", "shared", "L2", "memory", "latency"};
  return kNames[static_cast<int>(bound)];
}

GpuCycles &GpuCycles::operator+=(const GpuCycles &other) {
  for (auto [mine, more] : llvm::zip_equal(of, other.of))
    mine += more;
  return *this;
}

GpuCycles GpuCycles::scaled(double times) const {
  GpuCycles result = *this;
  for (double &cycles : result.of)
    cycles *= times;
  return result;
}

/// The unit with most to do.
static GpuBound mostOf(const GpuCycles &cycles) {
  const double *latency = std::end(cycles.of) - 1;
  return GpuBound(std::max_element(std::begin(cycles.of), latency) -
                  std::begin(cycles.of));
}

double GpuCycles::throughput() const { return (*this)[mostOf(*this)]; }

double GpuCycles::together(int64_t blocks) const {
  return std::pow(std::pow(blocks * throughput(), kOverlap) +
                      std::pow((*this)[GpuBound::Latency], kOverlap),
                  1 / kOverlap);
}

GpuBound GpuCycles::bound(int64_t blocks) const {
  return (*this)[GpuBound::Latency] > blocks * throughput() ? GpuBound::Latency
                                                            : mostOf(*this);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

int64_t GpuProduct::panelBytes() const {
  return (tensorCores ? llvm::alignTo(depth, kPanelLanes) : depth) * 64;
}

double ssmc::getMultiplyAddsPerCycle(const GpuDescription &gpu,
                                     const GpuProduct &product) {
  if (!product.tensorCores)
    return gpu.fmasPerCycle();
  bool isBf16 = *product.tensorCores == TensorProducts::bf16x3;
  return double(gpu.tensorFmas) / (isBf16 ? 3 : 2);
}

namespace {
/// How the threads of a block share a product.
struct Split {
  /// `together`: threads with one tile's rows and panels between them.
  int64_t columns, groups, together, warps, trips;

  Split(const GpuBlockShape &block, const GpuProduct &product,
        const GpuTile &tile)
      : columns(divideCeil(product.panels, tile.panels)),
        groups(divideCeil(block.rows, product.tensorCores
                                          ? tile.rows * tile.rowGroups
                                          : tile.rows)),
        together(product.tensorCores ? kWarp : kThreadLanes / tile.lanes) {
    int64_t items = columns * groups * together;
    warps = divideCeil(items, kWarp);
    trips = divideCeil(items, block.threads);
  }
};
} // namespace

static double bytesPerCycleOfL2(const GpuDescription &gpu) {
  return std::min(kL2Port, double(gpu.l2BytesPerCycle) / gpu.smCount);
}

/// Whether all weights stay in the L1 cache from one chunk to the next.
static bool staysInL1(const GpuBlockShape &block) {
  return block.weightBytes <= block.l1Bytes / 2;
}

/// Bytes of weights that come from the L2 cache. A trip through the threads
/// that does not have all rows reads its panels again later.
static double weightsFromL2(const GpuBlockShape &block,
                            const GpuProduct &product, const GpuTile &tile,
                            const Split &split) {
  if (block.staged || staysInL1(block))
    return 0;
  int64_t pairs = std::max<int64_t>(1, block.threads / split.together);
  int64_t columnsOfTrip = std::max<int64_t>(1, pairs / split.groups);
  int64_t bytesOfTrip = std::min(split.columns, columnsOfTrip) * tile.panels *
                        product.panelBytes();
  int64_t readings = divideCeil(split.groups, pairs);
  if (bytesOfTrip * block.blocks <= block.l1Bytes)
    readings = 1;
  return double(product.weightBytes()) * readings;
}

/// The same on tensor cores: a warp has tile.rows / 2 fragments of 8 rows by
/// tile.panels panels, and goes through 16 inputs in a step.
static GpuCycles costFragments(const GpuDescription &gpu,
                               const GpuBlockShape &block,
                               const GpuProduct &product, const GpuTile &tile) {
  Split split(block, product, tile);
  bool isBf16 = *product.tensorCores == TensorProducts::bf16x3;
  double fragments = tile.rows / 2.0, panels = tile.panels;
  double steps = divideCeil(product.depth, kPanelLanes);
  // Of a warp, in a step. Each mma.sync has to wait for the one before on the
  // same sums.
  double inTurn = isBf16 ? 3 : 2, mmas = inTurn * fragments * panels;
  double perMma = kWarp / 4 * kPanelLanes * kPanelLanes /
                  getMultiplyAddsPerCycle(gpu, product) / inTurn;
  double loads = fragments + 2 * panels;
  double instructions =
      mmas + loads + (isBf16 ? kSplitBf16 : kSplitTf32) * fragments + kLoopOps;
  double sums = 2.0 * tile.rows * tile.panels;
  double after = sums * product.ops, accesses = sums * product.accesses;
  double perFma = kWarp / gpu.fmasPerCycle();

  GpuCycles cycles;
  cycles[GpuBound::Tensor] = split.warps * steps * mmas * perMma;
  cycles[GpuBound::Fma] = split.warps * after * perFma;
  cycles[GpuBound::Issue] =
      split.warps * (steps * instructions + after + accesses) / kSchedulers;
  cycles[GpuBound::Shared] =
      split.warps * steps *
      (kFragmentLoad * fragments + 2 * kWholeLoad * panels);
  cycles[GpuBound::L2] =
      weightsFromL2(block, product, tile, split) / bytesPerCycleOfL2(gpu);
  double load = block.staged       ? kSharedLatency
                : staysInL1(block) ? kL1Latency
                                   : kL2Latency;
  double step = load +
                std::max(inTurn * kMmaLatency, mmas * perMma * kSchedulers) +
                instructions - mmas;
  double perScheduler = std::max(1.0, perFma * kSchedulers);
  cycles[GpuBound::Latency] =
      split.trips * (steps * step + after * perScheduler + accesses +
                     product.ops * gpu.fmaLatency) +
      kBarrier;
  return cycles;
}

GpuCycles ssmc::costProduct(const GpuDescription &gpu,
                            const GpuBlockShape &block,
                            const GpuProduct &product, const GpuTile &tile) {
  if (product.tensorCores)
    return costFragments(gpu, block, product, tile);
  Split split(block, product, tile);
  double steps = divideCeil(product.depth, kTogether);
  // Of a warp, in a step of 4.
  double sums = 2.0 * tile.rows * tile.panels * tile.lanes;
  double fmas = kTogether * sums;
  double weights = kTogether * 2.0 * tile.panels;
  double lines = std::min<double>(
      split.columns, double(kWarp) / split.together / tile.rowGroups);
  if (tile.lanes > 1)
    lines = std::max(lines, kWideLoad);
  bool ahead = readsAhead(block, tile);
  double loopOps = ahead ? kLoopOpsAhead : kLoopOps;
  double others = tile.rows + weights + loopOps;
  // Of a warp, after its sums.
  double after = sums * product.ops;
  double accesses = sums * product.accesses / tile.lanes;
  double perFma = kWarp / gpu.fmasPerCycle();

  GpuCycles cycles;
  cycles[GpuBound::Fma] = split.warps * (steps * fmas + after) * perFma;
  cycles[GpuBound::Issue] =
      split.warps *
      (steps * (fmas / gpu.fmasPerInstruction() + others) + after + accesses) /
      kSchedulers;
  cycles[GpuBound::Shared] =
      split.warps * steps * (kWideLoad * tile.rows + lines * weights);
  cycles[GpuBound::L2] =
      weightsFromL2(block, product, tile, split) / bytesPerCycleOfL2(gpu);
  // A warp starts an instruction in each cycle, multiply-adds only as fast as
  // its scheduler's units take them, and waits for what it has loaded.
  double perScheduler = std::max(1.0, perFma * kSchedulers);
  double load = block.staged       ? kSharedLatency
                : staysInL1(block) ? kL1Latency
                                   : kL2Latency;
  double step = fmas * perScheduler + others;
  // Inputs are waited for in either case, weights as long as the step before
  // does not take.
  step = ahead ? std::max(load, step) + kSharedLatency : load + step;
  cycles[GpuBound::Latency] =
      split.trips * (steps * step + after * perScheduler + accesses +
                     product.ops * gpu.fmaLatency) +
      kBarrier;
  return cycles;
}

//===----------------------------------------------------------------------===//
// Scans
//===----------------------------------------------------------------------===//

GpuCycles ssmc::costScan(const GpuDescription &gpu, const GpuBlockShape &block,
                         const GpuScan &scan) {
  double warps = divideCeil(scan.modes, kWarp);
  double trips = divideCeil(scan.modes, block.threads);
  double perFma = kWarp / gpu.fmasPerCycle();
  double all = scan.ops + scan.f64Ops + scan.accesses;
  GpuCycles cycles;
  cycles[GpuBound::Fma] = warps * block.rows * scan.ops * perFma;
  cycles[GpuBound::F64] =
      warps * block.rows * scan.f64Ops * perFma * gpu.f64Ratio;
  cycles[GpuBound::Issue] = warps * block.rows * all / kSchedulers;
  // What is not read ahead is loaded after the state of the row before was
  // stored: they might overlap for all that the compiler knows.
  double f64 = std::max(kF64Latency, kSchedulers * perFma * gpu.f64Ratio);
  double row = scan.chain * gpu.fmaLatency + scan.f64Chain * f64 + all;
  bool ahead = block.readsAhead && scan.readsAhead;
  row = ahead ? std::max(kSharedLatency, row) : kSharedLatency + row;
  cycles[GpuBound::Latency] = trips * block.rows * row + kBarrier;
  return cycles;
}

//===----------------------------------------------------------------------===//
// Choices
//===----------------------------------------------------------------------===//

/// Row groups of a warp: 1, 2 or 4.
static int64_t countRowGroups(const GpuBlockShape &block,
                              const GpuProduct &product, int64_t rows,
                              int64_t panels, int64_t lanes) {
  int64_t columns = divideCeil(product.panels, panels);
  int64_t near = lanes > 1 ? countNeighbours(columns) : 1;
  int64_t ofWarp = kWarp / kThreadLanes * lanes / near;
  columns /= near;
  int64_t most = std::max(block.rowGroups, ofWarp / std::min(columns, ofWarp));
  most = std::min(most, int64_t(divideCeil(block.rows, rows)));
  return most >= 4 ? 4 : most >= 2 ? 2 : 1;
}

/// Whether the product may have a tile of so many rows.
static bool suits(const GpuBlockShape &block, const GpuProduct &product,
                  int64_t rows) {
  // Fragments of 8 rows, two of each, without one that is empty.
  if (product.tensorCores)
    return rows >= 2 && rows <= 8 && (rows / 2 - 1) * 8 < block.rows;
  return rows <= block.rows;
}

GpuTile ssmc::chooseGpuTile(const GpuDescription &gpu,
                            const GpuBlockShape &block,
                            const GpuProduct &product, int64_t registers) {
  GpuTile best{product.tensorCores ? 2 : 1, 1, product.tensorCores ? 4 : 1};
  double least = HUGE_VAL;
  for (int64_t rows : {1, 2, 4, 8, 16})
    for (auto [panels, lanes] :
         {std::pair<int64_t, int64_t>(1, 1), {2, 1}, {4, 1}, {1, 4}, {2, 4}}) {
      if (!suits(block, product, rows) || panels > product.panels ||
          (lanes > 1 && !product.allowsRuns))
        continue;
      GpuTile tile{rows, panels,
                   product.tensorCores
                       ? 4
                       : countRowGroups(block, product, rows, panels, lanes),
                   lanes};
      bool fits = countRegisters(tile, product, block.readsAhead) <= registers;
      if (!fits &&
          (rows > (product.tensorCores ? 2 : 1) || panels > 1 || lanes > 1))
        continue;
      double cycles =
          costProduct(gpu, block, product, tile).together(block.blocks);
      if (cycles < least) {
        least = cycles;
        best = tile;
      }
    }
  return best;
}

// Each scheduler has a quarter of the registers, and a warp gets 256 at a time.
static constexpr int64_t kRegistersAtOnce = 256;

int64_t ssmc::getRegisterLimit(const GpuDescription &gpu, int64_t threads,
                               int64_t blocks) {
  int64_t warps = divideCeil(divideCeil(threads, kWarp) * blocks, kSchedulers);
  int64_t ofWarp = llvm::alignDown(gpu.registersPerSm / kSchedulers / warps,
                                   kRegistersAtOnce);
  return std::min(ofWarp / kWarp, gpu.registersPerThread);
}

int64_t ssmc::countBlocksPerSm(const GpuDescription &gpu, int64_t threads,
                               int64_t registers, int64_t sharedBytes) {
  if (threads > gpu.threadsPerBlock || registers > gpu.registersPerThread ||
      sharedBytes > gpu.sharedPerBlock || threads < 1 || registers < 1)
    return 0;
  int64_t warps = divideCeil(threads, kWarp);
  int64_t ofWarp = llvm::alignTo(registers * kWarp, kRegistersAtOnce);
  int64_t byRegisters =
      gpu.registersPerSm / kSchedulers / ofWarp * kSchedulers / warps;
  // The system keeps 1 KB of each block's shared memory.
  int64_t byShared = gpu.sharedPerSm / (sharedBytes + 1024);
  int64_t byThreads = gpu.threadsPerSm / (warps * kWarp);
  return std::min({byRegisters, byShared, byThreads, gpu.blocksPerSm});
}
