//===- PanelMapTiles.cpp - Register tiles of a product --------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// for (panels, lane, rows) of this thread
//   for k                             // accumulators, loop-carried
//   body of each row and panel
//
// An output is one chain of fused multiply-adds in the order of k, as on CPUs.
// What tensor cores multiply is in PanelMapFragments.cpp.
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/GpuUnits.h"
#include "lib/Conversion/ChunkToGpu/PanelMapThreads.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/SaveAndRestore.h"

using namespace mlir;
using namespace ssmc;

/// Computes the sums of this thread's tiles and calls `finish` for each row and
/// panel. A tile of many rows would take as long for one as for all: a few rows
/// are shared out in tiles of their own.
void PanelMapThreads::emitTiles(Finish finish) {
  constexpr int64_t kFew = 2;
  if (!op.getCount() || tile.rows <= kFew)
    return emitTilesOf(tile, finish);
  // Two rows of a thread are 8 of a fragment.
  int64_t few = op.getTensorCores() ? kFragmentRows : kFew;
  Value areFew = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule,
                                       op.getCount(), rows.index(few));
  auto choice = scf::IfOp::create(builder, loc, areFew,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  emitTilesOf({kFew, 1, 1}, finish);
  builder.setInsertionPointToStart(choice.elseBlock());
  emitTilesOf(tile, finish);
}

void PanelMapThreads::emitTilesOf(const ThreadTile &tile, Finish finish) {
  if (op.getTensorCores())
    return emitFragmentTiles(tile, finish);
  llvm::SaveAndRestore<int64_t> together(rows.together,
                                         allowsRuns(op) ? tile.lanes : 1);
  int64_t columns = llvm::divideCeil(op.getNumPanels(), tile.panels);
  int64_t groups = llvm::divideCeil(op.getNumRows(), tile.rows);
  groups = llvm::alignTo(groups, tile.rowGroups);
  rows.forEach(columns * rows.threadsOfPanel() * groups,
               [&](Value item) { emitTile(tile, item, finish); });
}

/// Whether the product's input lies in the block's shared memory: all rows are
/// there, from a cache line on. The caller's x has no more rows than `count`.
bool PanelMapThreads::hasOwnInput() {
  if (!op.getX())
    return true;
  return op.getX().getDefiningOp<memref::ViewOp>() ||
         (isa<BlockArgument>(op.getX()) && isOfBlock(op));
}

/// Calls `finish` if the row is below `count` (null: it is), and the panel
/// exists.
void PanelMapThreads::finishWhere(const Place &place, Value count,
                                  bool panelExists, Finish finish) {
  auto ifPanel = [&] {
    if (panelExists)
      finish(place);
    else
      rows.onlyIf(rows.isBelow(place.panel, rows.index(op.getNumPanels())),
                  [&] { finish(place); });
  };
  if (count)
    rows.onlyIf(rows.isBelow(place.row, count), ifPanel);
  else
    ifPanel();
}

