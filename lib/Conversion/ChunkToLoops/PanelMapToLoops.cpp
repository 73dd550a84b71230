//===- PanelMapToLoops.cpp - Register tiles of a panel map ----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// for panels of a tile              // their weights stay in the L1 cache
//   for row step rows of a tile
//     for k                         // accumulators, loop-carried
//     carries of the panels         // in registers, over these rows
//     body of each row, in order
// the same with smaller tiles for the rows left, down to a single one
//
// An output is one chain of fused multiply-adds in the order of k whatever the
// tile, so its bits do not depend on how rows are grouped.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToLoops/ChunkToLoops.h"
#include "lib/Conversion/ChunkToLoops/PanelBody.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ssmc;

/// Multiply-add instructions in one trip of a product loop of several rows, and
/// of one row: the latter is bound by reading weights, so less unrolling costs
/// nothing.
static constexpr int64_t kTileTrip = 48, kRowTrip = 24;

/// Cache lines that a tile asks for ahead of each row, at most: of 12 rows they
/// are half of an L1 cache. States of which a panel's part is larger, as
/// DeltaNet's matrices, would not be there any more when it is their turn.
static constexpr int64_t kMostLinesAhead = 32;

namespace {

/// Rows `row ... row + rows - 1` by panels `panel ... panel + panels - 1`.
struct Tile {
  Value row, panel;
  int64_t rows, panels;
};

class PanelMapLowering {
public:
  PanelMapLowering(PanelMapOp op, const TargetDescription &target,
                   std::optional<TileShape> shape, OpBuilder &builder)
      : op(op), target(target), rows(builder, op.getLoc()), builder(builder),
        body(op, rows, target.f32Lanes), panels(op.getNumPanels()) {
    if (!op.getX())
      return; // nothing to keep in registers: a row and a panel at a time
    int64_t depth = cast<MemRefType>(op.getW().getType()).getDimSize(1);
    full = shape ? *shape : chooseTile(target, op.getNumRows(), depth, panels);
    full.rows = std::min(full.rows, op.getNumRows());
    full.panels = std::min(full.panels, panels);
  }

  void run();

private:
  Value emitTiles(Value from, const TileShape &shape);
  void emitColumn(Value panel, int64_t width, Value from, Value to,
                  int64_t tileRows);
  void emitTile(const Tile &tile);
  void emitBodies(const Tile &tile, ArrayRef<Value> accumulators);
  void emitCarryingBodies(const Tile &tile, ArrayRef<Value> accumulators);
  PanelBody::Place placeOf(const Tile &tile, ArrayRef<Value> accumulators,
                           int64_t r, int64_t p);
  SmallVector<Value> initialAccumulators(const Tile &tile, Value panel);
  SmallVector<Value> emitProduct(const Tile &tile, Value biasPanel);
  void emitPrefetch(const Tile &tile, Value k, int64_t unroll);
  void prefetchCarries(const Tile &tile);
  void prefetchBehindStates(const Tile &tile);
  SmallVector<Value> emitProductStep(const Tile &tile, Value k,
                                     ValueRange accumulators);

  PanelMapOp op;
  const TargetDescription &target;
  RowBuilder rows;
  OpBuilder &builder;
  PanelBody body;
  int64_t panels;
  TileShape full;
};

} // namespace

void PanelMapLowering::run() {
  if (panels == 0 || op.getNumRows() == 0)
    return;
  Value next = rows.index(0);
  for (const TileShape &shape : withTailTiles(target, full, panels))
    next = emitTiles(next, shape);
}

/// As many rows from `from` on as fill tiles of `shape`; returns the next one.
Value PanelMapLowering::emitTiles(Value from, const TileShape &shape) {
  Location loc = op.getLoc();
  std::optional<int64_t> known = getConstantIntValue(from);
  int64_t left = op.getNumRows() - known.value_or(0);
  if (left < shape.rows)
    return from;
  Value to;
  if (Value count = op.getCount()) {
    to = arith::SubIOp::create(builder, loc, count, from);
    Value rest =
        arith::RemUIOp::create(builder, loc, to, rows.index(shape.rows));
    to = arith::SubIOp::create(builder, loc, count, rest);
  } else {
    to = rows.index(op.getNumRows() - left % shape.rows);
  }
  bool mayBeWider = shape.rows == full.rows;
  for (const TileColumns &columns :
       splitPanels(target, shape, panels, mayBeWider)) {
    auto [tileRows, width] = columns.tile;
    rows.loop(columns.first, columns.first + columns.count * width, width, {},
              [&, tileRows = tileRows, width = width](Value panel, ValueRange) {
                emitColumn(panel, width, from, to, tileRows);
                return SmallVector<Value>();
              });
  }
  return to;
}

