//===- TrainingForm.cpp - Norms and dropout that train --------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/TrainingForm.h"

using namespace mlir;
using namespace ssmc;

bool ssmc::isGivenAtRunTime(func::FuncOp function, unsigned i) {
  return function.getArgAttr(i, kColumnsAttr) ||
         function.getArgAttr(i, kKeyAttr) ||
         function.getArgAttr(i, SsmDialect::kTimeStepsAttr);
}

void ssmc::dropStatistics(BlockOp block) {
  unsigned kept = block.getNumOperands();
  if (block.getNumResults() == kept)
    return;
  auto yield = cast<YieldOp>(block.getBody().front().getTerminator());
  for (unsigned i = kept; i < block.getNumResults(); ++i)
    block.getResult(i).replaceAllUsesWith(yield.getOperand(i));
  yield->eraseOperands(kept, yield.getNumOperands() - kept);
  OpBuilder builder(block);
  auto smaller =
      BlockOp::create(builder, block.getLoc(),
                      TypeRange(block.getResultTypes()).take_front(kept),
                      block.getPathAttr(), block.getX(), block.getStates());
  smaller.getBody().takeBody(block.getBody());
  for (unsigned i = 0; i < kept; ++i)
    block.getResult(i).replaceAllUsesWith(smaller.getResult(i));
  block.erase();
}

void ssmc::shrinkSignature(func::FuncOp function) {
  if (function.isExternal())
    return;
  llvm::BitVector results(function.getNumResults());
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    results[i] = function.getResultAttr(i, "ssm.statistic") != nullptr;
  function.walk(
      [&](func::ReturnOp returned) { returned->eraseOperands(results); });
  llvm::BitVector arguments(function.getNumArguments());
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    arguments[i] = function.getArgAttr(i, "ssm.keys") != nullptr &&
                   function.getArgument(i).use_empty();
  (void)function.eraseResults(results);
  (void)function.eraseArguments(arguments);
}