// Neighbours have the lanes of a panel, then other rows, then other panels;
// with four lanes a thread, a few panels come first. Panels of a thread lie as
// far apart as there are such columns, so those of a warp are neighbours, too.
void PanelMapThreads::emitTile(const ThreadTile &tile, Value item,
                               Finish finish) {
  int64_t panels = op.getNumPanels();
  int64_t columns = llvm::divideCeil(panels, tile.panels);
  int64_t near = rows.together > 1 ? countNeighbours(columns) : 1;
  Value lane = rows.remainder(item, rows.threadsOfPanel());
  Value rest = rows.divide(item, rows.threadsOfPanel());
  Value nearPanel;
  if (near > 1) {
    nearPanel = rows.remainder(rest, near);
    rest = rows.divide(rest, near);
  }
  Value group = rows.remainder(rest, tile.rowGroups);
  rest = rows.divide(rest, tile.rowGroups);
  Value firstPanel = rows.remainder(rest, columns / near);
  group = rows.plus(
      rows.scale(rows.divide(rest, columns / near), tile.rowGroups), group);
  if (near > 1)
    firstPanel = rows.plus(rows.scale(firstPanel, near), nearPanel);
  Value firstRow = rows.scale(group, tile.rows);
  bool allRows =
      !op.getCount() && op.getNumRows() % (tile.rows * tile.rowGroups) == 0;
  bool rowsExist =
      allRows ||
      (hasOwnInput() && op.getNumRows() % (tile.rows * tile.rowGroups) == 0);
  bool allPanels = panels % tile.panels == 0;
  Value count = rows.rowCount(op.getCount(), op.getNumRows());
  auto emit = [&] {
    // Rows and panels that do not exist are computed as the last ones again, or
    // from what happens to lie there, and thrown away.
    SmallVector<Value> tileRows, tilePanels;
    Value last = rowsExist ? Value() : rows.add(count, -1);
    for (int64_t r = 0; r < tile.rows; ++r) {
      Value row = rows.add(firstRow, r);
      tileRows.push_back(rowsExist ? row : rows.smaller(row, last));
    }
    for (int64_t p = 0; p < tile.panels; ++p) {
      Value panel = rows.add(firstPanel, p * columns);
      tilePanels.push_back(
          allPanels ? panel : rows.smaller(panel, rows.index(panels - 1)));
    }
    SmallVector<Value> sums = emitProduct(tileRows, tilePanels, lane);
    for (int64_t p = 0; p < tile.panels; ++p) {
      SmallVector<Value> columnsOfPanel = loadColumns(tilePanels[p], lane);
      for (int64_t r = 0; r < tile.rows; ++r) {
        Place place{rows.add(firstRow, r),
                    rows.add(firstPanel, p * columns),
                    lane,
                    columnsOfPanel,
                    {}};
        if (!sums.empty())
          place.sum = sums[p * tile.rows + r];
        finishWhere(place, allRows || r == 0 ? Value() : count,
                    allPanels || p == 0, finish);
      }
    }
  };
  if (allRows)
    emit();
  else
    rows.onlyIf(rows.isBelow(firstRow, count), emit);
}

bool ssmc::readsAhead(PanelMapOp op) {
  auto function = op->getParentOfType<func::FuncOp>();
  auto variant = function->getAttrOfType<StringAttr>("ssm.variant");
  return variant && variant == "linked";
}

/// sum[p][r] = bias[p] + sum over k of x[r, k] w[p, k]; none without a product.
SmallVector<Value> PanelMapThreads::emitProduct(ArrayRef<Value> tileRows,
                                                ArrayRef<Value> tilePanels,
                                                Value lane) {
  if (!op.getX())
    return {};
  auto type = VectorType::get(kPanelLanes / rows.threadsOfPanel(),
                              builder.getF32Type());
  SmallVector<Value> sums;
  for (Value panel : tilePanels) {
    Value start;
    if (op.getBias())
      start =
          rows.loadLanes(op.getBias(), panel, rows.index(0), lane, kPanelLanes);
    else
      start =
          arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
    sums.append(tileRows.size(), start);
  }
  int64_t depth = cast<MemRefType>(op.getW().getType()).getDimSize(1);
  constexpr int64_t kTogether = 4;
  bool aligned =
      hasOwnInput() &&
      cast<MemRefType>(op.getX().getType()).getDimSize(1) % kTogether == 0;
  int64_t step = aligned ? kTogether : 1;
  // Few multiply-adds per weight: several at a time hide what each waits.
  constexpr int64_t kMultiplyAdds = 32;
  int64_t perStep =
      step * tileRows.size() * tilePanels.size() * type.getNumElements();
  int64_t unroll = std::clamp<int64_t>(kMultiplyAdds / perStep, 1, 4);
  int64_t whole = depth / (step * unroll) * (step * unroll);
  int64_t first = 0;
  if (readsAhead(op) && aligned && unroll == 1 && whole >= 4 * step) {
    first = llvm::alignDown(whole, 2 * step);
    sums = emitDepthAhead(tileRows, tilePanels, lane, first, step, sums);
  }
  auto multiplyAdd = [&](Value k, int64_t depth, ValueRange sums) {
    return emitDepth(tileRows, k, depth, sums, [&](int64_t u) {
      return loadWeights(tilePanels, lane, rows.add(k, u));
    });
  };
  sums = rows.loop(first, whole, step * unroll, sums,
                   [&](Value k, ValueRange carried) {
                     Values next(carried);
                     for (int64_t u = 0; u < unroll; ++u)
                       next = multiplyAdd(rows.add(k, u * step), step, next);
                     return next;
                   });
  for (int64_t k = whole; k < depth; ++k)
    sums = multiplyAdd(rows.index(k), 1, sums);
  return sums;
}

