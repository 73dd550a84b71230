//===- UnitExpressions.cpp - Layers in the epilogue of a product ----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RecurrenceToChunk/Layout.h"
#include "lib/Conversion/RecurrenceToChunk/PackedParameters.h"
#include "lib/Conversion/RecurrenceToChunk/UnitConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ssmc;

/// The gate whose two projections are computed side by side in the map of
/// `value`: then a panel gives 8 features.
GateOp UnitConverter::findFusedGate(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op || materialized.contains(value))
    return {};
  if (auto gate = dyn_cast<GateOp>(op)) {
    auto a = gate.getA().getDefiningOp<LinearOp>();
    auto b = gate.getB().getDefiningOp<LinearOp>();
    if (a && b && a.getX() == b.getX() && isFusedLinear(a) && isFusedLinear(b))
      return gate;
  }
  if (auto pointwise = dyn_cast<PointwiseOpInterface>(op))
    for (Value operand : pointwise.getSequenceOperands())
      if (!isRoot(operand))
        if (GateOp gate = findFusedGate(operand))
          return gate;
  return {};
}

FailureOr<Value> UnitConverter::evaluate(Value value, PanelMapBuilder &map) {
  auto known = materialized.find(value);
  if (known != materialized.end())
    return map.addRows(known->second);
  Operation *op = value.getDefiningOp();
  if (!op)
    return unit.emitError() << "a sequence argument has no rows";
  if (auto linear = dyn_cast<LinearOp>(op))
    return evaluateLinear(linear, map);
  if (auto scan = dyn_cast<ScanOp>(op))
    return evaluateScan(scan, map);
  if (auto pointwise = dyn_cast<PointwiseOpInterface>(op))
    return evaluatePointwise(pointwise, map);
  return op->emitOpError() << "cannot be computed in the epilogue of a product";
}

FailureOr<Value> UnitConverter::setProduct(PanelMapBuilder &map, Value x,
                                           Value weight, Value bias,
                                           bool pairedOut) {
  FailureOr<Value> rowsOfX = getRows(x);
  if (failed(rowsOfX))
    return failure();
  ParameterPacker packer(builder, unit.getLoc());
  if (int64_t heads = headed.lookup(x)) {
    int64_t size = getNumFeatures(x.getType()) / heads;
    weight = packer.padGroups(weight, 1, heads, size, headLanes(size));
  }
  Value panels = packer.pack(weight, pairedOut, paired.contains(x));
  return map.setProduct(*rowsOfX, panels,
                        bias ? packer.pack(bias, pairedOut, false) : Value());
}

FailureOr<Value> UnitConverter::evaluateLinear(LinearOp op,
                                               PanelMapBuilder &map) {
  if (map.hasProduct() || map.getLanes() != kPanelLanes) {
    // One product per map: this one gets a map of its own.
    if (failed(materialize(op.getY())))
      return failure();
    return map.addRows(materialized.lookup(op.getY()));
  }
  return setProduct(map, op.getX(), parameters.lookup(op.getWeight()),
                    parameters.lookupOrNull(op.getBias()), false);
}

/// Packs both projections of a gate as one product with paired features. The
/// second gives the exponent of 1 + 2^t instead of what the gate reads, which
/// saves a multiplication per feature.
FailureOr<Value> UnitConverter::setGatedProduct(GateOp gate,
                                                PanelMapBuilder &map) {
  auto a = gate.getA().getDefiningOp<LinearOp>();
  auto b = gate.getB().getDefiningOp<LinearOp>();
  ParameterPacker packer(builder, gate.getLoc());
  auto scaleValue = [&](Value parameter) {
    double factor = gate.getValueScale();
    return factor == 1 ? parameter : packer.scale(parameter, factor);
  };
  Value bias;
  if (a.getBias() || b.getBias()) {
    Value first = parameters.lookupOrNull(a.getBias());
    Value second = parameters.lookupOrNull(b.getBias());
    first = first ? first : packer.zerosLike(second);
    second = second ? second : packer.zerosLike(first);
    bias = packer.stack(scaleValue(first),
                        packer.scale(second, GateOp::kExponentScale));
  }
  Value weight = packer.stack(
      scaleValue(parameters.lookup(a.getWeight())),
      packer.scale(parameters.lookup(b.getWeight()), GateOp::kExponentScale));
  return setProduct(map, a.getX(), weight, bias, true);
}

