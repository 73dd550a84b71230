//===- ScalarOps.h - Arithmetic on single values ----------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_REFERENCE_SCALAROPS_H
#define SSMC_LIB_REFERENCE_SCALAROPS_H

#include "lib/Reference/Tensor.h"
#include "mlir/IR/Operation.h"
#include <cstdint>
#include <functional>

namespace ssmc::reference {

/// A float or an integer; its type says which member holds it.
union Scalar {
  double real;
  int64_t integer;
};

/// Element `index` of `tensor`.
inline Scalar load(const Tensor &tensor, int64_t index) {
  Scalar scalar;
  if (tensor.isFloat())
    scalar.real = tensor.floats()[index];
  else
    scalar.integer = tensor.ints()[index];
  return scalar;
}
inline void store(Tensor &tensor, int64_t index, Scalar value) {
  if (tensor.isFloat())
    tensor.floats()[index] = value.real;
  else
    tensor.ints()[index] = value.integer;
}

/// Computes one result from an operation's operands.
using ScalarFunction = std::function<Scalar(const Scalar *operands)>;

/// What `op`, an operation of `arith` or `math` on floats or integers (or
/// elementwise on tensors of them), computes; null for any other operation.
/// Integers wrap at the width of `op`'s type; a division by zero gives 0.
ScalarFunction getScalarFunction(mlir::Operation *op);

} // namespace ssmc::reference

#endif // SSMC_LIB_REFERENCE_SCALAROPS_H
