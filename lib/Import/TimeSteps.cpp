//===- TimeSteps.cpp - Which layers take time deltas ----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/TimeSteps.h"

using namespace mlir;
using namespace ssmc;

/// Whether a family's recurrence has a step size that a time delta multiplies.
static bool hasStepSize(const ClassSpec &spec) {
  return spec.family == Family::S5 || spec.family == Family::LinOSS;
}

/// Why a family's recurrence has none; empty for what has no recurrence.
static StringRef whyFixed(const ClassSpec &spec) {
  switch (spec.family) {
  case Family::LRU:
    return "an LRU is trained in discrete time: it has no step size that a "
           "time delta could multiply";
  case Family::S4D:
    return "an S4D layer is trained as a convolution, with one step size for "
           "all of a sequence";
  case Family::DeltaNet:
    return "a DeltaNet's state changes by its input, not over time: it has no "
           "step size that a time delta could multiply";
  default:
    return "";
  }
}

LogicalResult ssmc::checkTimeSteps(const ModelConfig &model,
                                   const JsonDiagnostics &diagnostics) {
  bool found = false;
  for (const LayerConfig &layer : model.layers) {
    const LayerConfig &mixer =
        layer.sequenceMixer ? *layer.sequenceMixer : layer;
    if (StringRef reason = whyFixed(*mixer.spec); !reason.empty())
      return diagnostics.error(mixer.position, mixer.path)
             << mixer.spec->name << " does not take time deltas: " << reason
             << "; S5 and LinOSS take them";
    found |= hasStepSize(*mixer.spec);
  }
  if (!found)
    return diagnostics.error({1, 1})
           << "no layer takes time deltas; S5 and LinOSS do";
  return success();
}
