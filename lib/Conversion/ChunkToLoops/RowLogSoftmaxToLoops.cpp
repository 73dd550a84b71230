//===- RowLogSoftmaxToLoops.cpp - Log-probabilities of rows as loops
//-------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// for rows step 8            // lanes are rows: one logarithm for all
//   largest, sum of exponentials, logarithm of 8 rows
//   for each of the rows     // lanes are classes again
// for the rows left          // lanes are classes
//
// A row's sum is the same tree of the same terms either way, so its bits do not
// depend on which rows are beside it.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToLoops/ChunkToLoops.h"
#include "lib/Conversion/ChunkToLoops/RowLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <limits>

using namespace mlir;
using namespace ssmc;

/// Rows that share vectors, and classes that do.
static constexpr int64_t kLanes = kHalfPanel;

namespace {
/// In f64: exact enough whatever the number of classes.
class LogSoftmaxBuilder {
public:
  LogSoftmaxBuilder(RowLogSoftmaxOp op, RowBuilder &rows)
      : op(op), rows(rows), builder(rows.builder), loc(rows.loc),
        wide(VectorType::get(kLanes, builder.getF64Type())),
        classes(getNumFeatures(op.getOut().getType())),
        whole(classes / kLanes * kLanes) {}

  void emitRow(Value row);
  /// Rows `row ... row + 7`.
  void emitGroup(Value row);

private:
  using Combine = llvm::function_ref<Value(Value, Value)>;
  Value maximum(Value a, Value b) {
    return arith::MaximumFOp::create(builder, loc, a, b);
  }
  Value sum(Value a, Value b) {
    return arith::AddFOp::create(builder, loc, a, b);
  }
  Value exponential(Value x, Value largest) {
    x = arith::SubFOp::create(builder, loc, x, largest);
    return math::ExpOp::create(builder, loc, x);
  }
  Value splat(double value) {
    return arith::ConstantOp::create(builder, loc,
                                     DenseElementsAttr::get(wide, value));
  }
  Value widen(Value lanes) {
    return arith::ExtFOp::create(builder, loc, wide, lanes);
  }
  Value load(Value row, Value first) {
    return widen(rows.loadLanes(op.getX(), row, first, kLanes));
  }

  Value reduceRow(double neutral, llvm::function_ref<Value(Value first)> body,
                  Combine combine);
  Value reduceGroup(Value row, double neutral,
                    llvm::function_ref<Value(Value x)> body, Combine combine);
  SmallVector<Value> loadColumns(Value row, Value first);
  void store(Value row, Value largest, Value logarithm);

  RowLogSoftmaxOp op;
  RowBuilder &rows;
  OpBuilder &builder;
  Location loc;
  VectorType wide;
  int64_t classes, whole;
};
} // namespace

/// x - largest - logarithm of all classes of a row, or its exponential.
void LogSoftmaxBuilder::store(Value row, Value largest, Value logarithm) {
  int64_t padded = llvm::alignTo(classes, kLanes);
  rows.loop(0, padded, kLanes, {}, [&](Value first, ValueRange) {
    Value x = arith::SubFOp::create(builder, loc, load(row, first), largest);
    x = arith::SubFOp::create(builder, loc, x, logarithm);
    if (op.getProbabilities())
      x = math::ExpOp::create(builder, loc, x);
    auto narrow = VectorType::get(kLanes, builder.getF32Type());
    x = arith::TruncFOp::create(builder, loc, narrow, x);
    rows.storeLanes(x, op.getOut(), row, first);
    return SmallVector<Value>();
  });
}

//===----------------------------------------------------------------------===//
// One row
//===----------------------------------------------------------------------===//

/// What `body` makes of the lanes from `first` on, combined over all classes;
/// lanes beyond them count as `neutral`.
Value LogSoftmaxBuilder::reduceRow(double neutral,
                                   llvm::function_ref<Value(Value)> body,
                                   Combine combine) {
  Value neutrals = splat(neutral);
  Value lanes =
      rows.loop(0, whole, kLanes, neutrals,
                [&](Value first, ValueRange carried) -> SmallVector<Value> {
                  return {combine(carried[0], body(first))};
                })[0];
  if (whole < classes) {
    SmallVector<bool> inside(kLanes);
    for (int64_t lane = 0; lane < classes - whole; ++lane)
      inside[lane] = true;
    auto type = VectorType::get(kLanes, builder.getI1Type());
    Value mask = arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(type, inside));
    Value rest = arith::SelectOp::create(builder, loc, mask,
                                         body(rows.index(whole)), neutrals);
    lanes = combine(lanes, rest);
  }
  // Lane i with lane i + 4, then + 2, then + 1.
  for (int64_t half = kLanes / 2; half; half /= 2) {
    SmallVector<int64_t> order;
    for (int64_t lane = 0; lane < kLanes; ++lane)
      order.push_back((lane + half) % kLanes);
    lanes = combine(
        lanes, vector::ShuffleOp::create(builder, loc, lanes, lanes, order));
  }
  return vector::ExtractOp::create(builder, loc, lanes, int64_t(0));
}

void LogSoftmaxBuilder::emitRow(Value row) {
  auto broadcast = [&](Value scalar) -> Value {
    return vector::BroadcastOp::create(builder, loc, wide, scalar);
  };
  Value largest = broadcast(reduceRow(
      -std::numeric_limits<double>::infinity(),
      [&](Value first) { return load(row, first); },
      [&](Value a, Value b) { return maximum(a, b); }));
  Value total = reduceRow(
      0, [&](Value first) { return exponential(load(row, first), largest); },
      [&](Value a, Value b) { return sum(a, b); });
  store(row, largest, broadcast(math::LogOp::create(builder, loc, total)));
}

