//===- LoopCounts.cpp - Bytes and operations of loops, counted ------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/LoopCounts.h"
#include "dialect/SsmDialect.h"
#include "lib/Analysis/BufferAccess.h"
#include "lib/Analysis/IndexValues.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace ssmc;

Traffic &Traffic::operator+=(const Traffic &other) {
  loaded += other.loaded;
  stored += other.stored;
  read += other.read;
  written += other.written;
  return *this;
}

Traffic PhaseCounts::totalBytes() const {
  Traffic total;
  for (const BufferTraffic &buffer : buffers)
    total += buffer.bytes;
  return total;
}

//===----------------------------------------------------------------------===//
// Phases
//===----------------------------------------------------------------------===//

static constexpr llvm::StringLiteral kPhasePrefix = "phase ";

SmallVector<Operation *> ssmc::markPhases(func::FuncOp function) {
  SmallVector<Operation *> phases;
  function.walk<WalkOrder::PreOrder>([&](DestinationStyleOpInterface op) {
    if (!isa<SsmDialect>(op->getDialect()))
      return;
    auto name = StringAttr::get(op.getContext(),
                                kPhasePrefix + llvm::Twine(phases.size()));
    op->walk([&](Operation *nested) {
      nested->setLoc(NameLoc::get(name, nested->getLoc()));
    });
    phases.push_back(op);
  });
  return phases;
}

static int64_t getPhase(Operation *op) {
  int64_t phase = -1;
  op->getLoc()->walk([&](Location loc) {
    auto name = dyn_cast<NameLoc>(loc);
    StringRef number = name ? name.getName().getValue() : "";
    if (!number.consume_front(kPhasePrefix) || number.getAsInteger(10, phase))
      return WalkResult::advance();
    return WalkResult::interrupt();
  });
  return phase;
}

//===----------------------------------------------------------------------===//
// Tallies
//===----------------------------------------------------------------------===//

/// Floating-point operations for each lane of the result; 0 for others.
static int64_t flopsPerLane(Operation *op) {
  if (isa<math::FmaOp>(op))
    return 2;
  return isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp,
             arith::NegFOp, arith::MaximumFOp, arith::MinimumFOp>(op);
}

namespace {

/// How often an access is made, and at how many different places.
struct Times {
  int64_t all = 1, different = 1;
};

struct Work {
  int64_t flops = 0, vectorBits = 0, divisionBits = 0;

  void add(const Work &other, int64_t times) {
    flops += times * other.flops;
    vectorBits += times * other.vectorBits;
    divisionBits += times * other.divisionBits;
  }
};

/// What a part of a function does.
struct Tally {
  llvm::MapVector<Operation *, Times> accesses;
  llvm::MapVector<int64_t, Work> work; // by phase
  SmallVector<PhaseCounts> calls;

  /// Adds what `body` does in one of several trips, or in `times` equal ones,
  /// of a loop on whose counter `dependents` depend.
  void addTrips(const Tally &body, int64_t times,
                const DenseSet<Value> &dependents);
  int64_t getBytes() const;
};

} // namespace

static bool dependsOn(const BufferAccess &access,
                      const DenseSet<Value> &values) {
  return values.contains(access.view) ||
         llvm::any_of(access.indices,
                      [&](Value index) { return values.contains(index); });
}

static void scale(PhaseCounts &counts, int64_t times) {
  counts.executions *= times;
  counts.flops *= times;
  counts.vectorBits *= times;
  counts.divisionBits *= times;
  for (BufferTraffic &buffer : counts.buffers) {
    buffer.bytes.loaded *= times;
    buffer.bytes.stored *= times;
    buffer.bytes.read *= times;
    buffer.bytes.written *= times;
  }
}

void Tally::addTrips(const Tally &body, int64_t times,
                     const DenseSet<Value> &dependents) {
  for (auto &[op, once] : body.accesses) {
    auto [place, isNew] = accesses.try_emplace(op, Times{0, 0});
    Times &sum = place->second;
    sum.all += times * once.all;
    if (dependsOn(*getBufferAccess(op), dependents))
      sum.different += times * once.different;
    else
      sum.different = std::max(sum.different, once.different);
  }
  for (auto &[phase, once] : body.work)
    work[phase].add(once, times);
  for (const PhaseCounts &once : body.calls) {
    calls.push_back(once);
    scale(calls.back(), times);
  }
}

int64_t Tally::getBytes() const {
  int64_t bytes = 0;
  for (auto &[op, times] : accesses)
    bytes += times.all * getBufferAccess(op)->bytes;
  for (const PhaseCounts &counts : calls) {
    Traffic total = counts.totalBytes();
    bytes += total.loaded + total.stored;
  }
  return bytes;
}

