//===- ScanSteps.h - One mode of a scan over time ---------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_SCANTOAFFINE_SCANSTEPS_H
#define SSMC_LIB_CONVERSION_SCANTOAFFINE_SCANSTEPS_H

#include "lib/Conversion/ScanToAffine/ScalarCoefficients.h"

namespace ssmc {

/// The memrefs of a scan, in the order in which functions take them.
struct ScanBuffers {
  mlir::Value f, state;
  /// What coefficients are computed from.
  LeafBuffers leaves;
  /// The new state may be the old one.
  mlir::Value y, newState;

  /// Sets all from values in their order.
  void assign(mlir::ValueRange buffers);
};

/// What a scan's coefficients are computed from, without buffers: function
/// arguments in their order, then parameters. Fails with an error where they
/// are computed by anything but what ScalarCoefficients emits.
llvm::FailureOr<LeafBuffers> collectLeaves(ScanOp scan);

/// The types of a scan's buffers, in the order of ScanBuffers: memrefs without
/// layout of the tensors' shapes.
llvm::SmallVector<mlir::Type> getBufferTypes(ScanOp scan,
                                             const LeafBuffers &leaves);

/// Emits, with `builder`, the steps of mode `n` of batch element `b` of `scan`:
/// loads of the state, a loop over time with discretization and step, the
/// states as its loop-carried values, and stores of the new state. The loop's
/// `length` is not read where the type of f says it. Arithmetic of coefficients
/// that depends on neither b nor time is emitted with `once`, or, without one,
/// in front of the loop. `n`, `b` and `length` must be what affine operations
/// take.
void buildScanSteps(ScanOp scan, const ScanBuffers &buffers,
                    mlir::OpBuilder builder, mlir::Value n, mlir::Value b,
                    mlir::Value length,
                    std::optional<mlir::OpBuilder> once = std::nullopt);

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_SCANTOAFFINE_SCANSTEPS_H
