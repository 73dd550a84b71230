//===- DropRowsToLoops.cpp - Dropout as loops -----------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
//   for each row r < count
//     for each panel p of 16 features
//       i = (first + r) features + 16 p + lane          // 64 bits in two words
//       (a, b) = threefry(key, i)
//       out[r, 16 p ...] = bits of (a xor b) say so ? out[...] / (1 - rate) : 0
// With `ssm.one_mask`, i = first + r for all features.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToLoops/ChunkToLoops.h"
#include "lib/Conversion/ChunkToLoops/RowLoops.h"
#include "lib/Transforms/TrainingForm.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <cmath>

using namespace mlir;
using namespace ssmc;

namespace {

/// Two words per lane.
struct Words {
  Value first, second;
};

/// Emits 32-bit integer arithmetic on lanes.
class LaneWords {
public:
  LaneWords(OpBuilder &builder, Location loc)
      : builder(builder), loc(loc),
        type(VectorType::get(kPanelLanes, builder.getI32Type())) {}

  Value constant(uint32_t value) {
    return arith::ConstantOp::create(
        builder, loc, DenseElementsAttr::get(type, llvm::APInt(32, value)));
  }
  Value broadcast(Value word) {
    return vector::BroadcastOp::create(builder, loc, type, word);
  }
  Value add(Value a, Value b) {
    return arith::AddIOp::create(builder, loc, a, b);
  }
  Value exclusiveOr(Value a, Value b) {
    return arith::XOrIOp::create(builder, loc, a, b);
  }
  Value shiftRight(Value a, uint32_t places) {
    return arith::ShRUIOp::create(builder, loc, a, constant(places));
  }
  Value rotateLeft(Value a, uint32_t places) {
    Value high = arith::ShLIOp::create(builder, loc, a, constant(places));
    return arith::OrIOp::create(builder, loc, high, shiftRight(a, 32 - places));
  }

  /// Threefry-2x32 with 20 rounds (Salmon et al. 2011).
  Words threefry(Words key, Words counter);
  /// `counter` + the number of the lane, or `counter` in all lanes.
  Words countLanes(Value counter, bool allAlike);

private:
  OpBuilder &builder;
  Location loc;
  VectorType type;
};

} // namespace

Words LaneWords::threefry(Words key, Words counter) {
  constexpr uint32_t kRotations[2][4] = {{13, 15, 26, 6}, {17, 29, 16, 24}};
  Value third =
      exclusiveOr(exclusiveOr(key.first, key.second), constant(0x1BD11BDA));
  Value keys[] = {key.first, key.second, third};
  Value x = add(counter.first, keys[0]), y = add(counter.second, keys[1]);
  for (uint32_t i = 0; i < 5; ++i) {
    for (uint32_t places : kRotations[i % 2]) {
      x = add(x, y);
      y = exclusiveOr(rotateLeft(y, places), x);
    }
    x = add(x, keys[(i + 1) % 3]);
    y = add(y, add(keys[(i + 2) % 3], constant(i + 1)));
  }
  return {x, y};
}

Words LaneWords::countLanes(Value counter, bool allAlike) {
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  Value places =
      arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(32));
  Value low = arith::TruncIOp::create(builder, loc, i32, counter);
  Value high = arith::ShRUIOp::create(builder, loc, i64, counter, places);
  high = arith::TruncIOp::create(builder, loc, i32, high);
  if (allAlike)
    return {broadcast(high), broadcast(low)};
  SmallVector<int32_t> numbers;
  for (int32_t lane = 0; lane < kPanelLanes; ++lane)
    numbers.push_back(lane);
  Value lanes = arith::ConstantOp::create(
      builder, loc, DenseElementsAttr::get(type, ArrayRef<int32_t>(numbers)));
  low = add(broadcast(low), lanes);
  Value carries = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult,
                                        low, lanes);
  high = broadcast(high);
  Value next = add(high, constant(1));
  return {arith::SelectOp::create(builder, loc, carries, next, high), low};
}

// A uniform f32 is k 2^-23 with an integer k below 2^23, so that it is less
// than `keep`, an f32, where k is less than ceil(keep 2^23).
static uint32_t keepThreshold(double rate) {
  double keep = 1.0f - static_cast<float>(rate);
  return static_cast<uint32_t>(std::ceil(keep * 0x1p23));
}

void ssmc::lowerDropRows(DropRowsOp op, OpBuilder &builder) {
  Location loc = op.getLoc();
  RowBuilder rows(builder, loc);
  LaneWords words(builder, loc);
  int64_t features = op.getFeatures();
  double rate = op.getRate().convertToDouble();
  bool isOneMask = op->hasAttr(kOneMaskAttr);
  auto loadWord = [&](int64_t i) {
    return words.broadcast(memref::LoadOp::create(builder, loc, op.getKey(),
                                                  ValueRange{rows.index(i)}));
  };
  auto splat = [&](float value) -> Value {
    auto type = VectorType::get(kPanelLanes, builder.getF32Type());
    return arith::ConstantOp::create(builder, loc,
                                     DenseElementsAttr::get(type, value));
  };
  Words key = {loadWord(0), loadWord(1)};
  Value kept = splat(static_cast<float>(1.0 - rate)), zeros = splat(0.0f);
  Value threshold = words.constant(keepThreshold(rate));
  int64_t available = cast<MemRefType>(op.getOut().getType()).getDimSize(0);
  auto dropPanel = [&](Value row, Value start, Value lane) {
    Value counter = start;
    if (!isOneMask)
      counter = arith::AddIOp::create(builder, loc, start, lane);
    counter =
        arith::IndexCastOp::create(builder, loc, builder.getI64Type(), counter);
    Words drawn = words.threefry(key, words.countLanes(counter, isOneMask));
    Value bits =
        words.shiftRight(words.exclusiveOr(drawn.first, drawn.second), 9);
    Value isKept = arith::CmpIOp::create(
        builder, loc, arith::CmpIPredicate::ult, bits, threshold);
    Value x = rows.loadLanes(op.getOut(), row, lane, kPanelLanes);
    x = arith::DivFOp::create(builder, loc, x, kept);
    x = arith::SelectOp::create(builder, loc, isKept, x, zeros);
    rows.storeLanes(x, op.getOut(), row, lane);
  };
  rows.loop(
      rows.index(0), rows.rowCount(op.getCount(), available), 1, {},
      [&](Value row, ValueRange) {
        Value step = arith::AddIOp::create(builder, loc, op.getFirst(), row);
        Value start = isOneMask ? step : rows.scale(step, features);
        rows.loop(0, features, kPanelLanes, {}, [&](Value lane, ValueRange) {
          dropPanel(row, start, lane);
          return SmallVector<Value>();
        });
        return SmallVector<Value>();
      });
}
