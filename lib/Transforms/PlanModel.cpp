//===- PlanModel.cpp - Places in blob, record and weights; @prepare -------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   func @model(%x, %s) { %b = ssm.parameter "b"
//                         %e = call @input(%x, %b) ... }
// After:
//   module attributes {ssm.plan = {steps = [{unit = "input", blob = 0, ...}]}}
//   func @prepare(%weights, %blob) { call @prepare.input(view of %weights,
//                                                        view of %blob) ... }
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/TargetDescription.h"
#include "lib/Conversion/RecurrenceToChunk/Layout.h"
#include "lib/Transforms/ModelPlan.h"
#include "lib/Transforms/Passes.h"
#include "lib/Transforms/SplitDirections.h"
#include "lib/Transforms/TrainingForm.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"

namespace ssmc {
#define GEN_PASS_DEF_PLANMODEL
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

namespace {
class Planner {
public:
  Planner(ModuleOp module, func::FuncOp model)
      : module(module), model(model), builder(module.getContext()) {}

  LogicalResult run();

private:
  void planStates();
  void planWeights();
  LogicalResult planSteps();
  void addGiven(func::CallOp call,
                SmallVectorImpl<std::pair<StringRef, Attribute>> &entries);
  LogicalResult emitPrepare();
  LogicalResult verifyOneStream();
  bool isReverse(func::CallOp call) {
    auto unit = module.lookupSymbol<func::FuncOp>(call.getCallee());
    return unit && runsBackwards(unit);
  }
  DictionaryAttr dictionary(ArrayRef<std::pair<StringRef, Attribute>> entries);
  IntegerAttr number(int64_t value) { return builder.getI64IntegerAttr(value); }
  Value viewOf(Value bytes, int64_t offset, RankedTensorType type);

