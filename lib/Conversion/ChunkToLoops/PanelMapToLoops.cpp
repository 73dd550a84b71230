//===- PanelMapToLoops.cpp - Register tiles of a panel map ----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// for panel                       // its weights stay in the L1 cache
//   carries of the panel          // in registers, over all rows
//   for row step `tileRows`
//     for k                       // tileRows accumulators, loop-carried
//     body of each row, in order
// for each row left               // less than a tile
//   for panel step `panelsPerRow` // as many accumulators, side by side
//
// An output is one chain of fused multiply-adds in the order of k whatever the
// tile, so its bits do not depend on how rows are grouped.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToLoops/ChunkToLoops.h"
#include "lib/Conversion/ChunkToLoops/RowLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace ssmc;

/// Multiply-adds in one trip of a full tile's product loop, and of a row's: the
/// latter is bound by reading weights, so less unrolling costs nothing.
static constexpr int64_t kTileTrip = 24, kRowTrip = 12;

namespace {

/// Rows `row ... row + rows - 1` by panels `panel ... panel + panels - 1`.
struct Tile {
  Value row, panel;
  int64_t rows, panels;
};

class PanelMapLowering {
public:
  PanelMapLowering(PanelMapOp op, const TileShape &shape, OpBuilder &builder)
      : op(op), shape(shape), rows(builder, op.getLoc()), builder(builder),
        panels(op.getNumPanels()) {}

  void run();

private:
  void emitFullTiles(Value end, int64_t tileRows);
  void emitRow(Value row);
  SmallVector<Value> emitTile(const Tile &tile, ValueRange carries);
  SmallVector<Value> initialAccumulators(const Tile &tile);
  SmallVector<Value> emitProduct(const Tile &tile);
  SmallVector<Value> emitProductStep(const Tile &tile, Value k,
                                     ValueRange accumulators);
  SmallVector<Value> emitBody(Value row, Value panel, Value accumulator,
                              ValueRange carries);
  SmallVector<Value> loadCarries(Value stream, Value panel);
  void storeCarries(ValueRange carries, Value stream, Value panel);
  Value firstLane(Value panel, Value argument) {
    return rows.scale(panel,
                      cast<VectorType>(argument.getType()).getDimSize(0));
  }
  int64_t lanesOf(Value argument) {
    return cast<VectorType>(argument.getType()).getDimSize(0);
  }

  PanelMapOp op;
  const TileShape &shape;
  RowBuilder rows;
  OpBuilder &builder;
  int64_t panels;
};

} // namespace

void PanelMapLowering::run() {
  int64_t available = op.getNumRows();
  if (panels == 0 || available == 0)
    return;
  int64_t tileRows = std::min(shape.rows, available);
  Value count = op.getCount();
  if (!count) {
    int64_t full = tileRows > 1 ? available / tileRows * tileRows : 0;
    if (full)
      emitFullTiles(rows.index(full), tileRows);
    rows.loop(full, available, 1, {}, [&](Value row, ValueRange) {
      emitRow(row);
      return SmallVector<Value>();
    });
    return;
  }
  Value full = rows.index(0);
  if (tileRows > 1) {
    Value rest = arith::RemUIOp::create(builder, op.getLoc(), count,
                                        rows.index(tileRows));
    full = arith::SubIOp::create(builder, op.getLoc(), count, rest);
    emitFullTiles(full, tileRows);
  }
  rows.loop(full, count, 1, {}, [&](Value row, ValueRange) {
    emitRow(row);
    return SmallVector<Value>();
  });
}

/// Rows 0 ... end - 1, a multiple of the tile's, panel by panel.
void PanelMapLowering::emitFullTiles(Value end, int64_t tileRows) {
  bool inTime = !op.getStreams();
  rows.loop(0, panels, 1, {}, [&](Value panel, ValueRange) {
    SmallVector<Value> carries;
    if (inTime)
      carries = loadCarries(rows.index(0), panel);
    carries = rows.loop(rows.index(0), end, tileRows, carries,
                        [&](Value row, ValueRange carried) {
                          Tile tile{row, panel, tileRows, 1};
                          return emitTile(tile, carried);
                        });
    if (inTime)
      storeCarries(carries, rows.index(0), panel);
    return SmallVector<Value>();
  });
}

