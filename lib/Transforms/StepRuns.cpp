//===- StepRuns.cpp - Layers that one loop calls --------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/StepRuns.h"
#include "llvm/ADT/STLExtras.h"

using namespace ssmc;

bool ssmc::appendStep(StepRun &run, const PlanStep &last,
                      const PlanStep &next) {
  if (run.first->unit != next.unit)
    return false;
  llvm::SmallVector<int64_t> strides;
  for (auto [now, before] : llvm::zip_equal(next.carries, last.carries))
    strides.push_back(now - before);
  int64_t stride = next.blob - last.blob;
  if (run.count > 1 &&
      (run.blobStride != stride || run.carryStrides != strides))
    return false;
  run.blobStride = stride;
  run.carryStrides = strides;
  ++run.count;
  return true;
}

llvm::SmallVector<StepRun> ssmc::findRuns(const ModelPlan &plan) {
  llvm::SmallVector<StepRun> runs;
  int64_t units = 0;
  for (const PlanStep &step : plan.steps) {
    if (step.kind == "answer")
      continue;
    int64_t unit = units;
    units += !step.carries.empty();
    if (!runs.empty() && step.kind == "block" &&
        appendStep(runs.back(), runs.back().first[runs.back().count - 1], step))
      continue;
    runs.push_back({&step, unit, 1, 0,
                    llvm::SmallVector<int64_t>(step.carries.size(), 0)});
  }
  return runs;
}
