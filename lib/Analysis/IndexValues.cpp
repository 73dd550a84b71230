//===- IndexValues.cpp - Integers that are known in a loop nest -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/IndexValues.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace ssmc;

static std::optional<int64_t> getInteger(Attribute attribute) {
  if (auto integer = dyn_cast_or_null<IntegerAttr>(attribute))
    return integer.getValue().getSExtValue();
  return std::nullopt;
}

// Folders may change operations whose operands are not all known.
std::optional<int64_t> IndexValues::fold(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || op->getNumRegions())
    return std::nullopt;
  Builder builder(op->getContext());
  SmallVector<Attribute> operands;
  for (Value operand : op->getOperands()) {
    std::optional<int64_t> number = get(operand);
    if (!number)
      return std::nullopt;
    operands.push_back(builder.getIntegerAttr(operand.getType(), *number));
  }
  SmallVector<OpFoldResult> results;
  if (failed(op->fold(operands, results)) || results.empty())
    return std::nullopt;
  OpFoldResult result = results[cast<OpResult>(value).getResultNumber()];
  auto attribute = dyn_cast<Attribute>(result);
  return attribute ? getInteger(attribute) : get(cast<Value>(result));
}

std::optional<int64_t> IndexValues::get(Value value) {
  if (!value.getType().isIntOrIndex())
    return std::nullopt;
  if (auto found = known.find(value); found != known.end())
    return found->second;
  return known[value] = fold(value);
}

static std::optional<int64_t> evaluate(AffineMap map, ValueRange operands,
                                       IndexValues &values, bool isLower) {
  SmallVector<Attribute> constants, results;
  Builder builder(map.getContext());
  for (Value operand : operands) {
    std::optional<int64_t> number = values.get(operand);
    constants.push_back(number ? builder.getIndexAttr(*number) : Attribute());
  }
  if (failed(map.constantFold(constants, results)))
    return std::nullopt;
  std::optional<int64_t> bound;
  for (Attribute result : results) {
    std::optional<int64_t> number = getInteger(result);
    if (!number)
      return std::nullopt;
    bool tighter = !bound || (isLower ? *number > *bound : *number < *bound);
    bound = tighter ? number : bound;
  }
  return bound;
}

std::optional<LoopRange> IndexValues::getRange(LoopLikeOpInterface loop) {
  std::optional<int64_t> from, to, step;
  if (auto affine = dyn_cast<affine::AffineForOp>(*loop)) {
    from = evaluate(affine.getLowerBoundMap(), affine.getLowerBoundOperands(),
                    *this, true);
    to = evaluate(affine.getUpperBoundMap(), affine.getUpperBoundOperands(),
                  *this, false);
    step = affine.getStepAsInt();
  } else if (auto scf = dyn_cast<scf::ForOp>(*loop)) {
    from = get(scf.getLowerBound());
    to = get(scf.getUpperBound());
    step = get(scf.getStep());
  }
  if (!from || !to || !step || *step < 1)
    return std::nullopt;
  int64_t trips = *to > *from ? llvm::divideCeil(*to - *from, *step) : 0;
  return LoopRange{*from, *step, trips};
}

DenseSet<Value> ssmc::findDependents(Value value) {
  DenseSet<Value> dependents{value};
  SmallVector<Value> worklist{value};
  auto add = [&](Value dependent) {
    if (dependents.insert(dependent).second)
      worklist.push_back(dependent);
  };
  while (!worklist.empty())
    for (Operation *user : worklist.pop_back_val().getUsers()) {
      llvm::for_each(user->getResults(), add);
      for (Region &region : user->getRegions())
        if (!region.empty())
          llvm::for_each(region.getArguments(), add);
    }
  return dependents;
}

bool ssmc::decidesControlFlow(const DenseSet<Value> &values, Region &body) {
  auto depends = [&](Value value) { return values.contains(value); };
  return body
      .walk([&](Operation *op) {
        bool decides = false;
        if (auto affine = dyn_cast<affine::AffineForOp>(op))
          decides = llvm::any_of(affine.getLowerBoundOperands(), depends) ||
                    llvm::any_of(affine.getUpperBoundOperands(), depends);
        else if (auto loop = dyn_cast<scf::ForOp>(op))
          decides = depends(loop.getLowerBound()) ||
                    depends(loop.getUpperBound()) || depends(loop.getStep());
        else if (isa<scf::IfOp, scf::IndexSwitchOp>(op))
          decides = depends(op->getOperand(0));
        return decides ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

Region *ssmc::getTakenRegion(scf::IndexSwitchOp op, int64_t choice) {
  for (auto [number, region] :
       llvm::zip_equal(op.getCases(), op.getCaseRegions()))
    if (number == choice)
      return &region;
  return &op.getDefaultRegion();
}
