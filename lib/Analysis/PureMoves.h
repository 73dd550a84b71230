//===- PureMoves.h - Stores of what was only loaded -------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_ANALYSIS_PUREMOVES_H
#define SSMC_LIB_ANALYSIS_PUREMOVES_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ssmc {

/// The first store of a loop-level chunk function that writes activations as
/// they were loaded from others, without computing anything: a phase with such
/// stores could be a part of the one before or after it. Null when there is
/// none. What comes from weights (an embedding's rows) or goes into carried
/// states is not asked about, and neither is what hands the last block's rows
/// to the caller of a model without a head: blocks work in place, on rows of
/// their own.
mlir::Operation *findPureMove(mlir::func::FuncOp chunk);

} // namespace ssmc

#endif // SSMC_LIB_ANALYSIS_PUREMOVES_H
