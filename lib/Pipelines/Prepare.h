//===- Prepare.h - Weights through @prepare ---------------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What compiling for any device takes: weights are collected at recurrence
// level and packed by the module's own @prepare, on this machine.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_PIPELINES_PREPARE_H
#define SSMC_LIB_PIPELINES_PREPARE_H

#include "lib/Analysis/Weights.h"
#include "lib/Pipelines/Compile.h"
#include "lib/Transforms/ModelPlan.h"
#include "llvm/ADT/StringMap.h"

namespace ssmc {

/// Runs the passes that `build` adds and verifies the result.
llvm::LogicalResult
runPipeline(mlir::ModuleOp module,
            llvm::function_ref<void(mlir::OpPassManager &)> build);

/// Runs the stages after `from` up to `to` and verifies the result.
llvm::LogicalResult runPasses(mlir::ModuleOp module, Level from, Level to,
                              const TileOptions &tiles);

/// The values of the model's parameters by name. Emits an error and fails when
/// one is missing or two of one name differ.
mlir::FailureOr<llvm::StringMap<WeightValues>>
collectWeights(mlir::ModuleOp model);

/// What a weights file must hold for `model`, whose weights come at run time,
/// into `info`: the parameters of the model in their order, then what else the
/// file holds. Emits an error and fails when a parameter has a value, or is not
/// among the tensors that the module names.
llvm::LogicalResult collectTensors(mlir::ModuleOp model, ModelInfo &info);

/// Runs @prepare of a module at loop level, on this machine: `blob` becomes the
/// packed weights. When `model` is given, its weights are freed.
llvm::LogicalResult runPrepare(mlir::ModuleOp loops, const ModelPlan &plan,
                               const llvm::StringMap<WeightValues> &values,
                               mlir::ModuleOp model, AlignedBuffer &blob);

/// For weights that come at run time: @prepare of a module at loop level, with
/// the entry that emitted objects run it by, in the LLVM dialect.
mlir::FailureOr<mlir::OwningOpRef<mlir::ModuleOp>>
lowerPrepare(mlir::ModuleOp loops);

/// What collectTensors has found, into `info`, with the places that `plan`
/// gives the tensors among raw weights.
void placeTensors(const ModelInfo &tensors, const ModelPlan &plan,
                  ModelInfo &info);

/// A copy of `module` without @prepare and what it calls.
mlir::OwningOpRef<mlir::ModuleOp> withoutPrepare(mlir::ModuleOp module);

/// What a module at loop level says of its model.
ModelInfo describeModel(mlir::ModuleOp loops, const ModelPlan &plan);

} // namespace ssmc

#endif // SSMC_LIB_PIPELINES_PREPARE_H