/// Joins what is about the same phase of the same function.
static void merge(SmallVector<PhaseCounts> &all, const PhaseCounts &more) {
  auto *same = llvm::find_if(all, [&](const PhaseCounts &known) {
    return known.function == more.function && known.phase == more.phase;
  });
  if (same == all.end()) {
    all.push_back(more);
    return;
  }
  same->executions += more.executions;
  same->flops += more.flops;
  same->vectorBits += more.vectorBits;
  same->divisionBits += more.divisionBits;
  for (const BufferTraffic &buffer : more.buffers) {
    auto known = llvm::find_if(same->buffers, [&](const BufferTraffic &b) {
      return b.view == buffer.view && b.buffer == buffer.buffer;
    });
    if (known == same->buffers.end())
      same->buffers.push_back(buffer);
    else
      known->bytes += buffer.bytes;
  }
}

//===----------------------------------------------------------------------===//
// Functions
//===----------------------------------------------------------------------===//

namespace {

/// Counts one call of one function.
class FunctionCounter {
public:
  FunctionCounter(func::FuncOp function, ArrayRef<std::optional<int64_t>> known,
                  ArrayRef<Value> buffers);
  FailureOr<SmallVector<PhaseCounts>> run();

private:
  LogicalResult countBlock(Block &block, Tally &tally);
  LogicalResult countOp(Operation *op, Tally &tally);
  LogicalResult countLoop(LoopLikeOpInterface loop, Tally &tally);
  LogicalResult countBranches(Operation *op, Tally &tally);
  LogicalResult countCall(func::CallOp call, Tally &tally);
  LogicalResult countRegion(Region &region, Tally &tally) {
    return region.empty() ? success() : countBlock(region.front(), tally);
  }
  void countWork(Operation *op, Tally &tally);
  Value bufferOf(Value view);
  SmallVector<PhaseCounts> finish(const Tally &tally);

  func::FuncOp function;
  IndexValues values;
  llvm::DenseMap<Value, Value> buffers; // of memref arguments
};

} // namespace

FunctionCounter::FunctionCounter(func::FuncOp function,
                                 ArrayRef<std::optional<int64_t>> known,
                                 ArrayRef<Value> buffers)
    : function(function) {
  for (auto [argument, value, buffer] :
       llvm::zip_equal(function.getArguments(), known, buffers)) {
    if (value)
      values.set(argument, *value);
    this->buffers[argument] = buffer;
  }
}

Value FunctionCounter::bufferOf(Value view) {
  while (auto op = view.getDefiningOp<ViewLikeOpInterface>())
    view = op.getViewSource();
  auto argument = buffers.find(view);
  return argument == buffers.end() ? view : argument->second;
}

void FunctionCounter::countWork(Operation *op, Tally &tally) {
  if (op->getNumResults() != 1 || !isMemoryEffectFree(op) ||
      !isa<arith::ArithDialect, math::MathDialect>(op->getDialect()) ||
      op->hasTrait<OpTrait::ConstantLike>())
    return;
  Type type = op->getResult(0).getType();
  auto vector = dyn_cast<VectorType>(type);
  if (!vector && !isa<FloatType>(type))
    return;
  Work work;
  work.flops = flopsPerLane(op) * (vector ? vector.getNumElements() : 1);
  if (vector)
    (isa<arith::DivFOp>(op) ? work.divisionBits : work.vectorBits) =
        8 * ssmc::getBytes(type);
  tally.work[getPhase(op)].add(work, 1);
}

LogicalResult FunctionCounter::countBlock(Block &block, Tally &tally) {
  for (Operation &op : block)
    if (failed(countOp(&op, tally)))
      return failure();
  return success();
}

LogicalResult FunctionCounter::countOp(Operation *op, Tally &tally) {
  if (getBufferAccess(op)) {
    tally.accesses.try_emplace(op, Times());
    return success();
  }
  if (auto loop = dyn_cast<LoopLikeOpInterface>(op))
    return countLoop(loop, tally);
  if (auto call = dyn_cast<func::CallOp>(op))
    return countCall(call, tally);
  if (isa<scf::IfOp, scf::IndexSwitchOp>(op))
    return countBranches(op, tally);
  if (op->getNumRegions() || hasUnknownAccess(op))
    return op->emitError() << "cannot count what '" << op->getName()
                           << "' accesses; expected loops with vectors";
  countWork(op, tally);
  return success();
}

LogicalResult FunctionCounter::countLoop(LoopLikeOpInterface loop,
                                         Tally &tally) {
  std::optional<LoopRange> range = values.getRange(loop);
  if (!range)
    return loop.emitError() << "cannot count the trips of '" << loop->getName()
                            << "': its bounds are not known";
  Value counter = loop.getLoopInductionVars()->front();
  DenseSet<Value> dependents = findDependents(counter);
  Region &body = *loop.getLoopRegions().front();
  bool tripsDiffer = decidesControlFlow(dependents, body);
  for (int64_t trip = 0; trip < (tripsDiffer ? range->trips : 1); ++trip) {
    IndexValues outside = values;
    if (tripsDiffer || range->trips == 1)
      values.set(counter, range->from + trip * range->step);
    Tally once;
    LogicalResult counted = range->trips ? countRegion(body, once) : success();
    values = std::move(outside);
    if (failed(counted))
      return failure();
    tally.addTrips(once, tripsDiffer ? 1 : range->trips, dependents);
  }
  return success();
}

