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
#include "lib/Transforms/SplitDirections.h"
#include "lib/Transforms/TrainingForm.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace ssmc;

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

/// The types of what comes before the parameters: what the rows come from (the
/// input, or the pool's sums and counts), where they go unless in place, and
/// the carries of every state.
SmallVector<Type> UnitConverter::getRowArgumentTypes() {
  constexpr int64_t kAny = ShapedType::kDynamic;
  auto first = cast<RankedTensorType>(unit.getArgumentTypes().front());
  int64_t features = first.getShape().back();
  Type f32 = builder.getF32Type();
  SmallVector<Type> types;
  if (kind == "answer") {
    types.push_back(
        RankedTensorType::get({kAny, features}, builder.getF64Type()));
    types.push_back(RankedTensorType::get({kAny, 1}, builder.getI64Type()));
  } else if (first.getElementType().isInteger()) {
    types.push_back(RankedTensorType::get({rows}, builder.getI32Type()));
  } else {
    int64_t width = kind == "input" ? features : paddedWidth(features);
    types.push_back(RankedTensorType::get({rows, width}, f32));
  }
  if (hasOut()) {
    int64_t results = getNumFeatures(unit.getResultTypes().front());
    types.push_back(RankedTensorType::get(
        {rows, output ? results : paddedWidth(results)}, f32));
  }
  for (Value contribution : contributions)
    types.push_back(RankedTensorType::get(
        {rows, paddedWidth(getNumFeatures(contribution.getType()))}, f32));
  for (Value state : initialStates)
    llvm::append_range(types,
                       getCarryTypes(cast<RankedTensorType>(state.getType())));
  if (timeSteps)
    types.push_back(RankedTensorType::get({rows}, f32));
  return types;
}

LogicalResult UnitConverter::createFunction() {
  if (unit.getNumArguments() == 0 || unit.getArgAttr(0, "ssm.parameter"))
    return unit.emitError() << "a unit's first argument is its sequence";
  SmallVector<BlockArgument> parameterArguments, given;
  for (BlockArgument argument : unit.getArguments().drop_front()) {
    if (unit.getArgAttr(argument.getArgNumber(), "ssm.parameter"))
      parameterArguments.push_back(argument);
    else if (unit.getArgAttr(argument.getArgNumber(),
                             SsmDialect::kTimeStepsAttr))
      timeSteps = argument;
    else if (isGivenAtRunTime(unit, argument.getArgNumber()))
      given.push_back(argument);
    else if (unit.getArgAttr(argument.getArgNumber(), kContributionAttr))
      contributions.push_back(argument);
    else
      initialStates.push_back(argument);
  }
  SmallVector<Type> types = getRowArgumentTypes();
  unsigned firstParameter = types.size();
  for (BlockArgument argument : parameterArguments)
    types.push_back(argument.getType());

  builder.setInsertionPoint(unit);
  chunk = func::FuncOp::create(builder, unit.getLoc(),
                               ("chunk." + unit.getSymName()).str(),
                               builder.getFunctionType(types, {}));
  chunk.setPrivate();
  chunk->setAttr("ssm.kind", builder.getStringAttr(kind));
  Block *body = chunk.addEntryBlock();
  builder.setInsertionPointToEnd(body);
  mapRowArguments(body->getArguments().take_front(firstParameter));
  markRowFloats();
  addGivenArguments(given);
  for (auto [i, argument] : llvm::enumerate(parameterArguments)) {
    parameters.map(argument, body->getArgument(firstParameter + i));
    chunk.setArgAttr(firstParameter + i, "ssm.parameter",
                     builder.getUnitAttr());
  }
  return success();
}

/// Arguments for columns and keys, at the end: parameters leave the signature
/// later. Whoever has a key also asks which time steps the rows are.
void UnitConverter::addGivenArguments(ArrayRef<BlockArgument> arguments) {
  auto add = [&](Type type, StringRef name) -> Value {
    unsigned i = chunk.getNumArguments();
    auto attribute = builder.getNamedAttr(name, builder.getUnitAttr());
    (void)chunk.insertArgument(i, type, builder.getDictionaryAttr(attribute),
                               unit.getLoc());
    return chunk.getArgument(i);
  };
  for (BlockArgument argument : arguments) {
    if (unit.getArgAttr(argument.getArgNumber(), kKeyAttr)) {
      Type key = RankedTensorType::get({2}, builder.getI32Type());
      givenValues[argument] = add(key, kKeyAttr);
      continue;
    }
    int64_t features = getNumFeatures(argument.getType());
    Type columns = RankedTensorType::get(
        {int64_t(llvm::divideCeil(features, kPanelLanes)), kPanelLanes},
        builder.getF32Type());
    givenValues[argument] = add(columns, kColumnsAttr);
  }
  bool drops = llvm::any_of(arguments, [&](BlockArgument argument) {
    return unit.getArgAttr(argument.getArgNumber(), kKeyAttr) != nullptr;
  });
  if (!drops)
    return;
  firstStep = add(builder.getIndexType(), kFirstAttr);
  droppedRows = add(builder.getIndexType(), kDroppedAttr);
}

