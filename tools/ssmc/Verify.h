//===- Verify.h - Compiled code against the f64 interpreter --- -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_VERIFY_H
#define SSMC_TOOLS_SSMC_VERIFY_H

#include "lib/Pipelines/Pipelines.h"
#include "lib/Target/ModelInfo.h"
#include "lib/Target/TargetCpu.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"

namespace ssmc {

/// Runs an object file and the f64 interpreter of `model` (at level
/// `from`, inference form) on the same random input, and the object once more
/// in steps and in chunks; prints the errors to standard error. Fails, with an
/// error, when one is beyond what f32 explains or the object is not bit-exact.
/// Also compiles a model-level one without its head, since a head hides most of
/// an error.
mlir::LogicalResult verifyModel(mlir::ModuleOp model,
                                llvm::ArrayRef<char> object,
                                const ModelInfo &info, const TargetCpu &target,
                                Level from);

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_VERIFY_H
