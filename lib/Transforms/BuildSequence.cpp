//===- BuildSequence.cpp - The function that runs whole sequences ---------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Of a model with units that run backwards,
//
//   ssm_sequence(blob, record, n, x, store, y, ws)
//                                     n time steps, all there are of a stream
//
// (ssm_sequence_timed with dt behind x). A unit that runs backwards begins with
// the last time step, so all units before it have been through the sequence by
// then. The model is cut into passes, each of which goes through all chunks:
//
//   units that run forwards, one behind the other on each chunk;
//   for each layer in both directions, its reverse unit from the last chunk to
//   the first, then its block from the first to the last.
//
// What one pass hands to the next is in `store`, for all n time steps. A
// reverse unit gets the rows of its chunk in the order in which it goes through
// time, so it is a unit like any other: rows are turned around as they are
// copied.
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/ChunkRows.h"
#include "lib/Transforms/RunBuilder.h"
#include "lib/Transforms/SplitDirections.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ssmc;

namespace {
/// Rows of all time steps: an argument of the caller, or a part of `store`.
/// How long `store` is depends on n, and so does where its parts begin: behind
/// parts that have `bytesBefore` bytes per time step, n times that in all.
struct SequenceRows {
  StringRef argument = "x";
  int64_t bytesBefore = 0;
};

/// Units that all chunks go through before the next ones do.
struct SequencePass {
  /// One behind the other; none of layers in both directions.
  SmallVector<StepRun> forward;
  /// The two units of such layers.
  std::optional<StepRun> reverse, block;
};

class SequenceBuilder : public RunBuilder {
public:
  SequenceBuilder(ModuleOp module, const ModelPlan &plan, int64_t rows)
      : RunBuilder(module, plan, "full"), rows(rows) {}

  LogicalResult build();
  int64_t getBytes() const { return largest; }
  int64_t getStoredBytes() const { return stored; }

private:
  FailureOr<std::vector<SequencePass>> findPasses();
  void splitTime();
  LogicalResult emitForward(ArrayRef<StepRun> runs, bool isLast);
  LogicalResult emitLayers(const SequencePass &pass);
  LogicalResult emitReverseUnit(const StepRun &run, Value layer, Value first);
  LogicalResult emitBlock(const StepRun &run, Value layer, Value first);
  LogicalResult
  forEachChunk(llvm::function_ref<LogicalResult(Value first)> emit);
  void forEachTurned(Value first,
                     llvm::function_ref<void(Value time, Value row)> emit);
  void copyLanes(Value from, Value fromRow, Value to, Value toRow);
  void takeTimeSteps(Value first);
  int64_t contributionBytes();

  SequenceRows addStored(int64_t rowBytes) {
    SequenceRows added{"store", stored};
    stored += rowBytes;
    return added;
  }
  Value byteAt(const SequenceRows &all, Value row, int64_t rowBytes);
  Value rowsAt(const SequenceRows &all, Value first, Type type);
  Value storedRow(const SequenceRows &all, Value time, MemRefType type);
  Value sum(Value a, Value b) {
    return arith::AddIOp::create(builder, loc, a, b);
  }
  Value difference(Value a, Value b) {
    return arith::SubIOp::create(builder, loc, a, b);
  }
  Value product(Value a, Value b) {
    return arith::MulIOp::create(builder, loc, a, b);
  }

  int64_t rows;                           // of a chunk
  Value total, chunks, tail, firstOfTail; // time steps, but for chunks
  Value ownStream;                        // whose rows they are, for `rows`
  SequenceRows current;
  std::optional<SequenceRows> contributions; // of reverse units to their blocks
  int64_t base = 0;                          // workspace that all passes have
  int64_t largest = 0;                       // workspace of a pass
  int64_t stored = 0;                        // bytes per time step
};
} // namespace

static int64_t bytesOfRow(Type type) {
  auto rows = cast<MemRefType>(type);
  return rows.getNumElements() / rows.getDimSize(0) *
         rows.getElementTypeBitWidth() / 8;
}

//===----------------------------------------------------------------------===//
// Passes
//===----------------------------------------------------------------------===//

