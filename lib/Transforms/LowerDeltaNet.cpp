//===- LowerDeltaNet.cpp - DeltaNet as projections and a delta rule -------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   %y, %s1 = ssm.delta_net %u, %s q(%wq) k(%wk) v(%wv) beta(%wb) out(%wo)
//     heads 4
// After:
//   ... rows of q, k and v of head 0, of head 1, ..., of beta as %w ...
//   %x = ssm.linear %u, %w
//   %o, %s1 = ssm.delta_rule %x, %s epsilon 1.0e-6
//   %y = ssm.linear %o, %wo
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/ParameterBuilder.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace ssmc {
#define GEN_PASS_DEF_LOWERDELTANET
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

/// What discretax adds to the lengths of q and k (DeltaNetSequenceMixer).
static constexpr double kEpsilon = 1e-6;

/// Inserts `part` into `whole` at `offsets`.
static Value insertAt(ImplicitLocOpBuilder &builder, Value whole, Value part,
                      ArrayRef<int64_t> offsets) {
  ArrayRef<int64_t> shape = cast<RankedTensorType>(part.getType()).getShape();
  auto fold = [&](ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(builder.getContext(), values);
  };
  SmallVector<int64_t> strides(shape.size(), 1);
  return tensor::InsertSliceOp::create(builder, part, whole, fold(offsets),
                                       fold(shape), fold(strides));
}

/// `matrices`, each (heads * size, H), head by head: (heads * n * size, H). One
/// insertion for each matrix: bufferization looks at all pairs of them.
static Value interleaveHeads(ImplicitLocOpBuilder &builder,
                             ArrayRef<Value> matrices, int64_t heads) {
  auto type = cast<RankedTensorType>(matrices.front().getType());
  int64_t parts = matrices.size(), rows = type.getDimSize(0),
          size = rows / heads, columns = type.getDimSize(1);
  SmallVector<ReassociationIndices> byHead{{0, 1, 2}, {3}};
  Value whole = tensor::EmptyOp::create(builder, {heads, parts, size, columns},
                                        type.getElementType());
  for (auto [part, matrix] : llvm::enumerate(matrices)) {
    Value heights = tensor::ExpandShapeOp::create(
        builder, type.clone({heads, 1, size, columns}), matrix, byHead);
    whole = insertAt(builder, whole, heights, {0, int64_t(part), 0, 0});
  }
  return tensor::CollapseShapeOp::create(
      builder, type.clone({parts * rows, columns}), whole, byHead);
}

/// All projections as one matrix, in the order of ssm.delta_rule's features.
static Value joinProjections(DeltaNetOp op) {
  ImplicitLocOpBuilder builder =
      parameterBuilder(op, {op.getQ(), op.getK(), op.getV(), op.getBeta()});
  // One type for all: f64 if any is.
  SmallVector<Value> matrices{op.getQ(), op.getK(), op.getV(), op.getBeta()};
  for (Value &matrix : matrices)
    matrix = Expr(builder, matrix).value();
  Value heads =
      interleaveHeads(builder, ArrayRef(matrices).drop_back(), op.getHeads());
  auto type = cast<RankedTensorType>(heads.getType());
  int64_t rows = type.getDimSize(0);
  Value whole = tensor::EmptyOp::create(builder, {rows + 1, type.getDimSize(1)},
                                        type.getElementType());
  whole = insertAt(builder, whole, heads, {0, 0});
  return insertAt(builder, whole, matrices.back(), {rows, 0});
}

static void lower(DeltaNetOp op) {
  Value weight = joinProjections(op);
  ImplicitLocOpBuilder builder(op.getLoc(), op);
  Value x = LinearOp::create(builder, op.getU(), weight, Value());
  auto sequence = cast<RankedTensorType>(op.getU().getType());
  SmallVector<int64_t> shape(sequence.getShape());
  shape.back() = cast<RankedTensorType>(op.getQ().getType()).getDimSize(0);
  auto rule = DeltaRuleOp::create(
      builder, RankedTensorType::get(shape, sequence.getElementType()),
      op.getState().getType(), x, op.getState(), llvm::APFloat(kEpsilon));
  if (Attribute path = op->getAttr(SsmDialect::kPathAttr))
    rule->setAttr(SsmDialect::kPathAttr, path);
  Value y = LinearOp::create(builder, rule.getY(), op.getOut(), Value());
  op->replaceAllUsesWith(ValueRange{y, rule.getNewState()});
  op->erase();
}

namespace {
struct LowerDeltaNet : ssmc::impl::LowerDeltaNetBase<LowerDeltaNet> {
  void runOnOperation() override {
    getOperation()->walk([](DeltaNetOp op) { lower(op); });
  }
};
} // namespace
