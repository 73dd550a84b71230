//===- ScalarCoefficients.h - One element of a tensor formula ---*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_SCANTOAFFINE_SCALARCOEFFICIENTS_H
#define SSMC_LIB_CONVERSION_SCANTOAFFINE_SCALARCOEFFICIENTS_H

#include "dialect/SsmDialect.h"
#include "mlir/IR/AffineExpr.h"
#include "llvm/ADT/MapVector.h"

namespace ssmc {

/// The tensors that a formula is computed from, with the memref that holds
/// each, in the order of their first use.
using LeafBuffers = llvm::MapVector<mlir::Value, mlir::Value>;

/// Adds to `leaves` the function arguments and parameters that `formula` is
/// computed from. Fails with an error where it is computed by anything but
/// elementwise arithmetic, splat constants, static slices and broadcasts.
llvm::LogicalResult collectLeaves(mlir::Value formula, LeafBuffers &leaves);

/// Emits single elements of tensor formulas as scalar arithmetic inside a loop
/// nest over modes n, batch b and time t. What does not depend on b and t goes
/// into the loop over modes, everything else into the innermost one.
class ScalarCoefficients {
public:
  /// `modeLoop` inserts in the loop over modes, before the others;
  /// `timeLoop` in the innermost. `leaves` has the buffer of every leaf.
  ScalarCoefficients(const LeafBuffers &leaves, mlir::OpBuilder modeLoop,
                     mlir::OpBuilder timeLoop, mlir::Value n, mlir::Value b,
                     mlir::Value t);

  /// The element of `formula`, (N) or (B, L, N), for the loops' n, b and t.
  mlir::Value emit(mlir::Value formula);

private:
  using Indices = llvm::SmallVector<mlir::AffineExpr>;

  mlir::Value element(mlir::Value formula, const Indices &indices);
  mlir::Value compute(mlir::Value formula, const Indices &indices,
                      mlir::OpBuilder &builder);
  mlir::Value load(mlir::Value buffer, mlir::Location loc,
                   const Indices &indices, mlir::OpBuilder &builder);
  bool dependsOnStep(const Indices &indices) const;

  const LeafBuffers &leaves;
  mlir::OpBuilder modeLoop, timeLoop;
  mlir::Value n, b, t;
  struct Emitted {
    mlir::Value formula;
    Indices indices;
    mlir::Value scalar;
  };
  llvm::SmallVector<Emitted> emitted;
};

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_SCANTOAFFINE_SCALARCOEFFICIENTS_H
