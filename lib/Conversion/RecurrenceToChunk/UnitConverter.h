//===- UnitConverter.h - From a unit to its chunk function ------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_RECURRENCETOCHUNK_UNITCONVERTER_H
#define SSMC_LIB_CONVERSION_RECURRENCETOCHUNK_UNITCONVERTER_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ssmc {

/// Adds `chunk.NAME` for the unit NAME on `rows` rows (one row for the answer
/// of a pooled head). `output` says that the result is the model's output, so
/// that its rows have no padding.
llvm::LogicalResult convertUnit(mlir::func::FuncOp unit, int64_t rows,
                                bool output);

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_RECURRENCETOCHUNK_UNITCONVERTER_H
