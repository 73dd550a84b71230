//===- LowerPackPanels.cpp - Panel order as an index map ------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace ssmc {
#define GEN_PASS_DEF_LOWERPACKPANELS
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

namespace {
/// A feature of the matrix and whether there is one at a place of the panels.
struct Source {
  Value feature; // in range even when there is none
  Value valid;   // i1
};

class PackLowering {
public:
  explicit PackLowering(PackPanelsOp op)
      : op(op), builder(op), loc(op.getLoc()),
        type(cast<RankedTensorType>(op.getResult().getType())),
        source(cast<RankedTensorType>(op.getWeight().getType())) {}

  void run();

private:
  Value constant(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  Source outFeature(Value panel, Value lane);
  Source pairedFeature(Value group, Value lane, int64_t features);
  Source inRange(Value feature, Value index, int64_t size);
  Value weightAt(Value panel, Value lane, Value k);
  Value toFloat(Value value);
  Value roundBits(Value value, unsigned bits, bool toEven);
  Value halfWord(Value value, Value isLo);
  Value fragmentWord(Value panel, Value row, Value column);

  PackPanelsOp op;
  OpBuilder builder;
  Location loc;
  RankedTensorType type, source;
};
} // namespace

/// `feature`, kept inside the matrix, valid if `index` is below `size`.
Source PackLowering::inRange(Value feature, Value index, int64_t size) {
  Value valid = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt,
                                      index, constant(size));
  return {arith::SelectOp::create(builder, loc, valid, feature, constant(0)),
          valid};
}

/// Lanes 0-7 of group g are features 8g ... of the first plane, lanes 8-15 the
/// same of the second.
Source PackLowering::pairedFeature(Value group, Value lane, int64_t features) {
  Value half = constant(kHalfPanel);
  Value plane = arith::DivUIOp::create(builder, loc, lane, half);
  Value within = arith::RemUIOp::create(builder, loc, lane, half);
  Value mode = arith::AddIOp::create(
      builder, loc, arith::MulIOp::create(builder, loc, group, half), within);
  int64_t modes = features / 2;
  Value feature = arith::AddIOp::create(
      builder, loc, arith::MulIOp::create(builder, loc, plane, constant(modes)),
      mode);
  return inRange(feature, mode, modes);
}

Source PackLowering::outFeature(Value panel, Value lane) {
  int64_t features = source.getDimSize(0);
  if (op.getPairedOut())
    return pairedFeature(panel, lane, features);
  Value feature = arith::AddIOp::create(
      builder, loc,
      arith::MulIOp::create(builder, loc, panel,
                            constant(type.getShape().back())),
      lane);
  return inRange(feature, feature, features);
}

/// The weight at lane `lane` of panel `panel`, and place `k` of its inputs
/// (null for a weight of rank 1), or 0.
Value PackLowering::weightAt(Value panel, Value lane, Value k) {
  Source out = outFeature(panel, lane);
  SmallVector<Value> place{out.feature};
  Value valid = out.valid;
  if (k) {
    int64_t inputs = source.getDimSize(1);
    Source in{k, {}};
    if (op.getPairedIn()) {
      Value lanes = constant(kPanelLanes);
      in =
          pairedFeature(arith::DivUIOp::create(builder, loc, k, lanes),
                        arith::RemUIOp::create(builder, loc, k, lanes), inputs);
    } else if (type.getDimSize(1) > inputs) {
      in = inRange(k, k, inputs);
    }
    if (in.valid)
      valid = arith::AndIOp::create(builder, loc, valid, in.valid);
    place.push_back(in.feature);
  }
  Value value = tensor::ExtractOp::create(builder, loc, op.getWeight(), place);
  Value zero = arith::ConstantOp::create(builder, loc,
                                         builder.getZeroAttr(value.getType()));
  return arith::SelectOp::create(builder, loc, valid, value, zero);
}

Value PackLowering::toFloat(Value value) {
  return value.getType().isF32()
             ? value
             : arith::TruncFOp::create(builder, loc, builder.getF32Type(),
                                       value)
                   .getResult();
}

/// The bits of `value`, a float, without the last `bits`, rounded: half to
/// even, or (`toEven` false) half away from zero. NaN stays one.
Value PackLowering::roundBits(Value value, unsigned bits, bool toEven) {
  Type i32 = builder.getI32Type();
  auto number = [&](int64_t n) -> Value {
    return arith::ConstantIntOp::create(builder, loc, n, 32);
  };
  Value word = arith::BitcastOp::create(builder, loc, i32, value);
  Value half = number((int64_t(1) << (bits - 1)) - toEven);
  if (toEven) {
    Value last = arith::AndIOp::create(
        builder, loc, arith::ShRUIOp::create(builder, loc, word, number(bits)),
        number(1));
    half = arith::AddIOp::create(builder, loc, half, last);
  }
  Value isNaN = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::UNO,
                                      value, value);
  Value quiet = arith::OrIOp::create(builder, loc, word, number(1 << 22));
  Value rounded = arith::AddIOp::create(builder, loc, word, half);
  return arith::AndIOp::create(
      builder, loc,
      arith::SelectOp::create(builder, loc, isNaN, quiet, rounded),
      number(-(int64_t(1) << bits)));
}

