//===- BuildPrepare.cpp - @prepare as code of the emitted object ----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   func private @prepare.block0(...)    { %t = memref.alloc() ... }
//   func @prepare(%weights, %blob)       { call @prepare.block0(...) }
// After:
//   func private @prepare.block0(..., %ws) { %t = memref.view %ws ... }
//   func private @prepare(%weights, %blob, %ws) { call @prepare.block0(...,
//   view
//                                                 of %ws) }
//   func @ssm_prepare(%weights, %blob, %ws) { call @prepare(...) }
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/RuntimeWeights.h"
#include "lib/Transforms/Passes.h"
#include "lib/Transforms/PlanWorkspace.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace ssmc {
#define GEN_PASS_DEF_BUILDPREPARE
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

namespace {
class PrepareBuilder {
public:
  explicit PrepareBuilder(ModuleOp module)
      : module(module), builder(module.getContext()), loc(module.getLoc()) {}

  LogicalResult run();

private:
  LogicalResult planUnits(func::FuncOp prepare);
  FailureOr<int64_t> passWorkspace(func::FuncOp prepare);
  void createEntry(func::FuncOp prepare);
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }

  ModuleOp module;
  OpBuilder builder;
  Location loc;
  llvm::StringMap<int64_t> unitBytes;
};
} // namespace

/// Plans the buffers of the units' functions.
LogicalResult PrepareBuilder::planUnits(func::FuncOp prepare) {
  for (auto function : module.getOps<func::FuncOp>()) {
    if (function == prepare || !function.getSymName().starts_with("prepare."))
      continue;
    FailureOr<int64_t> bytes = planBuffers(function);
    if (failed(bytes))
      return failure();
    unitBytes[function.getSymName()] = *bytes;
  }
  return success();
}

/// What a unit returns may lie in its workspace: it must be used up before the
/// next unit gets it.
static LogicalResult verifyShortLived(func::CallOp call) {
  Operation *next = call->getNextNode();
  while (next && !isa<func::CallOp>(next))
    next = next->getNextNode();
  for (Operation *user : call->getUsers())
    if (next &&
        next->isBeforeInBlock(call->getBlock()->findAncestorOpInBlock(*user)))
      return call.emitOpError() << "returns a buffer that is used after the "
                                   "next unit's prepare";
  return success();
}

/// Plans the buffers of @prepare, and behind them the units' workspace: one for
/// all, as they run one after the other.
FailureOr<int64_t> PrepareBuilder::passWorkspace(func::FuncOp prepare) {
  FailureOr<int64_t> own = planBuffers(prepare);
  if (failed(own))
    return failure();
  int64_t most = 0;
  SmallVector<func::CallOp> calls(prepare.getOps<func::CallOp>());
  auto bytes = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  for (func::CallOp call : calls) {
    auto planned = unitBytes.find(call.getCallee());
    if (planned == unitBytes.end())
      return call.emitOpError() << "calls a function that is no unit's prepare";
    most = std::max(most, planned->second);
    builder.setInsertionPoint(call);
    SmallVector<Value> operands(call.getOperands());
    operands.push_back(memref::ViewOp::create(
        builder, loc, bytes, prepare.getArguments().back(), index(*own),
        ValueRange{index(planned->second)}));
    auto withWorkspace =
        func::CallOp::create(builder, call.getLoc(), call.getCallee(),
                             call.getResultTypes(), operands);
    call.replaceAllUsesWith(withWorkspace.getResults());
    call.erase();
    if (failed(verifyShortLived(withWorkspace)))
      return failure();
  }
  return *own + most;
}

/// The function that C calls, with plain pointers.
void PrepareBuilder::createEntry(func::FuncOp prepare) {
  auto pointer = MemRefType::get({1}, builder.getI8Type());
  builder.setInsertionPointToEnd(module.getBody());
  auto entry = func::FuncOp::create(
      builder, loc, kPrepareEntry,
      builder.getFunctionType({pointer, pointer, pointer}, {}));
  entry->setAttr("llvm.bareptr", builder.getUnitAttr());
  builder.setInsertionPointToEnd(entry.addEntryBlock());
  SmallVector<Value> operands;
  for (Value argument : entry.getArguments()) {
    Value size = index(std::numeric_limits<int64_t>::max());
    Value bytes = memref::ReinterpretCastOp::create(
        builder, loc, cast<MemRefType>(prepare.getArgumentTypes().front()),
        argument, OpFoldResult(builder.getIndexAttr(0)),
        ArrayRef<OpFoldResult>{size},
        ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
    operands.push_back(bytes);
  }
  func::CallOp::create(builder, loc, prepare, operands);
  func::ReturnOp::create(builder, loc);
  for (auto function : module.getOps<func::FuncOp>())
    if (function.getSymName().starts_with("prepare"))
      function->setAttr(
          "llvm.linkage",
          LLVM::LinkageAttr::get(module.getContext(), LLVM::Linkage::Internal));
}

LogicalResult PrepareBuilder::run() {
  auto prepare = module.lookupSymbol<func::FuncOp>("prepare");
  if (!prepare)
    return module.emitError() << "has no function 'prepare'";
  if (failed(planUnits(prepare)))
    return failure();
  FailureOr<int64_t> bytes = passWorkspace(prepare);
  if (failed(bytes))
    return failure();
  createEntry(prepare);
  module->setAttr(kPrepareBytesAttr, builder.getI64IntegerAttr(*bytes));
  return success();
}

namespace {
struct BuildPrepare : ssmc::impl::BuildPrepareBase<BuildPrepare> {
  void runOnOperation() override {
    if (hasRuntimeWeights(getOperation()) &&
        failed(PrepareBuilder(getOperation()).run()))
      signalPassFailure();
  }
};
} // namespace
