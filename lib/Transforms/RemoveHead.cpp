//===- RemoveHead.cpp - A model without its head --------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/Transforms/RegionUtils.h"

namespace ssmc {
#define GEN_PASS_DEF_REMOVEHEAD
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

/// What enters the head that ends in `y`: [mean_pool,] linear
/// [, log_softmax or tanh]. A linear layer that nothing precedes is an encoder.
/// (lib/Reference has the same rule on its own: the oracle shares no code with
/// the compiler.)
static Value headInput(Value y) {
  if (auto softmax = y.getDefiningOp<LogSoftmaxOp>())
    y = softmax.getX();
  else if (auto tanh = y.getDefiningOp<TanhOp>())
    y = tanh.getX();
  auto linear = y.getDefiningOp<LinearOp>();
  if (!linear)
    return y;
  if (auto pool = linear.getX().getDefiningOp<MeanPoolOp>())
    return pool.getX();
  return isa<BlockArgument>(linear.getX()) ? y : linear.getX();
}

namespace {
struct RemoveHead : ssmc::impl::RemoveHeadBase<RemoveHead> {
  void runOnOperation() override {
    func::FuncOp model = getOperation();
    if (model.isExternal() || !model.getNumResults())
      return;
    Operation *returned = model.getBody().front().getTerminator();
    returned->setOperand(0, headInput(returned->getOperand(0)));
    // A pool's sums and count are no longer carried.
    llvm::BitVector results(model.getNumResults()),
        arguments(model.getNumArguments());
    unsigned state = 1;
    for (unsigned i = 0; i < model.getNumArguments(); ++i) {
      if (!model.getArgAttr(i, "ssm.state"))
        continue;
      if (model.getArgAttr(i, "ssm.pool"))
        results[state] = arguments[i] = true;
      ++state;
    }
    returned->eraseOperands(results);
    IRRewriter rewriter(model.getContext());
    (void)runRegionDCE(rewriter, model->getRegions());
    (void)model.eraseResults(results);
    (void)model.eraseArguments(arguments);
    model.setFunctionType(FunctionType::get(model.getContext(),
                                            model.getArgumentTypes(),
                                            returned->getOperandTypes()));
  }
};
} // namespace
