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

/// sums[stream, h] + x[row, h]; of a pool that keeps the last row, x[row, h].
static Value addRow(ThreadBuilder &rows, PoolRowsOp op, Value sum, Value row,
                    Value h) {
  OpBuilder &builder = rows.builder;
  Value x =
      memref::LoadOp::create(builder, rows.loc, op.getX(), ValueRange{row, h});
  x = arith::ExtFOp::create(builder, rows.loc, builder.getF64Type(), x);
  if (op.getLast())
    return x;
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
    if (op.getLast()) {
      Value one = arith::ConstantIntOp::create(builder, loc, 1, 64);
      more = arith::MinUIOp::create(builder, loc, more, one);
      seen = arith::MaxUIOp::create(builder, loc, seen, more);
    } else {
      seen = arith::AddIOp::create(builder, loc, seen, more);
    }
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
          if (op.getProbabilities())
            x = math::ExpOp::create(builder, loc, x);
          x = arith::TruncFOp::create(builder, loc, builder.getF32Type(), x);
          memref::StoreOp::create(builder, loc, x, op.getOut(),
                                  ValueRange{row, c});
          return SmallVector<Value>();
        });
      });
}

// A row is one thread's, too. Its sums are those of 8 lanes, as on CPUs.
void ssmc::lowerRowNormToThreads(RowNormOp op, int64_t threads,
                                 OpBuilder &builder) {
  constexpr int64_t kLanes = kHalfPanel;
  Location loc = op.getLoc();
  ThreadBuilder rows(builder, loc, threads);
  int64_t features = op.getFeatures(), whole = features / kLanes * kLanes;
  auto number = [&](double value) -> Value {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getF64FloatAttr(value));
  };
  auto emitRow = [&](Value row, Value) {
    auto load = [&](Value h) -> Value {
      Value x =
          memref::LoadOp::create(builder, loc, op.getX(), ValueRange{row, h});
      return arith::ExtFOp::create(builder, loc, builder.getF64Type(), x);
    };
    using Accumulate = llvm::function_ref<Value(Value sum, Value x)>;
    auto average = [&](Accumulate accumulate) -> Value {
      auto add = [&](ValueRange sums, Value first, int64_t count) {
        SmallVector<Value> next(sums);
        for (int64_t lane = 0; lane < count; ++lane)
          next[lane] = accumulate(next[lane], load(rows.add(first, lane)));
        return next;
      };
      SmallVector<Value> sums =
          rows.loop(0, whole, kLanes, SmallVector<Value>(kLanes, number(0)),
                    [&](Value first, ValueRange carried) {
                      return add(carried, first, kLanes);
                    });
      sums = add(sums, rows.index(whole), features - whole);
      for (int64_t half = kLanes / 2; half; half /= 2)
        for (int64_t lane = 0; lane < half; ++lane)
          sums[lane] = arith::AddFOp::create(builder, loc, sums[lane],
                                             sums[lane + half]);
      return arith::DivFOp::create(builder, loc, sums[0], number(features));
    };
    Value mean = average([&](Value sum, Value x) -> Value {
      return arith::AddFOp::create(builder, loc, sum, x);
    });
    Value variance = average([&](Value sum, Value x) -> Value {
      Value d = arith::SubFOp::create(builder, loc, x, mean);
      return math::FmaOp::create(builder, loc, d, d, sum);
    });
    variance = arith::AddFOp::create(builder, loc, variance,
                                     number(op.getEpsilon().convertToDouble()));
    Value deviation = math::SqrtOp::create(builder, loc, variance);
    Value scale = arith::DivFOp::create(builder, loc, number(1), deviation);
    rows.loop(0, features, 1, {}, [&](Value h, ValueRange) {
      Value y = arith::SubFOp::create(builder, loc, load(h), mean);
      y = arith::MulFOp::create(builder, loc, y, scale);
      y = arith::TruncFOp::create(builder, loc, builder.getF32Type(), y);
      memref::StoreOp::create(builder, loc, y, op.getOut(), ValueRange{row, h});
      return SmallVector<Value>();
    });
  };
  forEachFeature(rows, op.getCount(), rowsOf(op.getOut()), 1, emitRow);
}