FailureOr<std::vector<SequencePass>> SequenceBuilder::findPasses() {
  std::vector<SequencePass> passes;
  SmallVector<StepRun> runs = findRuns(plan);
  bool isBehindLayers = true; // or at the start
  for (size_t i = 0; i < runs.size(); ++i) {
    if (runs[i].first->kind != kReverseKind) {
      if (isBehindLayers)
        passes.emplace_back();
      passes.back().forward.push_back(runs[i]);
      isBehindLayers = false;
      continue;
    }
    if (i + 1 == runs.size() || runs[i + 1].first->kind != "block" ||
        runs[i + 1].count != 1)
      return module.emitError()
             << "has no block behind the unit '" << runs[i].first->unit << "'";
    SequencePass *before = passes.empty() ? nullptr : &passes.back();
    const StepRun &reverse = runs[i], &block = runs[++i];
    if (before && before->reverse) {
      // Runs follow each other in the plan: a reverse unit's is one step, then
      // comes its block's, so the same unit of the layer before is two back.
      const PlanStep *reverseBefore = reverse.first - 2;
      const PlanStep *blockBefore = block.first - 2;
      SequencePass joined = *before;
      if (appendStep(*joined.reverse, *reverseBefore, *reverse.first) &&
          appendStep(*joined.block, *blockBefore, *block.first)) {
        *before = joined;
        continue;
      }
    }
    passes.push_back({{}, reverse, block});
    isBehindLayers = true;
  }
  return passes;
}

/// Full chunks, and what is left.
void SequenceBuilder::splitTime() {
  total = arguments["n"];
  Value chunk = index(rows);
  chunks = arith::DivUIOp::create(builder, loc, total, chunk);
  firstOfTail = product(chunks, chunk);
  tail = difference(total, firstOfTail);
  // All rows are of the one record.
  ownStream = allocate(MemRefType::get({rows}, builder.getIndexType()));
  Value zero = index(0), one = index(1);
  scf::ForOp::create(builder, loc, zero, chunk, one, ValueRange(),
                     [&](OpBuilder &body, Location, Value row, ValueRange) {
                       memref::StoreOp::create(body, loc, zero, ownStream, row);
                       scf::YieldOp::create(body, loc);
                     });
  base = unitWorkspace;
}

/// Emits `emit` for full chunks in a loop, and for the last few rows. `first`
/// is the first row in the order of the pass. What `emit` adds calls the chunk
/// functions of `variant` for `count` rows of `streams`, and shares the
/// workspace behind `base` with all other passes: those members are set here.
LogicalResult SequenceBuilder::forEachChunk(
    llvm::function_ref<LogicalResult(Value first)> emit) {
  auto emitVariant = [&](StringRef name, Value number, Value first) {
    variant = name;
    count = number;
    streams = number ? ownStream : Value();
    unitWorkspace = base;
    LogicalResult result = emit(first);
    largest = std::max(largest, getWorkspaceBytes());
    return result;
  };
  Value zero = index(0), one = index(1);
  auto loop = scf::ForOp::create(builder, loc, zero, chunks, one);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value first = product(loop.getInductionVar(), index(rows));
  if (failed(emitVariant("full", Value(), first)))
    return failure();
  builder.setInsertionPointAfter(loop);
  Value isLeft =
      arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, tail, zero);
  auto left = scf::IfOp::create(builder, loc, isLeft, /*withElseRegion=*/false);
  builder.setInsertionPointToStart(left.thenBlock());
  return emitVariant("rows", tail, firstOfTail);
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

Value SequenceBuilder::byteAt(const SequenceRows &all, Value row,
                              int64_t rowBytes) {
  Value place = product(row, index(rowBytes));
  return all.bytesBefore ? sum(product(total, index(all.bytesBefore)), place)
                         : place;
}

Value SequenceBuilder::rowsAt(const SequenceRows &all, Value first, Type type) {
  return view(arguments[all.argument], byteAt(all, first, bytesOfRow(type)),
              type);
}