/// Rows `from` to `to`, a multiple of the tile's, of `width` panels.
void PanelMapLowering::emitColumn(Value panel, int64_t width, Value from,
                                  Value to, int64_t tileRows) {
  // Without a product there are registers for columns.
  if (!op.getX() && width == 1 && !op.getColumns().empty())
    body.hoistColumns(panel);
  auto emitRows = [&](Value row, ValueRange) {
    emitTile({row, panel, tileRows, width});
    return SmallVector<Value>();
  };
  std::optional<int64_t> first = getConstantIntValue(from),
                         last = getConstantIntValue(to);
  if (first && last)
    rows.loop(*first, *last, tileRows, {}, emitRows);
  else
    rows.loop(from, to, tileRows, {}, emitRows);
}

// Every register that is live during the product is one accumulator less.
// Biases, columns and carries are therefore read for each tile, from a place
// that the optimizer cannot see to be the same for all tiles: it would keep
// them in registers and spill accumulators in the product's loop.
void PanelMapLowering::emitTile(const Tile &tile) {
  Tile opaque = tile;
  opaque.panel = rows.opaque(tile.panel);
  emitBodies(opaque, emitProduct(tile, opaque.panel));
}

/// The body of every row and panel.
void PanelMapLowering::emitBodies(const Tile &tile,
                                  ArrayRef<Value> accumulators) {
  if (!op.getCarries().empty())
    return emitCarryingBodies(tile, accumulators);
  for (int64_t r = 0; r < tile.rows; ++r)
    for (int64_t p = 0; p < tile.panels; ++p) {
      PanelBody::Place place = placeOf(tile, accumulators, r, p);
      place.isPair = body.canPair() && p + 1 < tile.panels;
      if (place.isPair)
        place.nextSum = placeOf(tile, accumulators, r, ++p).sum;
      body.emit(place);
    }
}

PanelBody::Place PanelMapLowering::placeOf(const Tile &tile,
                                           ArrayRef<Value> accumulators,
                                           int64_t r, int64_t p) {
  PanelBody::Place place;
  place.row = rows.add(tile.row, r);
  place.panel = rows.add(tile.panel, p);
  if (!accumulators.empty())
    place.sum = accumulators[p * tile.rows + r];
  return place;
}

/// With streams each row has its own carries; else they pass on from row to
/// row.
void PanelMapLowering::emitCarryingBodies(const Tile &tile,
                                          ArrayRef<Value> accumulators) {
  SmallVector<SmallVector<Value>> carries(tile.panels);
  auto forEachPanel = [&](auto action) {
    for (auto [p, own] : llvm::enumerate(carries))
      action(rows.add(tile.panel, p), own);
  };
  auto load = [&](Value stream) {
    forEachPanel([&](Value panel, SmallVector<Value> &own) {
      own = body.loadCarries(stream, panel);
    });
  };
  auto store = [&](Value stream) {
    forEachPanel([&](Value panel, SmallVector<Value> &own) {
      body.storeCarries(own, stream, panel);
    });
  };
  bool inTime = !op.getStreams();
  if (inTime)
    load(rows.index(0));
  for (int64_t r = 0; r < tile.rows; ++r) {
    SmallVector<PanelBody::Place> places;
    Value stream;
    if (!inTime) {
      stream = rows.streamOf(op.getStreams(), rows.add(tile.row, r));
      load(stream);
    }
    for (int64_t p = 0; p < tile.panels; ++p) {
      places.push_back(placeOf(tile, accumulators, r, p));
      places.back().carries = carries[p];
    }
    carries = body.emit(places);
    if (!inTime)
      store(stream);
  }
  if (inTime)
    store(rows.index(0));
}

