//===- UnitConverter.cpp - From a unit to its chunk function --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RecurrenceToChunk/UnitConverter.h"
#include "lib/Conversion/RecurrenceToChunk/Layout.h"
#include "lib/Conversion/RecurrenceToChunk/PackedParameters.h"
#include "lib/Conversion/RecurrenceToChunk/PanelMapBuilder.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace ssmc;

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

void UnitConverter::createFunction() {
  constexpr int64_t kAny = ShapedType::kDynamic;
  Type f32 = builder.getF32Type();
  SmallVector<Type> types;
  auto addPool = [&](int64_t features) {
    types.push_back(
        RankedTensorType::get({kAny, features}, builder.getF64Type()));
    types.push_back(RankedTensorType::get({kAny, 1}, builder.getI64Type()));
  };
  auto resultType = dyn_cast<RankedTensorType>(unit.getResultTypes().front());
  bool inPlace = kind == "block", hasOut = !inPlace && kind != "pool";
  auto first = cast<RankedTensorType>(unit.getArgumentTypes().front());
  bool tokens = first.getElementType().isInteger();
  if (kind == "answer")
    addPool(first.getShape().back());
  else if (tokens)
    types.push_back(RankedTensorType::get({rows}, builder.getI32Type()));
  else
    types.push_back(RankedTensorType::get(
        {rows, kind == "input" ? first.getShape().back()
                               : paddedWidth(first.getShape().back())},
        f32));
  if (hasOut) {
    int64_t features = resultType.getShape().back();
    types.push_back(RankedTensorType::get(
        {rows, output ? features : paddedWidth(features)}, f32));
  }
  SmallVector<unsigned> states, parameterArgs;
  for (unsigned i = 1; i < unit.getNumArguments(); ++i)
    (unit.getArgAttr(i, "ssm.parameter") ? parameterArgs : states).push_back(i);
  for (unsigned i : states)
    llvm::append_range(types, getCarryTypes(cast<RankedTensorType>(
                                  unit.getArgumentTypes()[i])));
  unsigned firstParameter = types.size();
  for (unsigned i : parameterArgs)
    types.push_back(unit.getArgumentTypes()[i]);
  if (unit.getArgAttr(0, "ssm.parameter"))
    llvm::report_fatal_error("a unit takes its sequence first");

  builder.setInsertionPoint(unit);
  chunk = func::FuncOp::create(builder, unit.getLoc(),
                               ("chunk." + unit.getSymName()).str(),
                               builder.getFunctionType(types, {}));
  chunk.setPrivate();
  chunk->setAttr("ssm.kind", builder.getStringAttr(kind));
  Block *body = chunk.addEntryBlock();
  builder.setInsertionPointToEnd(body);

  unsigned next = 0;
  if (kind == "answer") {
    SmallVector<Value> pool{body->getArgument(0), body->getArgument(1)};
    next = 2;
    carries[unit.getArgument(0)] = pool;
  } else {
    chunk.setArgAttr(next, "ssm.rows", builder.getUnitAttr());
    input = body->getArgument(next++);
    materialized[unit.getArgument(0)] = input;
  }
  if (hasOut) {
    chunk.setArgAttr(next, "ssm.rows", builder.getUnitAttr());
    outArgument = body->getArgument(next++);
  }
  for (unsigned i : states) {
    auto type = cast<RankedTensorType>(unit.getArgumentTypes()[i]);
    SmallVector<Value> parts;
    for (size_t k = 0; k < getCarryTypes(type).size(); ++k)
      parts.push_back(body->getArgument(next++));
    carries[unit.getArgument(i)] = parts;
    initialStates.push_back(unit.getArgument(i));
  }
  for (auto [i, argument] : llvm::enumerate(parameterArgs)) {
    parameters.map(unit.getArgument(argument),
                   body->getArgument(firstParameter + i));
    chunk.setArgAttr(firstParameter + i, "ssm.parameter",
                     builder.getUnitAttr());
  }
}

LogicalResult UnitConverter::convert() {
  createFunction();
  for (Operation &op : unit.getBody().front())
    if (failed(convertOp(&op)))
      return failure();
  return success();
}

/// Whether rows of `value` must exist in memory.
bool UnitConverter::isRoot(Value value) {
  if (value.getDefiningOp<ScanOp>() || !value.hasOneUse())
    return true;
  Operation *user = *value.getUsers().begin();
  if (isa<ScanOp>(user))
    return !value.getDefiningOp<LinearOp>();
  return !isa<PointwiseOpInterface>(user);
}

