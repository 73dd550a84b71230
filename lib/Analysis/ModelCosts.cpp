//===- ModelCosts.cpp - What each phase of a model costs ------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/ModelCosts.h"
#include "dialect/SsmDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace ssmc;

//===----------------------------------------------------------------------===//
// Shapes of phases
//===----------------------------------------------------------------------===//

static int64_t bytesOfType(Type type) {
  auto shaped = cast<ShapedType>(type);
  return shaped.getNumElements() * shaped.getElementTypeBitWidth() / 8;
}

/// What the body of a panel map does with its sums. A gate makes one feature of
/// two columns, so its output has half of the lanes.
static std::string describeEpilogue(PanelMapOp op) {
  if (!op.getCarries().empty())
    return "scan";
  bool hasExponential = false, hasTanh = false, hasMaximum = false;
  op.getBody().walk([&](Operation *nested) {
    hasExponential |= isa<math::Exp2Op, math::ExpOp>(nested);
    hasTanh |= isa<math::TanhOp>(nested);
    hasMaximum |= isa<arith::MaximumFOp>(nested);
  });
  if (!hasExponential)
    return hasTanh ? "tanh" : hasMaximum ? "relu" : "";
  auto lanes = cast<VectorType>(op.getYield().getValues()[0].getType());
  return lanes.getNumElements() < kPanelLanes ? "gate"
         : hasMaximum                         ? "gelu" // it clamps
                                              : "silu";
}

static PhaseShape describePhase(Operation *op) {
  PhaseShape shape;
  shape.kind = op->getName().stripDialect().str();
  auto rows = cast<ShapedType>(
      cast<DestinationStyleOpInterface>(op).getDpsInits()[0].getType());
  shape.rows = rows.getDimSize(0);
  auto map = dyn_cast<PanelMapOp>(op);
  if (!map) {
    // A pool's output is a state; what it takes has the rows.
    if (ShapedType::isDynamic(shape.rows))
      shape.rows = cast<ShapedType>(op->getOperand(0).getType()).getDimSize(0);
    return shape;
  }
  shape.rows = map.getNumRows();
  shape.epilogue = describeEpilogue(map);
  for (Value column : map.getColumns())
    shape.weightBytes += bytesOfType(column.getType());
  if (!map.getX())
    return shape;
  shape.kind = "product";
  shape.depth = cast<ShapedType>(map.getW().getType()).getDimSize(1);
  shape.panels = map.getNumPanels();
  shape.weightBytes += bytesOfType(map.getW().getType());
  if (map.getBias())
    shape.weightBytes += bytesOfType(map.getBias().getType());
  return shape;
}

PhaseShapes ssmc::describePhases(ModuleOp chunks) {
  PhaseShapes shapes;
  for (auto function : chunks.getOps<func::FuncOp>())
    if (function->hasAttr("ssm.kind"))
      for (Operation *op : markPhases(function))
        shapes[function.getName()].push_back(describePhase(op));
  return shapes;
}

//===----------------------------------------------------------------------===//
// Bytes by kind
//===----------------------------------------------------------------------===//

StringRef ssmc::getBufferKindName(BufferKind kind) {
  static constexpr llvm::StringLiteral kNames[] = {"weights", "activations",
                                                   "state", "input", "output"};
  return kNames[static_cast<int>(kind)];
}

/// Takes whole sequences through passes, with rows of all time steps between.
static constexpr StringRef kSequence = "ssm_sequence";

/// An entry point takes (weights, states, ..., x, y, workspace); streams' ids
/// are input, too. One of whole sequences has rows between passes behind x.
static BufferKind getBufferKind(Value buffer) {
  auto argument = dyn_cast<BlockArgument>(buffer);
  if (!argument)
    return BufferKind::Activations;
  unsigned fromEnd =
      argument.getOwner()->getNumArguments() - argument.getArgNumber();
  if (argument.getArgNumber() == 0)
    return BufferKind::Weights;
  if (argument.getArgNumber() == 1)
    return BufferKind::State;
  if (fromEnd == 1)
    return BufferKind::Activations;
  auto entry = cast<func::FuncOp>(argument.getOwner()->getParentOp());
  if (fromEnd == 3 && entry.getName().starts_with(kSequence))
    return BufferKind::Activations;
  return fromEnd == 2 ? BufferKind::Output : BufferKind::Input;
}

Traffic PhaseCost::totalBytes() const {
  Traffic total;
  for (const Traffic &kind : bytes)
    total += kind;
  return total;
}

Traffic EntryCost::bytesOf(BufferKind kind) const {
  Traffic bytes;
  for (const PhaseCost &phase : phases)
    bytes += phase.bytesOf(kind);
  return bytes;
}

double EntryCost::totalCycles() const {
  double cycles = 0;
  for (const PhaseCost &phase : phases)
    cycles += phase.cycles;
  return cycles;
}

