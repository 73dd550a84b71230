//===- TimeSteps.h - Which layers take time deltas --------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_IMPORT_TIMESTEPS_H
#define SSMC_LIB_IMPORT_TIMESTEPS_H

#include "lib/Import/ModelConfig.h"

namespace ssmc {

/// Checks that `model` can take a time delta per step. Emits an error and fails
/// for the first layer with a recurrence but without a step size of its own
/// that a delta could multiply, and for a model without any recurrence.
mlir::LogicalResult checkTimeSteps(const ModelConfig &model,
                                   const JsonDiagnostics &diagnostics);

} // namespace ssmc

#endif // SSMC_LIB_IMPORT_TIMESTEPS_H
