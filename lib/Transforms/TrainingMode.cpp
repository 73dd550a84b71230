//===- TrainingMode.cpp - The training form as a program on rows ----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   func @model(%x, %keys {ssm.keys}, %s) {
//     %k = ssm.split_key %keys[1 of 3]
//     %y, %s1, %m1, %v1 = ssm.block (%x, %s) {
//       %n, %m1, %v1 = ssm.batch_norm_training %x, %m, %v, %first ...
//       ... ssm.dropout %g, (ssm.split_key %k[1 of 3]) rate 0.1 ...
// After:
//   func @model(%x, %s, %shift {ssm.columns = 0}, %scale {ssm.columns = 1},
//               %key {ssm.key = array<i64: 1, 1>}) {
//     %y, %s1 = ssm.block (%x, %s) {
//       %n = ssm.scale (ssm.shift %x by %shift) by %scale
//       ... ssm.dropout %g, %key rate 0.1 ...
//
// A norm needs statistics of all that enters it before it can give anything,
// so a unit that holds one starts with it: the norm behind a residual sum gets
// a block of its own.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"
#include "lib/Transforms/TrainingForm.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"

namespace ssmc {
#define GEN_PASS_DEF_TRAININGMODE
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

static Value addArgument(func::FuncOp function, Type type, StringRef name,
                         Attribute value) {
  Builder builder(function.getContext());
  unsigned index = function.getNumArguments();
  (void)function.insertArgument(
      index, type,
      builder.getDictionaryAttr({builder.getNamedAttr(name, value)}),
      function.getLoc());
  return function.getArgument(index);
}

//===----------------------------------------------------------------------===//
// Dropout
//===----------------------------------------------------------------------===//

/// The splits that make `key` of the function's keys, the first one first.
static FailureOr<SmallVector<int64_t>> findSplits(DropoutOp dropout) {
  SmallVector<int64_t> indices;
  Value key = dropout.getKey();
  while (auto split = key.getDefiningOp<SplitKeyOp>()) {
    indices.push_back(split.getIndex());
    key = split.getKey();
  }
  auto argument = dyn_cast<BlockArgument>(key);
  auto function =
      argument ? dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp())
               : func::FuncOp();
  if (!function || !function.getArgAttr(argument.getArgNumber(), "ssm.keys"))
    return dropout.emitOpError()
           << "draws from a key that is no split of the model's keys";
  std::reverse(indices.begin(), indices.end());
  return indices;
}

static LogicalResult giveKey(func::FuncOp function, DropoutOp dropout) {
  if (dropout.getRate().isZero()) {
    dropout.replaceAllUsesWith(dropout.getX());
    dropout.erase();
    return success();
  }
  auto splits = findSplits(dropout);
  if (failed(splits))
    return failure();
  Builder builder(function.getContext());
  dropout.getKeyMutable().assign(
      addArgument(function, dropout.getKey().getType(), kKeyAttr,
                  builder.getDenseI64ArrayAttr(*splits)));
  return success();
}

//===----------------------------------------------------------------------===//
// Norms
//===----------------------------------------------------------------------===//

/// (x + shift) scale in the place of a norm's output.
static Value normalize(OpBuilder &builder, Location loc, Value x,
                       ArrayRef<Value> columns) {
  Value centred = ShiftOp::create(builder, loc, x, columns[0]);
  return ScaleOp::create(builder, loc, centred, columns[1]);
}

/// A norm's learned scale and bias: what follows it, and nothing else does.
static SmallVector<Operation *> findAffine(BatchNormTrainingOp norm) {
  SmallVector<Operation *> ops;
  Value y = norm.getY();
  while (y.hasOneUse() && isa<ScaleOp, ShiftOp>(*y.user_begin())) {
    ops.push_back(*y.user_begin());
    y = ops.back()->getResult(0);
  }
  return ops;
}

