//===- RowOpsToLoops.cpp - Lookup and pooling as loops --------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToLoops/ChunkToLoops.h"
#include "lib/Conversion/ChunkToLoops/RowLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ssmc;

static int64_t rowsOf(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getDimSize(0);
}

/// Runs `body(row)` on rows 0 ... count - 1, or on all rows; with `onlyLast` on
/// the last of them, if there is one.
static void forEachRow(RowBuilder &rows, Value count, int64_t available,
                       llvm::function_ref<void(Value)> body,
                       bool onlyLast = false) {
  Value from = rows.index(0), to = rows.rowCount(count, available);
  if (onlyLast) {
    Value one =
        arith::MinUIOp::create(rows.builder, rows.loc, to, rows.index(1));
    from = arith::SubIOp::create(rows.builder, rows.loc, to, one);
  }
  rows.loop(from, to, 1, {}, [&](Value row, ValueRange) {
    body(row);
    return SmallVector<Value>();
  });
}

/// Runs `body(h)` on features 0 ... count - 1.
static void forEachFeature(RowBuilder &rows, int64_t from, int64_t to,
                           int64_t step, llvm::function_ref<void(Value)> body) {
  rows.loop(from, to, step, {}, [&](Value feature, ValueRange) {
    body(feature);
    return SmallVector<Value>();
  });
}

void ssmc::lowerLookup(LookupOp op, OpBuilder &builder) {
  RowBuilder rows(builder, op.getLoc());
  Location loc = op.getLoc();
  auto table = cast<MemRefType>(op.getTable().getType());
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIntOp::create(builder, loc, value, 64);
  };
  forEachRow(rows, op.getCount(), rowsOf(op.getOut()), [&](Value row) {
    Value id = memref::LoadOp::create(builder, loc, op.getIds(), row);
    id = arith::ExtSIOp::create(builder, loc, builder.getI64Type(), id);
    Value negative = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::slt, id, constant(0));
    Value fromEnd =
        arith::AddIOp::create(builder, loc, id, constant(table.getDimSize(0)));
    id = arith::SelectOp::create(builder, loc, negative, fromEnd, id);
    id = arith::MaxSIOp::create(builder, loc, id, constant(0));
    id = arith::MinSIOp::create(builder, loc, id,
                                constant(table.getDimSize(0) - 1));
    Value entry =
        arith::IndexCastOp::create(builder, loc, builder.getIndexType(), id);
    forEachFeature(rows, 0, table.getDimSize(1), 1, [&](Value feature) {
      Value value = memref::LoadOp::create(builder, loc, op.getTable(),
                                           ValueRange{entry, feature});
      memref::StoreOp::create(builder, loc, value, op.getOut(),
                              ValueRange{row, feature});
    });
  });
}

/// Rows ahead for which a pool asks for the records.
static constexpr int64_t kPoolAhead = 4;

/// Asks for what a pool will add to in a later row: its loop waits for nothing
/// else than streams' records.
static void prefetchPool(PoolRowsOp op, RowBuilder &rows, Value row) {
  Value one = rows.index(1);
  Value last = arith::SubIOp::create(
      rows.builder, rows.loc, rows.rowCount(op.getCount(), rowsOf(op.getX())),
      one);
  Value later = arith::MinUIOp::create(rows.builder, rows.loc,
                                       rows.add(row, kPoolAhead), last);
  Value stream = rows.streamOf(op.getStreams(), later);
  rows.prefetchLanes(op.getSums(), stream, rows.index(0),
                     getNumFeatures(op.getSums().getType()));
  rows.prefetchLanes(op.getCounts(), stream, rows.index(0), 1);
}