/// The first `depth` inputs, `step` at a time, while the weights of the next
/// ones are under way: from the L2 cache they take as long as a warp's
/// multiply-adds. Two steps per trip, so that no registers are copied.
SmallVector<Value> PanelMapThreads::emitDepthAhead(ArrayRef<Value> tileRows,
                                                   ArrayRef<Value> tilePanels,
                                                   Value lane, int64_t depth,
                                                   int64_t step,
                                                   ValueRange sums) {
  size_t count = sums.size(), panels = tilePanels.size();
  auto load = [&](Value k) {
    Values weights;
    for (int64_t u = 0; u < step; ++u)
      weights.append(loadWeights(tilePanels, lane, rows.add(k, u)));
    return weights;
  };
  auto multiplyAdd = [&](Value k, ArrayRef<Value> weights, ValueRange sums) {
    return emitDepth(tileRows, k, step, sums, [&](int64_t u) {
      return Values(weights.slice(u * panels, panels));
    });
  };
  Values carried(sums);
  Value last = rows.index(depth - step);
  carried.append(load(rows.index(0)));
  carried =
      rows.loop(0, depth, 2 * step, carried, [&](Value k, ValueRange before) {
        Value second = rows.add(k, step);
        Values weights(before.drop_front(count));
        Values ahead = load(second);
        Values next = multiplyAdd(k, weights, before.take_front(count));
        weights = load(rows.smaller(rows.add(second, step), last));
        next = multiplyAdd(second, ahead, next);
        next.append(weights);
        return next;
      });
  carried.truncate(count);
  return carried;
}

/// Multiply-adds of `depth` inputs from k on; `weights(u)` are those of the
/// u-th, of each panel.
SmallVector<Value>
PanelMapThreads::emitDepth(ArrayRef<Value> tileRows, Value k, int64_t depth,
                           ValueRange sums,
                           llvm::function_ref<Values(int64_t)> weights) {
  auto type = VectorType::get(kPanelLanes / rows.threadsOfPanel(),
                              builder.getF32Type());
  auto inputs = VectorType::get(depth, builder.getF32Type());
  SmallVector<Value> next(sums), loaded;
  for (Value row : tileRows)
    loaded.push_back(
        depth == 1 ? memref::LoadOp::create(builder, loc, op.getX(),
                                            ValueRange{row, k})
                         .getResult()
                   : vector::LoadOp::create(
                         builder, loc, inputs, op.getX(), ValueRange{row, k},
                         /*nontemporal=*/false,
                         llvm::MaybeAlign(depth * sizeof(float)))
                         .getResult());
  for (int64_t u = 0; u < depth; ++u)
    for (auto [p, panel] : llvm::enumerate(weights(u)))
      for (auto [r, input] : llvm::enumerate(loaded)) {
        Value x =
            depth == 1
                ? input
                : vector::ExtractOp::create(builder, loc, input, u).getResult();
        x = vector::BroadcastOp::create(builder, loc, type, x);
        Value &sum = next[p * tileRows.size() + r];
        sum = math::FmaOp::create(builder, loc, x, panel, sum);
      }
  return next;
}

/// This thread's lanes of each panel, of input k.
SmallVector<Value> PanelMapThreads::loadWeights(ArrayRef<Value> tilePanels,
                                                Value lane, Value k) {
  auto type = VectorType::get(kPanelLanes / kHalfPanel, builder.getF32Type());
  Values weights;
  for (Value panel : tilePanels) {
    if (rows.together > 1) {
      weights.push_back(rows.loadRun(
          op.getW(), ValueRange{panel, k, rows.index(0)}, lane, kPanelLanes));
      continue;
    }
    SmallVector<Value> halves;
    for (int64_t half : {int64_t(0), kHalfPanel})
      halves.push_back(memref::LoadOp::create(
          builder, loc, op.getW(), ValueRange{panel, k, rows.add(lane, half)}));
    weights.push_back(
        vector::FromElementsOp::create(builder, loc, type, halves));
  }
  return weights;
}
