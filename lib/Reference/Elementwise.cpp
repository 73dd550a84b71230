//===- Elementwise.cpp - Arithmetic on whole tensors ----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/OpTable.h"
#include "lib/Reference/ScalarOps.h"

using namespace mlir;
using namespace ssmc::reference;

bool ssmc::reference::isElementwise(Operation *op) {
  return getScalarFunction(op) != nullptr;
}

FailureOr<Results> ssmc::reference::evaluateElementwise(Operation *op,
                                                        const Values &values) {
  ScalarFunction compute = getScalarFunction(op);
  // arith.select takes one condition for whole tensors: scalars broadcast.
  ArrayRef<int64_t> shape;
  SmallVector<const Tensor *> operands;
  for (Value operand : op->getOperands()) {
    operands.push_back(&values[operand]);
    if (!operands.back()->shape.empty())
      shape = operands.back()->shape;
  }
  SmallVector<int64_t> strides;
  for (const Tensor *operand : operands) {
    strides.push_back(operand->shape.empty() ? 0 : 1);
    if (!operand->shape.empty() &&
        failed(expectShape(op, "an operand", *operand, shape)))
      return failure();
  }
  Tensor result =
      Tensor::zeros(getElementTypeOrSelf(op->getResult(0).getType()), shape);
  SmallVector<Scalar> inputs(operands.size());
  for (int64_t i = 0, e = result.size(); i < e; ++i) {
    for (auto [k, operand] : llvm::enumerate(operands))
      inputs[k] = load(*operand, i * strides[k]);
    store(result, i, compute(inputs.data()));
  }
  return Results{std::move(result)};
}