/// The row of time step `time` where rows lie as in `type`.
Value SequenceBuilder::storedRow(const SequenceRows &all, Value time,
                                 MemRefType type) {
  auto row = MemRefType::get(type.getDimSize(1), type.getElementType());
  return view(arguments[all.argument], byteAt(all, time, bytesOfRow(type)),
              row);
}

/// Calls `emit` for each row of the chunk whose first row is the `first` from
/// the end, with the time step that it is.
void SequenceBuilder::forEachTurned(
    Value first, llvm::function_ref<void(Value time, Value row)> emit) {
  Value zero = index(0), one = index(1);
  Value last = difference(difference(total, one), first);
  Value number = count ? count : index(rows);
  auto loop = scf::ForOp::create(builder, loc, zero, number, one);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  Value row = loop.getInductionVar();
  emit(difference(last, row), row);
}

/// Copies a row between buffers of rows, or a buffer of one row, of which no
/// number is given.
void SequenceBuilder::copyLanes(Value from, Value fromRow, Value to,
                                Value toRow) {
  auto vector = VectorType::get(kPanelLanes, builder.getF32Type());
  auto type = cast<MemRefType>(from.getType());
  Value zero = index(0), end = index(type.getShape().back()),
        step = index(kPanelLanes);
  auto loop = scf::ForOp::create(builder, loc, zero, end, step);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  auto indices = [&](Value row) {
    SmallVector<Value> all;
    if (row)
      all.push_back(row);
    all.push_back(loop.getInductionVar());
    return all;
  };
  Value lanes =
      vector::LoadOp::create(builder, loc, vector, from, indices(fromRow));
  vector::StoreOp::create(builder, loc, lanes, to, indices(toRow));
}

/// The time deltas of the rows from `first` on.
void SequenceBuilder::takeTimeSteps(Value first) {
  if (plan.takesTimeSteps)
    timeSteps =
        rowsAt({"dt"}, first, MemRefType::get({rows}, builder.getF32Type()));
}

//===----------------------------------------------------------------------===//
// Units
//===----------------------------------------------------------------------===//

/// Whether the unit writes other rows than it reads.
static bool hasOut(const StepRun &run) {
  return run.first->kind != "block" && run.first->kind != "pool";
}

LogicalResult SequenceBuilder::emitForward(ArrayRef<StepRun> runs,
                                           bool isLast) {
  // Rows that the next pass reads are those of the last unit that has an own
  // place for them; without one, they stay where they were.
  const StepRun *writer = nullptr;
  for (const StepRun &run : runs)
    if (hasOut(run))
      writer = &run;
  SequenceRows before = current, after = current;
  if (writer && isLast && !plan.pooled) {
    after = {"y"};
  } else if (writer && !isLast) {
    FailureOr<func::FuncOp> chunk = findChunk(*writer->first);
    if (failed(chunk))
      return failure();
    after = addStored(bytesOfRow(chunk->getArgumentTypes()[1]));
  } else {
    writer = nullptr;
  }
  current = after;
  return forEachChunk([&](Value first) -> LogicalResult {
    takeTimeSteps(first);
    Value rowsNow;
    for (const StepRun &run : runs) {
      FailureOr<func::FuncOp> chunk = findChunk(*run.first);
      if (failed(chunk))
        return failure();
      TypeRange types = chunk->getArgumentTypes();
      if (!rowsNow)
        rowsNow = rowsAt(before, first, types[0]);
      SmallVector<Value> leading{rowsNow};
      if (hasOut(run)) {
        rowsNow = &run == writer ? rowsAt(after, first, types[1])
                                 : allocate(cast<MemRefType>(types[1]));
        leading.push_back(rowsNow);
      }
      if (failed(emitCalls(run, *chunk, leading)))
        return failure();
    }
    return success();
  });
}