SmallVector<Value> PanelMapLowering::initialAccumulators(const Tile &tile,
                                                         Value panel) {
  auto type = VectorType::get(kPanelLanes, builder.getF32Type());
  SmallVector<Value> accumulators;
  for (int64_t p = 0; p < tile.panels; ++p) {
    Value start;
    if (op.getBias())
      start = rows.loadLanes(op.getBias(), rows.add(panel, p), rows.index(0),
                             kPanelLanes);
    else
      start = arith::ConstantOp::create(builder, op.getLoc(),
                                        builder.getZeroAttr(type));
    accumulators.append(tile.rows, start);
  }
  return accumulators;
}

/// acc[p][r] = bias[p] + sum over k of x[r, k] w[p, k]; `biasPanel` is the
/// tile's first panel.
SmallVector<Value> PanelMapLowering::emitProduct(const Tile &tile,
                                                 Value biasPanel) {
  if (!op.getX())
    return {};
  if (op.getStreams()) {
    prefetchCarries(tile);
    prefetchBehindStates(tile);
  }
  SmallVector<Value> accumulators = initialAccumulators(tile, biasPanel);
  int64_t depth = cast<MemRefType>(op.getW().getType()).getDimSize(1);
  int64_t instructions =
      accumulators.size() * std::max<int64_t>(1, kPanelLanes / target.f32Lanes);
  int64_t unroll = std::clamp<int64_t>(
      (tile.rows > 1 ? kTileTrip : kRowTrip) / instructions, 1, 4);
  int64_t unrolled = depth / unroll * unroll;
  accumulators = rows.loop(
      0, unrolled, unroll, accumulators, [&](Value k, ValueRange carried) {
        emitPrefetch(tile, k, unroll);
        SmallVector<Value> sums(carried);
        for (int64_t u = 0; u < unroll; ++u)
          sums = emitProductStep(tile, rows.add(k, u), sums);
        return sums;
      });
  for (int64_t k = unrolled; k < depth; ++k)
    accumulators = emitProductStep(tile, rows.index(k), accumulators);
  return accumulators;
}

// Weights that do not stay in the L1 cache are read once for all rows of a
// chunk, in order; without help the first tile of a column waits for them. The
// tiles of a column share the work of fetching the next one's, line by line.
// The last column fetches what lies behind: mostly the next product's weights.
void PanelMapLowering::emitPrefetch(const Tile &tile, Value k, int64_t unroll) {
  auto weights = cast<MemRefType>(op.getW().getType());
  constexpr int64_t kFloatBytes = 4;
  if (tile.rows < full.rows || tile.rows == 1 ||
      weights.getNumElements() * kFloatBytes <= target.l1Bytes)
    return;
  Location loc = op.getLoc();
  int64_t lines = unroll * tile.panels, tiles = op.getNumRows() / tile.rows;
  int64_t perTile = llvm::divideCeil(lines, tiles);
  Value turn =
      arith::DivUIOp::create(builder, loc, tile.row, rows.index(tile.rows));
  turn = arith::RemUIOp::create(builder, loc, turn,
                                rows.index(llvm::divideCeil(lines, perTile)));
  for (int64_t i = 0; i < perTile; ++i) {
    Value line = rows.add(rows.scale(turn, perTile), i);
    Value ahead =
        arith::DivUIOp::create(builder, loc, line, rows.index(unroll));
    Value deeper =
        arith::RemUIOp::create(builder, loc, line, rows.index(unroll));
    Value panel = arith::AddIOp::create(
        builder, loc, rows.add(tile.panel, tile.panels), ahead);
    deeper = arith::AddIOp::create(builder, loc, k, deeper);
    memref::PrefetchOp::create(builder, loc, op.getW(),
                               ValueRange{panel, deeper, rows.index(0)},
                               /*isWrite=*/false, /*localityHint=*/2,
                               /*isDataCache=*/true);
  }
}

// The states of streams come from wherever the caller's records are: they
// travel while the product in front of their scan runs.
void PanelMapLowering::prefetchCarries(const Tile &tile) {
  for (int64_t r = 0; r < tile.rows && !op.getCarries().empty(); ++r) {
    Value stream = rows.streamOf(op.getStreams(), rows.add(tile.row, r));
    for (int64_t p = 0; p < tile.panels; ++p)
      body.prefetchCarries(stream, rows.add(tile.panel, p));
  }
}

