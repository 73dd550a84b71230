//===- BuildTrainRun.cpp - The function that takes rows through a unit ----===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From the plan of a model in training form to
//
//   ssm_train_rows(unit, blob, record, columns, keys, first, dropped, n, x, y,
//                  ws)
//
// which takes the n <= T time steps from `first` on of one sequence through one
// unit: x to y, or x in place. What happens between units, all rows of which
// lie in memory, is C (runtime/train_entry_points.c).
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/TargetDescription.h"
#include "lib/Transforms/ModelPlan.h"
#include "lib/Transforms/Passes.h"
#include "lib/Transforms/TrainingForm.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/MapVector.h"

namespace ssmc {
#define GEN_PASS_DEF_BUILDTRAINRUN
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

namespace {

class TrainRunBuilder {
public:
  TrainRunBuilder(ModuleOp module, const ModelPlan &plan)
      : module(module), plan(plan), builder(module.getContext()),
        loc(module.getLoc()) {}

  LogicalResult run();

private:
  func::FuncOp chunkOf(const PlanStep &step) {
    StringRef variant = step.kind == "answer" ? "rows" : "time";
    return module.lookupSymbol<func::FuncOp>(
        ("chunk." + step.unit + "." + variant).str());
  }
  LogicalResult findUnits();
  LogicalResult verifyStep(const PlanStep &step, func::FuncOp chunk);
  void createFunction();
  LogicalResult emitUnit(const PlanStep &step, func::FuncOp chunk);
  Value emitStreams(MemRefType type);
  DictionaryAttr describeStep(const PlanStep &step, int64_t unit);
  Value index(int64_t value) {
    return arith::ConstantIndexOp::create(builder, loc, value);
  }
  Value bytesOf(Value pointer);
  Value view(StringRef argument, int64_t offset, Type type) {
    return memref::ViewOp::create(builder, loc, cast<MemRefType>(type),
                                  arguments[argument], index(offset),
                                  ValueRange());
  }
  Value carry(int64_t offset, MemRefType type);

