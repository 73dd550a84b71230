//===- CostModel.cpp - What tiles and chunks cost on a CPU ----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/CostModel.h"
#include "dialect/SsmDialect.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/MathExtras.h"

using namespace ssmc;

/// Rows of the tallest tile: each number of rows below is code of its own.
static constexpr int64_t kMaxTileRows = 12;
/// Panels of the widest tile: each is a stream of weights that the hardware has
/// to prefetch.
static constexpr int64_t kMaxTilePanels = 12;
/// Rows times panels of a tile for rows that are left over: enough sums to wait
/// for none of them, and half the code of what AVX-512 has registers for.
static constexpr int64_t kTailSums = 12;
/// Cycles that a choice may cost for fewer kinds of tiles and fewer readings of
/// the weights, as a part of all.
static constexpr double kTolerance = 0.015;
/// Cycles of a tile beside its product: the loop's exit is mispredicted, sums
/// start from memory, and the last ones have to be waited for.
static constexpr double kTileOverhead = 16;

/// The part of a product's cycles that is none: rounding errors of this model.
static constexpr double kNoSaving = 1e-6;

/// Cycles of a division per lane: 4 to 6 for 8 lanes, 8 to 10 for 16, on the
/// x86-64 CPUs of KnownTargets.cpp.
static constexpr double kCyclesPerDivision = 0.6;

/// Bytes in a cycle of one core from L2, L3 and memory, measured on Zen 3
/// at 3.24 GHz: 91, 75 and 20 GB/s.
static constexpr double kL2Bytes = 28, kL3Bytes = 23, kMemoryBytes = 6;
/// The part of reading weights from the L2 cache that products do not hide.
static constexpr double kExposedWeights = 0.25;

mlir::FailureOr<std::optional<TileShape>>
ssmc::getGivenTile(mlir::ModuleOp module) {
  mlir::Attribute given = module->getAttr(kTileAttr);
  if (!given)
    return std::optional<TileShape>();
  auto numbers = dyn_cast<mlir::DenseI64ArrayAttr>(given);
  if (numbers && numbers.size() == 2 && numbers[0] >= 1 && numbers[1] >= 1)
    return std::optional(TileShape{numbers[0], numbers[1]});
  return module.emitError() << "has '" << kTileAttr << "' = " << given
                            << "; expected rows and panels, such as "
                               "array<i64: 6, 1>";
}

/// Registers of one accumulator.
static int64_t registersPerPanel(const TargetDescription &target) {
  return llvm::divideCeil(kPanelLanes, target.f32Lanes);
}

int64_t ssmc::countRegisters(const TargetDescription &target,
                             const TileShape &shape) {
  int64_t perPanel = registersPerPanel(target);
  int64_t weights = shape.panels * perPanel;
  // All weights and one input are kept, or all inputs and one panel's weights.
  return shape.rows * weights + std::min(weights + 1, shape.rows + perPanel);
}

double ssmc::cyclesPerDepth(const TargetDescription &target,
                            const TileShape &shape) {
  double weights = shape.panels * registersPerPanel(target);
  double multiplyAdds = shape.rows * weights / target.fmasPerCycle;
  double loads = (shape.rows + weights) / target.loadsPerCycle;
  return std::max({multiplyAdds, loads, double(target.fmaLatency)});
}

// Weights of a column that leave no room in the L1 cache come from the L2 cache
// for every tile: 6x4 instead of 12x2 at 256 features costs a fifth of the
// speed on AVX-512.
static double cyclesOfTile(const TargetDescription &target,
                           const TileShape &shape, int64_t depth) {
  double cycles = depth * cyclesPerDepth(target, shape) + kTileOverhead;
  int64_t weights = depth * shape.panels * kPanelLanes * int64_t(sizeof(float));
  if (weights > target.l1Bytes)
    cycles += kExposedWeights * weights / kL2Bytes;
  return cycles;
}

/// Whether the sums leave a quarter of the registers to weights, inputs and the
/// scheduler, and those suffice.
static bool fitsRegisters(const TargetDescription &target,
                          const TileShape &shape) {
  int64_t sums = shape.rows * shape.panels * registersPerPanel(target);
  return 4 * sums <= 3 * target.vectorRegisters &&
         countRegisters(target, shape) <= target.vectorRegisters;
}

llvm::SmallVector<TileShape>
ssmc::withTailTiles(const TargetDescription &target, TileShape full,
                    int64_t panels) {
  llvm::SmallVector<TileShape> tiles{full};
  for (int64_t rows : {4, 3, 2, 1}) {
    // Of 12 rows up to two fours are left over, of 6 one three.
    bool useful = rows <= 2 || (full.rows > 6 ? rows == 4 : rows == 3);
    if (!useful || rows >= full.rows)
      continue;
    TileShape tile{rows, 1};
    for (int64_t p = 2; p <= std::min(panels, kMaxTilePanels); ++p)
      if (fitsRegisters(target, {rows, p}) && rows * p <= kTailSums)
        tile.panels = p;
    tiles.push_back(tile);
  }
  return tiles;
}

