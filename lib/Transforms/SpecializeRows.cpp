//===- SpecializeRows.cpp - One function per way of filling rows ----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "lib/Transforms/Passes.h"
#include "lib/Transforms/SplitDirections.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace ssmc {
#define GEN_PASS_DEF_SPECIALIZEROWS
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

static func::FuncOp cloneAs(func::FuncOp chunk, StringRef variant) {
  OpBuilder builder(chunk);
  auto clone = cast<func::FuncOp>(builder.clone(*chunk));
  clone.setName((chunk.getSymName() + "." + variant).str());
  clone->setAttr("ssm.variant", builder.getStringAttr(variant));
  return clone;
}

static void updateSignature(func::FuncOp function) {
  Block &body = function.getBody().front();
  function.setFunctionType(
      FunctionType::get(function.getContext(), body.getArgumentTypes(),
                        body.getTerminator()->getOperandTypes()));
}

static RankedTensorType withOneRow(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(tensor.getShape());
  shape.front() = 1;
  return RankedTensorType::get(shape, tensor.getElementType());
}

/// Makes `function` one of a single row.
static void setOneRow(func::FuncOp function) {
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (function.getArgAttr(i, "ssm.rows"))
      function.getArgument(i).setType(
          withOneRow(function.getArgument(i).getType()));
  for (Operation &op : function.getBody().front()) {
    auto writer = dyn_cast<DestinationStyleOpInterface>(&op);
    if (!writer)
      continue;
    for (OpResult result : op.getResults()) {
      Value place = writer.getTiedOpOperand(result)->get();
      if (place.getDefiningOp<tensor::EmptyOp>())
        place.setType(withOneRow(place.getType()));
      result.setType(place.getType());
    }
  }
  updateSignature(function);
}

/// Gives every operation on rows the operand `name` (an optional one).
template <typename Setter>
static void forEachRowOp(func::FuncOp function, Setter set) {
  function.walk([&](Operation *op) {
    if (auto map = dyn_cast<PanelMapOp>(op))
      set(map);
    else if (auto pool = dyn_cast<PoolRowsOp>(op))
      set(pool);
    else if (auto mean = dyn_cast<PoolMeanOp>(op))
      set(mean);
    else if (auto delta = dyn_cast<DeltaRowsOp>(op))
      set(delta);
    else if (auto channels = dyn_cast<ChannelRowsOp>(op))
      set(channels);
    else if (auto lookup = dyn_cast<LookupOp>(op))
      set(lookup);
    else if (auto softmax = dyn_cast<RowLogSoftmaxOp>(op))
      set(softmax);
    else if (auto norm = dyn_cast<RowNormOp>(op))
      set(norm);
  });
}

static Value addArgument(func::FuncOp function, Type type) {
  (void)function.insertArgument(function.getNumArguments(), type, {},
                                function.getLoc());
  return function.getArguments().back();
}

static void setStreams(func::FuncOp function, int64_t rows) {
  Type index = IndexType::get(function.getContext());
  Value streams = addArgument(function, RankedTensorType::get({rows}, index));
  forEachRowOp(function, [&](auto op) {
    using Op = decltype(op);
    if constexpr (std::is_same_v<Op, PanelMapOp> ||
                  std::is_same_v<Op, DeltaRowsOp> ||
                  std::is_same_v<Op, ChannelRowsOp> ||
                  std::is_same_v<Op, PoolRowsOp> ||
                  std::is_same_v<Op, PoolMeanOp>)
      op.getStreamsMutable().assign(streams);
  });
}

static void setCount(func::FuncOp function) {
  Value count = addArgument(function, IndexType::get(function.getContext()));
  forEachRowOp(function, [&](auto op) { op.getCountMutable().assign(count); });
}

/// The rows of a chunk function: of what it reads, or of a pooled head's
/// answers. None when they are not of static shape.
static std::optional<int64_t> getRows(func::FuncOp chunk) {
  for (unsigned i = 0; i < chunk.getNumArguments(); ++i) {
    auto type = dyn_cast<RankedTensorType>(chunk.getArgument(i).getType());
    if (!chunk.getArgAttr(i, "ssm.rows"))
      continue;
    if (type && type.getRank() && !type.isDynamicDim(0))
      return type.getDimSize(0);
    break;
  }
  return std::nullopt;
}

namespace {
struct SpecializeRows : ssmc::impl::SpecializeRowsBase<SpecializeRows> {
  using SpecializeRowsBase::SpecializeRowsBase;

  bool wants(StringRef variant) {
    if (!variants.empty())
      return llvm::is_contained(variants, variant);
    return variant != "time" && !(variant == "step" && takesSequences);
  }

  void runOnOperation() override {
    SmallVector<func::FuncOp> chunks;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (function->getAttrOfType<StringAttr>("ssm.kind") &&
          !function.isExternal() && !function->hasAttr("ssm.variant"))
        chunks.push_back(function);
    takesSequences = llvm::any_of(
        chunks, [](func::FuncOp chunk) { return runsBackwards(chunk); });
    for (func::FuncOp chunk : chunks) {
      std::optional<int64_t> rows = getRows(chunk);
      if (!rows) {
        chunk.emitError() << "does not take rows of static shape";
        return signalPassFailure();
      }
      // A stream has one answer, whatever its time steps.
      bool isAnswer = chunk->getAttrOfType<StringAttr>("ssm.kind") == "answer";
      if (!isAnswer && wants("full"))
        cloneAs(chunk, "full");
      if (!isAnswer && wants("time"))
        setCount(cloneAs(chunk, "time"));
      if (!isAnswer && wants("step"))
        setOneRow(cloneAs(chunk, "step"));
      // Answers are of streams, not of time steps.
      if (wants("rows") || (isAnswer && wants("time"))) {
        func::FuncOp some = cloneAs(chunk, "rows");
        setStreams(some, *rows);
        setCount(some);
      }
      chunk.erase();
    }
  }

  /// Whether a unit runs backwards: nothing is computed step by step then.
  bool takesSequences = false;
};
} // namespace
