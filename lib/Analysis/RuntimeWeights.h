//===- RuntimeWeights.h - Weights that come when the model runs -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A module whose parameters have no values says which tensors a weights file
// must hold, in the attribute
//
//   ssm.tensors = [{name = "layers.0.linear.weight", shape = array<i64: 16, 1>,
//                   note = "in_features 1, out_features 16"}, ...]
//
// An entry with `optional` is a truth value that the file may lack. The numbers
// of one with `above` (f64) must be larger than that.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_ANALYSIS_RUNTIMEWEIGHTS_H
#define SSMC_LIB_ANALYSIS_RUNTIMEWEIGHTS_H

#include "mlir/IR/BuiltinOps.h"

namespace ssmc {

/// What stands in the place of a file's name for weights that come at run time.
inline constexpr llvm::StringLiteral kRuntimeWeights = "runtime";

/// The attribute above.
inline constexpr llvm::StringLiteral kTensorsAttr = "ssm.tensors";
/// The function that emitted objects run @prepare by.
inline constexpr llvm::StringLiteral kPrepareEntry = "ssm_prepare";
/// Bytes of workspace that it takes.
inline constexpr llvm::StringLiteral kPrepareBytesAttr = "ssm.prepare_bytes";

/// Whether a module's weights come when it runs.
inline bool hasRuntimeWeights(mlir::ModuleOp module) {
  return module->hasAttr(kTensorsAttr);
}

} // namespace ssmc

#endif // SSMC_LIB_ANALYSIS_RUNTIMEWEIGHTS_H
