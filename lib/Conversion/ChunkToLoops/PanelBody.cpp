//===- PanelBody.cpp - The epilogue of a panel map ------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToLoops/PanelBody.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace ssmc;

static int64_t lanesOf(Value value) {
  return cast<VectorType>(value.getType()).getDimSize(0);
}

static bool isHalfOfPanel(Type type) {
  auto vector = dyn_cast<VectorType>(type);
  return vector && vector.getShape() == ArrayRef<int64_t>{kHalfPanel};
}

static bool isSplatConstant(Operation *op) {
  auto constant = dyn_cast_or_null<arith::ConstantOp>(op);
  return constant && isa<SplatElementsAttr>(constant.getValue());
}

/// Whether two panels can share registers: every operation works lane by lane
/// or takes one half of a panel. Constants may have been hoisted.
static bool canPair(PanelMapOp op) {
  Block &body = op.getBody().front();
  auto isKnown = [&](Value operand) {
    return isa<VectorType>(operand.getType()) &&
           (operand.getParentBlock() == &body ||
            isSplatConstant(operand.getDefiningOp()));
  };
  if (!op.getCarries().empty() ||
      !llvm::all_of(op.getOutArguments(), [](BlockArgument out) {
        return isHalfOfPanel(out.getType());
      }))
    return false;
  return llvm::all_of(body.without_terminator(), [&](Operation &nested) {
    if (auto slice = dyn_cast<vector::ExtractStridedSliceOp>(nested))
      return isHalfOfPanel(slice.getType()) &&
             lanesOf(slice.getSource()) == kPanelLanes;
    return isSplatConstant(&nested) ||
           (OpTrait::hasElementwiseMappableTraits(&nested) &&
            llvm::all_of(nested.getOperands(), isKnown));
  });
}

PanelBody::PanelBody(PanelMapOp op, RowBuilder &rows, int64_t f32Lanes)
    : op(op), rows(rows), inPairs(f32Lanes == kPanelLanes && canPair(op)) {}

Value PanelBody::firstLane(Value panel, Value lanes) {
  return rows.scale(panel, lanesOf(lanes));
}

SmallVector<Value> PanelBody::loadCarries(Value stream, Value panel) {
  SmallVector<Value> carries;
  for (auto [carry, argument] :
       llvm::zip_equal(op.getCarries(), op.getCarryArguments()))
    carries.push_back(rows.loadLanes(carry, stream, firstLane(panel, argument),
                                     lanesOf(argument)));
  return carries;
}

void PanelBody::storeCarries(ValueRange carries, Value stream, Value panel) {
  for (auto [value, carry] : llvm::zip_equal(carries, op.getCarries()))
    rows.storeLanes(value, carry, stream, firstLane(panel, value));
}

SmallVector<Value> PanelBody::emit(Value row, Value panel,
                                   ArrayRef<Value> accumulators,
                                   ArrayRef<Value> carries) {
  SmallVector<Value> next;
  size_t each = op.getCarries().size();
  size_t count = accumulators.size(), p = 0;
  for (; inPairs && p + 1 < count; p += 2)
    emitPair(row, rows.add(panel, p), accumulators[p], accumulators[p + 1]);
  for (; p < count; ++p)
    llvm::append_range(next,
                       emitOne(row, rows.add(panel, p), accumulators[p],
                               carries.slice(p * each, each)));
  return next;
}

/// Clones the body for one row and panel, stores its outputs, returns carries.
SmallVector<Value> PanelBody::emitOne(Value row, Value panel, Value accumulator,
                                      ArrayRef<Value> carries) {
  IRMapping mapping;
  if (accumulator)
    mapping.map(op.getAccumulator(), accumulator);
  auto mapLanes = [&](ValueRange buffers, Block::BlockArgListType arguments,
                      bool column) {
    for (auto [buffer, argument] : llvm::zip_equal(buffers, arguments)) {
      if (argument.use_empty())
        continue;
      int64_t lanes = lanesOf(argument);
      mapping.map(argument,
                  column ? rows.loadLanes(buffer, panel, rows.index(0), lanes)
                         : rows.loadLanes(buffer, row,
                                          firstLane(panel, argument), lanes));
    }
  };
  mapLanes(op.getRows(), op.getRowArguments(), false);
  mapLanes(op.getColumns(), op.getColumnArguments(), true);
  mapLanes(op.getOuts(), op.getOutArguments(), false);
  for (auto [argument, carry] : llvm::zip_equal(op.getCarryArguments(), carries))
    mapping.map(argument, carry);
  for (Operation &nested : op.getBody().front().without_terminator())
    rows.builder.clone(nested, mapping);
  SmallVector<Value> results;
  for (Value value : op.getYield().getValues())
    results.push_back(mapping.lookupOrDefault(value));
  for (auto [value, out] : llvm::zip(results, op.getOuts()))
    rows.storeLanes(value, out, row, firstLane(panel, value));
  return SmallVector<Value>(
      ArrayRef<Value>(results).drop_front(op.getOuts().size()));
}