/// One row, with several panels side by side to keep the multipliers busy.
void PanelMapLowering::emitRow(Value row) {
  auto emitGroup = [&](Value panel, int64_t count) {
    SmallVector<Value> carries;
    Value stream = rows.index(0);
    if (!op.getStreams())
      for (int64_t p = 0; p < count; ++p)
        llvm::append_range(carries, loadCarries(stream, rows.add(panel, p)));
    carries = emitTile({row, panel, 1, count}, carries);
    size_t each = op.getCarries().size();
    if (!op.getStreams())
      for (int64_t p = 0; p < count; ++p)
        storeCarries(ValueRange(carries).slice(p * each, each), stream,
                     rows.add(panel, p));
  };
  int64_t group = std::min(shape.panelsPerRow, panels);
  int64_t grouped = panels / group * group;
  rows.loop(0, grouped, group, {}, [&](Value panel, ValueRange) {
    emitGroup(panel, group);
    return SmallVector<Value>();
  });
  if (grouped < panels)
    emitGroup(rows.index(grouped), panels - grouped);
}

SmallVector<Value> PanelMapLowering::loadCarries(Value stream, Value panel) {
  SmallVector<Value> carries;
  for (auto [carry, argument] :
       llvm::zip_equal(op.getCarries(), op.getCarryArguments()))
    carries.push_back(rows.loadLanes(carry, stream, firstLane(panel, argument),
                                     lanesOf(argument)));
  return carries;
}

void PanelMapLowering::storeCarries(ValueRange carries, Value stream,
                                    Value panel) {
  for (auto [value, carry] : llvm::zip_equal(carries, op.getCarries()))
    rows.storeLanes(value, carry, stream, firstLane(panel, value));
}

/// The product, then the body of every row and panel. `carries` are those of
/// panel 0, then of panel 1, ...; with streams each row has its own in memory.
SmallVector<Value> PanelMapLowering::emitTile(const Tile &tile,
                                              ValueRange carries) {
  SmallVector<Value> accumulators = emitProduct(tile);
  SmallVector<Value> last(carries);
  size_t each = op.getCarries().size();
  for (int64_t r = 0; r < tile.rows; ++r) {
    Value row = rows.add(tile.row, r);
    Value stream =
        op.getStreams() ? rows.streamOf(op.getStreams(), row) : Value();
    for (int64_t p = 0; p < tile.panels; ++p) {
      Value panel = rows.add(tile.panel, p);
      Value accumulator =
          accumulators.empty() ? Value() : accumulators[p * tile.rows + r];
      if (stream) {
        SmallVector<Value> next =
            emitBody(row, panel, accumulator, loadCarries(stream, panel));
        storeCarries(next, stream, panel);
        continue;
      }
      SmallVector<Value> now(last.begin() + p * each,
                             last.begin() + (p + 1) * each);
      llvm::copy(emitBody(row, panel, accumulator, now),
                 last.begin() + p * each);
    }
  }
  return last;
}

SmallVector<Value> PanelMapLowering::initialAccumulators(const Tile &tile) {
  auto type = VectorType::get(kPanelLanes, builder.getF32Type());
  SmallVector<Value> accumulators;
  for (int64_t p = 0; p < tile.panels; ++p) {
    Value start;
    if (op.getBias())
      start = rows.loadLanes(op.getBias(), rows.add(tile.panel, p),
                             rows.index(0), kPanelLanes);
    else
      start = arith::ConstantOp::create(builder, op.getLoc(),
                                        builder.getZeroAttr(type));
    accumulators.append(tile.rows, start);
  }
  return accumulators;
}

