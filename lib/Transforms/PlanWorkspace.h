//===- PlanWorkspace.h - Buffers become views of a workspace ----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TRANSFORMS_PLANWORKSPACE_H
#define SSMC_LIB_TRANSFORMS_PLANWORKSPACE_H

#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ssmc {

/// Makes every buffer that `function` allocates a view of a new last argument,
/// bytes; those that do not live at the same time share their place. Returns
/// the workspace's size, a multiple of a cache line. Emits an error and fails
/// on buffers of dynamic size, or inside loops.
mlir::FailureOr<int64_t> planBuffers(mlir::func::FuncOp function);

} // namespace ssmc

#endif // SSMC_LIB_TRANSFORMS_PLANWORKSPACE_H