/// The bf16 of `value` (lo: of what it is more than that) as the upper half of
/// a word whose lower one is 0.
Value PackLowering::halfWord(Value value, Value isLo) {
  Value hi = roundBits(toFloat(value), 16, /*toEven=*/true);
  Value rounded =
      arith::BitcastOp::create(builder, loc, builder.getF32Type(), hi);
  if (!value.getType().isF32())
    rounded = arith::ExtFOp::create(builder, loc, value.getType(), rounded);
  Value rest = arith::SubFOp::create(builder, loc, value, rounded);
  Value lo = roundBits(toFloat(rest), 16, /*toEven=*/true);
  return arith::SelectOp::create(builder, loc, isLo, lo, hi);
}

/// The word of a fragment at row `row` and column `column` of a panel.
Value PackLowering::fragmentWord(Value panel, Value row, Value column) {
  auto divide = [&](Value a, int64_t b) -> Value {
    return arith::DivUIOp::create(builder, loc, a, constant(b));
  };
  auto remainder = [&](Value a, int64_t b) -> Value {
    return arith::RemUIOp::create(builder, loc, a, constant(b));
  };
  auto add = [&](Value a, Value b) -> Value {
    return arith::AddIOp::create(builder, loc, a, b);
  };
  auto scale = [&](Value a, int64_t b) -> Value {
    return arith::MulIOp::create(builder, loc, a, constant(b));
  };
  // 256 words are 16 rows of 16: part, lane of the warp, word.
  Value first = scale(divide(row, kPanelLanes), kPanelLanes);
  Value number = add(scale(remainder(row, kPanelLanes), kPanelLanes), column);
  Value part = divide(number, 128), word = remainder(number, 4);
  Value warpLane = remainder(divide(number, 4), 32);
  Value lane = add(divide(warpLane, 4), scale(remainder(word, 2), kHalfPanel));
  Value k = add(first, scale(remainder(warpLane, 4), 4));
  Value pair = divide(word, 2);
  if (*op.getFragments() == TensorProducts::tf32) {
    k = add(add(k, scale(part, 2)), pair);
    return roundBits(toFloat(weightAt(panel, lane, k)), 13, /*toEven=*/false);
  }
  k = add(k, scale(pair, 2));
  Value isLo = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq,
                                     part, constant(1));
  Value low = halfWord(weightAt(panel, lane, k), isLo);
  Value high = halfWord(weightAt(panel, lane, add(k, constant(1))), isLo);
  Value sixteen = arith::ConstantIntOp::create(builder, loc, 16, 32);
  return arith::OrIOp::create(
      builder, loc, arith::ShRUIOp::create(builder, loc, low, sixteen), high);
}

void PackLowering::run() {
  int64_t rank = type.getRank();
  Value init = tensor::EmptyOp::create(builder, loc, type.getShape(),
                                       type.getElementType());
  SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
  auto identity = builder.getMultiDimIdentityMap(rank);
  auto generic = linalg::GenericOp::create(
      builder, loc, type, ValueRange(), init, identity, loops,
      [&](OpBuilder &body, Location, ValueRange) {
        OpBuilder::InsertionGuard guard(builder);
        builder.setInsertionPoint(body.getInsertionBlock(),
                                  body.getInsertionPoint());
        auto index = [&](int64_t dim) -> Value {
          return linalg::IndexOp::create(builder, loc, dim);
        };
        Value panel = index(0), lane = index(rank - 1);
        Value row = rank == 3 ? index(1) : Value();
        Value value;
        if (op.getFragments())
          value = arith::BitcastOp::create(builder, loc, builder.getF32Type(),
                                           fragmentWord(panel, row, lane));
        else
          value = toFloat(weightAt(panel, lane, row));
        linalg::YieldOp::create(builder, loc, value);
      });
  op.getResult().replaceAllUsesWith(generic.getResult(0));
  op.erase();
}

namespace {
struct LowerPackPanels : ssmc::impl::LowerPackPanelsBase<LowerPackPanels> {
  void runOnOperation() override {
    SmallVector<PackPanelsOp> packs;
    getOperation()->walk([&](PackPanelsOp op) { packs.push_back(op); });
    for (PackPanelsOp op : packs)
      PackLowering(op).run();
  }
};
} // namespace
