//===- StepRuns.h - Layers that one loop calls ------------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TRANSFORMS_STEPRUNS_H
#define SSMC_LIB_TRANSFORMS_STEPRUNS_H

#include "lib/Transforms/ModelPlan.h"

namespace ssmc {

/// Consecutive steps of one unit whose offsets grow by constant amounts.
struct StepRun {
  const PlanStep *first;
  int64_t unit; ///< of the first, among those with carried states
  int64_t count = 1;
  int64_t blobStride = 0;                  ///< bytes from one layer to the next
  llvm::SmallVector<int64_t> carryStrides; ///< bytes, of each carried state
};

/// Adds `next`, whose predecessor in the run is `last`, to `run`, if it is of
/// the same unit and as far away as those before; returns whether it is.
bool appendStep(StepRun &run, const PlanStep &last, const PlanStep &next);

/// The steps of a plan in order, as few runs as possible; no answers, which are
/// not taken by rows. Units with carried states are numbered from 0 on.
llvm::SmallVector<StepRun> findRuns(const ModelPlan &plan);

} // namespace ssmc

#endif // SSMC_LIB_TRANSFORMS_STEPRUNS_H
