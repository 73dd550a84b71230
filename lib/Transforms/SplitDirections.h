//===- SplitDirections.h - Blocks that run backwards ------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TRANSFORMS_SPLITDIRECTIONS_H
#define SSMC_LIB_TRANSFORMS_SPLITDIRECTIONS_H

#include "dialect/SsmDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ssmc {

/// ssm.kind of a unit whose rows come from the last time step to the first.
inline constexpr llvm::StringLiteral kReverseKind = "reverse";
/// Marks the argument of a unit that is what a reverse unit contributes.
inline constexpr llvm::StringLiteral kContributionAttr = "ssm.contribution";

/// Of a module: what ssm_sequence needs per time step beside its workspace.
inline constexpr llvm::StringLiteral kSequenceBytesAttr = "ssm.sequence_bytes";

/// Whether a scan of `block` runs backwards.
bool runsBackwards(BlockOp block);

/// Whether a unit, or a chunk function of one, does.
bool runsBackwards(mlir::func::FuncOp unit);

} // namespace ssmc

#endif // SSMC_LIB_TRANSFORMS_SPLITDIRECTIONS_H
