//===- StructuredOps.cpp - linalg, one point of its loops at a time -------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/OpTable.h"
#include "lib/Reference/ScalarOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ssmc::reference;

namespace {
/// The body of a structured operation as a straight list of steps on slots:
/// first the block's arguments, then what was captured, then results.
class PointProgram {
public:
  /// Emits an error when an operation of the body has no meaning.
  LogicalResult compile(Block &body, const Values &values);
  /// The slots of the block's arguments.
  Scalar &operator[](size_t slot) { return slots[slot]; }
  /// Runs the body at the point `indices` of the loops.
  void run(ArrayRef<int64_t> indices);
  /// Emits an error if the body has read beyond the end of a tensor.
  LogicalResult checkReads() const;
  /// What the body yielded, one per output.
  Scalar getYielded(size_t output) const { return slots[yields[output]]; }

private:
  struct Step {
    ScalarFunction compute;
    SmallVector<unsigned> operands;
    unsigned result;
  };
  struct IndexStep {
    unsigned dimension, result;
  };
  unsigned newSlot(Value value) {
    slotOf[value] = slots.size();
    slots.push_back(Scalar());
    return slots.size() - 1;
  }
  LogicalResult addExtract(tensor::ExtractOp op, const Values &values);
  /// The slots of `operands` of `op`.
  LogicalResult addOperands(ValueRange operands, Operation *op,
                            const Values &values,
                            SmallVectorImpl<unsigned> &places);
  void addStep(ScalarFunction compute, ArrayRef<unsigned> operands,
               Value result) {
    steps.push_back(
        {std::move(compute), SmallVector<unsigned>(operands), newSlot(result)});
    inputs.resize(std::max(inputs.size(), operands.size()));
  }

  DenseMap<Value, unsigned> slotOf;
  SmallVector<Scalar> slots, inputs;
  std::vector<Step> steps;
  SmallVector<IndexStep> indexSteps;
  SmallVector<unsigned> yields;
  tensor::ExtractOp badRead; // the last that was out of bounds
};
} // namespace

LogicalResult PointProgram::addOperands(ValueRange operands, Operation *op,
                                        const Values &values,
                                        SmallVectorImpl<unsigned> &places) {
  for (Value operand : operands) {
    if (!slotOf.contains(operand)) {
      if (!values.contains(operand) || !values[operand].shape.empty())
        return op->emitOpError()
               << "uses a value from outside that is no scalar";
      slots[newSlot(operand)] = load(values[operand], 0);
    }
    places.push_back(slotOf[operand]);
  }
  return success();
}

/// An element of a tensor from outside, at an index that the body computes.
LogicalResult PointProgram::addExtract(tensor::ExtractOp op,
                                       const Values &values) {
  if (!values.contains(op.getTensor()))
    return op.emitOpError() << "reads a tensor that is not from outside";
  const Tensor &source = values[op.getTensor()];
  SmallVector<unsigned> indices;
  if (failed(addOperands(op.getIndices(), op, values, indices)))
    return failure();
  auto compute = [this, op, &source](const Scalar *index) {
    int64_t place = 0;
    for (auto [i, size] : llvm::enumerate(source.shape)) {
      if (index[i].integer < 0 || index[i].integer >= size) {
        badRead = op;
        return Scalar();
      }
      place = place * size + index[i].integer;
    }
    return load(source, place);
  };
  addStep(compute, indices, op);
  return success();
}

LogicalResult PointProgram::checkReads() const {
  tensor::ExtractOp op = badRead;
  return op ? op.emitOpError() << "reads beyond the end of its tensor"
            : success();
}

LogicalResult PointProgram::compile(Block &body, const Values &values) {
  for (BlockArgument argument : body.getArguments())
    newSlot(argument);
  for (Operation &op : body) {
    if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
      if (failed(addExtract(extract, values)))
        return failure();
      continue;
    }
    SmallVector<unsigned> operands;
    if (failed(addOperands(op.getOperands(), &op, values, operands)))
      return failure();
    if (isa<linalg::YieldOp>(op)) {
      yields = operands;
    } else if (auto index = dyn_cast<linalg::IndexOp>(op)) {
      indexSteps.push_back(
          {static_cast<unsigned>(index.getDim()), newSlot(index)});
    } else if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      Scalar value;
      if (auto real = dyn_cast<FloatAttr>(constant.getValue()))
        value.real = real.getValueAsDouble();
      else if (auto integer = dyn_cast<IntegerAttr>(constant.getValue()))
        value.integer = integer.getType().isInteger(1)
                            ? integer.getValue().getZExtValue()
                            : integer.getValue().getSExtValue();
      else
        return op.emitOpError() << "is no scalar constant";
      slots[newSlot(constant)] = value;
    } else if (ScalarFunction compute = getScalarFunction(&op)) {
      addStep(std::move(compute), operands, op.getResult(0));
    } else {
      return op.emitOpError() << "is not known to the reference interpreter in "
                                 "the body of a structured operation";
    }
  }
  return success();
}

