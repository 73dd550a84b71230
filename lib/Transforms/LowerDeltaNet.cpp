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

namespace {
/// Stacks rows of matrices (rows, H) on top of each other.
class RowStack {
public:
  RowStack(ImplicitLocOpBuilder &builder, int64_t rows, RankedTensorType like)
      : builder(builder), columns(like.getDimSize(1)),
        stack(tensor::EmptyOp::create(builder, {rows, columns},
                                      like.getElementType())) {}

  /// Appends rows `first ... first + count - 1` of `matrix`.
  void append(Value matrix, int64_t first, int64_t count) {
    Value rows = matrix;
    if (count != cast<RankedTensorType>(matrix.getType()).getDimSize(0))
      rows = tensor::ExtractSliceOp::create(builder, matrix, place(first),
                                            sizes(count), place(1, 1));
    stack = tensor::InsertSliceOp::create(builder, rows, stack, place(filled),
                                          sizes(count), place(1, 1));
    filled += count;
  }
  Value get() const { return stack; }

private:
  SmallVector<OpFoldResult> place(int64_t row, int64_t column = 0) {
    return getAsIndexOpFoldResult(builder.getContext(), {row, column});
  }
  SmallVector<OpFoldResult> sizes(int64_t count) {
    return getAsIndexOpFoldResult(builder.getContext(), {count, columns});
  }

  ImplicitLocOpBuilder &builder;
  int64_t columns, filled = 0;
  Value stack;
};
} // namespace

/// All projections as one matrix, in the order of ssm.delta_rule's features.
static Value joinProjections(DeltaNetOp op) {
  ImplicitLocOpBuilder builder =
      parameterBuilder(op, {op.getQ(), op.getK(), op.getV(), op.getBeta()});
  auto type = cast<RankedTensorType>(op.getQ().getType());
  int64_t inner = type.getDimSize(0), size = inner / op.getHeads();
  // One type for all: f64 if any is.
  SmallVector<Value> matrices{op.getQ(), op.getK(), op.getV(), op.getBeta()};
  for (Value &matrix : matrices)
    matrix = Expr(builder, matrix).value();
  type = cast<RankedTensorType>(matrices.front().getType());
  RowStack stack(builder, 3 * inner + 1, type);
  for (int64_t head = 0; head < int64_t(op.getHeads()); ++head)
    for (Value matrix : ArrayRef(matrices).drop_back())
      stack.append(matrix, head * size, size);
  stack.append(matrices.back(), 0, 1);
  return stack.get();
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
