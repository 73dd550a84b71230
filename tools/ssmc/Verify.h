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
#include "mlir/IR/BuiltinOps.h"
#include "tools/ssmc/Compilation.h"

namespace ssmc {

/// Runs compiled code and the f64 interpreter of `model` (at level `from`,
/// inference form) on the same random input, and the code once more in steps
/// and in chunks; prints the errors to standard error. Of code for several
/// CPUs, those that this machine can run are: at least one. Fails, with an
/// error, when one error is beyond what f32 explains or the code is not
/// bit-exact, from CPU to CPU, too. Also compiles a model-level one without its
/// head, since a head hides most of an error.
mlir::LogicalResult verifyModel(mlir::ModuleOp model, const NativeCode &native,
                                Level from);

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_VERIFY_H