void PointProgram::run(ArrayRef<int64_t> indices) {
  for (IndexStep step : indexSteps)
    slots[step.result].integer = indices[step.dimension];
  for (const Step &step : steps) {
    for (auto [k, operand] : llvm::enumerate(step.operands))
      inputs[k] = slots[operand];
    slots[step.result] = step.compute(inputs.data());
  }
}

namespace {
/// An operand of a structured operation: where the loops step in it.
struct Access {
  const Tensor *tensor;
  SmallVector<int64_t> strides; // per loop, in elements
  int64_t offset = 0;           // of the current point
};
} // namespace

/// Reads loop bounds off the operands' shapes; they must agree.
static LogicalResult addAccess(linalg::LinalgOp op, AffineMap map,
                               const Tensor &tensor,
                               SmallVectorImpl<int64_t> &bounds,
                               SmallVectorImpl<Access> &accesses) {
  if (!map.isProjectedPermutation(/*allowZeroInResults=*/true))
    return op.emitOpError() << "has indexing map " << AffineMapAttr::get(map)
                            << "; the reference interpreter runs projected "
                               "permutations";
  if (map.getNumResults() != tensor.shape.size())
    return op.emitOpError() << "indexes " << describe(tensor) << " by "
                            << AffineMapAttr::get(map);
  Access access{&tensor, SmallVector<int64_t>(bounds.size(), 0)};
  int64_t stride = 1;
  for (int64_t i = tensor.shape.size() - 1; i >= 0; --i) {
    if (auto dim = dyn_cast<AffineDimExpr>(map.getResult(i))) {
      int64_t &bound = bounds[dim.getPosition()];
      if (bound >= 0 && bound != tensor.shape[i])
        return op.emitOpError()
               << "has operands of " << bound << " and " << tensor.shape[i]
               << " elements along loop " << dim.getPosition();
      bound = tensor.shape[i];
      access.strides[dim.getPosition()] += stride;
    }
    stride *= tensor.shape[i];
  }
  accesses.push_back(std::move(access));
  return success();
}

/// Moves to the next point of the loops, the last fastest; false at the end.
static bool advance(ArrayRef<int64_t> bounds, SmallVectorImpl<int64_t> &indices,
                    MutableArrayRef<Access> accesses) {
  for (int64_t loop = bounds.size() - 1; loop >= 0; --loop) {
    if (++indices[loop] < bounds[loop]) {
      for (Access &access : accesses)
        access.offset += access.strides[loop];
      return true;
    }
    for (Access &access : accesses)
      access.offset -= access.strides[loop] * (bounds[loop] - 1);
    indices[loop] = 0;
  }
  return false;
}

FailureOr<Results> ssmc::reference::evaluateLinalg(Operation *operation,
                                                   const Values &values) {
  auto op = cast<linalg::LinalgOp>(operation);
  if (!op.hasPureTensorSemantics())
    return op.emitOpError() << "is not on tensors";
  SmallVector<int64_t> bounds(op.getNumLoops(), -1);
  SmallVector<Access> accesses;
  // Outputs start as the values of the inits and are updated in place.
  Results results;
  for (Value init : op.getDpsInits())
    results.push_back(values[init]);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (OpOperand &operand : op->getOpOperands()) {
    const Tensor &tensor =
        op.isDpsInit(&operand)
            ? results[operand.getOperandNumber() - op.getNumDpsInputs()]
            : values[operand.get()];
    if (failed(addAccess(op, maps[operand.getOperandNumber()], tensor, bounds,
                         accesses)))
      return failure();
  }
  PointProgram program;
  if (failed(program.compile(*op.getBlock(), values)))
    return failure();
  for (int64_t &bound : bounds)
    if (bound < 0)
      return op.emitOpError() << "has a loop that no operand bounds";
  if (llvm::is_contained(bounds, 0))
    return results;

  SmallVector<int64_t> indices(bounds.size(), 0);
  size_t inputs = op.getNumDpsInputs();
  do {
    for (auto [slot, access] : llvm::enumerate(accesses))
      program[slot] = load(*access.tensor, access.offset);
    program.run(indices);
    for (auto [output, result] : llvm::enumerate(results))
      store(result, accesses[inputs + output].offset,
            program.getYielded(output));
  } while (advance(bounds, indices, accesses));
  if (failed(program.checkReads()))
    return failure();
  return results;
}