  ModuleOp module;
  func::FuncOp model;
  OpBuilder builder;
  DenseMap<Value, SmallVector<int64_t>> carryOffsets; // of a state argument
  DenseMap<Value, int64_t> weightOffsets;             // of an ssm.parameter
  DenseMap<Operation *, int64_t> blobOffsets;         // of a call
  SmallVector<Attribute> states, weights, steps;
  int64_t recordBytes = 0, weightBytes = 0, blobBytes = 0;
};
} // namespace

DictionaryAttr
Planner::dictionary(ArrayRef<std::pair<StringRef, Attribute>> entries) {
  SmallVector<NamedAttribute> named;
  for (auto [name, value] : entries)
    named.push_back(builder.getNamedAttr(name, value));
  return builder.getDictionaryAttr(named);
}

static int64_t bytesOf(ArrayRef<int64_t> shape, Type element) {
  int64_t bytes = llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  for (int64_t size : shape)
    bytes *= size;
  return bytes;
}

/// Lays all carried states out in one record per stream, in the model's order.
void Planner::planStates() {
  for (BlockArgument argument : model.getArguments().drop_front()) {
    if (isGivenAtRunTime(model, argument.getArgNumber()))
      continue;
    auto path = model.getArgAttrOfType<StringAttr>(argument.getArgNumber(),
                                                   "ssm.state");
    auto pool =
        model.getArgAttrOfType<StringAttr>(argument.getArgNumber(), "ssm.pool");
    auto type = cast<RankedTensorType>(argument.getType());
    int64_t offset = recordBytes;
    for (RankedTensorType carry : getCarryTypes(type)) {
      carryOffsets[argument].push_back(recordBytes);
      recordBytes +=
          llvm::alignTo(bytesOf(carry.getDimSize(1), carry.getElementType()),
                        kCacheLineBytes);
    }
    bool hasMatrices = type.getRank() == 5;
    StringRef kind = pool                      ? pool.getValue()
                     : type.getRank() == 3     ? "diagonal"
                     : !hasMatrices            ? "oscillator"
                     : type.getDimSize(1) == 2 ? "channels"
                                               : "matrices";
    int64_t size = type.getRank() == 1 ? 1 : type.getShape().back();
    SmallVector<std::pair<StringRef, Attribute>> entry{
        {"path", path ? path : builder.getStringAttr("")},
        {"kind", builder.getStringAttr(kind)},
        {"size", number(size)},
        {"offset", number(offset)}};
    if (hasMatrices)
      entry.emplace_back(
          "shape", builder.getDenseI64ArrayAttr(type.getShape().drop_front()));
    states.push_back(dictionary(entry));
  }
  // No multiple of 1 KB: the records of neighbouring streams would compete for
  // the same sets of an L1 cache. Never empty, so that streams differ.
  if (recordBytes % 1024 == 0)
    recordBytes += kCacheLineBytes;
}

void Planner::planWeights() {
  for (auto parameter : model.getOps<ParameterOp>()) {
    auto type = cast<RankedTensorType>(parameter.getType());
    weightOffsets[parameter] = weightBytes;
    weights.push_back(dictionary(
        {{"name", parameter.getNameAttr()}, {"offset", number(weightBytes)}}));
    weightBytes += llvm::alignTo(
        bytesOf(type.getShape(), type.getElementType()), kCacheLineBytes);
  }
}

/// What a step is given at run time: numbers of columns, and keys as arrays of
/// splits.
void Planner::addGiven(
    func::CallOp call,
    SmallVectorImpl<std::pair<StringRef, Attribute>> &entries) {
  SmallVector<int64_t> columns;
  SmallVector<Attribute> keys;
  for (Value operand : call.getOperands()) {
    auto argument = dyn_cast<BlockArgument>(operand);
    if (!argument)
      continue;
    unsigned i = argument.getArgNumber();
    if (auto column = model.getArgAttrOfType<IntegerAttr>(i, kColumnsAttr))
      columns.push_back(column.getInt());
    if (Attribute key = model.getArgAttr(i, kKeyAttr))
      keys.push_back(key);
  }
  if (!columns.empty())
    entries.emplace_back("columns", builder.getDenseI64ArrayAttr(columns));
  if (!keys.empty())
    entries.emplace_back("keys", builder.getArrayAttr(keys));
}

LogicalResult Planner::planSteps() {
  for (auto call : model.getOps<func::CallOp>()) {
    StringRef unit = call.getCallee();
    auto chunk = module.lookupSymbol<func::FuncOp>(("chunk." + unit).str());
    if (!chunk || !chunk->hasAttr("ssm.kind"))
      return call.emitOpError() << "calls a unit without a chunk function";
    auto prepare = module.lookupSymbol<func::FuncOp>(("prepare." + unit).str());
    SmallVector<int64_t> carries;
    for (Value operand : call.getOperands())
      llvm::append_range(carries, carryOffsets[operand]);
    // The answer reads the pool's state through the mean.
    StringRef kind = chunk->getAttrOfType<StringAttr>("ssm.kind").getValue();
    if (kind == "answer")
      for (BlockArgument argument : model.getArguments())
        if (model.getArgAttr(argument.getArgNumber(), "ssm.pool"))
          llvm::append_range(carries, carryOffsets[argument]);
    blobOffsets[call] = blobBytes;
    SmallVector<std::pair<StringRef, Attribute>> entries{
        {"unit", builder.getStringAttr(unit)},
        {"kind", builder.getStringAttr(kind)},
        {"blob", number(blobBytes)},
        {"carries", builder.getDenseI64ArrayAttr(carries)},
        {"path", call->hasAttr(SsmDialect::kPathAttr)
                     ? call->getAttr(SsmDialect::kPathAttr)
                     : builder.getStringAttr("")}};
    addGiven(call, entries);
    steps.push_back(dictionary(entries));
    if (prepare)
      blobBytes += cast<RankedTensorType>(prepare.getArgumentTypes().back())
                       .getNumElements() *
                   sizeof(float);
  }
  return success();
}

Value Planner::viewOf(Value bytes, int64_t offset, RankedTensorType type) {
  Location loc = bytes.getLoc();
  Value shift = arith::ConstantIndexOp::create(builder, loc, offset);
  auto buffer = MemRefType::get(type.getShape(), type.getElementType());
  return memref::ViewOp::create(builder, loc, buffer, bytes, shift,
                                ValueRange());
}

/// @prepare(weights, blob): arithmetic between units, then each unit's own.
LogicalResult Planner::emitPrepare() {
  Location loc = model.getLoc();
  auto bytes = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  builder.setInsertionPointToEnd(module.getBody());
  auto prepare = func::FuncOp::create(
      builder, loc, "prepare", builder.getFunctionType({bytes, bytes}, {}));
  Block *body = prepare.addEntryBlock();
  builder.setInsertionPointToEnd(body);
  IRMapping mapping;
  for (Operation &op : model.getBody().front()) {
    auto call = dyn_cast<func::CallOp>(op);
    if (auto parameter = dyn_cast<ParameterOp>(op)) {
      auto type = cast<RankedTensorType>(parameter.getType());
      Value view = viewOf(body->getArgument(0), weightOffsets[parameter], type);
      mapping.map(parameter.getResult(),
                  bufferization::ToTensorOp::create(builder, loc, type, view,
                                                    /*restrict=*/true)
                      .getResult());
    } else if (!call) {
      if (op.hasTrait<OpTrait::IsTerminator>())
        continue;
      if (!llvm::all_of(op.getOperands(),
                        [&](Value v) { return mapping.contains(v); }))
        return op.emitOpError() << "computes on sequences outside of a unit; "
                                   "run ssm-outline-units first";
      builder.clone(op, mapping);
    } else if (auto callee = module.lookupSymbol<func::FuncOp>(
                   ("prepare." + call.getCallee()).str())) {
      auto unit = module.lookupSymbol<func::FuncOp>(call.getCallee());
      SmallVector<Value> operands;
      for (auto [i, operand] : llvm::enumerate(call.getOperands()))
        if (unit.getArgAttr(i, "ssm.parameter")) {
          if (!mapping.contains(operand))
            return call.emitOpError() << "takes a sequence as parameter " << i;
          operands.push_back(mapping.lookup(operand));
        }
      auto type = cast<RankedTensorType>(callee.getArgumentTypes().back());
      Value part = viewOf(body->getArgument(1), blobOffsets[call], type);
      operands.push_back(bufferization::ToTensorOp::create(
          builder, loc, type, part, /*restrict=*/true, /*writable=*/true));
      Value packed =
          func::CallOp::create(builder, call.getLoc(), callee, operands)
              .getResult(0);
      bufferization::MaterializeInDestinationOp::create(
          builder, loc, /*result=*/Type(), packed, part, /*restrict=*/true,
          /*writable=*/true);
    }
  }
  func::ReturnOp::create(builder, loc);
  return success();
}

/// Each unit overwrites the rows that it got or passes on others: it reads what
/// the unit before it wrote, and no older rows. What a reverse unit gives is
/// for the unit behind it, beside the rows.
LogicalResult Planner::verifyOneStream() {
  Value stream = model.getArgument(0), contribution;
  for (auto call : model.getOps<func::CallOp>()) {
    if (call.getNumOperands() == 0 || call.getOperand(0) != stream ||
        call.getNumResults() == 0)
      return call.emitOpError() << "does not read what the unit before it "
                                   "wrote: units pass on one stream of rows";
    if (contribution &&
        !(contribution.hasOneUse() && *contribution.user_begin() == call))
      return call.emitOpError()
             << "is not all that reads what the reverse unit before it gives";
    if (isReverse(call)) {
      contribution = call.getResult(0);
      continue;
    }
    contribution = {};
    stream = call.getResult(0);
  }
  Operation *returned = model.getBody().front().getTerminator();
  if (returned->getOperand(0) != stream)
    return returned->emitOpError() << "does not return what the last unit "
                                      "wrote: units pass on one stream of rows";
  return success();
}

LogicalResult Planner::run() {
  planStates();
  planWeights();
  if (failed(planSteps()))
    return failure();
  if (failed(emitPrepare()) || failed(verifyOneStream()))
    return failure();

  auto input = cast<RankedTensorType>(model.getArgumentTypes().front());
  auto output = cast<RankedTensorType>(model.getResultTypes().front());
  bool tokens = input.getElementType().isInteger();
  SmallVector<std::pair<StringRef, Attribute>> entries{
      {"tokens", builder.getBoolAttr(tokens)},
      {"input_features", number(tokens ? 1 : input.getShape().back())},
      {"output_features", number(output.getShape().back())},
      {"pooled", builder.getBoolAttr(output.getRank() == 2)},
      {"state_bytes", number(recordBytes)},
      {"weight_bytes", number(weightBytes)},
      {"blob_bytes", number(blobBytes)},
      {"steps", builder.getArrayAttr(steps)},
      {"states", builder.getArrayAttr(states)},
      {"weights", builder.getArrayAttr(weights)}};
  for (unsigned i = 0; i < model.getNumArguments(); ++i)
    if (model.getArgAttr(i, SsmDialect::kTimeStepsAttr))
      entries.emplace_back("time_steps", builder.getUnitAttr());
  module->setAttr("ssm.plan", dictionary(entries));
  model.erase();
  for (auto function :
       llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
    if (function->hasAttr("ssm.unit"))
      function.erase();
  return success();
}

namespace {
struct PlanModel : ssmc::impl::PlanModelBase<PlanModel> {
  void runOnOperation() override {
    FailureOr<func::FuncOp> model = findModel(getOperation());
    if (failed(model) || failed(Planner(getOperation(), *model).run()))
      signalPassFailure();
  }
};
} // namespace