/// The unit of a chunk whose first row is the `first` from the end.
LogicalResult SequenceBuilder::emitReverseUnit(const StepRun &run, Value layer,
                                               Value first) {
  FailureOr<func::FuncOp> chunk = findChunk(*run.first);
  if (failed(chunk))
    return failure();
  auto inType = cast<MemRefType>(chunk->getArgumentTypes()[0]),
       outType = cast<MemRefType>(chunk->getArgumentTypes()[1]);
  Value in = allocate(inType), out = allocate(outType);
  if (plan.takesTimeSteps)
    timeSteps = allocate(MemRefType::get({rows}, builder.getF32Type()));
  forEachTurned(first, [&](Value time, Value row) {
    copyLanes(storedRow(current, time, inType), {}, in, row);
    if (!plan.takesTimeSteps)
      return;
    Value zero = index(0);
    Value delta =
        rowsAt({"dt"}, time, MemRefType::get(1, builder.getF32Type()));
    delta = memref::LoadOp::create(builder, loc, delta, zero);
    memref::StoreOp::create(builder, loc, delta, timeSteps, row);
  });
  if (failed(emitCall(run, *chunk, layer, {in, out})))
    return failure();
  forEachTurned(first, [&](Value time, Value row) {
    copyLanes(out, row, storedRow(*contributions, time, outType), {});
  });
  return success();
}

LogicalResult SequenceBuilder::emitBlock(const StepRun &run, Value layer,
                                         Value first) {
  FailureOr<func::FuncOp> chunk = findChunk(*run.first);
  if (failed(chunk))
    return failure();
  takeTimeSteps(first);
  TypeRange types = chunk->getArgumentTypes();
  return emitCall(run, *chunk, layer,
                  {rowsAt(current, first, types[0]),
                   rowsAt(*contributions, first, types[1])});
}

LogicalResult SequenceBuilder::emitLayers(const SequencePass &pass) {
  if (!contributions) // all layers use one place
    contributions = addStored(contributionBytes());
  auto emitLayer = [&](Value layer) -> LogicalResult {
    if (failed(forEachChunk([&](Value first) {
          return emitReverseUnit(*pass.reverse, layer, first);
        })))
      return failure();
    return forEachChunk(
        [&](Value first) { return emitBlock(*pass.block, layer, first); });
  };
  if (pass.reverse->count == 1)
    return emitLayer(Value());
  Value from = index(0), to = index(pass.reverse->count), step = index(1);
  auto loop = scf::ForOp::create(builder, loc, from, to, step);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  return emitLayer(loop.getInductionVar());
}

/// Of the widest row that a reverse unit writes.
int64_t SequenceBuilder::contributionBytes() {
  int64_t bytes = 0;
  for (const PlanStep &step : plan.steps)
    if (func::FuncOp chunk = chunkOf(step); chunk && step.kind == kReverseKind)
      bytes = std::max(bytes, bytesOfRow(chunk.getArgumentTypes()[1]));
  return bytes;
}

LogicalResult SequenceBuilder::build() {
  SmallVector<StringRef> names{"blob", "record", "n", "x"};
  if (plan.takesTimeSteps)
    names.push_back("dt");
  names.append({"store", "y", "ws"});
  createFunction(plan.takesTimeSteps ? "ssm_sequence_timed" : "ssm_sequence",
                 names);
  splitTime();
  FailureOr<std::vector<SequencePass>> passes = findPasses();
  if (failed(passes))
    return failure();
  for (const SequencePass &pass : *passes)
    if (failed(pass.reverse
                   ? emitLayers(pass)
                   : emitForward(pass.forward, &pass == &passes->back())))
      return failure();
  func::ReturnOp::create(builder, loc);
  return success();
}

LogicalResult ssmc::buildSequence(ModuleOp module, const ModelPlan &plan,
                                  int64_t &bytes) {
  auto rows = module->getAttrOfType<IntegerAttr>(kChunkRowsAttr);
  if (!rows)
    return module.emitError() << "has no " << kChunkRowsAttr;
  SequenceBuilder sequence(module, plan, rows.getInt());
  if (failed(sequence.build()))
    return failure();
  bytes = std::max(bytes, sequence.getBytes());
  Builder builder(module.getContext());
  module->setAttr(kSequenceBytesAttr,
                  builder.getI64IntegerAttr(sequence.getStoredBytes()));
  return success();
}
