//===- ScalarCoefficients.cpp - One element of a tensor formula -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ScanToAffine/ScalarCoefficients.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace ssmc;

/// Function arguments and parameters: what a caller passes.
static bool isLeaf(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value))
    return isa<func::FuncOp>(argument.getOwner()->getParentOp());
  return value.getDefiningOp<ParameterOp>() != nullptr;
}

static bool isElementwise(Operation *op) {
  return OpTrait::hasElementwiseMappableTraits(op) && op->getNumResults() == 1;
}

static bool isStaticSlice(tensor::ExtractSliceOp slice) {
  return slice.getOffsets().empty() && slice.getSizes().empty() &&
         slice.getStrides().empty();
}

LogicalResult ssmc::collectLeaves(Value formula, LeafBuffers &leaves) {
  if (isLeaf(formula)) {
    if (!isa<RankedTensorType>(formula.getType()))
      return emitError(formula.getLoc())
             << "a scan's coefficient is computed from a value of type "
             << formula.getType() << "; expected a ranked tensor";
    leaves.insert({formula, Value()});
    return success();
  }
  Operation *op = formula.getDefiningOp();
  if (!op)
    return emitError(formula.getLoc())
           << "a scan's coefficient comes from the argument of a region; "
              "expected arithmetic on function arguments and parameters";
  if (matchPattern(formula, m_Constant()) &&
      isa<SplatElementsAttr>(cast<arith::ConstantOp>(op).getValue()))
    return success();
  if (auto broadcast = dyn_cast<linalg::BroadcastOp>(op))
    return collectLeaves(broadcast.getInput(), leaves);
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
      slice && isStaticSlice(slice))
    return collectLeaves(slice.getSource(), leaves);
  if (!isElementwise(op))
    return op->emitError()
           << "'" << op->getName()
           << "' computes a scan's coefficient; expected elementwise "
              "operations, splat constants, static slices or broadcasts of "
              "function arguments and parameters";
  for (Value operand : op->getOperands())
    if (failed(collectLeaves(operand, leaves)))
      return failure();
  return success();
}

ScalarCoefficients::ScalarCoefficients(const LeafBuffers &leaves,
                                       OpBuilder modeLoop, OpBuilder timeLoop,
                                       Value n, Value b, Value t)
    : leaves(leaves), modeLoop(modeLoop), timeLoop(timeLoop), n(n), b(b), t(t) {
}

Value ScalarCoefficients::emit(Value formula) {
  AffineExpr mode, batch, time;
  bindDims(formula.getContext(), mode, batch, time);
  if (cast<RankedTensorType>(formula.getType()).getRank() == 1)
    return element(formula, {mode});
  return element(formula, {batch, time, mode});
}

bool ScalarCoefficients::dependsOnStep(const Indices &indices) const {
  return llvm::any_of(indices, [](AffineExpr index) {
    return index.isFunctionOfDim(1) || index.isFunctionOfDim(2);
  });
}

Value ScalarCoefficients::element(Value formula, const Indices &indices) {
  for (const Emitted &known : emitted)
    if (known.formula == formula && known.indices == indices)
      return known.scalar;
  Value scalar =
      compute(formula, indices, dependsOnStep(indices) ? timeLoop : modeLoop);
  emitted.push_back({formula, indices, scalar});
  return scalar;
}

Value ScalarCoefficients::load(Value buffer, Location loc,
                               const Indices &indices, OpBuilder &builder) {
  bool step = dependsOnStep(indices);
  auto map = AffineMap::get(step ? 3 : 1, 0, indices, buffer.getContext());
  SmallVector<Value> operands{n};
  if (step)
    operands.append({b, t});
  return affine::AffineLoadOp::create(builder, loc, buffer, map, operands);
}

/// The indices into the source of a slice from those into its result.
static SmallVector<AffineExpr> sourceIndices(tensor::ExtractSliceOp slice,
                                             ArrayRef<AffineExpr> indices) {
  llvm::SmallBitVector dropped = slice.getDroppedDims();
  SmallVector<AffineExpr> source;
  for (auto [dimension, offset, stride] :
       llvm::enumerate(slice.getStaticOffsets(), slice.getStaticStrides())) {
    AffineExpr index = getAffineConstantExpr(0, slice.getContext());
    if (!dropped[dimension]) {
      index = indices.front();
      indices = indices.drop_front();
    }
    source.push_back(index * stride + offset);
  }
  return source;
}

Value ScalarCoefficients::compute(Value formula, const Indices &indices,
                                  OpBuilder &builder) {
  if (Value buffer = leaves.lookup(formula))
    return load(buffer, formula.getLoc(), indices, builder);
  Operation *op = formula.getDefiningOp();
  SplatElementsAttr splat;
  if (matchPattern(formula, m_Constant(&splat)))
    return arith::ConstantOp::create(
        builder, op->getLoc(),
        cast<TypedAttr>(splat.getSplatValue<Attribute>()));
  if (auto broadcast = dyn_cast<linalg::BroadcastOp>(op)) {
    Indices source;
    for (auto [dimension, index] : llvm::enumerate(indices))
      if (!llvm::is_contained(broadcast.getDimensions(), dimension))
        source.push_back(index);
    return element(broadcast.getInput(), source);
  }
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return element(slice.getSource(), sourceIndices(slice, indices));
  IRMapping scalars;
  for (Value operand : op->getOperands())
    scalars.map(operand, element(operand, indices));
  Operation *scalar = builder.clone(*op, scalars);
  scalar->getResult(0).setType(getElementTypeOrSelf(formula.getType()));
  return scalar->getResult(0);
}