//===----------------------------------------------------------------------===//
// Two panels
//===----------------------------------------------------------------------===//

namespace ssmc {
/// What stands for a value of the body in two panels: for 16 lanes one value
/// each, for 8 lanes one value that holds both.
class PairMapping {
public:
  void map(Value from, ArrayRef<Value> to) {
    values[from] = SmallVector<Value, 2>(to);
  }
  bool contains(Value from) const { return values.contains(from); }
  ArrayRef<Value> lookup(Value from) const {
    return values.find(from)->second;
  }

private:
  llvm::DenseMap<Value, SmallVector<Value, 2>> values;
};
} // namespace ssmc

/// Lanes `first ... first + 7` of `a`, then of `b`.
static Value joinHalves(RowBuilder &rows, Value a, Value b, int64_t first) {
  SmallVector<int64_t> order;
  for (int64_t from : {first, lanesOf(a) + first})
    for (int64_t lane = 0; lane < kHalfPanel; ++lane)
      order.push_back(from + lane);
  return vector::ShuffleOp::create(rows.builder, rows.loc, a, b, order);
}

void PanelBody::emitPair(Value row, Value panel, Value first, Value second) {
  PairMapping pairs;
  Value next = rows.add(panel, 1);
  if (first)
    pairs.map(op.getAccumulator(), {first, second});
  auto mapRows = [&](ValueRange buffers, Block::BlockArgListType arguments) {
    for (auto [buffer, argument] : llvm::zip_equal(buffers, arguments)) {
      if (argument.use_empty())
        continue;
      // The 8 features of one panel, then of the next, are neighbours.
      Value a = rows.loadLanes(buffer, row, firstLane(panel, argument),
                               kPanelLanes);
      if (lanesOf(argument) == kHalfPanel)
        pairs.map(argument, {a});
      else
        pairs.map(argument, {a, rows.loadLanes(buffer, row,
                                               firstLane(next, argument),
                                               kPanelLanes)});
    }
  };
  mapRows(op.getRows(), op.getRowArguments());
  mapRows(op.getOuts(), op.getOutArguments());
  for (auto [column, argument] :
       llvm::zip_equal(op.getColumns(), op.getColumnArguments())) {
    Value a = rows.loadLanes(column, panel, rows.index(0), lanesOf(argument));
    Value b = rows.loadLanes(column, next, rows.index(0), lanesOf(argument));
    if (lanesOf(argument) == kHalfPanel)
      pairs.map(argument, {joinHalves(rows, a, b, 0)});
    else
      pairs.map(argument, {a, b});
  }
  for (Operation &nested : op.getBody().front().without_terminator()) {
    for (Value operand : nested.getOperands())
      if (!pairs.contains(operand)) // a hoisted constant
        pairs.map(operand, emitPairOp(*operand.getDefiningOp(), pairs));
    pairs.map(nested.getResult(0), emitPairOp(nested, pairs));
  }
  for (auto [value, out] : llvm::zip(op.getYield().getValues(), op.getOuts()))
    rows.storeLanes(pairs.lookup(value)[0], out, row, firstLane(panel, value));
}

/// The operation on both panels.
SmallVector<Value> PanelBody::emitPairOp(Operation &nested,
                                         const PairMapping &pairs) {
  if (auto slice = dyn_cast<vector::ExtractStridedSliceOp>(nested)) {
    ArrayRef<Value> panels = pairs.lookup(slice.getSource());
    int64_t first = cast<IntegerAttr>(slice.getOffsets()[0]).getInt();
    return {joinHalves(rows, panels[0], panels[1], first)};
  }
  auto type = cast<VectorType>(nested.getResult(0).getType());
  int64_t copies = type.getDimSize(0) / kHalfPanel;
  auto wide = VectorType::get(kPanelLanes, type.getElementType());
  SmallVector<Value> results;
  for (int64_t i = 0; i < copies; ++i) {
    IRMapping mapping;
    for (Value operand : nested.getOperands())
      mapping.map(operand, pairs.lookup(operand)[i]);
    Operation *copy = rows.builder.clone(nested, mapping);
    copy->getResult(0).setType(wide);
    if (auto constant = dyn_cast<arith::ConstantOp>(copy))
      constant.setValueAttr(
          cast<SplatElementsAttr>(constant.getValue()).resizeSplat(wide));
    results.push_back(copy->getResult(0));
  }
  return results;
}