//===----------------------------------------------------------------------===//
// Costs
//===----------------------------------------------------------------------===//

/// `weights` are all that an entry point reads.
static PhaseCost costPhase(const PhaseCounts &counts, const PhaseShapes &shapes,
                           const TargetDescription &target,
                           std::optional<TileShape> tile, int64_t weights) {
  PhaseCost cost;
  for (const BufferTraffic &buffer : counts.buffers)
    cost.bytes[static_cast<int>(getBufferKind(buffer.buffer))] += buffer.bytes;
  cost.flops = counts.flops;
  cost.layers = counts.executions;
  StringRef name = func::FuncOp(counts.function).getName();
  cost.unit = name.split('.').second.split('.').first.str();
  if (counts.phase >= 0)
    cost.shape = shapes.lookup(name)[counts.phase];
  else // which record each row belongs to
    cost.shape.kind = "streams";
  const PhaseShape &shape = cost.shape;
  int64_t productBits = 0;
  if (shape.depth) {
    int64_t multiplyAdds =
        cost.layers * shape.rows * shape.depth * shape.panels * kPanelLanes;
    cost.productFlops = 2 * multiplyAdds;
    productBits = 32 * multiplyAdds;
    cost.tile = tile
                    ? TileShape{std::min(tile->rows, shape.rows),
                                std::min(tile->panels, shape.panels)}
                    : chooseTile(target, shape.rows, shape.depth, shape.panels);
    double product =
        cost.layers * cyclesOfProduct(target, cost.tile, shape.rows,
                                      shape.depth, shape.panels);
    double reading =
        cost.bytesOf(BufferKind::Weights).read / bytesPerCycle(target, weights);
    cost.cycles = std::max(product, reading);
  }
  cost.cycles += cyclesOfEpilogue(target, counts.vectorBits - productBits,
                                  counts.divisionBits);
  Traffic bytes = cost.totalBytes();
  // What no product hides behind its multiply-adds.
  if (!shape.depth)
    cost.cycles = std::max(cost.cycles,
                           cyclesOfLoads(target, bytes.loaded + bytes.stored));
  return cost;
}

/// A full chunk, a step, or a step of streams: then there are integers, the
/// first stream, the distance to the next one, and how many there are. A
/// sequence is as long as a chunk.
static SmallVector<std::optional<int64_t>> argumentsOf(func::FuncOp entry,
                                                       int64_t rows) {
  SmallVector<std::optional<int64_t>> known(entry.getNumArguments());
  const int64_t integers[] = {0, 1, rows};
  ArrayRef<int64_t> left = integers;
  if (entry.getName().starts_with(kSequence))
    left = left.take_back(1);
  for (auto [argument, value] : llvm::zip_equal(entry.getArguments(), known)) {
    if (!isa<IntegerType>(argument.getType()) || left.empty())
      continue;
    value = left.front();
    left = left.drop_front();
  }
  return known;
}

/// Rows of the functions that `entry` calls.
static int64_t rowsOf(func::FuncOp entry, const PhaseShapes &shapes) {
  int64_t rows = 1;
  entry.walk([&](func::CallOp call) {
    for (const PhaseShape &shape : shapes.lookup(call.getCallee()))
      rows = std::max(rows, shape.rows);
  });
  return rows;
}

FailureOr<std::vector<EntryCost>>
ssmc::costModel(ModuleOp loops, const PhaseShapes &shapes,
                const TargetDescription &target) {
  auto tile = getGivenTile(loops);
  if (failed(tile))
    return failure();
  std::vector<EntryCost> entries;
  SmallVector<StringRef> names{"ssm_chunk_full", "ssm_step", "ssm_rows"};
  // Those of models that take time deltas are called so.
  auto find = [&](StringRef name) {
    auto function = loops.lookupSymbol<func::FuncOp>(name);
    return function ? function
                    : loops.lookupSymbol<func::FuncOp>((name + "_timed").str());
  };
  if (find(kSequence))
    names = {kSequence};
  for (StringRef name : names) {
    func::FuncOp function = find(name);
    if (!function)
      return loops.emitError() << "has no function '" << name << "'";
    EntryCost entry;
    entry.function = name.str();
    entry.rows = rowsOf(function, shapes);
    auto counts = countLoops(function, argumentsOf(function, entry.rows));
    if (failed(counts))
      return failure();
    int64_t weights = 0;
    for (const PhaseCounts &phase : *counts)
      for (const BufferTraffic &buffer : phase.buffers)
        if (getBufferKind(buffer.buffer) == BufferKind::Weights)
          weights += buffer.bytes.read;
    for (const PhaseCounts &phase : *counts)
      if (phase.phase >= 0 || phase.totalBytes().loaded ||
          phase.totalBytes().stored)
        entry.phases.push_back(
            costPhase(phase, shapes, target, *tile, weights));
    entries.push_back(std::move(entry));
  }
  return entries;
}
