//===- GpuSchedule.cpp - How a GPU is to run a model ----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/GpuSchedule.h"
#include "dialect/SsmDialect.h"
#include "runtime/cuda_constants.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>
#include <limits>

using namespace ssmc;
using llvm::divideCeil;

static constexpr int64_t kRows[] = {8, 16, 24, 32, 48, 64, 96, 128};
/// Rows between these differ by so many, where chunks cannot be long enough.
static constexpr int64_t kRowsBetween = 4;
/// Shared memory that these leave for what is not counted: tickets, alignment.
static constexpr int64_t kSharedReserve = 1024;
static constexpr int64_t kThreads[] = {64, 128, 256, 512, 1024};
static constexpr int64_t kMostBlocks = 8;
/// Threads of blocks with products on tensor cores: of W4 with 256 and as few
/// registers by count, ptxas 13 spills for sm_80 only.
static constexpr int64_t kMostTensorThreads = 128;
/// What a choice may cost for fewer rows and threads, as a part of all.
static constexpr double kTolerance = 0.01;
/// Of the start of a kernel after another one, in microseconds.
static constexpr double kLaunchMicroseconds = 2;
/// Cycles that a chunk waits for what others have published long ago: flags,
/// the state of its group, and half of the group's chunks, 4 at a time, from
/// the L2 cache.
static constexpr double kLookBackLatency =
    260 * (2 + CUDA_LINKED_GROUP / 2.0 / 4);
/// Cycles until the next group of chunks sees what enters it.
static constexpr double kLookBackHop = 1500;
/// What chunks may leave for each other, written and read, as a part of the
/// rows that they read and write.
static constexpr double kMostLinkTraffic = 0.14;
/// Registers that a kernel takes however small its tiles are.
static constexpr int64_t kLeastRegisters = 40;

llvm::StringRef ssmc::getGpuSchemeName(GpuScheme scheme) {
  return scheme == GpuScheme::Stream ? "stream" : "look-back";
}

/// Those of tensor cores count as the part that the f32 lanes would do in that
/// time.
static double multiplyAddsPerRow(const GpuDescription &gpu,
                                 llvm::ArrayRef<GpuUnit> units) {
  double all = 0;
  for (const GpuUnit &unit : units)
    for (const GpuProduct &product : unit.products)
      all += double(unit.layers) * product.panels * product.depth *
             kPanelLanes *
             (gpu.fmasPerCycle() / getMultiplyAddsPerCycle(gpu, product));
  return all;
}

static bool usesTensorCores(llvm::ArrayRef<GpuUnit> units) {
  return llvm::any_of(units, [](const GpuUnit &unit) {
    return llvm::any_of(unit.products, [](const GpuProduct &product) {
      return product.tensorCores.has_value();
    });
  });
}

namespace {

/// Costs one scheme with given sizes.
class Candidate {
public:
  Candidate(const GpuDescription &gpu, llvm::ArrayRef<GpuUnit> units,
            const GpuWork &work, GpuScheme scheme)
      : gpu(gpu), units(units), work(work) {
    plan.scheme = scheme;
  }

  /// Whether such a kernel can run; `schedule()` is then complete.
  bool evaluate(const GpuSizes &sizes);
  const GpuSchedule &schedule() const { return plan; }

private:
  bool fits();
  GpuCycles costUnit(const GpuUnit &unit, const GpuBlockShape &block,
                     llvm::ArrayRef<GpuTile> given,
                     llvm::SmallVector<GpuTile> &tiles);
  void costStreams(llvm::ArrayRef<GpuCycles> costs);
  void costLookBack(llvm::ArrayRef<GpuCycles> costs,
                    const GpuBlockShape &block);
  double countSuperChunks(double chunksOfStream) const;
  double countAlone(double chunksOfStream) const;
  double resident() const { return double(gpu.smCount) * plan.blocksPerSm; }
  double batch() const {
    return work.batch ? double(work.batch) : 4 * resident();
  }
  /// Blocks of an SM when there is work for `blocks` in all.
  int64_t busyBlocks(double blocks) const {
    return std::clamp<int64_t>(std::ceil(blocks / gpu.smCount), 1,
                               plan.blocksPerSm);
  }
  /// Cycles of `count` blocks that all do `work`, up to `blocks` at a time on
  /// an SM. Those that are left for the end have their SM to themselves.
  double inRounds(const GpuCycles &work, double count, int64_t blocks) const {
    double places = double(gpu.smCount) * blocks;
    double whole = std::floor(count / places), rest = count - whole * places;
    double last = rest > 0 ? work.together(busyBlocks(rest)) : 0;
    return whole * work.together(blocks) + last;
  }

  const GpuDescription &gpu;
  llvm::ArrayRef<GpuUnit> units;
  const GpuWork &work;
  GpuSchedule plan;
};

} // namespace