/// What a unit on rows that are streams carries, if `op` is its last product
/// and has no part in it.
static SmallVector<TypedValue<MemRefType>> findUsedStates(PanelMapOp op) {
  SmallVector<TypedValue<MemRefType>> states;
  auto function = op->getParentOfType<func::FuncOp>();
  if (!function || !op.getStreams() || !op.getCarries().empty())
    return states;
  for (Operation *next = op->getNextNode(); next; next = next->getNextNode())
    if (isa<PanelMapOp>(next))
      return states;
  for (Value argument : function.getArguments())
    if (auto state = dyn_cast<TypedValue<MemRefType>>(argument))
      if (state.getType().getRank() == 2 && state.getType().isDynamicDim(0))
        states.push_back(state);
  return states;
}

// Behind a unit's states in a record is what is needed next: the next unit's,
// which are as large, or the sums of a pool. Each tile asks for its panels'
// part of its rows' lines: few enough that it does not wait for room for
// requests.
void PanelMapLowering::prefetchBehindStates(const Tile &tile) {
  SmallVector<TypedValue<MemRefType>> states = findUsedStates(op);
  if (states.empty())
    return;
  int64_t bytes = 0;
  for (auto state : states)
    bytes += getNumFeatures(state.getType()) *
             state.getType().getElementTypeBitWidth() / 8;
  auto last = states.back();
  int64_t lanes = kCacheLineBytes * 8 / last.getType().getElementTypeBitWidth();
  int64_t all = llvm::divideCeil(bytes, kCacheLineBytes);
  int64_t own = llvm::divideCeil(all * tile.panels, panels);
  if (own > kMostLinesAhead)
    return;
  Value line = arith::DivUIOp::create(
      builder, op.getLoc(), rows.scale(tile.panel, all), rows.index(panels));
  Value first =
      rows.add(rows.scale(line, lanes), getNumFeatures(last.getType()));
  for (int64_t r = 0; r < tile.rows; ++r)
    rows.prefetchLanes(last,
                       rows.streamOf(op.getStreams(), rows.add(tile.row, r)),
                       first, own * lanes);
}

// What there is fewer of, inputs or weights, stays in registers; the others are
// loaded where they are used. LLVM keeps this order.
SmallVector<Value> PanelMapLowering::emitProductStep(const Tile &tile, Value k,
                                                     ValueRange accumulators) {
  Location loc = op.getLoc();
  auto type = VectorType::get(kPanelLanes, builder.getF32Type());
  auto loadWeights = [&](int64_t p) -> Value {
    return vector::LoadOp::create(
        builder, loc, type, op.getW(),
        ValueRange{rows.add(tile.panel, p), k, rows.index(0)});
  };
  auto loadInput = [&](int64_t r) -> Value {
    Value x = memref::LoadOp::create(builder, loc, op.getX(),
                                     ValueRange{rows.add(tile.row, r), k});
    return vector::BroadcastOp::create(builder, loc, type, x);
  };
  SmallVector<Value> sums(accumulators.size());
  auto multiplyAdd = [&](int64_t r, int64_t p, Value input, Value weights) {
    int64_t i = p * tile.rows + r;
    sums[i] =
        math::FmaOp::create(builder, loc, input, weights, accumulators[i]);
  };
  SmallVector<Value> kept;
  if (tile.panels <= tile.rows) {
    for (int64_t p = 0; p < tile.panels; ++p)
      kept.push_back(loadWeights(p));
    for (int64_t r = 0; r < tile.rows; ++r) {
      Value input = loadInput(r);
      for (int64_t p = 0; p < tile.panels; ++p)
        multiplyAdd(r, p, input, kept[p]);
    }
    return sums;
  }
  for (int64_t r = 0; r < tile.rows; ++r)
    kept.push_back(loadInput(r));
  for (int64_t p = 0; p < tile.panels; ++p) {
    Value weights = loadWeights(p);
    for (int64_t r = 0; r < tile.rows; ++r)
      multiplyAdd(r, p, kept[r], weights);
  }
  return sums;
}

void ssmc::lowerPanelMap(PanelMapOp op, const TargetDescription &target,
                         std::optional<TileShape> shape, OpBuilder &builder) {
  builder.setInsertionPoint(op);
  PanelMapLowering(op, target, shape, builder).run();
}
