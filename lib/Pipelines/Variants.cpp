//===- Variants.cpp - One model for several CPUs --------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Variants.h"
#include "lib/Analysis/TargetDescription.h"
#include "mlir/Dialect/DLTI/DLTI.h"

using namespace mlir;
using namespace ssmc;

void ssmc::describeCpu(ModuleOp model, const TargetCpu &target) {
  if (!model->hasAttr(DLTIDialect::kTargetSystemDescAttrName))
    describeTarget(target.triple, target.cpu, target.hasAvx512).attachTo(model);
}

/// Where each call of a unit finds its weights and states.
static bool haveSamePlaces(const ModelPlan &first, const ModelPlan &plan) {
  return llvm::equal(first.steps, plan.steps,
                     [](const PlanStep &a, const PlanStep &b) {
                       return a.blob == b.blob && a.carries == b.carries;
                     });
}

LogicalResult ssmc::checkSameLayout(ModuleOp model, const ModelPlan &first,
                                    const ModelPlan &plan) {
  if (first.blobBytes != plan.blobBytes || first.stateBytes != plan.stateBytes)
    return model.emitError()
           << "packed weights and records of CPUs differ: " << first.blobBytes
           << " and " << first.stateBytes << " bytes, " << plan.blobBytes
           << " and " << plan.stateBytes << " bytes";
  if (!haveSamePlaces(first, plan))
    return model.emitError() << "packed weights or records of CPUs differ: the "
                                "same sizes, with units at other places";
  return success();
}
