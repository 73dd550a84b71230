//===- FoldNorms.cpp - Norms into projections and the residual stream -----===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before (prenorm):
//   %x0 = ssm.linear %in, %w
//   %x1 = ssm.block (%x0) {
//     %n = ssm.batch_norm %x, %mean, %var
//     %f = ssm.linear %n, %b
//     ...
//     ssm.yield ssm.add %x, %u
//   }
//   %y = ssm.linear %x1, %head bias %bias
// After, with m the mean and s = 1 / sqrt(var + epsilon):
//   %x0 = ssm.linear %in, %w bias (-m)
//   %x1 = ssm.block (%x0) {
//     %f = ssm.linear %x, (b diag(s))
//     ...
//     ssm.yield ssm.shift (ssm.add %x, %u) by (m - m of the next block)
//   }
//   %y = ssm.linear %x1, %head bias (bias + head m)
//
// The stream between centred blocks is x - m. Moving a mean into its own
// projection's bias would be cheaper still, but there b x and b m, each of the
// size of the offset, cancel: a decade of accuracy per decade of |m| / std.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ParameterBuilder.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/MapVector.h"

namespace ssmc {
#define GEN_PASS_DEF_FOLDNORMS
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

//===----------------------------------------------------------------------===//
// The scale
//===----------------------------------------------------------------------===//

/// s = 1 / sqrt(var + epsilon).
static Expr normScale(ImplicitLocOpBuilder &builder, BatchNormOp norm) {
  Expr var(builder, norm.getVar());
  return 1.0 / sqrt(var + var.filled(norm.getEpsilon().convertToDouble()));
}

/// Multiplies the parameter operand `parameter` of its op by `scale`.
template <typename Combine>
static void rescale(OpOperand &parameter, Value scale, Combine combine) {
  ImplicitLocOpBuilder builder =
      parameterBuilder(parameter.getOwner(), {parameter.get(), scale});
  Expr scaled = combine(Expr(builder, scale), Expr(builder, parameter.get()));
  parameter.set(scaled.value());
}

/// Lets the user of a normalised value multiply by `scale` itself; false when
/// it has no parameter that could.
static bool absorbScale(OpOperand &use, Value scale) {
  auto times = [](Expr s, Expr amount) { return s * amount; };
  Operation *user = use.getOwner();
  if (auto linear = dyn_cast<LinearOp>(user)) {
    rescale(linear.getWeightMutable(), scale,
            [](Expr s, Expr weight) { return scaleColumns(s, weight); });
    return true;
  }
  if (auto skip = dyn_cast<SkipOp>(user); skip && &use == &skip.getUMutable()) {
    rescale(skip.getDMutable(), scale, times);
    return true;
  }
  if (auto multiplied = dyn_cast<ScaleOp>(user)) {
    rescale(multiplied.getAmountMutable(), scale, times);
    return true;
  }
  return false;
}

/// Replaces `norm`, whose input x is centred already, by its scale.
static void foldScale(BatchNormOp norm) {
  ImplicitLocOpBuilder builder = parameterBuilder(norm, norm.getVar());
  Value scale = normScale(builder, norm).value();
  Value explicitly;
  for (OpOperand &use : llvm::make_early_inc_range(norm->getUses())) {
    if (absorbScale(use, scale)) {
      use.set(norm.getX());
      continue;
    }
    if (!explicitly) {
      OpBuilder inside(norm);
      explicitly = ScaleOp::create(inside, norm.getLoc(), norm.getX(), scale);
    }
    use.set(explicitly);
  }
  norm.erase();
}

/// Subtracts the mean in place, then folds the scale: for norms whose input is
/// no residual stream that could be kept centred (postnorm).
static void foldInPlace(BatchNormOp norm) {
  ImplicitLocOpBuilder builder = parameterBuilder(norm, norm.getMean());
  Value amount = (-Expr(builder, norm.getMean())).value();
  OpBuilder inside(norm);
  Value centred = ShiftOp::create(inside, norm.getLoc(), norm.getX(), amount);
  norm.getXMutable().set(centred);
  foldScale(norm);
}

//===----------------------------------------------------------------------===//
// The centred stream
//===----------------------------------------------------------------------===//

namespace {
/// A prenorm block x + f(norm(x)): for a centred input x - m it gives a centred
/// output, if its norm only scales.
struct PrenormBlock {
  BatchNormOp norm;
  Value mean;
  /// What is subtracted from the output; null: nothing.
  Value outputOffset;
};

class StreamCentring {
public:
  explicit StreamCentring(func::FuncOp function) : function(function) {}
  void run();

private:
  void centreInput(BlockOp block, Value mean);
  void chooseLastOffset(BlockOp block, PrenormBlock &prenorm);
  void shiftOutput(BlockOp block, const PrenormBlock &prenorm);

