//===- RowNormToLoops.cpp - Normalized rows as loops ----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// for rows
//   sum of the row, on 8 lanes, then of the lanes
//   sum of the squares of what differs from the mean, alike
//   (x - mean) / deviation
//
// In f64: a stream far from 0 would lose its deviation in an f32 mean.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToLoops/ChunkToLoops.h"
#include "lib/Conversion/ChunkToLoops/RowLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ssmc;

static constexpr int64_t kLanes = kHalfPanel;

namespace {
class NormBuilder {
public:
  NormBuilder(RowNormOp op, RowBuilder &rows)
      : op(op), rows(rows), builder(rows.builder), loc(rows.loc),
        wide(VectorType::get(kLanes, builder.getF64Type())),
        features(op.getFeatures()), whole(features / kLanes * kLanes) {}

  void emitRow(Value row);

private:
  /// What adds eight features from `first` on to eight sums.
  using Accumulate = llvm::function_ref<Value(Value sums, Value first)>;

  Value load(Value row, Value first) {
    Value x = rows.loadLanes(op.getX(), row, first, kLanes);
    return arith::ExtFOp::create(builder, loc, wide, x);
  }
  Value number(double value) {
    return arith::ConstantOp::create(builder, loc,
                                     builder.getF64FloatAttr(value));
  }
  Value broadcast(Value scalar) {
    return vector::BroadcastOp::create(builder, loc, wide, scalar);
  }
  Value average(Accumulate accumulate);

  RowNormOp op;
  RowBuilder &rows;
  OpBuilder &builder;
  Location loc;
  VectorType wide;
  int64_t features, whole;
};
} // namespace

/// The sum that `accumulate` makes of all features, by their number.
Value NormBuilder::average(Accumulate accumulate) {
  Value zeros = broadcast(number(0));
  Value lanes =
      rows.loop(0, whole, kLanes, zeros,
                [&](Value first, ValueRange carried) -> SmallVector<Value> {
                  return {accumulate(carried[0], first)};
                })[0];
  if (whole < features) {
    SmallVector<bool> inside(kLanes);
    for (int64_t lane = 0; lane < features - whole; ++lane)
      inside[lane] = true;
    auto type = VectorType::get(kLanes, builder.getI1Type());
    Value mask = arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(type, inside));
    Value more = accumulate(lanes, rows.index(whole));
    lanes = arith::SelectOp::create(builder, loc, mask, more, lanes);
  }
  // Lane i with lane i + 4, then + 2, then + 1.
  for (int64_t half = kLanes / 2; half; half /= 2) {
    SmallVector<int64_t> order;
    for (int64_t lane = 0; lane < kLanes; ++lane)
      order.push_back((lane + half) % kLanes);
    Value other = vector::ShuffleOp::create(builder, loc, lanes, lanes, order);
    lanes = arith::AddFOp::create(builder, loc, lanes, other);
  }
  Value sum = vector::ExtractOp::create(builder, loc, lanes, int64_t(0));
  return arith::DivFOp::create(builder, loc, sum, number(features));
}

void NormBuilder::emitRow(Value row) {
  Value mean = broadcast(average([&](Value sums, Value first) -> Value {
    return arith::AddFOp::create(builder, loc, sums, load(row, first));
  }));
  auto difference = [&](Value first) -> Value {
    return arith::SubFOp::create(builder, loc, load(row, first), mean);
  };
  Value variance = average([&](Value sums, Value first) -> Value {
    Value d = difference(first);
    return math::FmaOp::create(builder, loc, d, d, sums);
  });
  variance = arith::AddFOp::create(builder, loc, variance,
                                   number(op.getEpsilon().convertToDouble()));
  Value deviation = math::SqrtOp::create(builder, loc, variance);
  Value scale =
      broadcast(arith::DivFOp::create(builder, loc, number(1), deviation));
  int64_t padded = llvm::alignTo(features, kLanes);
  rows.loop(0, padded, kLanes, {}, [&](Value first, ValueRange) {
    Value y = arith::MulFOp::create(builder, loc, difference(first), scale);
    auto narrow = VectorType::get(kLanes, builder.getF32Type());
    y = arith::TruncFOp::create(builder, loc, narrow, y);
    rows.storeLanes(y, op.getOut(), row, first);
    return SmallVector<Value>();
  });
}

void ssmc::lowerRowNorm(RowNormOp op, OpBuilder &builder) {
  RowBuilder rows(builder, op.getLoc());
  NormBuilder norm(op, rows);
  int64_t available = cast<MemRefType>(op.getOut().getType()).getDimSize(0);
  rows.loop(rows.index(0), rows.rowCount(op.getCount(), available), 1, {},
            [&](Value row, ValueRange) {
              norm.emitRow(row);
              return SmallVector<Value>();
            });
}
