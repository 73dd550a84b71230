//===- OrderChunks.cpp - Chunks of a stream pass on its states in turn ----===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   func @chunk.block0.full(%x, %s, %blob, %ws) {
//     ssm.panel_map product(%x, ...) carries(%s) ...
//     ssm.panel_map ...
// After:
//   func @chunk.block0.full(%x, %s, %blob, %ws, %turn, %unit) {
//     call @ssm_await(%turn, %unit)
//     ssm.panel_map product(%x, ...) carries(%s) ...
//     call @ssm_release(%turn, %unit)
//     ssm.panel_map ...
//
// Two threads can then run consecutive chunks of one stream at the same time:
// the later one enters a unit as soon as the states have left it. They are then
// in the other thread's cache. So they are asked for in front of ssm_await, to
// be on their way while the turn is looked at, and once more behind, in case
// they were not ready; otherwise each panel's part would be waited for alone.
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/TargetDescription.h"
#include "lib/Transforms/Passes.h"
#include "lib/Transforms/SplitDirections.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

namespace ssmc {
#define GEN_PASS_DEF_ORDERCHUNKS
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

static constexpr StringRef kAwait = "ssm_await", kRelease = "ssm_release";

/// Carried states are the rows of records, which have any stride: nothing else
/// that a chunk function takes has rows without a number.
static bool isCarry(BlockArgument argument) {
  auto type = dyn_cast<MemRefType>(argument.getType());
  return type && type.getRank() > 1 && type.isDynamicDim(0);
}

namespace {
/// The first and the last operation of a function that touch carried states.
struct Span {
  Operation *first = nullptr, *last = nullptr;

  void add(Operation *op) {
    if (!first || op->isBeforeInBlock(first))
      first = op;
    if (!last || last->isBeforeInBlock(op))
      last = op;
  }
};
} // namespace

/// Adds what reads or writes `state` or a view of it, as operations of `body`.
static void addUsers(Value state, Block &body, Span &span) {
  for (Operation *user : state.getUsers()) {
    if (!isa<ViewLikeOpInterface>(user)) {
      span.add(body.findAncestorOpInBlock(*user));
      continue;
    }
    for (Value view : user->getResults())
      addUsers(view, body, span);
  }
}

/// Whether chunks of a stream come one after another: the rows of these
/// variants can be consecutive time steps, and more than one.
static bool takesChunks(func::FuncOp function) {
  auto kind = function->getAttrOfType<StringAttr>("ssm.kind");
  auto variant = function->getAttrOfType<StringAttr>("ssm.variant");
  return kind && kind != "answer" && !function.isExternal() && variant &&
         (variant == "full" || variant == "rows");
}

/// Which rows of the carried states belong to the rows: buffers of numbers are
/// that. Null when it is always the first.
static Value findStreams(Block &body) {
  for (BlockArgument argument : body.getArguments())
    if (auto type = dyn_cast<MemRefType>(argument.getType()))
      if (type.getElementType().isIndex())
        return argument;
  return {};
}

/// Asks for the lines of a stream's states.
static void prefetch(Value state, Value stream, OpBuilder &builder,
                     Location loc) {
  auto type = cast<MemRefType>(state.getType());
  auto index = [&](int64_t value) -> Value {
    return arith::ConstantIndexOp::create(builder, loc, value);
  };
  int64_t step = kCacheLineBytes / (type.getElementTypeBitWidth() / 8);
  Value first = index(0), end = index(type.getDimSize(1));
  scf::ForOp::create(builder, loc, first, end, index(step), ValueRange(),
                     [&](OpBuilder &body, Location, Value i, ValueRange) {
                       memref::PrefetchOp::create(
                           body, loc, state, ValueRange{stream, i},
                           /*isWrite=*/false, /*localityHint=*/3,
                           /*isDataCache=*/true);
                       scf::YieldOp::create(body, loc);
                     });
}

/// Returns whether the function has states to pass on.
static bool orderFunction(func::FuncOp function) {
  Block &body = function.getBody().front();
  Span span;
  SmallVector<Value> states;
  for (BlockArgument argument : body.getArguments()) {
    if (!isCarry(argument))
      continue;
    addUsers(argument, body, span);
    states.push_back(argument);
  }
  if (!span.first)
    return false;
  OpBuilder builder(function.getContext());
  Location loc = function.getLoc();
  auto pointer = MemRefType::get({1}, builder.getI8Type());
  unsigned count = function.getNumArguments();
  (void)function.insertArgument(count, pointer, {}, loc);
  (void)function.insertArgument(count + 1, builder.getIndexType(), {}, loc);
  SmallVector<Value> turn(body.getArguments().take_back(2));
  builder.setInsertionPoint(span.first);
  loc = span.first->getLoc();
  // Where there is a turn, all rows are of one stream.
  Value stream = arith::ConstantIndexOp::create(builder, loc, 0);
  if (Value streams = findStreams(body))
    stream = memref::LoadOp::create(builder, loc, streams, stream);
  for (Value state : states)
    prefetch(state, stream, builder, loc);
  func::CallOp::create(builder, loc, kAwait, TypeRange(), turn);
  for (Value state : states)
    prefetch(state, stream, builder, loc);
  builder.setInsertionPointAfter(span.last);
  func::CallOp::create(builder, span.last->getLoc(), kRelease, TypeRange(),
                       turn);
  function->setAttr("ssm.ordered", builder.getUnitAttr());
  return true;
}

static void declare(ModuleOp module, StringRef name) {
  OpBuilder builder(module.getBodyRegion());
  auto pointer = MemRefType::get({1}, builder.getI8Type());
  auto function = func::FuncOp::create(
      builder, module.getLoc(), name,
      builder.getFunctionType({pointer, builder.getIndexType()}, {}));
  function.setPrivate();
  function->setAttr("llvm.bareptr", builder.getUnitAttr());
}

namespace {
struct OrderChunks : ssmc::impl::OrderChunksBase<OrderChunks> {
  void runOnOperation() override {
    // Where a unit runs backwards, a sequence is one thread's.
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (runsBackwards(function))
        return;
    bool isNeeded = false;
    for (auto function : getOperation().getOps<func::FuncOp>())
      if (takesChunks(function))
        isNeeded |= orderFunction(function);
    if (!isNeeded)
      return;
    declare(getOperation(), kRelease);
    declare(getOperation(), kAwait);
  }
};
} // namespace