FailureOr<Value> UnitConverter::evaluatePointwise(PointwiseOpInterface op,
                                                  PanelMapBuilder &map) {
  int64_t width = getNumFeatures(op->getResult(0).getType());
  for (Value operand : op.getSequenceOperands())
    if (int64_t found = getNumFeatures(operand.getType()); found != width)
      return op->emitOpError()
             << "has an operand of " << found << " features; expected " << width
             << ": only a GLU's output is broadcast";
  SmallVector<Value> sequences, features;
  auto gate = dyn_cast<GateOp>(op.getOperation());
  if (gate && gate == findFusedGate(op->getResult(0)) && !map.hasProduct()) {
    FailureOr<Value> both = setGatedProduct(gate, map);
    if (failed(both))
      return failure();
    OpBuilder body = map.getBodyBuilder();
    for (int64_t half : {int64_t(0), kHalfPanel})
      sequences.push_back(vector::ExtractStridedSliceOp::create(
          body, op.getLoc(), *both, ArrayRef<int64_t>{half},
          ArrayRef<int64_t>{kHalfPanel}, ArrayRef<int64_t>{1}));
    return gate.buildLanesOfExponent(body, op.getLoc(), sequences[0],
                                     sequences[1]);
  }
  bool isGiven = llvm::any_of(op.getFeatureOperands(), [&](Value operand) {
    return givenValues.contains(operand);
  });
  if (isGiven && map.getLanes() != kPanelLanes) {
    // Columns that are given have the lanes of whole panels.
    if (failed(materialize(op->getResult(0))))
      return failure();
    return map.addRows(materialized.lookup(op->getResult(0)));
  }
  for (Value operand : op.getSequenceOperands()) {
    FailureOr<Value> lanes = evaluate(operand, map);
    if (failed(lanes))
      return failure();
    sequences.push_back(*lanes);
  }
  ParameterPacker packer(builder, op.getLoc());
  for (Value operand : op.getFeatureOperands()) {
    Value columns = givenValues.lookup(operand);
    features.push_back(map.addColumns(
        columns
            ? columns
            : packer.packColumns(parameters.lookup(operand), map.getLanes())));
  }
  OpBuilder body = map.getBodyBuilder();
  return op.buildLanes(body, op.getLoc(), sequences, features);
}

FailureOr<Value> UnitConverter::evaluateScan(ScanOp op, PanelMapBuilder &map) {
  // Its features are in paired order, which only packed weights undo.
  for (Operation *user : op.getY().getUsers())
    if (!isa<LinearOp>(user))
      return op.emitOpError() << "has an output that '" << user->getName()
                              << "' reads; expected a projection to read it";
  auto forcing = op.getF().getDefiningOp<LinearOp>();
  if (!forcing || map.hasProduct() || !isFusedLinear(op.getF()))
    return op.emitOpError() << "needs a projection of its own as forcing";
  FailureOr<Value> product =
      setProduct(map, forcing.getX(), parameters.lookup(forcing.getWeight()),
                 parameters.lookupOrNull(forcing.getBias()), true);
  if (failed(product))
    return failure();
  SmallVector<Value> coefficients, corrections, states;
  for (auto [i, coefficient] : llvm::enumerate(op.getStepCoefficients())) {
    auto parts = getCoefficient(
        op, coefficient, int64_t(i) == op.getCrossPlaneCoefficient(), map);
    if (failed(parts))
      return failure();
    coefficients.push_back(parts->first);
    corrections.push_back(parts->second);
  }
  for (Value carry : carries[op.getState()])
    states.push_back(map.addCarry(carry));

  OpBuilder body = map.getBodyBuilder();
  auto swapPlanes = [&](Value value) -> Value {
    SmallVector<int64_t> order;
    for (int64_t lane = 0; lane < kPanelLanes; ++lane)
      order.push_back(lane ^ kHalfPanel);
    return vector::ShuffleOp::create(body, op.getLoc(), value, value, order);
  };
  FailureOr<Value> gained = applyGains(op, *product, map, swapPlanes);
  if (failed(gained))
    return failure();
  Value input = *gained;
  if (op.needsWideState()) {
    // hi + lo is one f64 coefficient, to 48 bits.
    auto wide = VectorType::get(kPanelLanes, body.getF64Type());
    auto widen = [&](Value value) -> Value {
      return arith::ExtFOp::create(body, op.getLoc(), wide, value);
    };
    for (auto [high, low] : llvm::zip_equal(coefficients, corrections))
      high = arith::AddFOp::create(body, op.getLoc(), widen(high), widen(low));
    corrections.clear();
    input = widen(input);
  }
  SmallVector<Value> results = op.buildStep(
      body, op.getLoc(), input, states, coefficients, corrections, swapPlanes);
  map.setNewCarries(ArrayRef(results).drop_front());
  if (!op.needsWideState())
    return results.front();
  return arith::TruncFOp::create(body, op.getLoc(), product->getType(),
                                 results.front())
      .getResult();
}
