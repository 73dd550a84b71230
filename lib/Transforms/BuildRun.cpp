//===- BuildRun.cpp - The functions that run all layers on rows -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// From the plan of a model to
//
//   ssm_chunk_full(blob, record, turn, x, y, ws)
//                                     T time steps of one stream
//   ssm_chunk(blob, record, n, x, y, ws)
//                                     n <= T time steps of one stream
//   ssm_step(blob, record, x, y, ws)  one time step of one stream
//   ssm_rows(blob, states, ids, first, stride, n, turn, x, y, ws)
//                                     a time step of each of n streams, or
//                                     n <= T time steps of one
//   ssm_answers(blob, states, ids, first, n, y, ws)
//                                     what a pooled head says of n streams
//
// each of which takes its rows through all layers, where the chunk functions
// have the variant for it. With time deltas as an input they are called
// ssm_chunk_full_timed, ... and take dt, one per row, behind x. Where units run
// backwards there is ssm_sequence instead (BuildSequence.cpp).
// Consecutive blocks of one
// shape are a loop, so code does not grow with depth. Units with carried states
// are numbered in order: a chunk's turn is asked about unit 0, 1, ...
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/TargetDescription.h"
#include "lib/Transforms/Passes.h"
#include "lib/Transforms/RunBuilder.h"
#include "lib/Transforms/SplitDirections.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace ssmc {
#define GEN_PASS_DEF_BUILDRUN
#include "lib/Transforms/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

