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
// the later one enters a unit as soon as the states have left it.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
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
/// variants are consecutive time steps, and more than one.
static bool takesChunks(func::FuncOp function) {
  auto variant = function->getAttrOfType<StringAttr>("ssm.variant");
  return function->hasAttr("ssm.kind") && !function.isExternal() && variant &&
         (variant == "full" || variant == "tail");
}

/// Returns whether the function has states to pass on.
static bool orderFunction(func::FuncOp function) {
  Block &body = function.getBody().front();
  Span span;
  for (BlockArgument argument : body.getArguments())
    if (isCarry(argument))
      addUsers(argument, body, span);
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
  func::CallOp::create(builder, span.first->getLoc(), kAwait, TypeRange(),
                       turn);
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
