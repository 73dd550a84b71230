//===- RecurrenceOps.cpp - The scan: verifier and interfaces --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace ssmc;

MutableOperandRange ScanOp::getCarriedOperands() { return getStateMutable(); }
ResultRange ScanOp::getCarriedResults() { return getResults().drop_front(); }

int64_t ScanOp::getNumModes() {
  return getNumFeatures(getCoefficients().front().getType());
}

int64_t ScanOp::getStatesPerMode() {
  return getKind() == ScanKind::oscillator ? 2 : 1;
}

OperandRange ScanOp::getStepCoefficients() { return getCoefficients(); }
OperandRange ScanOp::getForcingGains() { return getGains(); }

int64_t ScanOp::getCrossPlaneCoefficient() {
  return getKind() == ScanKind::diagonal ? 1 : -1;
}

bool ScanOp::needsWideState() { return getKind() == ScanKind::oscillator; }

int64_t ScanOp::getFmasPerStep() {
  // Both kinds: per mode four multiply-adds (diagonal: a complex product;
  // oscillator: k1 z, k2 y and dt z on two planes make six).
  return getNumModes() * (getKind() == ScanKind::diagonal ? 4 : 6);
}

SmallVector<Value>
ScanOp::buildStep(OpBuilder &builder, Location loc, Value forcing,
                  ValueRange states, ValueRange coefficients,
                  ValueRange corrections,
                  llvm::function_ref<Value(Value)> swapPlanes) {
  auto fma = [&](Value a, Value b, Value sum) -> Value {
    return math::FmaOp::create(builder, loc, a, b, sum);
  };
  if (getKind() == ScanKind::diagonal) {
    Value swapped = swapPlanes(states[0]);
    if (corrections.empty()) {
      Value next = fma(coefficients[0], states[0], forcing);
      next = fma(coefficients[1], swapped, next);
      return {next, next};
    }
    // The small corrections come first: they round at the size of the forcing,
    // or of the other plane's part, which is computed beside this one's. From
    // state to state a chain of four multiply-adds would take longer than hides
    // behind the product of the next rows.
    Value own = fma(corrections[0], states[0], forcing);
    own = fma(coefficients[0], states[0], own);
    Value other = arith::MulFOp::create(builder, loc, corrections[1], swapped);
    other = fma(coefficients[1], swapped, other);
    Value next = arith::AddFOp::create(builder, loc, own, other);
    return {next, next};
  }
  auto addProduct = [&](Value sum, int index, Value state) {
    if (!corrections.empty())
      sum = fma(corrections[index], state, sum);
    return fma(coefficients[index], state, sum);
  };
  Value z = addProduct(forcing, 0, states[0]);
  z = addProduct(z, 1, arith::NegFOp::create(builder, loc, states[1]));
  Value y = addProduct(states[1], 2, z);
  return {y, z, y};
}

//===----------------------------------------------------------------------===//
// DeltaRuleOp
//===----------------------------------------------------------------------===//

MutableOperandRange DeltaRuleOp::getCarriedOperands() {
  return getStateMutable();
}
ResultRange DeltaRuleOp::getCarriedResults() {
  return getResults().drop_front();
}

int64_t DeltaRuleOp::getNumHeads() {
  return cast<RankedTensorType>(getState().getType()).getDimSize(2);
}
int64_t DeltaRuleOp::getHeadFeatures() {
  return getNumFeatures(getState().getType());
}

LogicalResult DeltaRuleOp::verify() {
  ArrayRef<int64_t> state =
      cast<RankedTensorType>(getState().getType()).getShape();
  if (state.size() != 5 || state[1] != 1 || state[3] != state[4] ||
      state[2] < 1 || state[4] < 1)
    return emitOpError() << "(C1) state is " << getState().getType()
                         << "; expected (batch, 1, heads, D, D)";
  int64_t features = getNumHeads() * getHeadFeatures();
  int64_t x = getNumFeatures(getX().getType()),
          y = getNumFeatures(getY().getType());
  if (x != 3 * features + 1 || y != features)
    return emitOpError() << "(C2) x has " << x << " features and y " << y
                         << "; expected " << 3 * features + 1 << " and "
                         << features;
  if (!(getEpsilon().convertToDouble() > 0))
    return emitOpError() << "(C3) epsilon is " << getEpsilon().convertToDouble()
                         << "; expected a positive number";
  return success();
}

//===----------------------------------------------------------------------===//
// ChannelScanOp
//===----------------------------------------------------------------------===//

MutableOperandRange ChannelScanOp::getCarriedOperands() {
  return getStateMutable();
}
ResultRange ChannelScanOp::getCarriedResults() {
  return getResults().drop_front();
}
int64_t ChannelScanOp::getNumModes() {
  return getNumFeatures(getARe().getType());
}

