//===- VerifyRecurrenceLevel.cpp - What discrete time is made of ----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Accepts dense layers, scans and pointwise layers on sequences, and arithmetic
// on parameters:
//   %a = math.exp %nu : tensor<32xf64>
//   %x, %s1 = ssm.scan diagonal %f, %s coefficients(%a, ...)
// Rejects mixers, norms, and arithmetic on sequences:
//   %z = arith.addf %x, %y : tensor<?x?x64xf32>
//   error: computes on tensor<?x?x64xf32>; expected a static shape ...
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"
#include "lib/Transforms/VerifyLevel.h"

namespace ssmc {
#define GEN_PASS_DEF_VERIFYRECURRENCELEVEL
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

static constexpr StringRef kLegal[] = {
    "builtin.module", "func.func", "func.return", "ssm.parameter", "ssm.linear",
    "ssm.dropout", "ssm.embedding", "ssm.gelu", "ssm.relu", "ssm.silu",
    "ssm.tanh", "ssm.add", "ssm.shift", "ssm.scale", "ssm.skip", "ssm.gate",
    "ssm.scan", "ssm.per_step", "ssm.channel_scan", "ssm.delta_rule",
    "ssm.mean_pool", "ssm.log_softmax", "ssm.layer_norm", "ssm.block",
    "ssm.yield",
    // Arithmetic on parameters.
    "arith.constant", "arith.extf", "arith.addf", "arith.subf", "arith.mulf",
    "arith.divf", "arith.negf", "arith.minimumf", "arith.maximumf",
    "arith.cmpf", "arith.select", "math.exp", "math.expm1", "math.sin",
    "math.cos", "math.sincos", "math.sqrt", "math.fma", "tensor.empty",
    "tensor.extract_slice", "tensor.insert_slice", "tensor.expand_shape",
    "tensor.collapse_shape", "linalg.broadcast", "linalg.matvec"};

/// Upstream operations compute on parameters only: what happens to sequences
/// has a name in the ssm dialect.
static LogicalResult verifyOnParameters(Operation *op) {
  StringRef dialect = op->getName().getDialectNamespace();
  if (isa_and_nonnull<PerStepOp>(
          op->getParentOp())) // on scalars, by its verifier
    return success();
  if (dialect == "ssm" || dialect == "func" || dialect == "builtin")
    return success();
  for (Type type : op->getResultTypes())
    if (auto shaped = dyn_cast<ShapedType>(type);
        !shaped || !shaped.hasStaticShape())
      return op->emitError()
             << "'" << op->getName() << "' computes on " << type
             << "; expected a tensor of static shape: at the recurrence level "
                "such operations compute on parameters, and sequences take "
                "ssm operations";
  return success();
}

namespace {
struct VerifyRecurrenceLevel
    : ssmc::impl::VerifyRecurrenceLevelBase<VerifyRecurrenceLevel> {
  void runOnOperation() override {
    if (failed(verifyLevel(getOperation(), "recurrence", kLegal,
                           verifyOnParameters)))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