/// Masks are drawn for rows in memory, in place: what they are drawn with costs
/// many times what writing and reading a row does.
LogicalResult UnitConverter::convertDropout(DropoutOp op) {
  Value key = givenValues.lookup(op.getKey());
  if (!key)
    return op.emitOpError() << "draws from a key that is no argument of the "
                               "model; run ssm-training or ssm-inference first";
  FailureOr<Value> x = getRows(op.getX());
  if (failed(x))
    return failure();
  auto dropped = DropRowsOp::create(builder, op.getLoc(), x->getType(), *x, key,
                                    firstStep, getNumFeatures(op.getType()),
                                    op.getRate(), droppedRows);
  if (Attribute one = op->getAttr(kOneMaskAttr))
    dropped->setAttr(kOneMaskAttr, one);
  materialized[op.getY()] = dropped.getResult();
  return success();
}

/// Says how many floats of a row are its panels where something lies between
/// rows, which is not worth copying.
void UnitConverter::markRowFloats() {
  auto rowsOfUnit = cast<RankedTensorType>(chunk.getArgumentTypes().front());
  int64_t floats = llvm::alignTo(
      getNumFeatures(unit.getArgumentTypes().front()), kPanelLanes);
  if (rowsOfUnit.getRank() == 2 && rowsOfUnit.getDimSize(1) > floats)
    chunk.setArgAttr(0, "ssm.row_floats", builder.getI64IntegerAttr(floats));
}

/// Says which arguments of the new function stand for what of the unit.
void UnitConverter::mapRowArguments(ArrayRef<BlockArgument> arguments) {
  auto takeRows = [&]() -> Value {
    chunk.setArgAttr(arguments.front().getArgNumber(), "ssm.rows",
                     builder.getUnitAttr());
    Value taken = arguments.front();
    arguments = arguments.drop_front();
    return taken;
  };
  auto takeCarries = [&](size_t count) {
    SmallVector<Value> taken(arguments.take_front(count));
    arguments = arguments.drop_front(count);
    return taken;
  };
  if (kind == "answer")
    carries[unit.getArgument(0)] = takeCarries(2);
  else
    materialized[unit.getArgument(0)] = input = takeRows();
  if (hasOut())
    outArgument = takeRows();
  for (Value contribution : contributions)
    materialized[contribution] = takeRows();
  for (Value state : initialStates)
    carries[state] = takeCarries(
        getCarryTypes(cast<RankedTensorType>(state.getType())).size());
  if (timeSteps) {
    chunk.setArgAttr(arguments.front().getArgNumber(),
                     SsmDialect::kTimeStepsAttr, builder.getUnitAttr());
    rowsOfTimeSteps = takeRows();
  }
}

LogicalResult UnitConverter::convert() {
  if (failed(createFunction()))
    return failure();
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
  if (isa<ScanOp, DeltaRuleOp>(user))
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
  if (auto scan = dyn_cast<ChannelScanOp>(op))
    return convertChannelScan(scan);
  if (auto rule = dyn_cast<DeltaRuleOp>(op))
    return convertDeltaRule(rule);
  if (auto pool = dyn_cast<MeanPoolOp>(op)) {
    FailureOr<Value> x = getRows(pool.getX());
    if (failed(x))
      return failure();
    Value sums = carries[pool.getSums()].front(),
          counts = carries[pool.getCount()].front();
    auto pooled = PoolRowsOp::create(
        builder, op->getLoc(), TypeRange{sums.getType(), counts.getType()}, *x,
        sums, counts, Value(), Value(), pool.getLast());
    carries[pool.getNewSums()] = {pooled.getResult(0)};
    carries[pool.getNewCount()] = {pooled.getResult(1)};
    return success();
  }
  if (auto softmax = dyn_cast<LogSoftmaxOp>(op)) {
    FailureOr<Value> x = getRows(softmax.getX());
    if (failed(x))
      return failure();
    // Over the classes, not the padding of the stream's rows.
    int64_t classes = getNumFeatures(softmax.getY().getType());
    Value out = destinationFor(softmax.getY());
    if (getNumFeatures(out.getType()) != classes)
      out = createEmpty(classes);
    materialized[softmax.getY()] =
        RowLogSoftmaxOp::create(builder, op->getLoc(), out.getType(), *x, out,
                                Value(), softmax.getProbabilities())
            .getResult();
    return success();
  }
  if (auto norm = dyn_cast<LayerNormOp>(op)) {
    FailureOr<Value> x = getRows(norm.getX());
    if (failed(x))
      return failure();
    Value out = destinationFor(norm.getY());
    materialized[norm.getY()] =
        RowNormOp::create(builder, op->getLoc(), out.getType(), *x, out,
                          getNumFeatures(norm.getType()), norm.getEpsilon(),
                          Value())
            .getResult();
    return success();
  }
  if (auto dropout = dyn_cast<DropoutOp>(op))
    return convertDropout(dropout);
  if (auto perStepOp = dyn_cast<PerStepOp>(op))
    return convertPerStep(perStepOp);
  if (auto scan = dyn_cast<ScanOp>(op);
      scan && scan.getReverse() != (kind == kReverseKind))
    return scan.emitOpError()
           << "runs " << (scan.getReverse() ? "backwards" : "forwards")
           << " in a unit whose rows do not; run ssm-split-directions first";
  if (!isa<LinearOp, ScanOp, PointwiseOpInterface>(op))
    return op->emitOpError()
           << "has no form on rows; expected a linear map, a "
              "scan, a channel scan, a delta rule, a pointwise layer, "
              "a layer norm, pooling or a softmax";
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