LogicalResult ChannelScanOp::verify() {
  int64_t features = getNumFeatures(getX().getType()), modes = getNumModes();
  auto factors = cast<RankedTensorType>(getARe().getType());
  if (factors.getDimSize(0) != features || modes < 1)
    return emitOpError() << "(C1) coefficients are " << factors
                         << "; expected (" << features << ", N), N positive";
  ArrayRef<int64_t> state =
      cast<RankedTensorType>(getState().getType()).getShape();
  SmallVector<int64_t> wanted{2, 1, modes, features};
  if (state.drop_front() != ArrayRef<int64_t>(wanted))
    return emitOpError() << "(C2) state is " << getState().getType()
                         << "; expected (batch, " << wanted << ")";
  return success();
}

//===----------------------------------------------------------------------===//
// Epilogues
//===----------------------------------------------------------------------===//

static LogicalResult verifyPerFeature(Operation *op, StringRef name,
                                      Value parameter, Value x) {
  int64_t features = getNumFeatures(x.getType());
  auto type = cast<RankedTensorType>(parameter.getType());
  if (type.getShape() == ArrayRef<int64_t>(features))
    return success();
  return op->emitOpError() << "(C1) " << name << " has shape ["
                           << type.getShape() << "]; expected [" << features
                           << "]";
}

LogicalResult ScaleOp::verify() {
  return verifyPerFeature(*this, "the amount", getAmount(), getX());
}
LogicalResult SkipOp::verify() {
  return verifyPerFeature(*this, "d", getD(), getX());
}

LogicalResult ScanOp::verify() {
  bool diagonal = getKind() == ScanKind::diagonal;
  size_t expected = diagonal ? 2 : 3;
  if (getCoefficients().size() != expected)
    return emitOpError() << "(" << (diagonal ? "C3" : "C4") << ") has "
                         << getCoefficients().size() << " coefficients; "
                         << stringifyScanKind(getKind()) << " has " << expected;
  Type type = getCoefficients().front().getType();
  for (Value factor : llvm::concat<Value>(getCoefficients(), getGains()))
    if (factor.getType() != type)
      return emitOpError() << "(C2) coefficients differ in type: " << type
                           << " and " << factor.getType();
  if (getGains().size() > 2)
    return emitOpError() << "(C5) has " << getGains().size()
                         << " gains; expected 0, 1 or 2";
  auto shape = cast<RankedTensorType>(type).getShape();
  if (shape.size() != 1 && shape.size() != 3)
    return emitOpError() << "(C2) coefficients have rank " << shape.size()
                         << "; expected 1 or 3";
  int64_t modes = getNumModes();
  if (getNumFeatures(getF().getType()) != 2 * modes)
    return emitOpError() << "(C1) f has " << getNumFeatures(getF().getType())
                         << " features; expected 2 x " << modes;
  ArrayRef<int64_t> state =
      cast<RankedTensorType>(getState().getType()).getShape();
  SmallVector<int64_t> wanted{2, modes};
  if (!diagonal)
    wanted.insert(wanted.begin(), 2);
  if (state.empty() || state.drop_front() != ArrayRef<int64_t>(wanted))
    return emitOpError() << "(" << (diagonal ? "C3" : "C4") << ") state is "
                         << getState().getType() << "; expected (batch, "
                         << wanted << ")";
  return success();
}

//===----------------------------------------------------------------------===//
// PerStepOp
//===----------------------------------------------------------------------===//

YieldOp PerStepOp::getYield() {
  return cast<YieldOp>(getBody().front().getTerminator());
}

LogicalResult PerStepOp::verify() {
  if (getResults().empty())
    return emitOpError() << "(C2) has no results";
  auto type = cast<RankedTensorType>(getResultTypes().front());
  for (Type other : getResultTypes())
    if (other != type)
      return emitOpError() << "(C2) results differ in type: " << type << " and "
                           << other;
  int64_t modes = getNumFeatures(type);
  for (Value parameter : getParameters())
    if (getNumFeatures(parameter.getType()) != modes)
      return emitOpError() << "(C1) a parameter is " << parameter.getType()
                           << "; expected " << modes << " modes, as results";
  Type f64 = Float64Type::get(getContext());
  SmallVector<Type> takes(1 + getParameters().size(), f64),
      gives(getNumResults(), f64);
  if (SmallVector<Type>(getBody().getArgumentTypes()) != takes ||
      SmallVector<Type>(getYield().getOperandTypes()) != gives)
    return emitOpError() << "(C3) body takes (" << getBody().getArgumentTypes()
                         << ") and yields (" << getYield().getOperandTypes()
                         << "); expected (" << takes << ") and (" << gives
                         << ")";
  return success();
}