//===----------------------------------------------------------------------===//
// Eight rows
//===----------------------------------------------------------------------===//

/// Of 8 rows of 8 numbers the 8 columns: neighbours meet, then pairs of them,
/// then halves.
static SmallVector<Value> transpose(RowBuilder &rows, ArrayRef<Value> lines) {
  static constexpr int64_t kOrders[3][2][kLanes] = {
      {{0, 8, 1, 9, 4, 12, 5, 13}, {2, 10, 3, 11, 6, 14, 7, 15}},
      {{0, 1, 8, 9, 4, 5, 12, 13}, {2, 3, 10, 11, 6, 7, 14, 15}},
      {{0, 1, 2, 3, 8, 9, 10, 11}, {4, 5, 6, 7, 12, 13, 14, 15}}};
  auto meet = [&](Value a, Value b, int stage, int half) -> Value {
    return vector::ShuffleOp::create(rows.builder, rows.loc, a, b,
                                     ArrayRef<int64_t>(kOrders[stage][half]));
  };
  SmallVector<Value> pairs, fours(kLanes), columns(kLanes);
  for (int64_t i = 0; i < kLanes; i += 2)
    for (int half : {0, 1})
      pairs.push_back(meet(lines[i], lines[i + 1], 0, half));
  for (int64_t i : {0, 1, 4, 5})
    for (int half : {0, 1})
      fours[i / 4 * 4 + i % 2 * 2 + half] =
          meet(pairs[i], pairs[i + 2], 1, half);
  for (int64_t i = 0; i < kLanes / 2; ++i)
    for (int half : {0, 1})
      columns[i + half * kLanes / 2] = meet(fours[i], fours[i + 4], 2, half);
  return columns;
}

/// Classes `first ... first + 7` of rows `row ... row + 7`: a lane is a row.
SmallVector<Value> LogSoftmaxBuilder::loadColumns(Value row, Value first) {
  SmallVector<Value> lines;
  for (int64_t i = 0; i < kLanes; ++i)
    lines.push_back(rows.loadLanes(op.getX(), rows.add(row, i), first, kLanes));
  return transpose(rows, lines);
}

/// What reduceRow does, for 8 rows at once: there lane i is a value here.
/// Combining with `neutral` changes nothing and is left out.
Value LogSoftmaxBuilder::reduceGroup(Value row, double neutral,
                                     llvm::function_ref<Value(Value)> body,
                                     Combine combine) {
  Value nothing = splat(neutral);
  auto add = [&](Value a, Value b) {
    return a == nothing ? b : b == nothing ? a : combine(a, b);
  };
  auto addColumns = [&](ValueRange carried, Value first, int64_t count) {
    SmallVector<Value> lanes(carried), columns = loadColumns(row, first);
    for (int64_t i = 0; i < count; ++i)
      lanes[i] = add(lanes[i], body(widen(columns[i])));
    return lanes;
  };
  SmallVector<Value> lanes =
      rows.loop(0, whole, kLanes, SmallVector<Value>(kLanes, nothing),
                [&](Value first, ValueRange carried) {
                  return addColumns(carried, first, kLanes);
                });
  if (whole < classes)
    lanes = addColumns(lanes, rows.index(whole), classes - whole);
  for (int64_t half = kLanes / 2; half; half /= 2)
    for (int64_t i = 0; i < half; ++i)
      lanes[i] = add(lanes[i], lanes[i + half]);
  return lanes[0];
}

void LogSoftmaxBuilder::emitGroup(Value row) {
  Value largest = reduceGroup(
      row, -std::numeric_limits<double>::infinity(), [](Value x) { return x; },
      [&](Value a, Value b) { return maximum(a, b); });
  Value total = reduceGroup(
      row, 0, [&](Value x) { return exponential(x, largest); },
      [&](Value a, Value b) { return sum(a, b); });
  Value logarithm = math::LogOp::create(builder, loc, total);
  for (int64_t i = 0; i < kLanes; ++i) {
    auto own = [&](Value lanes) -> Value {
      return vector::ShuffleOp::create(builder, loc, lanes, lanes,
                                       SmallVector<int64_t>(kLanes, i));
    };
    store(rows.add(row, i), own(largest), own(logarithm));
  }
}

void ssmc::lowerRowLogSoftmax(RowLogSoftmaxOp op, OpBuilder &builder) {
  RowBuilder rows(builder, op.getLoc());
  LogSoftmaxBuilder softmax(op, rows);
  int64_t available = cast<MemRefType>(op.getOut().getType()).getDimSize(0);
  Value count = rows.rowCount(op.getCount(), available);
  Value grouped = rows.index(0);
  auto emit = [&](auto emitRows) {
    return [emitRows](Value row, ValueRange) {
      emitRows(row);
      return SmallVector<Value>();
    };
  };
  if (available >= kLanes) {
    Value rest =
        arith::RemUIOp::create(builder, op.getLoc(), count, rows.index(kLanes));
    grouped = arith::SubIOp::create(builder, op.getLoc(), count, rest);
    rows.loop(rows.index(0), grouped, kLanes, {},
              emit([&](Value row) { softmax.emitGroup(row); }));
  }
  rows.loop(grouped, count, 1, {},
            emit([&](Value row) { softmax.emitRow(row); }));
}
