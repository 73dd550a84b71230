//===- LowerLayers.cpp - Layers as products with epilogues ----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   %y = ssm.glu %x, %w1, %w2 bias %b1, %b2
// After:
//   %a = ssm.linear %x, %w1 bias %b1
//   %b = ssm.linear %x, %w2 bias %b2
//   %y = ssm.gate %a, %b
//
// A channel mixer of one feature, which is added to all, computes it once for
// each: its weights are one row, repeated.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ParameterBuilder.h"
#include "lib/Transforms/Passes.h"
#include "lib/Transforms/TrainingForm.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace ssmc {
#define GEN_PASS_DEF_LOWERLAYERS
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

/// Repeats the only row of `parameter`, (1, I) or (1).
static Value repeatRow(ImplicitLocOpBuilder &builder, Value parameter,
                       int64_t count) {
  if (!parameter)
    return parameter;
  Value row = takeSlice(builder, parameter, 0, 0);
  SmallVector<int64_t> shape{count};
  llvm::append_range(shape, cast<RankedTensorType>(row.getType()).getShape());
  return broadcastTo(builder, row, shape, 0);
}

static void lower(GluOp op) {
  ImplicitLocOpBuilder builder(op.getLoc(), op);
  Value value = LinearOp::create(builder, op.getX(), op.getW1(), op.getB1());
  Value gate = LinearOp::create(builder, op.getX(), op.getW2(), op.getB2());
  op.replaceAllUsesWith(GateOp::create(builder, value, gate).getResult());
  op.erase();
}

/// Whether `value`, of one feature, comes from products by way of pointwise
/// layers, and nothing else reads what lies between.
static bool canWiden(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || !value.hasOneUse())
    return false;
  if (isa<LinearOp>(op))
    return true;
  if (auto dropout = dyn_cast<DropoutOp>(op))
    return canWiden(dropout.getX());
  auto pointwise = dyn_cast<PointwiseOpInterface>(op);
  return pointwise && pointwise.getFeatureOperands().empty() &&
         llvm::all_of(pointwise.getSequenceOperands(), canWiden);
}

/// Gives the products behind `value` `features` equal features.
static void widen(Value value, int64_t features) {
  Operation *op = value.getDefiningOp();
  if (auto linear = dyn_cast<LinearOp>(op)) {
    SmallVector<Value> parameters{linear.getWeight()};
    if (linear.getBias())
      parameters.push_back(linear.getBias());
    ImplicitLocOpBuilder builder = parameterBuilder(op, parameters);
    linear.getWeightMutable().set(
        repeatRow(builder, linear.getWeight(), features));
    if (linear.getBias())
      linear.getBiasMutable().assign(
          repeatRow(builder, linear.getBias(), features));
  } else if (auto dropout = dyn_cast<DropoutOp>(op)) {
    // The equal features of a time step are dropped together.
    dropout->setAttr(kOneMaskAttr, UnitAttr::get(op->getContext()));
    widen(dropout.getX(), features);
  } else {
    for (Value operand : cast<PointwiseOpInterface>(op).getSequenceOperands())
      widen(operand, features);
  }
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int64_t> shape(type.getShape());
  shape.back() = features;
  value.setType(type.clone(shape));
}

/// A sum's second operand of one feature that is added to all: its products
/// repeat their row, so that everything below has operands of one width.
static void broadcastOperand(AddOp op) {
  int64_t features = getNumFeatures(op.getType());
  if (getNumFeatures(op.getB().getType()) != features && canWiden(op.getB()))
    widen(op.getB(), features);
}

namespace {
struct LowerLayers : ssmc::impl::LowerLayersBase<LowerLayers> {
  void runOnOperation() override {
    getOperation()->walk([](GluOp op) { lower(op); });
    getOperation()->walk([](AddOp op) { broadcastOperand(op); });
  }
};
} // namespace
