//===- CompileTraining.h - Training mode beside inference -------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_PIPELINES_COMPILETRAINING_H
#define SSMC_LIB_PIPELINES_COMPILETRAINING_H

#include "lib/Pipelines/Compile.h"

namespace ssmc {

/// Adds to `compiled` what runs the same model in training mode, for the same
/// CPUs: `model` is it at model level, in training form, with its weights.
/// Changes `model`. Packed weights of training mode, and the norms' statistics,
/// go behind those of inference, whose norms are folded into them. Emits an
/// error and fails where something is not supported.
llvm::LogicalResult addTrainingForm(CompiledModel &compiled,
                                    mlir::ModuleOp model,
                                    const CompileOptions &options);

/// The norms of a model in training form in the order in which they run, with
/// their statistics. Emits an error and fails when these are missing.
mlir::FailureOr<std::vector<TrainingNorm>> findNorms(mlir::ModuleOp model);

/// The statistics of norms as bytes, one norm after the other: mean, var,
/// first_time.
std::vector<char> packStatistics(llvm::ArrayRef<TrainingNorm> norms);

} // namespace ssmc

#endif // SSMC_LIB_PIPELINES_COMPILETRAINING_H
