//===- TimeSteps.cpp - Which layers take time deltas ----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/TimeSteps.h"

using namespace mlir;
using namespace ssmc;

/// Why a family's recurrence has nothing that a time delta multiplies; empty
/// if it has.
static StringRef whyFixed(const ClassSpec &spec) {
  switch (spec.family) {
  case Family::S5:
  case Family::LinOSS:
  case Family::None:
    return "";
  case Family::LRU:
    return "an LRU is trained in discrete time: it has no step size that a "
           "time delta could multiply";
  }
  return "";
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
    found |= mixer.spec->family != Family::None;
  }
  if (!found)
    return diagnostics.error({1, 1})
           << "no layer takes time deltas; S5 and LinOSS do";
  return success();
}