/// Sets what the sizes imply; false when they are too large.
bool Candidate::fits() {
  int64_t activations = 0, weights = 0;
  for (const GpuUnit &unit : units) {
    activations = std::max(activations, unit.activationBytes);
    weights = plan.scheme == GpuScheme::Stream
                  ? weights + unit.layers * unit.weightBytes
                  : std::max(weights, unit.weightBytes);
  }
  plan.sharedBytes =
      activations * plan.rows + (plan.stageWeights ? weights : 0);
  return plan.registerLimit >= kLeastRegisters &&
         countBlocksPerSm(gpu, plan.threads, plan.registerLimit,
                          plan.sharedBytes) >= plan.blocksPerSm;
}

GpuCycles Candidate::costUnit(const GpuUnit &unit, const GpuBlockShape &block,
                              llvm::ArrayRef<GpuTile> given,
                              llvm::SmallVector<GpuTile> &tiles) {
  GpuCycles all;
  tiles.clear();
  for (auto [i, product] : llvm::enumerate(unit.products)) {
    GpuTile tile = i < given.size()
                       ? given[i]
                       : chooseGpuTile(gpu, block, product, plan.registerLimit);
    plan.registers = std::max(plan.registers,
                              countRegisters(tile, product, block.readsAhead));
    tiles.push_back(tile);
    all += costProduct(gpu, block, product, tile);
  }
  for (const GpuScan &scan : unit.scans)
    all += costScan(gpu, block, scan);
  return all;
}

/// Each resident block has a stream, and goes through all layers on chunk after
/// chunk.
void Candidate::costStreams(llvm::ArrayRef<GpuCycles> costs) {
  GpuCycles chunk;
  for (auto [unit, cost] : llvm::zip_equal(units, costs))
    chunk += cost.scaled(unit.layers);
  chunk[GpuBound::Memory] = double(work.bytesPerStep) * plan.rows *
                            gpu.smCount / gpu.memoryBytesPerCycle();
  int64_t blocks = busyBlocks(batch());
  double chunks = divideCeil(work.length, plan.rows);
  plan.cycles = chunks * inRounds(chunk, batch(), blocks) +
                kLaunchMicroseconds * gpu.clockMhz;
  plan.cyclesPerRow = chunk.together(blocks) / plan.rows / blocks;
  plan.bound = chunk.bound(blocks);
}

/// Global memory that a chunk takes for what is passed on: what it publishes,
/// and its part of a group's, written once and read once. That other chunks
/// read it again is the L2 cache's affair, and as much as a few rows.
/// A chunk that is alone reads and writes the record, and between them what
/// enters it; a pool publishes what it adds up even then.
static double countLinkBytes(const GpuUnit &unit, double alone) {
  double linked =
      2.0 * unit.publishedBytes + 2.0 * unit.enteringBytes / CUDA_LINKED_GROUP;
  bool isPool = unit.products.empty();
  double ofAlone =
      4.0 * unit.enteringBytes + (isPool ? 2.0 * unit.publishedBytes : 0);
  return (1 - alone) * linked + alone * ofAlone;
}

/// Launches of a unit: groups of streams one after the other, each in pieces;
/// as in runtime/cuda_pieces.h.
double Candidate::countSuperChunks(double chunksOfStream) const {
  double most = resident() * CUDA_CHUNKS_PER_PLACE;
  double whole = std::floor(batch() / most), rest = batch() - whole * most;
  double ofRest =
      rest > 0 ? std::ceil(chunksOfStream / std::ceil(most / rest)) : 0;
  return whole * chunksOfStream + ofRest;
}

/// The part of all chunks that are their streams' only ones in a super-chunk:
/// those of groups of as many streams as it has chunks. (Not those that are
/// left for the last one.)
double Candidate::countAlone(double chunksOfStream) const {
  double most = resident() * CUDA_CHUNKS_PER_PLACE;
  return chunksOfStream > 1 ? std::floor(batch() / most) * most / batch() : 1;
}

