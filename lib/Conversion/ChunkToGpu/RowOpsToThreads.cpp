//===- RowOpsToThreads.cpp - Lookup, pooling, softmax on a thread block ---===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/ChunkToGpu.h"
#include "lib/Conversion/ChunkToGpu/ThreadBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include <limits>

using namespace mlir;
using namespace ssmc;

static int64_t rowsOf(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getDimSize(0);
}

static int64_t widthOf(Value buffer) {
  return cast<MemRefType>(buffer.getType()).getShape().back();
}

/// Runs `body(row, feature)` for all features of rows below `count`.
static void forEachFeature(ThreadBuilder &rows, Value count, int64_t available,
                           int64_t features,
                           llvm::function_ref<void(Value, Value)> body) {
  rows.forEach(available * features, [&](Value item) {
    Value row = rows.divide(item, features);
    auto emit = [&] { body(row, rows.remainder(item, features)); };
    if (count)
      rows.onlyIf(rows.isBelow(row, count), emit);
    else
      emit();
  });
}

void ssmc::lowerLookupToThreads(LookupOp op, int64_t threads,
                                OpBuilder &builder) {
  Location loc = op.getLoc();
  ThreadBuilder rows(builder, loc, threads);
  auto constant = [&](int64_t value) -> Value {
    return arith::ConstantIntOp::create(builder, loc, value, 64);
  };
  int64_t size = rowsOf(op.getTable());
  forEachFeature(
      rows, op.getCount(), rowsOf(op.getOut()), widthOf(op.getTable()),
      [&](Value row, Value feature) {
        Value id = memref::LoadOp::create(builder, loc, op.getIds(), row);
        id = arith::ExtSIOp::create(builder, loc, builder.getI64Type(), id);
        Value negative = arith::CmpIOp::create(
            builder, loc, arith::CmpIPredicate::slt, id, constant(0));
        Value fromEnd = arith::AddIOp::create(builder, loc, id, constant(size));
        id = arith::SelectOp::create(builder, loc, negative, fromEnd, id);
        id = arith::MaxSIOp::create(builder, loc, id, constant(0));
        id = arith::MinSIOp::create(builder, loc, id, constant(size - 1));
        Value entry = arith::IndexCastOp::create(builder, loc,
                                                 builder.getIndexType(), id);
        Value value = memref::LoadOp::create(builder, loc, op.getTable(),
                                             ValueRange{entry, feature});
        memref::StoreOp::create(builder, loc, value, op.getOut(),
                                ValueRange{row, feature});
      });
}

/// sums[stream, h] + x[row, h].
static Value addRow(ThreadBuilder &rows, PoolRowsOp op, Value sum, Value row,
                    Value h) {
  OpBuilder &builder = rows.builder;
  Value x =
      memref::LoadOp::create(builder, rows.loc, op.getX(), ValueRange{row, h});
  x = arith::ExtFOp::create(builder, rows.loc, builder.getF64Type(), x);
  return arith::AddFOp::create(builder, rows.loc, sum, x);
}

void ssmc::lowerPoolRowsToThreads(PoolRowsOp op, int64_t threads,
                                  OpBuilder &builder) {
  Location loc = op.getLoc();
  ThreadBuilder rows(builder, loc, threads);
  int64_t available = rowsOf(op.getX()), features = widthOf(op.getSums());
  Value zero = rows.index(0);
  auto addToCount = [&](Value stream, Value more) {
    SmallVector<Value> place{stream, zero};
    Value seen = memref::LoadOp::create(builder, loc, op.getCounts(), place);
    more = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), more);
    seen = arith::AddIOp::create(builder, loc, seen, more);
    memref::StoreOp::create(builder, loc, seen, op.getCounts(), place);
  };
  if (op.getStreams()) {
    forEachFeature(
        rows, op.getCount(), available, features, [&](Value row, Value h) {
          SmallVector<Value> place{rows.streamOf(op.getStreams(), row), h};
          Value sum = memref::LoadOp::create(builder, loc, op.getSums(), place);
          sum = addRow(rows, op, sum, row, h);
          memref::StoreOp::create(builder, loc, sum, op.getSums(), place);
        });
    forEachFeature(rows, op.getCount(), available, 1, [&](Value row, Value) {
      addToCount(rows.streamOf(op.getStreams(), row), rows.index(1));
    });
    return;
  }
  Value count = rows.rowCount(op.getCount(), available);
  rows.forEach(features, [&](Value h) {
    SmallVector<Value> place{zero, h};
    Value sum = memref::LoadOp::create(builder, loc, op.getSums(), place);
    sum = rows.loop(zero, count, 1, sum,
                    [&](Value row, ValueRange carried) -> SmallVector<Value> {
                      return {addRow(rows, op, carried[0], row, h)};
                    })[0];
    memref::StoreOp::create(builder, loc, sum, op.getSums(), place);
  });
  rows.forEach(1, [&](Value) { addToCount(zero, count); });
}