/// Puts the norm of what `block` returns behind it, with its `affine` part.
static void splitNormOff(BlockOp block, BatchNormTrainingOp norm,
                         ArrayRef<Operation *> affine,
                         ArrayRef<Value> columns) {
  Operation *last = affine.empty() ? norm.getOperation() : affine.back();
  last->getResult(0).replaceAllUsesWith(norm.getX());
  OpBuilder builder(block->getContext());
  builder.setInsertionPointAfter(block);
  Value x = block.getResult(0);
  auto behind = BlockOp::create(builder, norm.getLoc(), x.getType(),
                                block.getPathAttr(), x, ValueRange());
  x.replaceAllUsesExcept(behind.getResult(0), behind);
  Block &body = behind.getBody().emplaceBlock();
  BlockArgument input = body.addArgument(x.getType(), norm.getLoc());
  builder.setInsertionPointToEnd(&body);
  Value y = normalize(builder, norm.getLoc(), input, columns);
  for (Operation *op : affine) {
    IRMapping mapping;
    mapping.map(op->getOperand(0), y);
    y = builder.clone(*op, mapping)->getResult(0);
  }
  for (Operation *op : llvm::reverse(affine))
    op->erase();
  YieldOp::create(builder, norm.getLoc(), y);
}

static LogicalResult giveStatistics(func::FuncOp function,
                                    BatchNormTrainingOp norm, int64_t number) {
  Builder attributes(function.getContext());
  auto block = dyn_cast<BlockOp>(norm->getParentOp());
  Value input = block ? Value(block.getBody().getArgument(0)) : Value();
  SmallVector<Operation *> affine = findAffine(norm);
  auto isOutput = [&] {
    Operation *yield = block.getBody().front().getTerminator();
    Value y = norm.getY();
    if (!affine.empty())
      y = affine.back()->getResult(0);
    return y.hasOneUse() && yield->getOperand(0) == y;
  };
  if (!block || (norm.getX() != input && !isOutput()))
    return norm.emitOpError() << "is neither the first operation of a block "
                                 "nor its last";
  SmallVector<Value> columns;
  auto type = RankedTensorType::get({getNumFeatures(norm.getType(0))},
                                    attributes.getF32Type());
  for (int64_t part : {0, 1})
    columns.push_back(
        addArgument(function, type, kColumnsAttr,
                    attributes.getI64IntegerAttr(2 * number + part)));
  norm.getNewMean().replaceAllUsesWith(norm.getMean());
  norm.getNewVar().replaceAllUsesWith(norm.getVar());
  if (norm.getX() != input) {
    splitNormOff(block, norm, affine, columns);
  } else {
    OpBuilder builder(norm);
    norm.getY().replaceAllUsesWith(
        normalize(builder, norm.getLoc(), input, columns));
  }
  norm.erase();
  return success();
}

namespace {
struct TrainingMode : ssmc::impl::TrainingModeBase<TrainingMode> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (auto function : module.getOps<func::FuncOp>())
      if (!function.isExternal() && failed(convert(function)))
        return signalPassFailure();
    IRRewriter rewriter(module.getContext());
    (void)runRegionDCE(rewriter, module->getRegions());
    for (auto function : module.getOps<func::FuncOp>())
      shrinkSignature(function);
    (void)runRegionDCE(rewriter, module->getRegions());
  }

  LogicalResult convert(func::FuncOp function) {
    SmallVector<BatchNormTrainingOp> norms;
    SmallVector<DropoutOp> dropouts;
    SmallVector<BlockOp> blocks;
    function.walk([&](Operation *op) {
      if (auto norm = dyn_cast<BatchNormTrainingOp>(op))
        norms.push_back(norm);
      if (auto dropout = dyn_cast<DropoutOp>(op))
        dropouts.push_back(dropout);
      if (auto block = dyn_cast<BlockOp>(op))
        blocks.push_back(block);
    });
    for (auto [number, norm] : llvm::enumerate(norms))
      if (failed(giveStatistics(function, norm, number)))
        return failure();
    for (DropoutOp dropout : dropouts)
      if (failed(giveKey(function, dropout)))
        return failure();
    llvm::for_each(blocks, dropStatistics);
    return success();
  }
};
} // namespace
