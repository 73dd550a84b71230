//===- GpuUnits.cpp - What a GPU has to do for a chunk function -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Analysis/GpuUnits.h"
#include "dialect/SsmDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ssmc;

namespace {
/// Instructions in f32 and in f64.
struct Ops {
  double f32 = 0, f64 = 0;

  Ops &operator+=(const Ops &other) {
    f32 += other.f32;
    f64 += other.f64;
    return *this;
  }
  double weight() const { return f32 + 2 * f64; }
};
} // namespace

/// Of `op` on one lane. Exponentials are 10 (a rounding, a polynomial, an
/// exponent), divisions a reciprocal and its corrections; what only renames
/// registers is none.
static Ops opsOf(Operation &op) {
  if (isa<arith::ConstantOp, vector::ShuffleOp, vector::ExtractStridedSliceOp,
          YieldOp>(op))
    return {};
  bool isF64 = llvm::any_of(op.getOperandTypes(), [](Type type) {
    return getElementTypeOrSelf(type).isF64();
  });
  isF64 |= getElementTypeOrSelf(op.getResultTypes().front()).isF64();
  double count = isa<math::Exp2Op, math::ExpOp>(op) ? 10
                 : isa<arith::DivFOp>(op)           ? 10
                                                    : 1;
  return isF64 ? Ops{0, count} : Ops{count, 0};
}

/// Lanes of a panel that `type` has, as a part of all 16.
static double partOf(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector ? double(vector.getNumElements()) / kPanelLanes : 0;
}

/// Per lane of a panel.
static Ops countBody(PanelMapOp map) {
  Ops all;
  for (Operation &op : map.getBody().front()) {
    if (!op.getNumResults())
      continue;
    Ops once = opsOf(op);
    double part = partOf(op.getResultTypes().front());
    all += {once.f32 * part, once.f64 * part};
  }
  return all;
}

/// The same of loads and stores: a load per argument that is used, a store per
/// output. Columns are loaded once for all rows of a thread.
static double countAccesses(PanelMapOp map) {
  double all = 0;
  auto countUsed = [&](Block::BlockArgListType arguments) {
    for (BlockArgument argument : arguments)
      if (!argument.use_empty())
        all += partOf(argument.getType());
  };
  countUsed(map.getRowArguments());
  countUsed(map.getOutArguments());
  for (BlockArgument out : map.getOutArguments())
    all += partOf(out.getType());
  return all;
}

/// The longest chain of operations from a carry to its next value.
static Ops countChain(PanelMapOp map) {
  llvm::DenseMap<Value, Ops> chains;
  for (BlockArgument carry : map.getCarryArguments())
    chains[carry] = {};
  auto longest = [&](ValueRange values) {
    std::optional<Ops> most;
    for (Value value : values)
      if (auto chain = chains.find(value);
          chain != chains.end() &&
          (!most || chain->second.weight() > most->weight()))
        most = chain->second;
    return most;
  };
  for (Operation &op : map.getBody().front().without_terminator())
    if (std::optional<Ops> chain = longest(op.getOperands())) {
      *chain += opsOf(op);
      for (Value result : op.getResults())
        chains[result] = *chain;
    }
  ValueRange yielded = map.getYield().getValues();
  return longest(yielded.take_back(map.getCarries().size())).value_or(Ops());
}

static int64_t bytesOf(Type type) {
  auto shaped = cast<ShapedType>(type);
  return shaped.getNumElements() * shaped.getElementTypeBitWidth() / 8;
}

/// Carries that chunks side by side pass on.
static void describeLink(ValueRange carries, GpuUnit &unit) {
  for (Type type : carries.getTypes()) {
    auto shaped = cast<ShapedType>(type);
    int64_t bytes =
        shaped.getShape().back() * shaped.getElementTypeBitWidth() / 8;
    unit.publishedBytes += bytes;
    unit.enteringBytes += bytes;
  }
}

bool ssmc::isOfBlock(PanelMapOp map) {
  auto function = map->getParentOfType<func::FuncOp>();
  auto kind = function->getAttrOfType<StringAttr>("ssm.kind");
  return kind && kind == "block";
}

bool ssmc::allowsRuns(PanelMapOp map) {
  if (!map.getX() || map.getTensorCores() || map.getStreams() ||
      !isOfBlock(map))
    return false;
  auto isWhole = [](ValueRange buffers, Block::BlockArgListType arguments) {
    return llvm::all_of(
        llvm::zip_equal(buffers.getTypes(), arguments), [](auto pair) {
          auto [type, argument] = pair;
          int64_t lanes = cast<VectorType>(argument.getType()).getDimSize(0);
          return cast<ShapedType>(type).getShape().back() % lanes == 0;
        });
  };
  return isWhole(map.getRows(), map.getRowArguments()) &&
         isWhole(map.getColumns(), map.getColumnArguments()) &&
         isWhole(map.getOuts(), map.getOutArguments());
}

