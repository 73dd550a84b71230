//===- VerifyModelLevel.cpp - What a model is made of ---------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Accepts layers with continuous-time parameters, in training or inference
// form:
//   %y, %s1 = ssm.s5 %u, %s lambda(%lre, %lim) ...
// Rejects anything that is not a layer:
//   %z = arith.addf %x, %y     error: 'arith.addf' is not part of the model
//   level
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"
#include "lib/Transforms/VerifyLevel.h"

namespace ssmc {
#define GEN_PASS_DEF_VERIFYMODELLEVEL
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

static constexpr StringRef kLegal[] = {
    "builtin.module", "func.func", "func.return", "ssm.parameter", "ssm.linear",
    "ssm.embedding", "ssm.glu", "ssm.gelu", "ssm.relu", "ssm.silu", "ssm.tanh",
    "ssm.gate", "ssm.add", "ssm.scale", "ssm.layer_norm", "ssm.shift",
    "ssm.batch_norm", "ssm.batch_norm_training", "ssm.split_key", "ssm.dropout",
    "ssm.s5", "ssm.lru", "ssm.linoss", "ssm.delta_net", "ssm.s4d",
    "ssm.mean_pool", "ssm.log_softmax", "ssm.block", "ssm.yield",
    // first_time of statistics whose file does not mention it.
    "arith.constant",
    // A half of a parameter: what each direction of a mixer has of C.
    "tensor.extract_slice"};

namespace {
struct VerifyModelLevel : ssmc::impl::VerifyModelLevelBase<VerifyModelLevel> {
  void runOnOperation() override {
    if (failed(verifyLevel(getOperation(), "model", kLegal)))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