/// Unit after unit on super-chunks that give each resident block some chunks.
void Candidate::costLookBack(llvm::ArrayRef<GpuCycles> costs,
                             const GpuBlockShape &block) {
  double perStream = divideCeil(work.length, plan.rows);
  double chunks = batch() * perStream;
  double superChunks = countSuperChunks(perStream);
  int64_t blocks = busyBlocks(chunks);
  double alone = countAlone(perStream);
  double chain = std::ceil(perStream / CUDA_LINKED_GROUP) * kLookBackHop;
  GpuCycles all;
  double perChunk = 0;
  for (auto [unit, cost] : llvm::zip_equal(units, costs)) {
    // Scans go through their rows twice: once to publish, unless nobody asks
    // for it. A pool's sums are all that it has to publish.
    GpuCycles chunk = cost;
    bool isBlock = !unit.products.empty();
    for (const GpuScan &scan : unit.scans)
      if (isBlock)
        chunk += costScan(gpu, block, scan).scaled(1 - alone);
    if (unit.publishedBytes)
      chunk[GpuBound::Latency] += (1 - alone) * kLookBackLatency;
    // A super-chunk that fits is still in the L2 cache for the next unit.
    double link = countLinkBytes(unit, alone);
    double bytes = double(unit.trafficBytes) * plan.rows + link;
    if (unit.trafficBytes && isBlock)
      plan.linkTraffic = std::max(
          plan.linkTraffic, link / (double(unit.trafficBytes) * plan.rows));
    bool inL2 = bytes * std::min(chunks, resident() * CUDA_CHUNKS_PER_PLACE) <=
                gpu.l2Bytes / 2.0;
    chunk[inL2 ? GpuBound::L2 : GpuBound::Memory] +=
        bytes * gpu.smCount /
        (inL2 ? gpu.l2BytesPerCycle : gpu.memoryBytesPerCycle());
    double staging = plan.stageWeights ? double(unit.weightBytes) * blocks *
                                             gpu.smCount / gpu.l2BytesPerCycle
                                       : 0;
    double once = superChunks * (kLaunchMicroseconds * gpu.clockMhz + staging);
    double work = inRounds(chunk, chunks, blocks);
    plan.cycles +=
        unit.layers *
        (once + std::max(work, unit.publishedBytes && alone < 1 ? chain : 0));
    perChunk += unit.layers * chunk.together(blocks);
    all += chunk.scaled(unit.layers);
  }
  plan.cyclesPerRow = perChunk / plan.rows / blocks;
  plan.bound = all.bound(blocks);
}

bool Candidate::evaluate(const GpuSizes &sizes) {
  GpuScheme scheme = plan.scheme;
  plan = GpuSchedule();
  plan.scheme = scheme;
  plan.rows = sizes.rows;
  plan.threads = sizes.threads;
  plan.blocksPerSm = sizes.blocksPerSm;
  plan.stageWeights = sizes.stageWeights;
  plan.registerLimit =
      sizes.registers ? sizes.registers
                      : getRegisterLimit(gpu, plan.threads, plan.blocksPerSm);
  plan.registers = kLeastRegisters;
  if (!fits())
    return false;
  GpuBlockShape block{plan.rows, plan.threads, plan.blocksPerSm,
                      plan.stageWeights};
  block.rowGroups = sizes.rowGroups;
  block.readsAhead = scheme == GpuScheme::LookBack;
  block.l1Bytes = gpu.l1Bytes - block.blocks * (plan.sharedBytes + 1024);
  // A block with a single chunk finds no weights in the L1 cache.
  double chunks = batch() * divideCeil(work.length, plan.rows);
  bool comesBack = chunks > resident();
  auto setWeights = [&](int64_t bytes) {
    block.weightBytes = comesBack ? bytes : std::numeric_limits<int64_t>::max();
  };
  int64_t ofAll = 0;
  for (const GpuUnit &unit : units)
    ofAll += unit.layers * unit.weightBytes;
  setWeights(ofAll);
  llvm::SmallVector<GpuCycles> costs;
  plan.tiles.resize(units.size());
  for (auto [i, unit, tiles] : llvm::enumerate(units, plan.tiles)) {
    if (scheme == GpuScheme::LookBack)
      setWeights(unit.weightBytes);
    llvm::ArrayRef<GpuTile> given;
    if (i < sizes.tiles.size())
      given = sizes.tiles[i];
    costs.push_back(costUnit(unit, block, given, tiles));
  }
  // Of a kernel that exists the registers are known to be enough.
  if (!sizes.registers && plan.registers > plan.registerLimit)
    return false;
  if (scheme == GpuScheme::Stream)
    costStreams(costs);
  else
    costLookBack(costs, block);
  plan.occupancy = double(plan.blocksPerSm) * plan.threads / gpu.threadsPerSm;
  if (plan.cycles > 0) // there are units
    plan.fmaFraction = batch() * work.length * multiplyAddsPerRow(gpu, units) /
                       (gpu.fmasPerCycle() * gpu.smCount * plan.cycles);
  return true;
}

std::optional<GpuSchedule> ssmc::costGpuSchedule(const GpuDescription &gpu,
                                                 llvm::ArrayRef<GpuUnit> units,
                                                 const GpuWork &work,
                                                 GpuScheme scheme,
                                                 const GpuSizes &sizes) {
  Candidate candidate(gpu, units, work, scheme);
  if (sizes.rows < 1 || sizes.threads < 1 || sizes.blocksPerSm < 1 ||
      !candidate.evaluate(sizes))
    return std::nullopt;
  return candidate.schedule();
}

