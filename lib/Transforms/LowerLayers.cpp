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
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ParameterBuilder.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace ssmc {
#define GEN_PASS_DEF_LOWERLAYERS
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

/// The features a GLU's output is broadcast to: its own, or, when it has one
/// that only sums use, theirs. 0 when sums of different widths use it.
static int64_t neededFeatures(GluOp op) {
  int64_t own = getNumFeatures(op.getType()), needed = 0;
  for (OpOperand &use : op->getUses()) {
    auto add = dyn_cast<AddOp>(use.getOwner());
    if (own != 1 || !add || &use != &add.getBMutable())
      return own;
    int64_t wanted = getNumFeatures(add.getType());
    if (needed != 0 && needed != wanted)
      return own;
    needed = wanted;
  }
  return needed == 0 ? own : needed;
}

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
  Value w1 = op.getW1(), w2 = op.getW2(), b1 = op.getB1(), b2 = op.getB2();
  if (int64_t features = neededFeatures(op);
      features != getNumFeatures(op.getType())) {
    SmallVector<Value> parameters{w1, w2};
    if (b1)
      parameters.append({b1, b2});
    ImplicitLocOpBuilder builder = parameterBuilder(op, parameters);
    for (Value *parameter : {&w1, &w2, &b1, &b2})
      *parameter = repeatRow(builder, *parameter, features);
  }
  ImplicitLocOpBuilder builder(op.getLoc(), op);
  Value value = LinearOp::create(builder, op.getX(), w1, b1);
  Value gate = LinearOp::create(builder, op.getX(), w2, b2);
  op.replaceAllUsesWith(GateOp::create(builder, value, gate).getResult());
  op.erase();
}

namespace {
struct LowerLayers : ssmc::impl::LowerLayersBase<LowerLayers> {
  void runOnOperation() override {
    getOperation()->walk([](GluOp op) { lower(op); });
  }
};
} // namespace