  ModuleOp module;
  const ModelPlan &plan;
  OpBuilder builder;
  Location loc;
  /// Distinct units, each with the first step that calls it.
  llvm::MapVector<StringRef, const PlanStep *> units;
  llvm::StringMap<Value> arguments; // as bytes, or a number
  int64_t workspaceBytes = 0;
};

} // namespace

LogicalResult TrainRunBuilder::findUnits() {
  for (const PlanStep &step : plan.steps) {
    func::FuncOp chunk = chunkOf(step);
    if (!chunk)
      return module.emitError()
             << "has no chunk function for unit '" << step.unit
             << "' on time steps; specialize rows as 'time'";
    units.insert({step.unit, &step});
    if (failed(verifyStep(step, chunk)))
      return failure();
  }
  return success();
}

/// Columns are those of one norm: what it adds, what it multiplies by.
LogicalResult TrainRunBuilder::verifyStep(const PlanStep &step,
                                          func::FuncOp chunk) {
  bool isOneNorm = llvm::all_of(step.columns, [&](int64_t column) {
    return column / 2 == step.columns.front() / 2;
  });
  ArrayRef<int64_t> first = units[step.unit]->columns;
  bool isAlike = llvm::equal(
      step.columns, first, [](int64_t a, int64_t b) { return a % 2 == b % 2; });
  if (isOneNorm && isAlike)
    return success();
  return chunk.emitError() << "takes the columns " << step.columns
                           << "; expected those of one norm, in one order";
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

static bool isNumber(StringRef argument) {
  return argument == "unit" || argument == "n" || argument == "first" ||
         argument == "dropped";
}

void TrainRunBuilder::createFunction() {
  constexpr StringRef kNames[] = {"unit", "blob",  "record",  "columns",
                                  "keys", "first", "dropped", "n",
                                  "x",    "y",     "ws"};
  auto pointer = MemRefType::get({1}, builder.getI8Type());
  SmallVector<Type> types;
  for (StringRef name : kNames)
    types.push_back(isNumber(name) ? Type(builder.getI64Type())
                                   : Type(pointer));
  builder.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(builder, loc, "ssm_train_rows",
                                       builder.getFunctionType(types, {}));
  function->setAttr("llvm.bareptr", builder.getUnitAttr());
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToEnd(body);
  for (auto [name, value] : llvm::zip_equal(kNames, body->getArguments()))
    arguments[name] = isNumber(name)
                          ? arith::IndexCastOp::create(
                                builder, loc, builder.getIndexType(), value)
                                .getResult()
                          : bytesOf(value);
}

Value TrainRunBuilder::bytesOf(Value pointer) {
  auto type = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  Value size = index(std::numeric_limits<int64_t>::max());
  return memref::ReinterpretCastOp::create(
      builder, loc, type, pointer, OpFoldResult(builder.getIndexAttr(0)),
      ArrayRef<OpFoldResult>{size},
      ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
}

/// A carried state in the record of the one sequence.
Value TrainRunBuilder::carry(int64_t offset, MemRefType type) {
  int64_t width = type.getDimSize(1);
  Value start =
      view("record", offset, MemRefType::get({width}, type.getElementType()));
  auto record = MemRefType::get(
      {1, width}, type.getElementType(),
      StridedLayoutAttr::get(module.getContext(), 0, {width, 1}));
  Value row = memref::ReinterpretCastOp::create(builder, loc, record, start, 0,
                                                record.getShape(),
                                                ArrayRef<int64_t>{width, 1});
  return memref::CastOp::create(builder, loc, type, row);
}

/// The streams of rows that are streams: there is one, number 0. In front of
/// the unit's workspace.
Value TrainRunBuilder::emitStreams(MemRefType type) {
  Value streams = view("ws", 0, type);
  Value zero = index(0);
  memref::StoreOp::create(builder, loc, zero, streams, zero);
  return streams;
}

static int64_t sizeInBytes(MemRefType type) {
  int64_t bits =
      type.getElementType().isIndex() ? 64 : type.getElementTypeBitWidth();
  return llvm::alignTo(type.getNumElements() * bits / 8, kCacheLineBytes);
}

LogicalResult TrainRunBuilder::emitUnit(const PlanStep &step,
                                        func::FuncOp chunk) {
  bool isAnswer = step.kind == "answer";
  SmallVector<Value> operands;
  TypeRange types = chunk.getArgumentTypes();
  int64_t used = 0, columns = 0, keys = 0;
  size_t rows = 0, carries = 0, numbers = 0;
  for (auto [i, type] : llvm::enumerate(types)) {
    auto buffer = dyn_cast<MemRefType>(type);
    if (chunk.getArgAttr(i, kColumnsAttr)) {
      int64_t part = step.columns[columns++] % 2;
      operands.push_back(view("columns", part * sizeInBytes(buffer), type));
    } else if (chunk.getArgAttr(i, kKeyAttr)) {
      operands.push_back(view("keys", 2 * sizeof(uint32_t) * keys++, type));
    } else if (chunk.getArgAttr(i, kFirstAttr)) {
      operands.push_back(arguments["first"]);
    } else if (chunk.getArgAttr(i, kDroppedAttr)) {
      operands.push_back(arguments["dropped"]);
    } else if (chunk.getArgAttr(i, "ssm.rows")) {
      operands.push_back(view(isAnswer || rows++ ? "y" : "x", 0, type));
    } else if (!buffer) {
      operands.push_back(arguments["n"]);
      ++numbers;
    } else if (buffer.getElementType().isIndex()) {
      operands.push_back(emitStreams(buffer));
      used = sizeInBytes(buffer);
    } else if (buffer.getElementType().isInteger(8)) {
      operands.push_back(memref::ViewOp::create(
          builder, loc, buffer, arguments["ws"], index(used),
          ValueRange{index(std::numeric_limits<int32_t>::max())}));
    } else if (carries < step.carries.size()) {
      operands.push_back(carry(step.carries[carries++], buffer));
    } else {
      operands.push_back(view("blob", 0, type));
    }
  }
  if (numbers != 1 || carries != step.carries.size())
    return chunk.emitError()
           << "takes (" << types << "); expected rows, " << step.carries.size()
           << " carried states, a blob, a count and a "
              "workspace";
  if (auto size = chunk->getAttrOfType<IntegerAttr>("ssm.workspace_bytes"))
    used += size.getInt();
  workspaceBytes = std::max(workspaceBytes, used);
  func::CallOp::create(builder, loc, chunk, operands);
  return success();
}

//===----------------------------------------------------------------------===//
// The steps
//===----------------------------------------------------------------------===//

DictionaryAttr TrainRunBuilder::describeStep(const PlanStep &step,
                                             int64_t unit) {
  func::FuncOp chunk = chunkOf(step);
  SmallVector<int64_t> widths;
  for (unsigned i = 0; i < chunk.getNumArguments(); ++i)
    if (chunk.getArgAttr(i, "ssm.rows")) {
      auto type = cast<MemRefType>(chunk.getArgumentTypes()[i]);
      widths.push_back(type.getRank() == 1 ? 1 : type.getDimSize(1));
    }
  int64_t out = step.kind == "pool" ? 0 : widths.back();
  int64_t norm = step.columns.empty() ? -1 : step.columns.front() / 2;
  SmallVector<Attribute> keys;
  for (ArrayRef<int64_t> splits : step.keys)
    keys.push_back(builder.getDenseI64ArrayAttr(splits));
  auto number = [&](int64_t value) { return builder.getI64IntegerAttr(value); };
  NamedAttribute entries[] = {
      builder.getNamedAttr("unit", number(unit)),
      builder.getNamedAttr("kind", builder.getStringAttr(step.kind)),
      builder.getNamedAttr("blob", number(step.blob)),
      builder.getNamedAttr("norm", number(norm)),
      builder.getNamedAttr("in", number(widths.front())),
      builder.getNamedAttr("out", number(out)),
      builder.getNamedAttr("in_place", builder.getBoolAttr(widths.size() == 1)),
      builder.getNamedAttr("keys", builder.getArrayAttr(keys))};
  return builder.getDictionaryAttr(entries);
}

LogicalResult TrainRunBuilder::run() {
  if (failed(findUnits()))
    return failure();
  createFunction();
  SmallVector<int64_t> cases;
  for (size_t i = 0; i < units.size(); ++i)
    cases.push_back(i);
  auto chosen = scf::IndexSwitchOp::create(
      builder, loc, TypeRange(), arguments["unit"], cases, cases.size());
  for (auto [region, unit] : llvm::zip_equal(chosen.getCaseRegions(), units)) {
    builder.setInsertionPointToStart(&region.emplaceBlock());
    if (failed(emitUnit(*unit.second, chunkOf(*unit.second))))
      return failure();
    scf::YieldOp::create(builder, loc);
  }
  builder.setInsertionPointToStart(&chosen.getDefaultRegion().emplaceBlock());
  scf::YieldOp::create(builder, loc);
  builder.setInsertionPointAfter(chosen);
  func::ReturnOp::create(builder, loc);

  SmallVector<Attribute> steps;
  for (const PlanStep &step : plan.steps)
    steps.push_back(describeStep(
        step, std::distance(units.begin(), units.find(step.unit))));
  module->setAttr("ssm.train_steps", builder.getArrayAttr(steps));
  module->setAttr("ssm.workspace_bytes",
                  builder.getI64IntegerAttr(workspaceBytes));
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function->hasAttr("ssm.kind"))
      continue;
    function->setAttr(
        "llvm.linkage",
        LLVM::LinkageAttr::get(module.getContext(), LLVM::Linkage::Internal));
    // Nobody asks for them any more, and LLVM's own do not know them.
    for (unsigned i = 0; i < function.getNumArguments(); ++i)
      for (StringRef name : {kFirstAttr, kDroppedAttr})
        function.removeArgAttr(i, name);
  }
  return success();
}

namespace {
struct BuildTrainRun : ssmc::impl::BuildTrainRunBase<BuildTrainRun> {
  void runOnOperation() override {
    FailureOr<ModelPlan> plan = readPlan(getOperation());
    if (failed(plan) || failed(TrainRunBuilder(getOperation(), *plan).run()))
      signalPassFailure();
  }
};
} // namespace
