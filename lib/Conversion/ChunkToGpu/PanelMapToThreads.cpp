//===- PanelMapToThreads.cpp - A panel map on a thread block --------------===//
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
// With carries that pass on from row to row, the sums are left in the output
// first, and
//
// for (panel, lane) of this thread
//   for row                           // carries, loop-carried
//     body
//
// An output is one chain of fused multiply-adds in the order of k, as on CPUs.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/PanelMapThreads.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ssmc;

/// What a thread has of a vector of 8 or 16 lanes.
static Type ofThread(Type type, Type element) {
  auto vector = dyn_cast<VectorType>(type);
  if (!vector)
    return type;
  return VectorType::get(vector.getDimSize(0) / kHalfPanel,
                         element ? element : vector.getElementType());
}

PanelMapThreads::PanelMapThreads(PanelMapOp op, int64_t threads,
                                 const ThreadTile &tile, OpBuilder &builder)
    : op(op), rows(builder, op.getLoc(), threads), builder(builder),
      loc(op.getLoc()), tile(tile) {
  // Without a product there is nothing to share between rows.
  if (!op.getX())
    this->tile = {1, 1, 1};
  this->tile.rows = std::min(this->tile.rows, op.getNumRows());
  this->tile.panels = std::min(this->tile.panels, op.getNumPanels());
}

void PanelMapThreads::run(const ChunkLink *link) {
  if (op.getNumPanels() == 0 || op.getNumRows() == 0)
    return;
  if (op.getCarries().empty() || op.getStreams())
    return emitTiles([&](const Place &place) {
      Value stream = rows.streamOf(op.getStreams(), place.row);
      Values carries = loadCarries(op.getCarries(), stream, place);
      storeCarries(emitBody(place, carries), op.getCarries(), stream, place);
    });
  if (op.getX()) {
    emitTiles([&](const Place &place) {
      rows.storeLanes(place.sum, op.getOuts().front(), place.row, place.panel,
                      place.lane, kPanelLanes);
    });
    rows.barrier();
  }
  if (link)
    emitLinkedScan(*link);
  else
    emitScan();
}

/// Computes the sums of this thread's tiles and calls `finish` for each row and
/// panel. A tile of many rows would take as long for one as for all: a few rows
/// are shared out in tiles of their own.
void PanelMapThreads::emitTiles(Finish finish) {
  constexpr int64_t kFew = 2;
  if (!op.getCount() || tile.rows <= kFew)
    return emitTilesOf(tile, finish);
  Value areFew = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ule,
                                       op.getCount(), rows.index(kFew));
  auto choice = scf::IfOp::create(builder, loc, areFew,
                                  /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(choice.thenBlock());
  emitTilesOf({kFew, 1, 1}, finish);
  builder.setInsertionPointToStart(choice.elseBlock());
  emitTilesOf(tile, finish);
}

void PanelMapThreads::emitTilesOf(const ThreadTile &tile, Finish finish) {
  int64_t columns = llvm::divideCeil(op.getNumPanels(), tile.panels);
  int64_t groups = llvm::divideCeil(op.getNumRows(), tile.rows);
  groups = llvm::alignTo(groups, tile.rowGroups);
  rows.forEach(columns * kHalfPanel * groups,
               [&](Value item) { emitTile(tile, item, finish); });
}

/// Whether the product's input lies in the block's shared memory: all rows are
/// there, from a cache line on. The caller's x has no more rows than `count`.
bool PanelMapThreads::hasOwnInput() {
  if (!op.getX())
    return true;
  auto function = op->getParentOfType<func::FuncOp>();
  auto kind = function->getAttrOfType<StringAttr>("ssm.kind");
  return op.getX().getDefiningOp<memref::ViewOp>() ||
         (isa<BlockArgument>(op.getX()) && kind && kind == "block");
}

// Neighbours have the lanes of a panel, then other rows, then other panels.
// Panels of a thread lie as far apart as there are such columns, so those of a
// warp are neighbours, too.
void PanelMapThreads::emitTile(const ThreadTile &tile, Value item,
                               Finish finish) {
  int64_t panels = op.getNumPanels();
  int64_t columns = llvm::divideCeil(panels, tile.panels);
  Value lane = rows.remainder(item, kHalfPanel);
  Value rest = rows.divide(item, kHalfPanel);
  Value group = rows.remainder(rest, tile.rowGroups);
  rest = rows.divide(rest, tile.rowGroups);
  Value firstPanel = rows.remainder(rest, columns);
  group =
      rows.plus(rows.scale(rows.divide(rest, columns), tile.rowGroups), group);
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
        auto ifPanel = [&] {
          if (allPanels || p == 0)
            finish(place);
          else
            rows.onlyIf(rows.isBelow(place.panel, rows.index(panels)),
                        [&] { finish(place); });
        };
        if (allRows || r == 0)
          ifPanel();
        else
          rows.onlyIf(rows.isBelow(place.row, count), ifPanel);
      }
    }
  };
  if (allRows)
    emit();
  else
    rows.onlyIf(rows.isBelow(firstRow, count), emit);
}

