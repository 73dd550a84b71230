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
static bool worksInPairs(PanelMapOp op) {
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
  return llvm::all_of(op.getYield().getValues(), isKnown) &&
         llvm::all_of(body.without_terminator(), [&](Operation &nested) {
           if (auto slice = dyn_cast<vector::ExtractStridedSliceOp>(nested))
             return isHalfOfPanel(slice.getType()) &&
                    lanesOf(slice.getSource()) == kPanelLanes;
           return isSplatConstant(&nested) ||
                  (OpTrait::hasElementwiseMappableTraits(&nested) &&
                   llvm::all_of(nested.getOperands(), isKnown));
         });
}

PanelBody::PanelBody(PanelMapOp op, RowBuilder &rows, int64_t f32Lanes)
    : op(op), rows(rows), pairs(f32Lanes == kPanelLanes && worksInPairs(op)) {}

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

void PanelBody::prefetchCarries(Value stream, Value panel) {
  for (auto [carry, argument] :
       llvm::zip_equal(op.getCarries(), op.getCarryArguments()))
    rows.prefetchLanes(carry, stream, firstLane(panel, argument),
                       lanesOf(argument));
}

void PanelBody::storeCarries(ValueRange carries, Value stream, Value panel) {
  for (auto [value, carry] : llvm::zip_equal(carries, op.getCarries()))
    rows.storeLanes(value, carry, stream, firstLane(panel, value));
}

/// What stands for a value of the body at one place: one value, but in a pair
/// one for each panel where it has 16 lanes.
class PanelBody::LaneMapping {
public:
  void map(Value from, ArrayRef<Value> to) {
    values[from] = SmallVector<Value, 2>(to);
  }
  bool contains(Value from) const { return values.contains(from); }
  ArrayRef<Value> lookup(Value from) const { return values.find(from)->second; }

private:
  llvm::DenseMap<Value, SmallVector<Value, 2>> values;
};

PanelBody::~PanelBody() = default;

void PanelBody::hoistColumns(Value panel) {
  hoisted = std::make_unique<LaneMapping>();
  loadColumns(panel, /*isPair=*/false, *hoisted);
  for (Operation &nested : op.getBody().front().without_terminator())
    if (nested.getNumOperands() > 0 &&
        llvm::all_of(nested.getOperands(),
                     [&](Value value) { return hoisted->contains(value); }))
      emitOp(nested, *hoisted, /*isPair=*/false);
}

SmallVector<SmallVector<Value>> PanelBody::emit(ArrayRef<Place> places) {
  SmallVector<LaneMapping> lanes(places.size(),
                                 hoisted ? *hoisted : LaneMapping());
  for (auto [place, mapping] : llvm::zip_equal(places, lanes))
    loadLanes(place, mapping);
  for (Operation &nested : op.getBody().front().without_terminator())
    for (auto [place, mapping] : llvm::zip_equal(places, lanes))
      if (nested.getNumResults() == 0 || !mapping.contains(nested.getResult(0)))
        emitOp(nested, mapping, place.isPair);
  SmallVector<SmallVector<Value>> carries;
  for (auto [place, mapping] : llvm::zip_equal(places, lanes))
    carries.push_back(storeResults(place, mapping));
  return carries;
}

/// Lanes `first ... first + 7` of `a`, then of `b`.
static Value joinHalves(RowBuilder &rows, Value a, Value b, int64_t first) {
  SmallVector<int64_t> order;
  for (int64_t from : {first, lanesOf(a) + first})
    for (int64_t lane = 0; lane < kHalfPanel; ++lane)
      order.push_back(from + lane);
  return vector::ShuffleOp::create(rows.builder, rows.loc, a, b, order);
}

