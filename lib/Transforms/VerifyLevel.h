//===- VerifyLevel.h - What the levels' verifiers share ---------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TRANSFORMS_VERIFYLEVEL_H
#define SSMC_LIB_TRANSFORMS_VERIFYLEVEL_H

#include "dialect/SsmDialect.h"

namespace ssmc {

/// Verifies that below `root` there are only operations of `legal`, full names
/// (a name without a dot stands for a whole dialect), and at every level: no
/// complex type, no fast-math flag, neither minnumf nor maxnumf (they swallow
/// NaN), and no weights whose data is missing. `check` adds what this level
/// asks of an operation. The bodies of linalg's named operations, which are
/// implied by the names, are not looked at.
llvm::LogicalResult verifyLevel(
    mlir::Operation *root, llvm::StringRef level,
    llvm::ArrayRef<llvm::StringRef> legal,
    llvm::function_ref<llvm::LogicalResult(mlir::Operation *)> check = {});

/// What every level in the llvm dialect asks of an operation: no intrinsic that
/// becomes a call or that the code generator is free to round as it likes, and
/// no fast-math flag.
llvm::LogicalResult verifyIntrinsic(mlir::Operation *op);

} // namespace ssmc

#endif // SSMC_LIB_TRANSFORMS_VERIFYLEVEL_H
