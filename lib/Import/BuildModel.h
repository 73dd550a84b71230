//===- BuildModel.h - Builds model-level IR ---------------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_IMPORT_BUILDMODEL_H
#define SSMC_LIB_IMPORT_BUILDMODEL_H

#include "lib/Import/Parameters.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace ssmc {

/// Builds the module that importModel describes. `parameters` are those of
/// `specs`.
mlir::OwningOpRef<mlir::ModuleOp>
buildModel(mlir::MLIRContext &context, const ModelConfig &model,
           llvm::ArrayRef<ParameterSpec> specs,
           llvm::ArrayRef<BoundParameter> parameters,
           const JsonDiagnostics &diagnostics, llvm::StringRef name,
           bool takesTimeSteps = false);

} // namespace ssmc

#endif // SSMC_LIB_IMPORT_BUILDMODEL_H
