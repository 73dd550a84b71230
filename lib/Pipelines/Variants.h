//===- Variants.h - One model for several CPUs ------------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What inference and training mode have alike when they lower a model for each
// of the CPUs that an object is for.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_PIPELINES_VARIANTS_H
#define SSMC_LIB_PIPELINES_VARIANTS_H

#include "lib/Target/TargetCpu.h"
#include "lib/Transforms/ModelPlan.h"

namespace ssmc {

/// Passes choose tiles and layouts for the CPU by what the module says of it.
/// What it says already stays: tiles can be set apart from instructions.
void describeCpu(mlir::ModuleOp model, const TargetCpu &target);

/// All variants read the same packed weights and records: emits an error at
/// `model` and fails when those of `plan` are not laid out as those of `first`.
llvm::LogicalResult checkSameLayout(mlir::ModuleOp model,
                                    const ModelPlan &first,
                                    const ModelPlan &plan);

} // namespace ssmc

#endif // SSMC_LIB_PIPELINES_VARIANTS_H