/// The rows of a tile of `width` panels that takes no more registers than
/// `shape`; a divisor of its rows.
static int64_t rowsForWidth(const TileShape &shape, int64_t width) {
  int64_t most = std::max(shape.rows * shape.panels / width, int64_t(1));
  int64_t rows = std::min(shape.rows, most);
  while (shape.rows % rows != 0)
    --rows;
  return rows;
}

/// `panels` as so many columns, whose widths differ by one at most.
static llvm::SmallVector<TileColumns>
splitEvenly(const TileShape &shape, int64_t panels, int64_t columns) {
  int64_t width = panels / columns, wider = panels % columns;
  llvm::SmallVector<TileColumns> split;
  if (wider)
    split.push_back({0, wider, {rowsForWidth(shape, width + 1), width + 1}});
  split.push_back({wider * (width + 1),
                   columns - wider,
                   {rowsForWidth(shape, width), width}});
  return split;
}

llvm::SmallVector<TileColumns>
ssmc::splitPanels(const TargetDescription &target, const TileShape &shape,
                  int64_t panels, bool mayBeWider) {
  auto narrow =
      splitEvenly(shape, panels, llvm::divideCeil(panels, shape.panels));
  if (!mayBeWider || shape.rows == 1 || panels % shape.panels == 0)
    return narrow;
  auto wide =
      splitEvenly(shape, panels, std::max<int64_t>(1, panels / shape.panels));
  // The fewer rows of wider columns load more for as many multiply-adds, so
  // they have to save something.
  auto cyclesOf = [&](llvm::ArrayRef<TileColumns> split) {
    double cycles = 0;
    for (const TileColumns &columns : split)
      cycles += double(columns.count) / columns.tile.rows *
                cyclesPerDepth(target, columns.tile);
    return cycles;
  };
  return cyclesOf(wide) < (1 - kNoSaving) * cyclesOf(narrow) ? wide : narrow;
}

double ssmc::cyclesOfProduct(const TargetDescription &target,
                             const TileShape &full, int64_t rows, int64_t depth,
                             int64_t panels) {
  double cycles = 0;
  for (const TileShape &shape : withTailTiles(target, full, panels)) {
    for (const TileColumns &columns :
         splitPanels(target, shape, panels, shape.rows == full.rows))
      cycles += rows / shape.rows * (shape.rows / columns.tile.rows) *
                columns.count * cyclesOfTile(target, columns.tile, depth);
    rows %= shape.rows;
  }
  return cycles;
}

TileShape ssmc::chooseTile(const TargetDescription &target, int64_t rows,
                           int64_t depth, int64_t panels) {
  if (rows < 1 || panels < 1)
    return {};
  auto cyclesWith = [&](const TileShape &shape) {
    return cyclesOfProduct(target, shape, rows, depth, panels);
  };
  // Where not even one panel fits, it is left to the code generator.
  using Choice = std::pair<TileShape, double>;
  llvm::SmallVector<Choice> choices = {{{1, 1}, cyclesWith({1, 1})}};
  for (int64_t r = 1; r <= std::min(rows, kMaxTileRows); ++r)
    for (int64_t p = 1; p <= std::min(panels, kMaxTilePanels); ++p)
      if (TileShape shape{r, p}; fitsRegisters(target, shape))
        choices.push_back({shape, cyclesWith(shape)});
  double least = choices.front().second;
  for (auto [shape, cycles] : choices)
    least = std::min(least, cycles);
  // Of those that are as good: no rows left over; weights that L2 can deliver
  // in time; then the fewest loads per multiply-add, and the tallest. On
  // AVX-512, 6 x 4 takes 10 loads and 12 x 2 takes 14, for 24 multiply-adds,
  // and a scan has 6 steps to wait for instead of 12: 1 to 6 % of the time of
  // W1 to W4.
  int64_t perPanel = registersPerPanel(target);
  auto rank = [&](const Choice &choice) {
    auto [shape, cycles] = choice;
    TileShape tile = splitPanels(target, shape, panels, true).front().tile;
    double weights = 4.0 * kPanelLanes * target.fmasPerCycle;
    double loads = 1.0 / tile.rows + 1.0 / (tile.panels * perPanel);
    return std::make_tuple(
        cycles <= least * (1 + kTolerance), rows % shape.rows == 0,
        weights <= kL2Bytes * tile.rows * perPanel, -loads, tile.rows, -cycles);
  };
  return llvm::max_element(choices,
                           [&](const Choice &a, const Choice &b) {
                             return rank(a) < rank(b);
                           })
      ->first;
}

double ssmc::cyclesOfEpilogue(const TargetDescription &target,
                              int64_t vectorBits, int64_t divisionBits) {
  double instructions = vectorBits / (32.0 * target.f32Lanes);
  return instructions / target.fmasPerCycle +
         divisionBits / 32.0 * kCyclesPerDivision;
}

double ssmc::bytesPerCycle(const TargetDescription &target, int64_t footprint) {
  if (footprint <= target.l1Bytes / 2) // the rest is for activations
    return 4.0 * target.f32Lanes * target.loadsPerCycle;
  if (footprint <= target.l2Bytes)
    return kL2Bytes;
  return footprint <= target.l3Bytes ? kL3Bytes : kMemoryBytes;
}

double ssmc::cyclesOfLoads(const TargetDescription &target, int64_t bytes) {
  return bytes / (4.0 * target.f32Lanes * target.loadsPerCycle);
}
