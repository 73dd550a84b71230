//===- RowOpsToLoops.cpp - Lookup, pooling and softmax as loops -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToLoops/ChunkToLoops.h"
#include "lib/Conversion/ChunkToLoops/RowLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ssmc;

static int64_t rowsOf(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getDimSize(0);
}

/// Runs `body(row)` on rows 0 ... count - 1, or on all rows.
static void forEachRow(RowBuilder &rows, Value count, int64_t available,
                       llvm::function_ref<void(Value)> body) {
  rows.loop(rows.index(0), rows.rowCount(count, available), 1, {},
            [&](Value row, ValueRange) {
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

void ssmc::lowerPoolRows(PoolRowsOp op, OpBuilder &builder) {
  RowBuilder rows(builder, op.getLoc());
  Location loc = op.getLoc();
  int64_t features = getNumFeatures(op.getSums().getType());
  int64_t inVectors = features / kHalfPanel * kHalfPanel;
  auto narrow = VectorType::get(kHalfPanel, builder.getF32Type());
  auto wide = VectorType::get(kHalfPanel, builder.getF64Type());
  forEachRow(rows, op.getCount(), rowsOf(op.getX()), [&](Value row) {
    Value stream = rows.streamOf(op.getStreams(), row);
    forEachFeature(rows, 0, inVectors, kHalfPanel, [&](Value h) {
      Value x = vector::LoadOp::create(builder, loc, narrow, op.getX(),
                                       ValueRange{row, h});
      Value sum = vector::LoadOp::create(builder, loc, wide, op.getSums(),
                                         ValueRange{stream, h});
      x = arith::ExtFOp::create(builder, loc, wide, x);
      sum = arith::AddFOp::create(builder, loc, sum, x);
      vector::StoreOp::create(builder, loc, sum, op.getSums(),
                              ValueRange{stream, h});
    });
    forEachFeature(rows, inVectors, features, 1, [&](Value h) {
      Value x =
          memref::LoadOp::create(builder, loc, op.getX(), ValueRange{row, h});
      Value sum = memref::LoadOp::create(builder, loc, op.getSums(),
                                         ValueRange{stream, h});
      x = arith::ExtFOp::create(builder, loc, builder.getF64Type(), x);
      sum = arith::AddFOp::create(builder, loc, sum, x);
      memref::StoreOp::create(builder, loc, sum, op.getSums(),
                              ValueRange{stream, h});
    });
    SmallVector<Value> place{stream, rows.index(0)};
    Value seen = memref::LoadOp::create(builder, loc, op.getCounts(), place);
    Value one = arith::ConstantIntOp::create(builder, loc, 1, 64);
    seen = arith::AddIOp::create(builder, loc, seen, one);
    memref::StoreOp::create(builder, loc, seen, op.getCounts(), place);
  });
}

void ssmc::lowerPoolMean(PoolMeanOp op, OpBuilder &builder) {
  RowBuilder rows(builder, op.getLoc());
  Location loc = op.getLoc();
  int64_t features = getNumFeatures(op.getSums().getType());
  forEachRow(rows, op.getCount(), rowsOf(op.getOut()), [&](Value row) {
    Value stream = rows.streamOf(op.getStreams(), row);
    Value seen = memref::LoadOp::create(builder, loc, op.getCounts(),
                                        ValueRange{stream, rows.index(0)});
    Value divisor =
        arith::SIToFPOp::create(builder, loc, builder.getF64Type(), seen);
    forEachFeature(rows, 0, features, 1, [&](Value h) {
      Value sum = memref::LoadOp::create(builder, loc, op.getSums(),
                                         ValueRange{stream, h});
      Value mean = arith::DivFOp::create(builder, loc, sum, divisor);
      mean = arith::TruncFOp::create(builder, loc, builder.getF32Type(), mean);
      memref::StoreOp::create(builder, loc, mean, op.getOut(),
                              ValueRange{row, h});
    });
  });
}

// The few classes of a head are not worth vectors; f64 makes the sum exact
// enough whatever their number.
void ssmc::lowerRowLogSoftmax(RowLogSoftmaxOp op, OpBuilder &builder) {
  RowBuilder rows(builder, op.getLoc());
  Location loc = op.getLoc();
  Type f64 = builder.getF64Type();
  int64_t classes = getNumFeatures(op.getOut().getType());
  auto load = [&](Value row, Value c) -> Value {
    Value x =
        memref::LoadOp::create(builder, loc, op.getX(), ValueRange{row, c});
    return arith::ExtFOp::create(builder, loc, f64, x);
  };
  forEachRow(rows, op.getCount(), rowsOf(op.getOut()), [&](Value row) {
    Value largest = load(row, rows.index(0));
    largest = rows.loop(1, classes, 1, largest,
                        [&](Value c, ValueRange carried) -> SmallVector<Value> {
                          return {arith::MaximumFOp::create(
                              builder, loc, carried[0], load(row, c))};
                        })[0];
    Value zero =
        arith::ConstantOp::create(builder, loc, builder.getF64FloatAttr(0));
    Value sum = rows.loop(
        0, classes, 1, zero,
        [&](Value c, ValueRange carried) -> SmallVector<Value> {
          Value x = arith::SubFOp::create(builder, loc, load(row, c), largest);
          Value power = math::ExpOp::create(builder, loc, x);
          return {arith::AddFOp::create(builder, loc, carried[0], power)};
        })[0];
    Value logarithm = math::LogOp::create(builder, loc, sum);
    forEachFeature(rows, 0, classes, 1, [&](Value c) {
      Value x = arith::SubFOp::create(builder, loc, load(row, c), largest);
      x = arith::SubFOp::create(builder, loc, x, logarithm);
      x = arith::TruncFOp::create(builder, loc, builder.getF32Type(), x);
      memref::StoreOp::create(builder, loc, x, op.getOut(), ValueRange{row, c});
    });
  });
}
