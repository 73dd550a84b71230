//===- InferenceMode.cpp - From the training form to inference ------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   %k = ssm.split_key %keys[0 of 3]
//   %n, %m1, %v1 = ssm.batch_norm_training %x, %m, %v, %first ...
//   %d = ssm.dropout %n, %k rate 0.1
// After:
//   %d = ssm.batch_norm %x, %m, %v ...
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "lib/Transforms/Passes.h"
#include "lib/Transforms/TrainingForm.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"

namespace ssmc {
#define GEN_PASS_DEF_INFERENCEMODE
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

/// Replaces the training forms of layers; statistics stay as they are.
static void replaceLayers(Operation *root) {
  root->walk([](Operation *op) {
    OpBuilder builder(op);
    if (auto dropout = dyn_cast<DropoutOp>(op)) {
      dropout.replaceAllUsesWith(dropout.getX());
      dropout.erase();
    } else if (auto norm = dyn_cast<BatchNormTrainingOp>(op)) {
      auto inference = BatchNormOp::create(
          builder, norm.getLoc(), norm.getType(0), norm.getX(), norm.getMean(),
          norm.getVar(), norm.getEpsilonAttr());
      norm.replaceAllUsesWith(
          ValueRange{inference, norm.getMean(), norm.getVar()});
      norm.erase();
    }
  });
}

namespace {
struct InferenceMode : ssmc::impl::InferenceModeBase<InferenceMode> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    replaceLayers(module);
    SmallVector<BlockOp> blocks;
    module.walk([&](BlockOp block) { blocks.push_back(block); });
    llvm::for_each(blocks, dropStatistics);
    // Nothing draws from the keys any more, nor reads first_time.
    IRRewriter rewriter(module.getContext());
    (void)runRegionDCE(rewriter, module->getRegions());
    for (auto function : module.getOps<func::FuncOp>())
      shrinkSignature(function);
    (void)runRegionDCE(rewriter, module->getRegions());
  }
};
} // namespace