void ssmc::lowerPoolRows(PoolRowsOp op, OpBuilder &builder) {
  RowBuilder rows(builder, op.getLoc());
  Location loc = op.getLoc();
  int64_t features = getNumFeatures(op.getSums().getType());
  int64_t inVectors = features / kHalfPanel * kHalfPanel;
  auto narrow = VectorType::get(kHalfPanel, builder.getF32Type());
  auto wide = VectorType::get(kHalfPanel, builder.getF64Type());
  bool last = op.getLast();
  auto emitRow = [&](Value row) {
    Value stream = rows.streamOf(op.getStreams(), row);
    if (op.getStreams())
      prefetchPool(op, rows, row);
    forEachFeature(rows, 0, inVectors, kHalfPanel, [&](Value h) {
      SmallVector<Value> place{stream, h};
      Value x = vector::LoadOp::create(builder, loc, narrow, op.getX(),
                                       ValueRange{row, h});
      Value sum;
      if (!last)
        sum = vector::LoadOp::create(builder, loc, wide, op.getSums(), place);
      x = arith::ExtFOp::create(builder, loc, wide, x);
      if (!last)
        x = arith::AddFOp::create(builder, loc, sum, x);
      vector::StoreOp::create(builder, loc, x, op.getSums(), place);
    });
    forEachFeature(rows, inVectors, features, 1, [&](Value h) {
      SmallVector<Value> place{stream, h};
      Value x =
          memref::LoadOp::create(builder, loc, op.getX(), ValueRange{row, h});
      Value sum;
      if (!last)
        sum = memref::LoadOp::create(builder, loc, op.getSums(), place);
      x = arith::ExtFOp::create(builder, loc, builder.getF64Type(), x);
      if (!last)
        x = arith::AddFOp::create(builder, loc, sum, x);
      memref::StoreOp::create(builder, loc, x, op.getSums(), place);
    });
    SmallVector<Value> place{stream, rows.index(0)};
    Value seen = arith::ConstantIntOp::create(builder, loc, 1, 64);
    if (!last) {
      Value before =
          memref::LoadOp::create(builder, loc, op.getCounts(), place);
      seen = arith::AddIOp::create(builder, loc, before, seen);
    }
    memref::StoreOp::create(builder, loc, seen, op.getCounts(), place);
  };
  // Rows of several streams: the last of each stays, since rows are in order.
  forEachRow(rows, op.getCount(), rowsOf(op.getX()), emitRow,
             last && !op.getStreams());
}

// One division for all features: the product with a reciprocal in f64 is as
// good as the quotient once it is rounded to f32.
void ssmc::lowerPoolMean(PoolMeanOp op, OpBuilder &builder) {
  RowBuilder rows(builder, op.getLoc());
  Location loc = op.getLoc();
  int64_t features = getNumFeatures(op.getSums().getType());
  int64_t inVectors = features / kHalfPanel * kHalfPanel;
  auto narrow = VectorType::get(kHalfPanel, builder.getF32Type());
  auto wide = VectorType::get(kHalfPanel, builder.getF64Type());
  forEachRow(rows, op.getCount(), rowsOf(op.getOut()), [&](Value row) {
    Value stream = rows.streamOf(op.getStreams(), row);
    Value seen = memref::LoadOp::create(builder, loc, op.getCounts(),
                                        ValueRange{stream, rows.index(0)});
    seen = arith::SIToFPOp::create(builder, loc, builder.getF64Type(), seen);
    Value one =
        arith::ConstantOp::create(builder, loc, builder.getF64FloatAttr(1));
    Value scale = arith::DivFOp::create(builder, loc, one, seen);
    Value scales = vector::BroadcastOp::create(builder, loc, wide, scale);
    forEachFeature(rows, 0, inVectors, kHalfPanel, [&](Value h) {
      Value mean = vector::LoadOp::create(builder, loc, wide, op.getSums(),
                                          ValueRange{stream, h});
      mean = arith::MulFOp::create(builder, loc, mean, scales);
      mean = arith::TruncFOp::create(builder, loc, narrow, mean);
      vector::StoreOp::create(builder, loc, mean, op.getOut(),
                              ValueRange{row, h});
    });
    forEachFeature(rows, inVectors, features, 1, [&](Value h) {
      Value mean = memref::LoadOp::create(builder, loc, op.getSums(),
                                          ValueRange{stream, h});
      mean = arith::MulFOp::create(builder, loc, mean, scale);
      mean = arith::TruncFOp::create(builder, loc, builder.getF32Type(), mean);
      memref::StoreOp::create(builder, loc, mean, op.getOut(),
                              ValueRange{row, h});
    });
  });
}
