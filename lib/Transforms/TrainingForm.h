//===- TrainingForm.h - Norms and dropout that train ------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TRANSFORMS_TRAININGFORM_H
#define SSMC_LIB_TRANSFORMS_TRAININGFORM_H

#include "dialect/SsmDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ssmc {

/// Attributes of arguments that are known when rows run, and are neither a
/// sequence nor a carried state. `ssm.columns`, an integer 2 i or 2 i + 1: what
/// the i-th norm adds to each feature, or multiplies it by then. `ssm.key`, an
/// array of indices: the key of a dropout, made of a batch element's key by one
/// jax.random.split after the other.
inline constexpr llvm::StringLiteral kColumnsAttr = "ssm.columns",
                                     kKeyAttr = "ssm.key";
/// Of a dropout whose features are one, repeated: the mask has one entry per
/// time step. `ssm-lower-layers` marks `ssm.dropout` by it,
/// `convert-recurrence-to-chunk` hands it on to `ssm.drop_rows`, and
/// `convert-chunk-to-loops` reads it. Without it masks would be others, so
/// nothing between these may drop it: no other pass replaces either operation.
/// Tests hold each of the three to it: lower-layers.mlir, dropout-to-rows.mlir,
/// drop-rows-to-loops.mlir.
inline constexpr llvm::StringLiteral kOneMaskAttr = "ssm.one_mask";
/// Of a chunk function's arguments: the time step of row 0, and how many rows
/// dropout is applied to.
inline constexpr llvm::StringLiteral kFirstAttr = "ssm.first",
                                     kDroppedAttr = "ssm.dropped";

/// Whether argument `i` is columns, a key, or the time deltas of rows.
bool isGivenAtRunTime(mlir::func::FuncOp function, unsigned i);

/// Drops what a block yields beyond its output and its carried states: the new
/// statistics, which then are values captured from outside. The block may be
/// replaced by a smaller one.
void dropStatistics(BlockOp block);

/// Removes the keys argument, when unused, and the statistics results from the
/// signature.
void shrinkSignature(mlir::func::FuncOp function);

} // namespace ssmc

#endif // SSMC_LIB_TRANSFORMS_TRAININGFORM_H