LogicalResult FunctionCounter::countBranches(Operation *op, Tally &tally) {
  SmallVector<Region *> regions;
  if (std::optional<int64_t> choice = values.get(op->getOperand(0))) {
    auto branch = dyn_cast<scf::IfOp>(op);
    if (branch)
      regions = {*choice ? &branch.getThenRegion() : &branch.getElseRegion()};
    else
      regions = {getTakenRegion(cast<scf::IndexSwitchOp>(op), *choice)};
  } else {
    for (Region &region : op->getRegions())
      regions.push_back(&region);
  }
  Tally most;
  for (Region *region : regions) {
    Tally branch;
    if (failed(countRegion(*region, branch)))
      return failure();
    if (branch.getBytes() > most.getBytes() || regions.size() == 1)
      most = std::move(branch);
  }
  tally.addTrips(most, 1, DenseSet<Value>());
  return success();
}

/// Whether memory of this type holds more than what a pointer is to: functions
/// outside of the module get pointers to what is theirs.
static bool isArray(Type type) {
  auto memory = dyn_cast<BaseMemRefType>(type);
  return memory &&
         memory != MemRefType::get({1}, IntegerType::get(type.getContext(), 8));
}

LogicalResult FunctionCounter::countCall(func::CallOp call, Tally &tally) {
  auto callee = dyn_cast_or_null<func::FuncOp>(
      SymbolTable::lookupNearestSymbolFrom(call, call.getCalleeAttr()));
  if (!callee || callee.isExternal()) {
    if (llvm::none_of(call.getOperandTypes(), isArray))
      return success();
    return call.emitError() << "cannot count what '" << call.getCallee()
                            << "' accesses; expected a function with a body";
  }
  SmallVector<std::optional<int64_t>> known;
  SmallVector<Value> memory;
  for (Value operand : call.getOperands()) {
    known.push_back(values.get(operand));
    memory.push_back(isa<BaseMemRefType>(operand.getType()) ? bufferOf(operand)
                                                            : Value());
  }
  auto counts = FunctionCounter(callee, known, memory).run();
  if (failed(counts))
    return failure();
  for (const PhaseCounts &phase : *counts)
    merge(tally.calls, phase);
  return success();
}

/// Bytes of the array `view`, if it is of a fixed size and not just a pointer.
static int64_t limitOf(Value view) {
  constexpr int64_t kUnlimited = int64_t(1) << 48;
  auto type = cast<MemRefType>(view.getType());
  if (!type.hasStaticShape() || type.getNumElements() >= kUnlimited)
    return kUnlimited;
  return type.getNumElements() * ssmc::getBytes(type.getElementType());
}

SmallVector<PhaseCounts> FunctionCounter::finish(const Tally &tally) {
  SmallVector<PhaseCounts> all;
  for (auto &[op, times] : tally.accesses) {
    BufferAccess access = *getBufferAccess(op);
    int64_t bytes = times.all * access.bytes;
    int64_t different = times.different * access.bytes;
    Traffic traffic;
    (access.isStore() ? traffic.stored : traffic.loaded) = bytes;
    (access.isStore() ? traffic.written : traffic.read) = different;
    PhaseCounts counts{function, getPhase(op)};
    counts.buffers = {{access.view, bufferOf(access.view), traffic}};
    merge(all, counts);
  }
  for (auto &[phase, work] : tally.work) {
    PhaseCounts counts{function, phase};
    counts.flops = work.flops;
    counts.vectorBits = work.vectorBits;
    counts.divisionBits = work.divisionBits;
    merge(all, counts);
  }
  for (PhaseCounts &counts : all) {
    counts.executions = 1;
    for (BufferTraffic &buffer : counts.buffers) {
      int64_t limit = limitOf(buffer.view);
      buffer.bytes.read = std::min(buffer.bytes.read, limit);
      buffer.bytes.written = std::min(buffer.bytes.written, limit);
    }
  }
  llvm::stable_sort(all, [](const PhaseCounts &a, const PhaseCounts &b) {
    return a.phase < b.phase;
  });
  for (const PhaseCounts &counts : tally.calls)
    merge(all, counts);
  return all;
}

FailureOr<SmallVector<PhaseCounts>> FunctionCounter::run() {
  Tally tally;
  if (failed(countRegion(function.getBody(), tally)))
    return failure();
  return finish(tally);
}

FailureOr<SmallVector<PhaseCounts>>
ssmc::countLoops(func::FuncOp function,
                 ArrayRef<std::optional<int64_t>> arguments) {
  SmallVector<std::optional<int64_t>> known(arguments);
  known.resize(function.getNumArguments());
  SmallVector<Value> buffers(function.getArguments());
  return FunctionCounter(function, known, buffers).run();
}