void ssmc::lowerPoolMeanToThreads(PoolMeanOp op, int64_t threads,
                                  OpBuilder &builder) {
  Location loc = op.getLoc();
  ThreadBuilder rows(builder, loc, threads);
  forEachFeature(
      rows, op.getCount(), rowsOf(op.getOut()), widthOf(op.getSums()),
      [&](Value row, Value h) {
        Value stream = rows.streamOf(op.getStreams(), row);
        Value seen = memref::LoadOp::create(builder, loc, op.getCounts(),
                                            ValueRange{stream, rows.index(0)});
        seen =
            arith::SIToFPOp::create(builder, loc, builder.getF64Type(), seen);
        Value one =
            arith::ConstantOp::create(builder, loc, builder.getF64FloatAttr(1));
        Value scale = arith::DivFOp::create(builder, loc, one, seen);
        Value mean = memref::LoadOp::create(builder, loc, op.getSums(),
                                            ValueRange{stream, h});
        mean = arith::MulFOp::create(builder, loc, mean, scale);
        mean =
            arith::TruncFOp::create(builder, loc, builder.getF32Type(), mean);
        memref::StoreOp::create(builder, loc, mean, op.getOut(),
                                ValueRange{row, h});
      });
}

// A row is one thread's: classes are few beside the work before them.
void ssmc::lowerRowLogSoftmaxToThreads(RowLogSoftmaxOp op, int64_t threads,
                                       OpBuilder &builder) {
  Location loc = op.getLoc();
  ThreadBuilder rows(builder, loc, threads);
  int64_t classes = widthOf(op.getOut());
  forEachFeature(
      rows, op.getCount(), rowsOf(op.getOut()), 1, [&](Value row, Value) {
        auto load = [&](Value c) -> Value {
          Value x = memref::LoadOp::create(builder, loc, op.getX(),
                                           ValueRange{row, c});
          return arith::ExtFOp::create(builder, loc, builder.getF64Type(), x);
        };
        auto number = [&](double value) -> Value {
          return arith::ConstantOp::create(builder, loc,
                                           builder.getF64FloatAttr(value));
        };
        using Next = llvm::function_ref<Value(Value, Value)>;
        auto reduce = [&](double start, Next next) {
          return rows.loop(
              0, classes, 1, number(start),
              [&](Value c, ValueRange carried) -> SmallVector<Value> {
                return {next(carried[0], load(c))};
              })[0];
        };
        Value largest =
            reduce(-std::numeric_limits<double>::infinity(),
                   [&](Value so, Value x) -> Value {
                     return arith::MaximumFOp::create(builder, loc, so, x);
                   });
        Value sum = reduce(0, [&](Value so, Value x) -> Value {
          x = arith::SubFOp::create(builder, loc, x, largest);
          x = math::ExpOp::create(builder, loc, x);
          return arith::AddFOp::create(builder, loc, so, x);
        });
        Value logarithm = math::LogOp::create(builder, loc, sum);
        rows.loop(0, classes, 1, {}, [&](Value c, ValueRange) {
          Value x = arith::SubFOp::create(builder, loc, load(c), largest);
          x = arith::SubFOp::create(builder, loc, x, logarithm);
          x = arith::TruncFOp::create(builder, loc, builder.getF32Type(), x);
          memref::StoreOp::create(builder, loc, x, op.getOut(),
                                  ValueRange{row, c});
          return SmallVector<Value>();
        });
      });
}