/// acc[p][r] = bias[p] + sum over k of x[r, k] w[p, k].
SmallVector<Value> PanelMapLowering::emitProduct(const Tile &tile) {
  if (!op.getX())
    return {};
  SmallVector<Value> accumulators = initialAccumulators(tile);
  int64_t depth = cast<MemRefType>(op.getW().getType()).getDimSize(1);
  int64_t accumulatorCount = accumulators.size();
  int64_t unroll = std::clamp<int64_t>(
      (tile.rows > 1 ? kTileTrip : kRowTrip) / accumulatorCount, 1, 4);
  int64_t unrolled = depth / unroll * unroll;
  accumulators = rows.loop(
      0, unrolled, unroll, accumulators, [&](Value k, ValueRange carried) {
        SmallVector<Value> sums(carried);
        for (int64_t u = 0; u < unroll; ++u)
          sums = emitProductStep(tile, rows.add(k, u), sums);
        return sums;
      });
  for (int64_t k = unrolled; k < depth; ++k)
    accumulators = emitProductStep(tile, rows.index(k), accumulators);
  return accumulators;
}

SmallVector<Value> PanelMapLowering::emitProductStep(const Tile &tile, Value k,
                                                     ValueRange accumulators) {
  Location loc = op.getLoc();
  auto type = VectorType::get(kPanelLanes, builder.getF32Type());
  SmallVector<Value> weights, sums;
  for (int64_t p = 0; p < tile.panels; ++p)
    weights.push_back(vector::LoadOp::create(
        builder, loc, type, op.getW(),
        ValueRange{rows.add(tile.panel, p), k, rows.index(0)}));
  SmallVector<Value> inputs;
  for (int64_t r = 0; r < tile.rows; ++r) {
    Value x = memref::LoadOp::create(builder, loc, op.getX(),
                                     ValueRange{rows.add(tile.row, r), k});
    inputs.push_back(vector::BroadcastOp::create(builder, loc, type, x));
  }
  for (int64_t p = 0; p < tile.panels; ++p)
    for (int64_t r = 0; r < tile.rows; ++r)
      sums.push_back(math::FmaOp::create(builder, loc, inputs[r], weights[p],
                                         accumulators[p * tile.rows + r]));
  return sums;
}

/// Clones the body for one row and panel, stores its outputs, returns carries.
SmallVector<Value> PanelMapLowering::emitBody(Value row, Value panel,
                                              Value accumulator,
                                              ValueRange carries) {
  IRMapping mapping;
  if (accumulator)
    mapping.map(op.getAccumulator(), accumulator);
  auto mapLanes = [&](ValueRange buffers, Block::BlockArgListType arguments,
                      bool column) {
    for (auto [buffer, argument] : llvm::zip_equal(buffers, arguments)) {
      if (argument.use_empty())
        continue;
      int64_t lanes = lanesOf(argument);
      mapping.map(argument,
                  column ? rows.loadLanes(buffer, panel, rows.index(0), lanes)
                         : rows.loadLanes(buffer, row,
                                          firstLane(panel, argument), lanes));
    }
  };
  mapLanes(op.getRows(), op.getRowArguments(), false);
  mapLanes(op.getColumns(), op.getColumnArguments(), true);
  mapLanes(op.getOuts(), op.getOutArguments(), false);
  mapping.map(op.getCarryArguments(), carries);
  for (Operation &nested : op.getBody().front().without_terminator())
    builder.clone(nested, mapping);
  SmallVector<Value> results;
  for (Value value : op.getYield().getValues())
    results.push_back(mapping.lookupOrDefault(value));
  for (auto [value, out] : llvm::zip(results, op.getOuts()))
    rows.storeLanes(value, out, row, firstLane(panel, value));
  return SmallVector<Value>(
      ArrayRef<Value>(results).drop_front(op.getOuts().size()));
}

void ssmc::lowerPanelMap(PanelMapOp op, const TileShape &shape,
                         OpBuilder &builder) {
  builder.setInsertionPoint(op);
  PanelMapLowering(op, shape, builder).run();
}