namespace {
/// A schedule, and what it costs for all works.
struct Costed {
  GpuSchedule plan;
  double cost = 1;
};
} // namespace

/// What `sizes` cost; none where they cannot run all of `works`.
static std::optional<Costed> costForAll(const GpuDescription &gpu,
                                        llvm::ArrayRef<GpuUnit> units,
                                        llvm::ArrayRef<GpuWork> works,
                                        GpuScheme scheme,
                                        const GpuSizes &sizes) {
  Costed all;
  for (auto [i, work] : llvm::enumerate(works)) {
    Candidate candidate(gpu, units, work, scheme);
    if (!candidate.evaluate(sizes))
      return std::nullopt;
    // With a batch that fills the GPU, times are of other numbers of streams.
    all.cost /= std::pow(candidate.schedule().fmaFraction, 1.0 / works.size());
    if (i == 0)
      all.plan = candidate.schedule();
  }
  return all;
}

GpuSchedule ssmc::chooseGpuSchedule(const GpuDescription &gpu,
                                    llvm::ArrayRef<GpuUnit> units,
                                    const GpuWork &work, GpuScheme scheme) {
  return chooseGpuSchedule(gpu, units, llvm::ArrayRef(work), scheme);
}

GpuSchedule ssmc::chooseGpuSchedule(const GpuDescription &gpu,
                                    llvm::ArrayRef<GpuUnit> units,
                                    llvm::ArrayRef<GpuWork> works,
                                    GpuScheme scheme, int64_t rows) {
  llvm::SmallVector<Costed> all;
  int64_t mostThreads =
      usesTensorCores(units) ? kMostTensorThreads : *std::rbegin(kThreads);
  auto threadsToTry = llvm::make_filter_range(
      kThreads, [&](int64_t threads) { return threads <= mostThreads; });
  auto tryRows = [&](int64_t rows, int64_t mostShared) {
    for (int64_t threads : threadsToTry)
      for (int64_t blocks = 1; blocks <= kMostBlocks; ++blocks)
        for (bool stage : {false, true})
          if (auto costed = costForAll(gpu, units, works, scheme,
                                       {rows, threads, blocks, stage});
              costed && costed->plan.sharedBytes <= mostShared)
            all.push_back(std::move(*costed));
  };
  for (int64_t each : rows ? llvm::ArrayRef(rows) : llvm::ArrayRef(kRows))
    tryRows(each, gpu.sharedPerBlock);
  if (all.empty())
    return {};
  const GpuSchedule longest = all.back().plan;
  if (!rows && longest.linkTraffic > kMostLinkTraffic)
    for (int64_t rows = longest.rows + kRowsBetween;
         rows < *std::rbegin(kRows) && !llvm::is_contained(kRows, rows);
         rows += kRowsBetween)
      tryRows(rows, gpu.sharedPerBlock - kSharedReserve);
  // Chunks so short that memory moves states rather than rows are out, if there
  // is room for longer ones.
  double traffic = HUGE_VAL, least = HUGE_VAL;
  for (const Costed &costed : all)
    traffic = std::min(traffic, costed.plan.linkTraffic);
  traffic = std::max(traffic, kMostLinkTraffic);
  llvm::erase_if(all, [&](const Costed &costed) {
    return costed.plan.linkTraffic > traffic;
  });
  for (const Costed &costed : all)
    least = std::min(least, costed.cost);
  auto rank = [&](const Costed &costed) {
    return std::make_tuple(costed.cost > least * (1 + kTolerance),
                           costed.plan.rows, costed.plan.threads, costed.cost);
  };
  return llvm::min_element(all,
                           [&](const Costed &a, const Costed &b) {
                             return rank(a) < rank(b);
                           })
      ->plan;
}

GpuSchedule ssmc::chooseGpuSchedule(const GpuDescription &gpu,
                                    llvm::ArrayRef<GpuUnit> units,
                                    const GpuWork &work) {
  GpuSchedule streams = chooseGpuSchedule(gpu, units, work, GpuScheme::Stream);
  // A single chunk has nothing to look back for.
  if (streams.rows && work.length <= streams.rows)
    return streams;
  GpuSchedule other = chooseGpuSchedule(gpu, units, work, GpuScheme::LookBack);
  // Of a batch that fills the GPU, cycles are of other numbers of streams.
  return other.rows &&
                 (!streams.rows || other.fmaFraction > streams.fmaFraction)
             ? other
             : streams;
}

double ssmc::predictSeconds(const GpuDescription &gpu,
                            const GpuSchedule &schedule) {
  return schedule.cycles / (1e6 * gpu.clockMhz);
}
