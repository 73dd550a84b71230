//===- VerifyChunkLevel.cpp - What chunk functions are made of -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Accepts chunk functions on static rows, and prepare functions, which compute
// on parameters:
//   func @chunk.input.full(%x: tensor<24x1xf32>, ...) { ssm.panel_map ... }
//   func @prepare.input(%w: tensor<64x1xf32>, ...) { ssm.pack_panels %w ... }
// Rejects layers of the levels above, sequences, and arithmetic that is not in
// its place:
//   func @chunk.input.full(...) { %z = arith.mulf %w, %w : tensor<64xf64> }
//   error: 'arith.mulf' is outside of a body ...
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"
#include "lib/Transforms/VerifyLevel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ssmc {
#define GEN_PASS_DEF_VERIFYCHUNKLEVEL
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

static constexpr StringRef kLegal[] = {
    "builtin.module", "func.func", "func.return", "func.call",
    // Rows, in chunk functions.
    "ssm.panel_map", "ssm.lookup", "ssm.drop_rows", "ssm.pool_rows",
    "ssm.pool_mean", "ssm.row_log_softmax", "ssm.row_norm", "ssm.delta_rows",
    "ssm.channel_rows", "ssm.yield", "vector.extract_strided_slice",
    "vector.shuffle", "math.fma", "math.exp2", "math.tanh",
    // Parts of buffers, in both.
    "tensor.empty", "tensor.extract_slice", "tensor.insert_slice",
    "tensor.expand_shape", "tensor.collapse_shape",
    // Arithmetic: on lanes in bodies, on parameters in prepare functions.
    "arith.constant", "arith.extf", "arith.truncf", "arith.addf", "arith.subf",
    "arith.mulf", "arith.divf", "arith.negf", "arith.minimumf",
    "arith.maximumf", "arith.cmpf", "arith.select",
    // Discretization: on lanes when time deltas are an input, else on
    // parameters.
    "math.exp", "math.expm1", "math.sin", "math.cos", "math.sincos",
    "math.sqrt",
    // Parameters, in prepare functions.
    "linalg.broadcast", "linalg.matvec", "ssm.pack_panels", "memref.view",
    "bufferization.to_tensor", "bufferization.materialize_in_destination"};

/// What computes on parameters, and only there.
static constexpr StringRef kPrepareOnly[] = {
    "linalg.broadcast",
    "linalg.matvec",
    "ssm.pack_panels",
    "memref.view",
    "bufferization.to_tensor",
    "bufferization.materialize_in_destination",
    "func.call"};

static bool isPrepare(func::FuncOp function) {
  return function.getSymName().starts_with("prepare");
}

/// Rows are static; only the streams of a carried state are not counted.
static LogicalResult verifyArguments(func::FuncOp function) {
  for (Type type : function.getArgumentTypes()) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    bool carry = tensor && tensor.getRank() == 2 && !tensor.isDynamicDim(1);
    if (tensor && !tensor.hasStaticShape() && !carry)
      return function.emitError()
             << "takes " << type
             << "; expected rows of static shape, or a carried state of shape "
                "(streams, features)";
  }
  return success();
}

static LogicalResult verifyOnRows(Operation *op) {
  StringRef name = op->getName().getStringRef();
  if (llvm::is_contained(kPrepareOnly, name))
    return op->emitError() << "'" << name
                           << "' is in a chunk function; expected it in a "
                              "prepare function, which computes on parameters";
  StringRef dialect = op->getName().getDialectNamespace();
  bool lanes = dialect == "math" || dialect == "vector" ||
               (dialect == "arith" && name != "arith.constant");
  if (lanes && !isa<PanelMapOp>(op->getParentOp()))
    return op->emitError() << "'" << name
                           << "' is outside of a body; expected it in an "
                              "'ssm.panel_map', on lanes";
  return success();
}

static LogicalResult verifyOnParameters(Operation *op) {
  if (isa<PanelMapOp, LookupOp, DropRowsOp, PoolRowsOp, PoolMeanOp,
          RowLogSoftmaxOp, RowNormOp>(op))
    return op->emitError() << "'" << op->getName()
                           << "' is in a prepare function; expected it in a "
                              "chunk function, which computes on rows";
  return success();
}

static LogicalResult verifyPlace(Operation *op) {
  if (auto function = dyn_cast<func::FuncOp>(op))
    return verifyArguments(function);
  auto function = op->getParentOfType<func::FuncOp>();
  if (!function)
    return success();
  return isPrepare(function) ? verifyOnParameters(op) : verifyOnRows(op);
}

namespace {
struct VerifyChunkLevel : ssmc::impl::VerifyChunkLevelBase<VerifyChunkLevel> {
  void runOnOperation() override {
    if (failed(verifyLevel(getOperation(), "chunk", kLegal, verifyPlace)))
      signalPassFailure();
    markAllAnalysesPreserved();
  }
};
} // namespace