/// sum[p][r] = bias[p] + sum over k of x[r, k] w[p, k]; none without a product.
SmallVector<Value> PanelMapThreads::emitProduct(ArrayRef<Value> tileRows,
                                                ArrayRef<Value> tilePanels,
                                                Value lane) {
  if (!op.getX())
    return {};
  auto type = VectorType::get(kPanelLanes / kHalfPanel, builder.getF32Type());
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
  int64_t perStep = step * tileRows.size() * tilePanels.size() * 2;
  int64_t unroll = std::clamp<int64_t>(kMultiplyAdds / perStep, 1, 4);
  int64_t whole = depth / (step * unroll) * (step * unroll);
  sums = rows.loop(0, whole, step * unroll, sums,
                   [&](Value k, ValueRange carried) {
                     Values next(carried);
                     for (int64_t u = 0; u < unroll; ++u)
                       next = emitDepth(tileRows, tilePanels, lane,
                                        rows.add(k, u * step), step, next);
                     return next;
                   });
  for (int64_t k = whole; k < depth; ++k)
    sums = emitDepth(tileRows, tilePanels, lane, rows.index(k), 1, sums);
  return sums;
}

/// Multiply-adds of `depth` inputs from k on.
SmallVector<Value> PanelMapThreads::emitDepth(ArrayRef<Value> tileRows,
                                              ArrayRef<Value> tilePanels,
                                              Value lane, Value k,
                                              int64_t depth, ValueRange sums) {
  auto type = VectorType::get(kPanelLanes / kHalfPanel, builder.getF32Type());
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
    for (auto [p, panel] : llvm::enumerate(tilePanels)) {
      SmallVector<Value> halves;
      for (int64_t half : {int64_t(0), kHalfPanel})
        halves.push_back(memref::LoadOp::create(
            builder, loc, op.getW(),
            ValueRange{panel, rows.add(k, u), rows.add(lane, half)}));
      Value weights =
          vector::FromElementsOp::create(builder, loc, type, halves);
      for (auto [r, input] : llvm::enumerate(loaded)) {
        Value x =
            depth == 1
                ? input
                : vector::ExtractOp::create(builder, loc, input, u).getResult();
        x = vector::BroadcastOp::create(builder, loc, type, x);
        Value &sum = next[p * tileRows.size() + r];
        sum = math::FmaOp::create(builder, loc, x, weights, sum);
      }
    }
  return next;
}

/// Runs `body` for each panel and lane: its row is not set.
void PanelMapThreads::forEachMode(Finish body) {
  rows.forEach(op.getNumPanels() * kHalfPanel, [&](Value item) {
    Place place;
    place.lane = rows.remainder(item, kHalfPanel);
    place.panel = rows.divide(item, kHalfPanel);
    Values columns = loadColumns(place.panel, place.lane);
    place.columns = columns;
    body(place);
  });
}

/// The body of all rows, one after the other; returns the last carries.
SmallVector<Value> PanelMapThreads::emitSteps(Place place, ValueRange carries,
                                              bool storeOutputs) {
  Value count = rows.rowCount(op.getCount(), op.getNumRows());
  return rows.loop(
      rows.index(0), count, 1, carries, [&](Value row, ValueRange carried) {
        place.row = row;
        if (op.getX())
          place.sum = rows.loadLanes(op.getOuts().front(), row, place.panel,
                                     place.lane, kPanelLanes);
        return emitBody(place, Values(carried), storeOutputs);
      });
}

void PanelMapThreads::emitScan() {
  forEachMode([&](const Place &place) {
    Value record = rows.index(0);
    Values carries = loadCarries(op.getCarries(), record, place);
    carries = emitSteps(place, carries, /*storeOutputs=*/true);
    storeCarries(carries, op.getCarries(), record, place);
  });
}

/// What the body reads of a panel's columns: once for all rows, since the
/// optimizer cannot see that outputs are stored elsewhere.
SmallVector<Value> PanelMapThreads::loadColumns(Value panel, Value lane) {
  Values values;
  for (auto [column, argument] :
       llvm::zip_equal(op.getColumns(), op.getColumnArguments()))
    values.push_back(argument.use_empty()
                         ? Value()
                         : rows.loadLanes(column, panel, rows.index(0), lane,
                                          getLanes(argument)));
  return values;
}

SmallVector<Value> PanelMapThreads::loadCarries(ValueRange buffers, Value row,
                                                const Place &place) {
  Values carries;
  for (auto [buffer, argument] :
       llvm::zip_equal(buffers, op.getCarryArguments()))
    carries.push_back(rows.loadLanes(buffer, row, place.panel, place.lane,
                                     getLanes(argument)));
  return carries;
}