static void describeMap(PanelMapOp map, GpuUnit &unit) {
  Ops body = countBody(map);
  double accesses = countAccesses(map);
  bool scans = !map.getCarries().empty() && !map.getStreams();
  for (Value column : map.getColumns())
    unit.weightBytes += bytesOf(column.getType());
  if (map.getBias())
    unit.weightBytes += bytesOf(map.getBias().getType());
  if (map.getX() || !scans) {
    GpuProduct product;
    product.panels = map.getNumPanels();
    product.depth = map.getProductDepth();
    product.tensorCores = map.getTensorCores();
    // Before a scan, sums are stored only.
    product.ops = scans ? 0 : body.f32 + body.f64;
    product.accesses = scans ? 1 : accesses;
    product.allowsRuns = allowsRuns(map);
    unit.weightBytes += product.weightBytes();
    unit.products.push_back(product);
  }
  if (!scans)
    return;
  describeLink(map.getCarries(), unit);
  // The sum, which waits in the output.
  if (map.getX())
    ++accesses;
  // A thread has lanes j and j + 8: the two parts of a mode.
  Ops chain = countChain(map);
  unit.scans.push_back({map.getNumPanels() * kPanelLanes / 2, 2 * body.f32,
                        2 * body.f64, chain.f32, chain.f64,
                        /*readsAhead=*/bool(map.getX()), 2 * accesses});
}

/// A thread has a v of a head: three multiply-adds for each k, two chains of
/// which wait for nothing but each other, then S.
static GpuScan describeDeltaRows(DeltaRowsOp delta) {
  constexpr double kOutput = 6;
  double size = delta.getSize();
  GpuScan scan;
  scan.modes = int64_t(delta.getHeads()) * delta.getHeadPanels() * kPanelLanes;
  scan.ops = 3 * size + kOutput;
  scan.chain = size / 2 + kOutput;
  return scan;
}

/// A thread for each feature adds the rows to a sum in f64.
static void describePool(PoolRowsOp pool, GpuUnit &unit) {
  GpuScan scan;
  scan.modes = cast<ShapedType>(pool.getSums().getType()).getShape().back();
  scan.f64Ops = 2; // with the conversion
  scan.f64Chain = 1;
  scan.accesses = 1;
  scan.readsAhead = true;
  unit.scans.push_back(scan);
  if (pool.getStreams())
    return;
  unit.publishedBytes += scan.modes * sizeof(double);
  unit.enteringBytes += scan.modes * sizeof(double);
}

GpuUnit ssmc::describeGpuUnit(func::FuncOp chunk) {
  GpuUnit unit;
  auto rowBytes = [](Type type) {
    return cast<ShapedType>(type).getShape().back() *
           cast<ShapedType>(type).getElementTypeBitWidth() / 8;
  };
  // Without what lies between rows.
  auto trafficOf = [&](unsigned i) -> int64_t {
    auto floats = chunk.getArgAttrOfType<IntegerAttr>(i, "ssm.row_floats");
    return floats ? floats.getInt() * int64_t(sizeof(float))
                  : rowBytes(chunk.getArgumentTypes()[i]);
  };
  int64_t rows = 0;
  for (auto [i, type] : llvm::enumerate(chunk.getArgumentTypes()))
    if (chunk.getArgAttr(i, "ssm.rows")) {
      rows = cast<ShapedType>(type).getDimSize(0);
      unit.trafficBytes += trafficOf(i);
      unit.activationBytes += rowBytes(type);
    }
  // The rows that are also results are written.
  for (Type type : chunk.getResultTypes())
    if (auto shaped = dyn_cast<ShapedType>(type);
        shaped && shaped.hasStaticShape() && shaped.getDimSize(0) == rows &&
        chunk.getNumArguments() && chunk.getArgumentTypes().front() == type)
      unit.trafficBytes += trafficOf(0);
  chunk.walk([&](Operation *op) {
    if (auto map = dyn_cast<PanelMapOp>(op))
      describeMap(map, unit);
    else if (auto delta = dyn_cast<DeltaRowsOp>(op))
      unit.scans.push_back(describeDeltaRows(delta));
    else if (auto pool = dyn_cast<PoolRowsOp>(op))
      describePool(pool, unit);
    else if (auto channels = dyn_cast<ChannelRowsOp>(op);
             channels && !channels.getStreams())
      describeLink(channels.getCarry(), unit);
    else if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      if (empty.getType().getDimSize(0) == rows)
        unit.activationBytes += rowBytes(empty.getType());
  });
  return unit;
}

llvm::SmallVector<GpuUnit>
ssmc::describeGpuUnits(ModuleOp chunks,
                       llvm::function_ref<int64_t(StringRef)> countLayers) {
  SmallVector<GpuUnit> units;
  auto variantOf = [](func::FuncOp function) {
    auto variant = function->getAttrOfType<StringAttr>("ssm.variant");
    return variant ? variant.getValue() : StringRef();
  };
  // Chunks for thread blocks may have any number of rows of one stream; for
  // CPUs those of full chunks are functions of their own.
  bool isForThreads =
      llvm::any_of(chunks.getOps<func::FuncOp>(), [&](func::FuncOp function) {
        return variantOf(function) == "time";
      });
  for (auto function : chunks.getOps<func::FuncOp>()) {
    if (variantOf(function) != (isForThreads ? "time" : "full"))
      continue;
    StringRef name = function.getName().split('.').second.split('.').first;
    units.push_back(describeGpuUnit(function));
    units.back().layers = countLayers(name);
  }
  return units;
}