  func::FuncOp function;
  llvm::MapVector<Operation *, PrenormBlock> blocks;
};
} // namespace

/// The norm of a prenorm block; null for any other.
static BatchNormOp matchPrenorm(BlockOp block) {
  Block &body = block.getBody().front();
  BlockArgument x = body.getArgument(0);
  auto sum = body.getTerminator()->getOperand(0).getDefiningOp<AddOp>();
  if (!sum || sum.getA() != x || sum.getB() == x || !sum->hasOneUse())
    return {};
  BatchNormOp norm;
  for (Operation *user : x.getUsers()) {
    if (user == sum)
      continue;
    if (norm || !isa<BatchNormOp>(user))
      return {};
    norm = cast<BatchNormOp>(user);
  }
  // A mean that is a parameter is at hand before every block.
  bool available = norm && (norm.getMean().getDefiningOp<ParameterOp>() ||
                            isa<BlockArgument>(norm.getMean()));
  if (!available || norm->getParentOp() != block ||
      block.getBody().isAncestor(norm.getMean().getParentRegion()))
    return {};
  return norm;
}

/// bias + amount (or -amount), where no bias counts as 0.
static void addToBias(LinearOp linear, Value amount, bool negate) {
  SmallVector<Value> parameters{amount};
  if (linear.getBias())
    parameters.push_back(linear.getBias());
  ImplicitLocOpBuilder builder = parameterBuilder(linear, parameters);
  Expr change(builder, amount);
  if (negate)
    change = -change;
  if (linear.getBias())
    change = Expr(builder, linear.getBias()) + change;
  linear.getBiasMutable().assign(change.value());
}

/// Makes the input of `block` x - mean, where it is computed if possible.
void StreamCentring::centreInput(BlockOp block, Value mean) {
  Value x = block.getX();
  Operation *producer = x.getDefiningOp();
  if (producer && x.hasOneUse()) {
    if (auto linear = dyn_cast<LinearOp>(producer))
      return addToBias(linear, mean, /*negate=*/true);
    if (auto embedding = dyn_cast<EmbeddingOp>(producer)) {
      ImplicitLocOpBuilder builder =
          parameterBuilder(embedding, {embedding.getTable(), mean});
      Expr table(builder, embedding.getTable());
      Expr rows = broadcastTo(Expr(builder, mean), table.type().getShape(), 0);
      return embedding.getTableMutable().set((table - rows).value());
    }
    auto previous = blocks.find(producer);
    if (previous != blocks.end() && x == producer->getResult(0)) {
      previous->second.outputOffset = mean;
      return;
    }
  }
  ImplicitLocOpBuilder builder(block.getLoc(), block);
  Value amount = (-Expr(builder, mean)).value();
  block.getXMutable().set(ShiftOp::create(builder, x, amount));
}

/// The output of a block that no centred block follows: a dense layer behind
/// it can add the mean back in its bias. Pooling cannot: its sums are a carried
/// state, which the user sees.
void StreamCentring::chooseLastOffset(BlockOp block, PrenormBlock &prenorm) {
  Value y = block.getResult(0);
  if (!y.hasOneUse())
    return;
  auto linear = dyn_cast<LinearOp>(*y.user_begin());
  if (!linear)
    return;
  prenorm.outputOffset = prenorm.mean;
  ImplicitLocOpBuilder builder =
      parameterBuilder(linear, {linear.getWeight(), prenorm.mean});
  Expr weight(builder, linear.getWeight()), mean(builder, prenorm.mean);
  auto type =
      RankedTensorType::get(weight.type().getDimSize(0), builder.getF64Type());
  Value zero =
      arith::ConstantOp::create(builder, DenseElementsAttr::get(type, 0.0));
  auto product = linalg::MatvecOp::create(
      builder, type, ValueRange{weight.value(), mean.value()}, zero);
  addToBias(linear, product->getResult(0), /*negate=*/false);
}

/// Moves the stream to the offset that comes next. Blocks of one shape stay
/// alike: there is a shift even where it is by 0 (m - m, not a constant).
void StreamCentring::shiftOutput(BlockOp block, const PrenormBlock &prenorm) {
  ImplicitLocOpBuilder builder(block.getLoc(), block);
  Expr amount(builder, prenorm.mean);
  if (prenorm.outputOffset)
    amount = amount - Expr(builder, prenorm.outputOffset);
  Operation *yield = block.getBody().front().getTerminator();
  OpBuilder inside(yield);
  Value shifted = ShiftOp::create(inside, block.getLoc(), yield->getOperand(0),
                                  amount.value());
  yield->setOperand(0, shifted);
}

void StreamCentring::run() {
  function.walk([&](BlockOp block) {
    if (BatchNormOp norm = matchPrenorm(block))
      blocks[block] = {norm, norm.getMean(), Value()};
  });
  for (auto &[op, prenorm] : blocks)
    centreInput(cast<BlockOp>(op), prenorm.mean);
  for (auto &[op, prenorm] : blocks)
    if (!prenorm.outputOffset)
      chooseLastOffset(cast<BlockOp>(op), prenorm);
  for (auto &[op, prenorm] : blocks) {
    foldScale(prenorm.norm);
    shiftOutput(cast<BlockOp>(op), prenorm);
  }
}

/// A block's epilogue needs the next block's mean: parameters come first.
static void hoistParameters(func::FuncOp function) {
  Operation *last = nullptr;
  Block &entry = function.getBody().front();
  for (auto parameter :
       llvm::make_early_inc_range(entry.getOps<ParameterOp>())) {
    if (last)
      parameter->moveAfter(last);
    else
      parameter->moveBefore(&entry, entry.begin());
    last = parameter;
  }
}

namespace {
struct FoldNorms : ssmc::impl::FoldNormsBase<FoldNorms> {
  void runOnOperation() override {
    func::FuncOp function = getOperation();
    if (function.isExternal())
      return;
    hoistParameters(function);
    StreamCentring(function).run();
    function.walk([](BatchNormOp norm) { foldInPlace(norm); });
  }
};
} // namespace
