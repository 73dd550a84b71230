//===- ModelPlan.h - The plan of a model, read from ssm.plan ----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TRANSFORMS_MODELPLAN_H
#define SSMC_LIB_TRANSFORMS_MODELPLAN_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace ssmc {

/// One call of a unit's chunk function.
struct PlanStep {
  llvm::StringRef unit;            ///< "block0", "input", ...
  llvm::StringRef kind;            ///< ssm.kind of its chunk function
  llvm::StringRef path;            ///< "layers.1.blocks.0", or empty
  int64_t blob = 0;                ///< its part of the blob, in bytes
  llvm::ArrayRef<int64_t> carries; ///< offsets into the record, in bytes
  /// In training: numbers of the columns that its norm takes (see
  /// TrainingForm.h), and the splits that make the key of each dropout.
  llvm::ArrayRef<int64_t> columns;
  llvm::SmallVector<llvm::ArrayRef<int64_t>> keys;
};

/// A carried state as the user knows it.
struct PlanState {
  llvm::StringRef path; ///< of the layer
  llvm::StringRef kind; ///< "diagonal", "oscillator", "channels", "matrices",
                        ///< "sums" or "count"
  int64_t size = 0;     ///< modes, features, or 1
  int64_t offset = 0;   ///< in the record, in bytes
  /// Of "channels" and "matrices": the state's dimensions in the IR, without
  /// the batch.
  llvm::ArrayRef<int64_t> shape = {};
};

/// A parameter's place in the buffer of raw weights, in bytes.
struct PlanWeight {
  llvm::StringRef name;
  int64_t offset = 0;
};

/// What `ssm-plan-model` decided; sizes in bytes.
struct ModelPlan {
  bool tokens = false, pooled = false;
  bool takesTimeSteps = false; ///< a time delta per step
  int64_t inputFeatures = 0, outputFeatures = 0;
  int64_t stateBytes = 0, weightBytes = 0, blobBytes = 0;
  /// Of the caller's rows for a time step: what is read, and what is answered.
  int64_t countBytesPerStep() const {
    return 4 * (inputFeatures + (pooled ? 0 : outputFeatures));
  }
  llvm::SmallVector<PlanStep> steps;
  llvm::SmallVector<PlanState> states;
  llvm::SmallVector<PlanWeight> weights;
};

/// Reads the attribute `ssm.plan`; emits an error and fails without a whole
/// one.
mlir::FailureOr<ModelPlan> readPlan(mlir::ModuleOp module);

/// The function 'model': it takes a sequence, then carried states, and returns
/// the output first. Emits an error if there is none of that form.
mlir::FailureOr<mlir::func::FuncOp> findModel(mlir::ModuleOp module);

} // namespace ssmc

#endif // SSMC_LIB_TRANSFORMS_MODELPLAN_H