static int64_t sizeInBytes(MemRefType type) {
  int64_t bits =
      type.getElementType().isIndex() ? 64 : type.getElementTypeBitWidth();
  return llvm::alignTo(type.getNumElements() * bits / 8, kCacheLineBytes);
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// A pointer argument as a buffer of bytes of no particular size.
Value RunBuilder::bytesOf(Value pointer) {
  auto type = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  Value size = index(std::numeric_limits<int64_t>::max());
  return memref::ReinterpretCastOp::create(
      builder, loc, type, pointer, OpFoldResult(builder.getIndexAttr(0)),
      ArrayRef<OpFoldResult>{size},
      ArrayRef<OpFoldResult>{builder.getIndexAttr(1)});
}

Value RunBuilder::view(Value bytes, Value shift, Type type) {
  return memref::ViewOp::create(builder, loc, cast<MemRefType>(type), bytes,
                                shift, ValueRange());
}

Value RunBuilder::index(int64_t value) {
  return arith::ConstantIndexOp::create(builder, loc, value);
}

Value RunBuilder::offset(int64_t base, int64_t stride, Value layer) {
  if (!layer || stride == 0)
    return index(base);
  Value scaled = arith::MulIOp::create(builder, loc, layer, index(stride));
  return arith::AddIOp::create(builder, loc, scaled, index(base));
}

/// A carried state inside the records: a row per stream.
Value RunBuilder::carry(Value shift, MemRefType type) {
  int64_t elementBytes = type.getElementTypeBitWidth() / 8;
  int64_t stride = plan.stateBytes / elementBytes;
  auto part = MemRefType::get({type.getDimSize(1)}, type.getElementType());
  Value start = view(arguments["states"], shift, part);
  auto records = MemRefType::get(
      {1, type.getDimSize(1)}, type.getElementType(),
      StridedLayoutAttr::get(module.getContext(), 0, {stride, 1}));
  Value rows = memref::ReinterpretCastOp::create(builder, loc, records, start,
                                                 0, records.getShape(),
                                                 ArrayRef<int64_t>{stride, 1});
  return memref::CastOp::create(builder, loc, type, rows);
}

Value RunBuilder::allocate(MemRefType type) {
  Value buffer = view(arguments["ws"], index(unitWorkspace), type);
  unitWorkspace += sizeInBytes(type);
  return buffer;
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

static bool isNumber(StringRef argument) {
  return argument == "n" || argument == "first" || argument == "stride";
}

void RunBuilder::createFunction(StringRef name, ArrayRef<StringRef> names) {
  auto pointer = MemRefType::get({1}, builder.getI8Type());
  SmallVector<Type> types;
  for (StringRef argument : names)
    types.push_back(isNumber(argument) ? Type(builder.getI64Type())
                                       : Type(pointer));
  builder.setInsertionPointToEnd(module.getBody());
  auto function = func::FuncOp::create(builder, loc, name,
                                       builder.getFunctionType(types, {}));
  function->setAttr("llvm.bareptr", builder.getUnitAttr());
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToEnd(body);
  for (auto [argument, value] : llvm::zip_equal(names, body->getArguments())) {
    // The record of one stream is an array of records of length one.
    StringRef key = argument == "record" ? "states" : argument;
    if (argument == "ids" || argument == "turn")
      arguments[key] = value;
    else
      arguments[key] = isNumber(argument)
                           ? arith::IndexCastOp::create(
                                 builder, loc, builder.getIndexType(), value)
                                 .getResult()
                           : bytesOf(value);
  }
}

/// streams[r] = ids ? ids[r] : first + r * stride.
void RunBuilder::fillStreams() {
  int64_t rows = 0;
  for (auto function : module.getOps<func::FuncOp>())
    for (Type type : function.getArgumentTypes())
      if (auto memref = dyn_cast<MemRefType>(type))
        if (memref.getElementType().isIndex())
          rows = memref.getDimSize(0);
  streams = allocate(MemRefType::get({rows}, builder.getIndexType()));
  Value pointer = memref::ExtractAlignedPointerAsIndexOp::create(
      builder, loc, arguments["ids"]);
  Value given = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne,
                                      pointer, index(0));
  Value ids = view(bytesOf(arguments["ids"]), index(0),
                   MemRefType::get({rows}, builder.getI64Type()));
  Value zero = index(0), one = index(1);
  Value stride = arguments.contains("stride") ? arguments["stride"] : one;
  scf::ForOp::create(
      builder, loc, zero, count, one, ValueRange(),
      [&](OpBuilder &body, Location, Value row, ValueRange) {
        auto choice = scf::IfOp::create(
            body, loc, given,
            [&](OpBuilder &then, Location) {
              Value id = memref::LoadOp::create(then, loc, ids, row);
              id = arith::IndexCastOp::create(then, loc, then.getIndexType(),
                                              id);
              scf::YieldOp::create(then, loc, id);
            },
            [&](OpBuilder &other, Location) {
              Value id = arith::MulIOp::create(other, loc, row, stride);
              id = arith::AddIOp::create(other, loc, arguments["first"], id);
              scf::YieldOp::create(other, loc, id);
            });
        memref::StoreOp::create(body, loc, choice.getResult(0), streams, row);
        scf::YieldOp::create(body, loc);
      });
}

LogicalResult RunBuilder::emitCall(const StepRun &run, func::FuncOp chunk,
                                   Value layer, ArrayRef<Value> leading) {
  SmallVector<Value> operands(leading);
  TypeRange types = chunk.getArgumentTypes();
  for (auto [base, stride] :
       llvm::zip_equal(run.first->carries, run.carryStrides))
    operands.push_back(carry(offset(base, stride, layer),
                             cast<MemRefType>(types[operands.size()])));
  if (operands.size() < types.size() &&
      chunk.getArgAttr(operands.size(), SsmDialect::kTimeStepsAttr))
    operands.push_back(
        timeSteps ? timeSteps
                  : view(arguments["dt"], index(0), types[operands.size()]));
  // The unit's part of the blob, if it has one, comes next; then what the
  // variant adds, the workspace, and the turn.
  SmallVector<Value> trailing;
  if (streams)
    trailing.push_back(streams);
  if (count)
    trailing.push_back(count);
  auto bytes = MemRefType::get({ShapedType::kDynamic}, builder.getI8Type());
  trailing.push_back(memref::ViewOp::create(
      builder, loc, bytes, arguments["ws"], index(unitWorkspace),
      ValueRange{index(std::numeric_limits<int32_t>::max())}));
  if (chunk->hasAttr("ssm.ordered")) {
    trailing.push_back(arguments["turn"]);
    trailing.push_back(offset(run.unit, 1, layer));
  }
  if (operands.size() + trailing.size() < types.size())
    operands.push_back(view(arguments["blob"],
                            offset(run.first->blob, run.blobStride, layer),
                            types[operands.size()]));
  llvm::append_range(operands, trailing);
  if (SmallVector<Type>(ValueRange(operands).getTypes()) !=
      SmallVector<Type>(types))
    return chunk.emitError() << "takes (" << types << "); expected ("
                             << ValueRange(operands).getTypes() << ")";
  func::CallOp::create(builder, loc, chunk, operands);
  return success();
}

FailureOr<func::FuncOp> RunBuilder::findChunk(const PlanStep &step) {
  func::FuncOp chunk = chunkOf(step);
  if (!chunk)
    return module.emitError() << "has no chunk function for unit '" << step.unit
                              << "', variant '" << variant << "'";
  if (auto size = chunk->getAttrOfType<IntegerAttr>("ssm.workspace_bytes"))
    unitBytes = std::max(unitBytes, size.getInt());
  return chunk;
}

LogicalResult RunBuilder::emitRun(const StepRun &run, bool last) {
  FailureOr<func::FuncOp> chunk = findChunk(*run.first);
  if (failed(chunk))
    return failure();
  TypeRange types = chunk->getArgumentTypes();
  if (!stream)
    stream = view(arguments["x"], index(0), types.front());
  SmallVector<Value> leading{stream};
  if (run.first->kind != "block" && run.first->kind != "pool") {
    auto type = cast<MemRefType>(types[1]);
    stream = last ? view(arguments["y"], index(0), type) : allocate(type);
    leading.push_back(stream);
  }
  return emitCalls(run, *chunk, leading);
}

LogicalResult RunBuilder::emitCalls(const StepRun &run, func::FuncOp chunk,
                                    ArrayRef<Value> leading) {
  if (run.count == 1)
    return emitCall(run, chunk, Value(), leading);
  LogicalResult result = success();
  Value from = index(0), to = index(run.count), step = index(1);
  auto loop = scf::ForOp::create(builder, loc, from, to, step);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  result = emitCall(run, chunk, loop.getInductionVar(), leading);
  return result;
}

LogicalResult RunBuilder::run(StringRef name) {
  SmallVector<StringRef> names;
  if (variant == "rows")
    names = {"blob", "states", "ids", "first", "stride", "n", "turn"};
  else if (variant == "full")
    names = {"blob", "record", "turn"};
  else if (variant == "time")
    names = {"blob", "record", "n"};
  else
    names = {"blob", "record"};
  names.push_back("x");
  if (plan.takesTimeSteps)
    names.push_back("dt");
  names.append({"y", "ws"});
  createFunction(plan.takesTimeSteps ? (name + "_timed").str() : name.str(),
                 names);
  if (variant == "rows" || variant == "time")
    count = arguments["n"];
  if (variant == "rows")
    fillStreams();
  SmallVector<StepRun> runs = findRuns(plan);
  for (const StepRun &run : runs)
    units += run.first->carries.empty() ? 0 : run.count;
  // All buffers between units come before the units' own workspace, which is
  // why they are placed first.
  for (auto [i, run] : llvm::enumerate(runs))
    if (failed(emitRun(run, i + 1 == runs.size() && !plan.pooled)))
      return failure();
  func::ReturnOp::create(builder, loc);
  return success();
}

LogicalResult RunBuilder::runAnswers() {
  createFunction("ssm_answers",
                 {"blob", "states", "ids", "first", "n", "y", "ws"});
  count = arguments["n"];
  fillStreams();
  for (const PlanStep &step : plan.steps) {
    if (step.kind != "answer")
      continue;
    func::FuncOp chunk = chunkOf(step);
    if (!chunk)
      return module.emitError() << "has no chunk function for its answer";
    if (auto size = chunk->getAttrOfType<IntegerAttr>("ssm.workspace_bytes"))
      unitBytes = size.getInt();
    StepRun run{&step, 0, 1, 0, SmallVector<int64_t>(step.carries.size(), 0)};
    TypeRange types = chunk.getArgumentTypes();
    SmallVector<Value> leading;
    for (int64_t offset : step.carries)
      leading.push_back(
          carry(index(offset), cast<MemRefType>(types[leading.size()])));
    leading.push_back(view(arguments["y"], index(0), types[leading.size()]));
    PlanStep withoutCarries = step;
    withoutCarries.carries = {};
    run.first = &withoutCarries;
    run.carryStrides.clear();
    if (failed(emitCall(run, chunk, Value(), leading)))
      return failure();
  }
  func::ReturnOp::create(builder, loc);
  return success();
}

/// Whether the chunk functions have `variant`, all but a head's answer.
static bool hasVariant(ModuleOp module, StringRef variant) {
  return llvm::any_of(module.getOps<func::FuncOp>(), [&](func::FuncOp chunk) {
    auto own = chunk->getAttrOfType<StringAttr>("ssm.variant");
    auto kind = chunk->getAttrOfType<StringAttr>("ssm.kind");
    return own && own == variant && kind && kind != "answer";
  });
}

namespace {
struct BuildRun : ssmc::impl::BuildRunBase<BuildRun> {
  void runOnOperation() override {
    ModuleOp module = getOperation();
    FailureOr<ModelPlan> plan = readPlan(module);
    if (failed(plan))
      return signalPassFailure();
    int64_t bytes = 0, units = 0;
    bool onBlocks = hasVariant(module, "time");
    bool takesSequences = llvm::any_of(plan->steps, [](const PlanStep &step) {
      return step.kind == kReverseKind;
    });
    if (takesSequences && failed(buildSequence(module, *plan, bytes)))
      return signalPassFailure();
    for (auto [variant, name] :
         {std::pair<StringRef, StringRef>{"full", "ssm_chunk_full"},
          {"time", "ssm_chunk"},
          {"step", "ssm_step"},
          {"rows", "ssm_rows"}}) {
      if (takesSequences)
        break;
      // Thread blocks take `time`, and of the others what they were given.
      if (onBlocks ? !hasVariant(module, variant) : variant == "time")
        continue;
      RunBuilder run(module, *plan, variant);
      if (failed(run.run(name)))
        return signalPassFailure();
      bytes = std::max(bytes, run.getWorkspaceBytes());
      units = run.getUnits();
    }
    if (plan->pooled) {
      RunBuilder run(module, *plan, "rows");
      if (failed(run.runAnswers()))
        return signalPassFailure();
      bytes = std::max(bytes, run.getWorkspaceBytes());
    }
    OpBuilder builder(module.getContext());
    module->setAttr("ssm.workspace_bytes", builder.getI64IntegerAttr(bytes));
    module->setAttr("ssm.units", builder.getI64IntegerAttr(units));
    for (auto function : module.getOps<func::FuncOp>())
      if (function->hasAttr("ssm.kind"))
        function->setAttr("llvm.linkage",
                          LLVM::LinkageAttr::get(module.getContext(),
                                                 LLVM::Linkage::Internal));
  }
};
} // namespace