/// Loads what the body's arguments stand for.
void PanelBody::loadLanes(const Place &place, LaneMapping &lanes) {
  SmallVector<Value> panels{place.panel};
  if (place.isPair)
    panels.push_back(rows.add(place.panel, 1));
  if (place.sum)
    lanes.map(op.getAccumulator(),
              place.isPair ? ArrayRef<Value>{place.sum, place.nextSum}
                           : ArrayRef<Value>{place.sum});
  auto mapRows = [&](ValueRange buffers, Block::BlockArgListType arguments) {
    for (auto [buffer, argument] : llvm::zip_equal(buffers, arguments)) {
      if (argument.use_empty())
        continue;
      SmallVector<Value, 2> values;
      // The 8 features of one panel, then of the next, are neighbours.
      bool together = place.isPair && lanesOf(argument) == kHalfPanel;
      int64_t count = together ? kPanelLanes : lanesOf(argument);
      for (Value panel : ArrayRef<Value>(panels).take_front(together ? 1 : 2))
        values.push_back(rows.loadLanes(buffer, place.row,
                                        firstLane(panel, argument), count));
      lanes.map(argument, values);
    }
  };
  mapRows(op.getRows(), op.getRowArguments());
  mapRows(op.getOuts(), op.getOutArguments());
  for (auto [scalar, argument] :
       llvm::zip_equal(op.getScalars(), op.getScalarArguments())) {
    if (argument.use_empty())
      continue;
    auto type = cast<VectorType>(argument.getType());
    if (place.isPair)
      type = VectorType::get(kPanelLanes, type.getElementType());
    Value value = rows.loadScalar(scalar, place.row, type);
    bool apart = place.isPair && lanesOf(argument) == kPanelLanes;
    lanes.map(argument, SmallVector<Value, 2>(apart ? 2 : 1, value));
  }
  if (!hoisted)
    loadColumns(panels, place.isPair, lanes);
  for (auto [argument, carry] :
       llvm::zip_equal(op.getCarryArguments(), place.carries))
    lanes.map(argument, carry);
}

void PanelBody::loadColumns(ArrayRef<Value> panels, bool isPair,
                            LaneMapping &lanes) {
  for (auto [column, argument] :
       llvm::zip_equal(op.getColumns(), op.getColumnArguments())) {
    if (argument.use_empty())
      continue;
    SmallVector<Value, 2> values;
    for (Value panel : panels)
      values.push_back(
          rows.loadLanes(column, panel, rows.index(0), lanesOf(argument)));
    if (isPair && lanesOf(argument) == kHalfPanel)
      values = {joinHalves(rows, values[0], values[1], 0)};
    lanes.map(argument, values);
  }
}

/// Emits one operation of the body for a place.
void PanelBody::emitOp(Operation &nested, LaneMapping &lanes, bool isPair) {
  auto map = [&](ArrayRef<Value> values) {
    lanes.map(nested.getResult(0), values);
  };
  for (Value operand : nested.getOperands())
    if (!lanes.contains(operand)) { // a hoisted constant
      if (isPair)
        emitOp(*operand.getDefiningOp(), lanes, isPair);
      else
        lanes.map(operand, operand);
    }
  auto slice = dyn_cast<vector::ExtractStridedSliceOp>(nested);
  if (slice && isPair) {
    ArrayRef<Value> panels = lanes.lookup(slice.getSource());
    int64_t first = cast<IntegerAttr>(slice.getOffsets()[0]).getInt();
    return map(joinHalves(rows, panels[0], panels[1], first));
  }
  // In a pair, 16 lanes are two operations, and 8 lanes one on 16.
  auto type = dyn_cast<VectorType>(nested.getResult(0).getType());
  int64_t copies = isPair ? type.getDimSize(0) / kHalfPanel : 1;
  SmallVector<Value, 2> results;
  for (int64_t i = 0; i < copies; ++i) {
    IRMapping operands;
    for (Value operand : nested.getOperands())
      operands.map(operand, lanes.lookup(operand)[i]);
    Operation *copy = rows.builder.clone(nested, operands);
    results.push_back(copy->getResult(0));
    if (!isPair || copies == 2)
      continue;
    auto wide = VectorType::get(kPanelLanes, type.getElementType());
    copy->getResult(0).setType(wide);
    if (auto constant = dyn_cast<arith::ConstantOp>(copy))
      constant.setValueAttr(
          cast<SplatElementsAttr>(constant.getValue()).resizeSplat(wide));
  }
  map(results);
}

/// Stores the outputs; returns the carries.
SmallVector<Value> PanelBody::storeResults(const Place &place,
                                           LaneMapping &lanes) {
  SmallVector<Value> results;
  for (Value value : op.getYield().getValues()) {
    if (!lanes.contains(value) && place.isPair) // a hoisted constant
      emitOp(*value.getDefiningOp(), lanes, place.isPair);
    results.push_back(lanes.contains(value) ? lanes.lookup(value)[0] : value);
  }
  for (auto [value, out, argument] :
       llvm::zip(results, op.getOuts(), op.getOutArguments()))
    rows.storeLanes(value, out, place.row, firstLane(place.panel, argument));
  return SmallVector<Value>(
      ArrayRef<Value>(results).drop_front(op.getOuts().size()));
}
