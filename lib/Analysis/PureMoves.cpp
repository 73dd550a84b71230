//===- PureMoves.cpp - Stores of what was only loaded ---------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/PureMoves.h"
#include "lib/Analysis/BufferAccess.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace ssmc;

/// Whether `buffer` holds rows of activations: an argument that is marked so,
/// or a view of the workspace, the argument that is only bytes.
static bool isActivations(Value buffer) {
  while (auto view = buffer.getDefiningOp<ViewLikeOpInterface>())
    buffer = view.getViewSource();
  auto argument = dyn_cast<BlockArgument>(buffer);
  if (!argument)
    return false;
  auto function = dyn_cast<func::FuncOp>(argument.getOwner()->getParentOp());
  return function &&
         (function.getArgAttr(argument.getArgNumber(), "ssm.rows") ||
          cast<MemRefType>(argument.getType()).getElementType().isInteger(8));
}

/// The buffer that `value` was loaded from and has not been computed with
/// since; null when it was.
static Value getSource(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (auto load = getBufferAccess(op))
      return load->view;
    if (!isa<vector::BroadcastOp, vector::ExtractOp,
             vector::ExtractStridedSliceOp, arith::BitcastOp>(op))
      return {};
    value = op->getOperand(0);
  }
  return {};
}

Operation *ssmc::findPureMove(func::FuncOp chunk) {
  Operation *found = nullptr;
  auto kind = chunk->getAttrOfType<StringAttr>("ssm.kind");
  if (kind && kind.getValue() == "output")
    return nullptr;
  chunk.walk([&](Operation *op) {
    auto store = getBufferAccess(op);
    if (!store || !store->isStore() || !isActivations(store->view))
      return WalkResult::advance();
    Value source = getSource(store->stored);
    if (!source || !isActivations(source))
      return WalkResult::advance();
    found = op;
    return WalkResult::interrupt();
  });
  return found;
}