void PanelMapThreads::storeCarries(ValueRange carries, ValueRange buffers,
                                   Value row, const Place &place) {
  for (auto [value, buffer, argument] :
       llvm::zip_equal(carries, buffers, op.getCarryArguments()))
    rows.storeLanes(value, buffer, row, place.panel, place.lane,
                    getLanes(argument));
}

Operation *ssmc::cloneForThread(OpBuilder &builder, Operation &nested,
                                IRMapping &lanes, Type element) {
  if (auto shuffle = dyn_cast<vector::ShuffleOp>(nested)) {
    // Both halves of a panel are in one thread: what moves whole halves moves
    // its elements.
    SmallVector<int64_t> mask;
    for (int64_t from : llvm::seq<int64_t>(shuffle.getMask().size()))
      if (from % kHalfPanel == 0)
        mask.push_back(shuffle.getMask()[from] / kHalfPanel);
    return vector::ShuffleOp::create(builder, nested.getLoc(),
                                     lanes.lookup(shuffle.getV1()),
                                     lanes.lookup(shuffle.getV2()), mask);
  }
  if (auto slice = dyn_cast<vector::ExtractStridedSliceOp>(nested)) {
    auto first = cast<IntegerAttr>(slice.getOffsets()[0]).getInt();
    auto size = cast<IntegerAttr>(slice.getSizes()[0]).getInt();
    return vector::ExtractStridedSliceOp::create(
        builder, nested.getLoc(), lanes.lookup(slice.getSource()),
        {first / kHalfPanel}, {size / kHalfPanel}, {1});
  }
  Operation *copy = builder.clone(nested, lanes);
  for (OpResult result : copy->getResults())
    result.setType(ofThread(result.getType(), element));
  if (auto constant = dyn_cast<arith::ConstantOp>(copy))
    if (auto splat = dyn_cast<SplatElementsAttr>(constant.getValue())) {
      auto type = cast<ShapedType>(copy->getResult(0).getType());
      constant.setValueAttr(
          type.getElementType() == splat.getElementType()
              ? splat.resizeSplat(type)
              : DenseElementsAttr::get(
                    type, splat.getSplatValue<APFloat>().convertToDouble()));
    }
  return copy;
}

/// Runs the body at a place and stores the outputs; returns the carries.
SmallVector<Value> PanelMapThreads::emitBody(const Place &place,
                                             ArrayRef<Value> carries,
                                             bool storeOutputs) {
  IRMapping lanes;
  if (place.sum)
    lanes.map(op.getAccumulator(), place.sum);
  auto mapRows = [&](ValueRange buffers, Block::BlockArgListType arguments) {
    for (auto [buffer, argument] : llvm::zip_equal(buffers, arguments))
      if (!argument.use_empty())
        lanes.map(argument, rows.loadLanes(buffer, place.row, place.panel,
                                           place.lane, getLanes(argument)));
  };
  mapRows(op.getRows(), op.getRowArguments());
  mapRows(op.getOuts(), op.getOutArguments());
  for (auto [column, argument] :
       llvm::zip_equal(place.columns, op.getColumnArguments()))
    if (column)
      lanes.map(argument, column);
  for (auto [argument, carry] :
       llvm::zip_equal(op.getCarryArguments(), carries))
    lanes.map(argument, carry);
  auto valueOf = [&](Value value) {
    if (!lanes.contains(value)) // a hoisted constant
      lanes.map(
          value,
          cloneForThread(builder, *value.getDefiningOp(), lanes)->getResult(0));
    return lanes.lookup(value);
  };
  for (Operation &nested : op.getBody().front().without_terminator()) {
    for (Value operand : nested.getOperands())
      (void)valueOf(operand);
    Operation *copy = cloneForThread(builder, nested, lanes);
    for (auto [from, to] :
         llvm::zip_equal(nested.getResults(), copy->getResults()))
      lanes.map(from, to);
  }
  SmallVector<Value> results;
  for (Value value : op.getYield().getValues())
    results.push_back(valueOf(value));
  for (auto [value, out, argument] :
       llvm::zip(results, op.getOuts(), op.getOutArguments()))
    if (storeOutputs)
      rows.storeLanes(value, out, place.row, place.panel, place.lane,
                      getLanes(argument));
  return SmallVector<Value>(
      ArrayRef<Value>(results).drop_front(op.getOuts().size()));
}

void ssmc::lowerPanelMapToThreads(PanelMapOp op, int64_t threads,
                                  const ThreadTile &tile, const ChunkLink *link,
                                  OpBuilder &builder) {
  builder.setInsertionPoint(op);
  PanelMapThreads(op, threads, tile, builder).run(link);
}
