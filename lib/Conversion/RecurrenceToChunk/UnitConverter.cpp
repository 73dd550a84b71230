//===- UnitConverter.cpp - From a unit to its chunk function --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RecurrenceToChunk/UnitConverter.h"
#include "lib/Conversion/RecurrenceToChunk/Layout.h"
#include "lib/Conversion/RecurrenceToChunk/PackedParameters.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace ssmc;

namespace {

/// A panel map in the making: leaves are found while its body is emitted, so
/// the body's arguments are put into order at the end.
struct Group {
  int64_t lanes = kPanelLanes;
  Value destination;
  Value x, w, bias;
  BlockArgument accumulator, old; // `old`: the destination's value before
  SmallVector<std::pair<Value, BlockArgument>> rows, columns, carries;
  SmallVector<Value> newCarries;
  Block body;
};

class UnitConverter {
public:
  UnitConverter(func::FuncOp unit, int64_t rows, bool output)
      : unit(unit), kind(unit->getAttrOfType<StringAttr>("ssm.unit").getValue()),
        rows(kind == "answer" ? 1 : rows), output(output),
        builder(unit.getContext()) {}

  LogicalResult convert();

private:
  void createFunction();
  LogicalResult convertOp(Operation *op);
  LogicalResult convertReturn(func::ReturnOp op);
  bool isRoot(Value value);

  FailureOr<Value> getRows(Value value);
  LogicalResult materialize(Value value);
  Value destinationFor(Value value);
  Value createEmpty(int64_t width);
  LogicalResult emitGroup(Value value, Value destination);
  void finishGroup(Group &group, Value result, Location loc, Value value);

  FailureOr<Value> evaluate(Value value, Group &group, OpBuilder &body);
  FailureOr<Value> evaluateLinear(LinearOp op, Group &group);
  FailureOr<Value> evaluateScan(ScanOp op, Group &group, OpBuilder &body);
  FailureOr<Value> evaluatePointwise(PointwiseOpInterface op, Group &group,
                                     OpBuilder &body);
  LogicalResult setGatedProduct(GateOp gate, Group &group);
  GateOp findFusedGate(Value value);
  Value addLeaf(Group &group,
                SmallVectorImpl<std::pair<Value, BlockArgument>> &leaves,
                Value operand, int64_t lanes);
  Value rowLeaf(Group &group, Value rows);
  LogicalResult setProduct(Group &group, Value x, Value weight, Value bias,
                           bool pairedOut);

  bool isFusedLinear(Value value) {
    auto linear = value.getDefiningOp<LinearOp>();
    return linear && !materialized.contains(value) && !isRoot(value);
  }

  func::FuncOp unit, chunk;
  StringRef kind;
  int64_t rows;
  bool output;
  OpBuilder builder;
  IRMapping parameters;
  DenseMap<Value, Value> materialized; // sequence of the unit -> its rows
  llvm::DenseSet<Value> paired;        // materialized in paired order
  DenseMap<Value, SmallVector<Value>> carries; // state -> its carries now
  SmallVector<Value> initialStates;
  Value input, outArgument;
};

} // namespace

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