LogicalResult UnitConverter::convertOp(Operation *op) {
  if (auto returned = dyn_cast<func::ReturnOp>(op))
    return convertReturn(returned);
  bool onParameters = llvm::all_of(op->getOperands(), [&](Value operand) {
    return parameters.contains(operand);
  });
  if (onParameters) {
    builder.clone(*op, parameters);
    return success();
  }
  if (auto lookup = dyn_cast<EmbeddingOp>(op)) {
    Value out = destinationFor(lookup.getResult());
    Value table = ParameterPacker(builder, op->getLoc())
                      .padRows(parameters.lookup(lookup.getTable()),
                               getNumFeatures(out.getType()));
    materialized[lookup.getResult()] =
        LookupOp::create(builder, op->getLoc(), out.getType(),
                         materialized.lookup(lookup.getIds()), table, out,
                         Value())
            .getResult();
    return success();
  }
  if (auto pool = dyn_cast<MeanPoolOp>(op)) {
    FailureOr<Value> x = getRows(pool.getX());
    if (failed(x))
      return failure();
    Value sums = carries[pool.getSums()].front(),
          counts = carries[pool.getCount()].front();
    auto pooled = PoolRowsOp::create(
        builder, op->getLoc(), TypeRange{sums.getType(), counts.getType()}, *x,
        sums, counts, Value(), Value());
    carries[pool.getNewSums()] = {pooled.getResult(0)};
    carries[pool.getNewCount()] = {pooled.getResult(1)};
    return success();
  }
  if (auto softmax = dyn_cast<LogSoftmaxOp>(op)) {
    FailureOr<Value> x = getRows(softmax.getX());
    if (failed(x))
      return failure();
    Value out = destinationFor(softmax.getY());
    materialized[softmax.getY()] =
        RowLogSoftmaxOp::create(builder, op->getLoc(), out.getType(), *x, out,
                                Value())
            .getResult();
    return success();
  }
  if (!isa<LinearOp, ScanOp, PointwiseOpInterface>(op))
    return op->emitOpError() << "has no form on rows; expected a linear map, a "
                                "scan, a pointwise layer, pooling or a softmax";
  return isRoot(op->getResult(0)) ? materialize(op->getResult(0)) : success();
}

/// Whether `rows` are `place` itself or were written into it.
static bool liesIn(Value rows, Value place) {
  if (rows == place)
    return true;
  auto writer = rows.getDefiningOp<DestinationStyleOpInterface>();
  return writer &&
         writer.getTiedOpOperand(cast<OpResult>(rows))->get() == place;
}

LogicalResult UnitConverter::convertReturn(func::ReturnOp op) {
  SmallVector<Value> results;
  Value first = op->getNumOperands() ? op.getOperand(0) : Value();
  if (kind != "pool" && first) {
    FailureOr<Value> result = getRows(first);
    if (failed(result))
      return failure();
    Value wanted = outArgument ? outArgument : input;
    if (!liesIn(*result, wanted) && failed(emitCopy(first, *result, wanted)))
      return failure();
    result = materialized.lookup(first);
    results.push_back(*result);
  }
  // States leave in the order in which they came.
  auto returnedFor = [&](Value state) -> Value {
    for (Operation *user : state.getUsers())
      if (auto carried = dyn_cast<CarriedStateOpInterface>(user))
        for (auto [operand, result] : llvm::zip_equal(
                 carried.getCarriedOperands(), carried.getCarriedResults()))
          if (operand.get() == state)
            return result;
    return state;
  };
  for (Value state : initialStates)
    llvm::append_range(results, carries[returnedFor(state)]);
  func::ReturnOp::create(builder, op.getLoc(), results);
  chunk.setFunctionType(builder.getFunctionType(
      chunk.getArgumentTypes(), TypeRange(ValueRange(results))));
  return success();
}

//===----------------------------------------------------------------------===//
// Rows
//===----------------------------------------------------------------------===//

Value UnitConverter::createEmpty(int64_t width) {
  return tensor::EmptyOp::create(builder, unit.getLoc(), {rows, width},
                                 builder.getF32Type());
}

/// Where the rows of `value` go: to the result's place, or into the workspace.
Value UnitConverter::destinationFor(Value value) {
  bool returned = llvm::any_of(value.getUses(), [](OpOperand &use) {
    return isa<func::ReturnOp>(use.getOwner()) && use.getOperandNumber() == 0;
  });
  if (returned && kind != "pool")
    return outArgument ? outArgument : input;
  if (value.getDefiningOp<ScanOp>())
    return createEmpty(
        paddedWidth(pairedLanes(getNumFeatures(value.getType()) / 2)));
  return createEmpty(paddedWidth(getNumFeatures(value.getType())));
}

FailureOr<Value> UnitConverter::getRows(Value value) {
  if (!materialized.contains(value) && carries.contains(value) &&
      kind == "answer") {
    SmallVector<Value> pool = carries[value];
    Value out = createEmpty(paddedWidth(getNumFeatures(value.getType())));
    materialized[value] =
        PoolMeanOp::create(builder, unit.getLoc(), out.getType(), pool[0],
                           pool[1], out, Value(), Value())
            .getResult();
  }
  if (!materialized.contains(value) && failed(materialize(value)))
    return failure();
  return materialized.lookup(value);
}

LogicalResult UnitConverter::materialize(Value value) {
  return emitMap(value, destinationFor(value));
}

LogicalResult UnitConverter::emitMap(Value value, Value destination) {
  PanelMapBuilder map(value.getLoc(), destination,
                      findFusedGate(value) ? kHalfPanel : kPanelLanes);
  FailureOr<Value> result = evaluate(value, map);
  if (failed(result))
    return failure();
  if (map.getProductRows() != destination) {
    finishMap(map, *result, value);
    return success();
  }
  // The product reads rows that its own epilogue would overwrite.
  map.redirect(createEmpty(getNumFeatures(destination.getType())));
  finishMap(map, *result, value);
  return emitCopy(value, materialized.lookup(value), destination);
}

LogicalResult UnitConverter::emitCopy(Value value, Value rowsOfValue,
                                      Value destination) {
  PanelMapBuilder copy(value.getLoc(), destination, kPanelLanes);
  finishMap(copy, copy.addRows(rowsOfValue), value);
  return success();
}

/// Creates the map and remembers what it computed.
void UnitConverter::finishMap(PanelMapBuilder &map, Value result, Value value) {
  PanelMapOp op = map.finish(builder, result);
  materialized[value] = op.getResult(0);
  if (auto scan = value.getDefiningOp<ScanOp>()) {
    paired.insert(value);
    carries[scan.getNewState()] =
        SmallVector<Value>(op.getResults().drop_front());
  }
}
