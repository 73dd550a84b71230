//===- TrainEntryPoints.h - The C API of training mode ----------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_TRAINENTRYPOINTS_H
#define SSMC_LIB_TARGET_TRAINENTRYPOINTS_H

#include "lib/Target/ModelInfo.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

namespace ssmc {

/// The function of the C API that runs a model in training mode: NAME_...
inline constexpr llvm::StringLiteral kTrainFunction = "train_forward";

/// Adds what the model in training form was lowered to, in the LLVM dialect,
/// and runtime/train_entry_points.c to a module, whose triple is set. To be
/// followed by addEntryPoints. `info.training` must be there.
llvm::Error addTraining(llvm::Module &module, mlir::ModuleOp training,
                        const ModelInfo &info);

/// The same without what runs the model, which is declared only: for a module
/// that addSharedEntryPoints has filled.
llvm::Error addSharedTraining(llvm::Module &module, const ModelInfo &info);

} // namespace ssmc

#endif // SSMC_LIB_TARGET_TRAINENTRYPOINTS_H