void UnitConverter::createFunction() {
  constexpr int64_t kAny = ShapedType::kDynamic;
  Type f32 = builder.getF32Type();
  SmallVector<Type> types;
  auto addPool = [&](int64_t features) {
    types.push_back(RankedTensorType::get({kAny, features}, builder.getF64Type()));
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
    auto pooled = PoolRowsOp::create(builder, op->getLoc(),
                                     TypeRange{sums.getType(), counts.getType()},
                                     *x, sums, counts, Value(), Value());
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
    if (!liesIn(*result, wanted)) {
      Group group;
      group.destination = wanted;
      finishGroup(group, rowLeaf(group, *result), op.getLoc(), first);
      result = materialized.lookup(first);
    }
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
  return emitGroup(value, destinationFor(value));
}

LogicalResult UnitConverter::emitGroup(Value value, Value destination) {
  Group group;
  group.destination = destination;
  if (findFusedGate(value))
    group.lanes = kHalfPanel;
  OpBuilder body(builder.getContext());
  body.setInsertionPointToEnd(&group.body);
  FailureOr<Value> result = evaluate(value, group, body);
  if (failed(result))
    return failure();
  if (group.x == destination) {
    // The product reads rows that its own epilogue would overwrite.
    group.destination = createEmpty(getNumFeatures(destination.getType()));
    if (group.old)
      group.rows.emplace_back(destination, group.old);
    group.old = {};
    finishGroup(group, *result, value.getLoc(), value);
    Group copy;
    copy.destination = destination;
    finishGroup(copy, rowLeaf(copy, materialized.lookup(value)), value.getLoc(),
                value);
    return success();
  }
  finishGroup(group, *result, value.getLoc(), value);
  return success();
}

/// Creates the panel map, with the body's arguments in the order of operands.
void UnitConverter::finishGroup(Group &group, Value result, Location loc,
                                Value value) {
  SmallVector<Value> rowOperands, columnOperands, carryOperands;
  for (auto &[operand, argument] : group.rows)
    rowOperands.push_back(operand);
  for (auto &[operand, argument] : group.columns)
    columnOperands.push_back(operand);
  for (auto &[operand, argument] : group.carries)
    carryOperands.push_back(operand);
  SmallVector<Type> types{group.destination.getType()};
  llvm::append_range(types, TypeRange(ValueRange(carryOperands)));
  auto map = PanelMapOp::create(builder, loc, types, group.x, group.w,
                                group.bias, rowOperands, columnOperands,
                                group.destination, carryOperands, Value(),
                                Value());
  Block *body = &map.getBody().emplaceBlock();
  auto moveArgument = [&](BlockArgument argument, int64_t lanes) {
    Type type = argument ? argument.getType()
                         : VectorType::get(lanes, builder.getF32Type());
    BlockArgument moved = body->addArgument(type, loc);
    if (argument)
      argument.replaceAllUsesWith(moved);
    if (result == argument)
      result = moved;
    for (Value &carry : group.newCarries)
      if (carry == argument)
        carry = moved;
  };
  if (group.x)
    moveArgument(group.accumulator, kPanelLanes);
  for (auto &[operand, argument] : group.rows)
    moveArgument(argument, group.lanes);
  for (auto &[operand, argument] : group.columns)
    moveArgument(argument, group.lanes);
  moveArgument(group.old, group.lanes);
  for (auto &[operand, argument] : group.carries)
    moveArgument(argument, group.lanes);
  body->getOperations().splice(body->end(), group.body.getOperations());
  OpBuilder end = OpBuilder::atBlockEnd(body);
  SmallVector<Value> yielded{result};
  llvm::append_range(yielded, group.newCarries);
  YieldOp::create(end, loc, yielded);

  materialized[value] = map.getResult(0);
  if (auto scan = value.getDefiningOp<ScanOp>()) {
    paired.insert(value);
    carries[scan.getNewState()] =
        SmallVector<Value>(map.getResults().drop_front());
  }
}

//===----------------------------------------------------------------------===//
// Expressions
//===----------------------------------------------------------------------===//

Value UnitConverter::addLeaf(
    Group &group, SmallVectorImpl<std::pair<Value, BlockArgument>> &leaves,
    Value operand, int64_t lanes) {
  for (auto &[known, argument] : leaves)
    if (known == operand)
      return argument;
  Type element = cast<RankedTensorType>(operand.getType()).getElementType();
  BlockArgument argument = group.body.addArgument(
      VectorType::get(lanes, element), unit.getLoc());
  leaves.emplace_back(operand, argument);
  return argument;
}

Value UnitConverter::rowLeaf(Group &group, Value rowValues) {
  if (rowValues != group.destination)
    return addLeaf(group, group.rows, rowValues, group.lanes);
  if (!group.old)
    group.old = group.body.addArgument(
        VectorType::get(group.lanes, builder.getF32Type()), unit.getLoc());
  return group.old;
}

/// The gate whose two projections are computed side by side in the group of
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

FailureOr<Value> UnitConverter::evaluate(Value value, Group &group,
                                         OpBuilder &body) {
  auto known = materialized.find(value);
  if (known != materialized.end()) {
    if (paired.contains(value)) {
      unit.emitError() << "the output of a scan must go to a projection";
      return failure();
    }
    return rowLeaf(group, known->second);
  }
  Operation *op = value.getDefiningOp();
  if (!op)
    return unit.emitError() << "a sequence argument has no rows";
  if (auto linear = dyn_cast<LinearOp>(op))
    return evaluateLinear(linear, group);
  if (auto scan = dyn_cast<ScanOp>(op))
    return evaluateScan(scan, group, body);
  if (auto pointwise = dyn_cast<PointwiseOpInterface>(op))
    return evaluatePointwise(pointwise, group, body);
  return op->emitOpError() << "cannot be computed in the epilogue of a product";
}

LogicalResult UnitConverter::setProduct(Group &group, Value x, Value weight,
                                        Value bias, bool pairedOut) {
  FailureOr<Value> rowsOfX = getRows(x);
  if (failed(rowsOfX))
    return failure();
  ParameterPacker packer(builder, unit.getLoc());
  group.x = *rowsOfX;
  group.w = packer.pack(weight, pairedOut, paired.contains(x));
  if (bias)
    group.bias = packer.pack(bias, pairedOut, false);
  group.accumulator = group.body.addArgument(
      VectorType::get(kPanelLanes, builder.getF32Type()), unit.getLoc());
  return success();
}

FailureOr<Value> UnitConverter::evaluateLinear(LinearOp op, Group &group) {
  if (group.x || group.lanes != kPanelLanes) {
    // One product per map: this one gets a map of its own.
    if (failed(materialize(op.getY())))
      return failure();
    return rowLeaf(group, materialized.lookup(op.getY()));
  }
  if (failed(setProduct(group, op.getX(), parameters.lookup(op.getWeight()),
                        parameters.lookupOrNull(op.getBias()), false)))
    return failure();
  return Value(group.accumulator);
}

/// Packs both projections of a GLU as one product with paired features.
LogicalResult UnitConverter::setGatedProduct(GateOp gate, Group &group) {
  auto a = gate.getA().getDefiningOp<LinearOp>();
  auto b = gate.getB().getDefiningOp<LinearOp>();
  ParameterPacker packer(builder, gate.getLoc());
  Value bias;
  if (a.getBias() || b.getBias()) {
    Value first = parameters.lookupOrNull(a.getBias());
    Value second = parameters.lookupOrNull(b.getBias());
    first = first ? first : packer.zerosLike(second);
    second = second ? second : packer.zerosLike(first);
    bias = packer.stack(first, second);
  }
  Value weight = packer.stack(parameters.lookup(a.getWeight()),
                              parameters.lookup(b.getWeight()));
  return setProduct(group, a.getX(), weight, bias, true);
}

FailureOr<Value> UnitConverter::evaluatePointwise(PointwiseOpInterface op,
                                                  Group &group,
                                                  OpBuilder &body) {
  SmallVector<Value> sequences, features;
  auto gate = dyn_cast<GateOp>(op.getOperation());
  if (gate && gate == findFusedGate(op->getResult(0)) && !group.x) {
    if (failed(setGatedProduct(gate, group)))
      return failure();
    for (int64_t half : {int64_t(0), kHalfPanel})
      sequences.push_back(vector::ExtractStridedSliceOp::create(
          body, op.getLoc(), group.accumulator, ArrayRef<int64_t>{half},
          ArrayRef<int64_t>{kHalfPanel}, ArrayRef<int64_t>{1}));
  } else {
    for (Value operand : op.getSequenceOperands()) {
      FailureOr<Value> lanes = evaluate(operand, group, body);
      if (failed(lanes))
        return failure();
      sequences.push_back(*lanes);
    }
  }
  ParameterPacker packer(builder, op.getLoc());
  for (Value operand : op.getFeatureOperands())
    features.push_back(addLeaf(
        group, group.columns,
        packer.packColumns(parameters.lookup(operand), group.lanes),
        group.lanes));
  return op.buildLanes(body, op.getLoc(), sequences, features);
}

FailureOr<Value> UnitConverter::evaluateScan(ScanOp op, Group &group,
                                             OpBuilder &body) {
  auto forcing = op.getF().getDefiningOp<LinearOp>();
  if (!forcing || group.x || !isFusedLinear(op.getF()))
    return op.emitOpError() << "needs a projection of its own as forcing";
  if (cast<RankedTensorType>(op.getCoefficients().front().getType()).getRank() !=
      1)
    return op.emitOpError()
           << "coefficients that depend on the step are not supported here";
  if (failed(setProduct(group, forcing.getX(),
                        parameters.lookup(forcing.getWeight()),
                        parameters.lookupOrNull(forcing.getBias()), true)))
    return failure();
  ParameterPacker packer(builder, op.getLoc());
  SmallVector<Value> coefficients, corrections, states;
  for (auto [i, coefficient] : llvm::enumerate(op.getStepCoefficients())) {
    auto [high, low] =
        packer.packCoefficient(parameters.lookup(coefficient),
                               int64_t(i) == op.getCrossPlaneCoefficient());
    coefficients.push_back(
        addLeaf(group, group.columns, high, kPanelLanes));
    corrections.push_back(addLeaf(group, group.columns, low, kPanelLanes));
  }
  for (Value carry : carries[op.getState()])
    states.push_back(addLeaf(group, group.carries, carry, kPanelLanes));
  auto swapPlanes = [&](Value value) -> Value {
    SmallVector<int64_t> order;
    for (int64_t lane = 0; lane < kPanelLanes; ++lane)
      order.push_back(lane ^ kHalfPanel);
    return vector::ShuffleOp::create(body, op.getLoc(), value, value, order);
  };
  Value input = group.accumulator;
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
  SmallVector<Value> results =
      op.buildStep(body, op.getLoc(), input, states, coefficients, corrections,
                   swapPlanes);
  group.newCarries.assign(results.begin() + 1, results.end());
  if (!op.needsWideState())
    return results.front();
  return arith::TruncFOp::create(body, op.getLoc(),
                                 group.accumulator.getType(), results.front())
      .getResult();
}

LogicalResult ssmc::convertUnit(func::FuncOp unit, int64_t rows, bool output) {
  return UnitConverter(unit, rows, output).convert();
}
