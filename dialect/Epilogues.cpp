//===- Epilogues.cpp - Pointwise layers on vectors of features ------------===//
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

/// A constant of `type`, an f32 or a vector of them.
static Value constantLike(OpBuilder &builder, Location loc, Type type,
                          double value) {
  TypedAttr attribute = builder.getF32FloatAttr(value);
  if (auto vector = dyn_cast<VectorType>(type))
    attribute = DenseElementsAttr::get(vector, attribute);
  return arith::ConstantOp::create(builder, loc, attribute);
}

/// x / (1 + 2^t).
static Value divideByOnePlusExp2(OpBuilder &builder, Location loc, Value x,
                                 Value t) {
  Value power = math::Exp2Op::create(builder, loc, t);
  Value one = constantLike(builder, loc, x.getType(), 1.0);
  Value sum = arith::AddFOp::create(builder, loc, one, power);
  return arith::DivFOp::create(builder, loc, x, sum);
}

//===----------------------------------------------------------------------===//
// GeluOp: x / 2 (1 + tanh(s (x + 0.044715 x^3))) = x / (1 + 2^t) with
// t = -2 log2(e) s (x + 0.044715 x^3) and s = sqrt(2 / pi). Clamping x to +-10
// in t keeps |t| below 126; 1 + 2^t is 1 above, and x / (1 + 2^t) is 0 but for
// huge x below.
//===----------------------------------------------------------------------===//

OperandRange GeluOp::getSequenceOperands() {
  return getOperation()->getOperands();
}
OperandRange GeluOp::getFeatureOperands() {
  return getOperation()->getOperands().take_front(0);
}

Value GeluOp::buildLanes(OpBuilder &builder, Location loc, ValueRange sequences,
                         ValueRange) {
  constexpr double kLinear = -2.3022081986678374; // -2 log2(e) sqrt(2 / pi)
  constexpr double kCubic = kLinear * 0.044715;
  Value x = sequences[0];
  auto constant = [&](double value) {
    return constantLike(builder, loc, x.getType(), value);
  };
  Value near = arith::MaximumFOp::create(builder, loc, x, constant(-10));
  near = arith::MinimumFOp::create(builder, loc, near, constant(10));
  Value square = arith::MulFOp::create(builder, loc, near, near);
  Value factor = math::FmaOp::create(builder, loc, square, constant(kCubic),
                                     constant(kLinear));
  Value t = arith::MulFOp::create(builder, loc, near, factor);
  return divideByOnePlusExp2(builder, loc, x, t);
}

//===----------------------------------------------------------------------===//
// ReluOp, SiluOp, TanhOp
//===----------------------------------------------------------------------===//

OperandRange ReluOp::getSequenceOperands() {
  return getOperation()->getOperands();
}
OperandRange ReluOp::getFeatureOperands() {
  return getOperation()->getOperands().take_front(0);
}
Value ReluOp::buildLanes(OpBuilder &builder, Location loc, ValueRange sequences,
                         ValueRange) {
  Value x = sequences[0];
  return arith::MaximumFOp::create(builder, loc, x,
                                   constantLike(builder, loc, x.getType(), 0));
}

OperandRange SiluOp::getSequenceOperands() {
  return getOperation()->getOperands();
}
OperandRange SiluOp::getFeatureOperands() {
  return getOperation()->getOperands().take_front(0);
}
Value SiluOp::buildLanes(OpBuilder &builder, Location loc, ValueRange sequences,
                         ValueRange) {
  Value x = sequences[0];
  Value scale = constantLike(builder, loc, x.getType(), GateOp::kExponentScale);
  Value t = arith::MulFOp::create(builder, loc, x, scale);
  return divideByOnePlusExp2(builder, loc, x, t);
}

OperandRange TanhOp::getSequenceOperands() {
  return getOperation()->getOperands();
}
OperandRange TanhOp::getFeatureOperands() {
  return getOperation()->getOperands().take_front(0);
}
Value TanhOp::buildLanes(OpBuilder &builder, Location loc, ValueRange sequences,
                         ValueRange) {
  return math::TanhOp::create(builder, loc, sequences[0]);
}

//===----------------------------------------------------------------------===//
// GateOp
//===----------------------------------------------------------------------===//

OperandRange GateOp::getSequenceOperands() { return getOperands(); }
OperandRange GateOp::getFeatureOperands() {
  return getOperands().take_front(0);
}

double GateOp::getValueScale() { return getSwish() ? 1 / kExponentScale : 1; }

Value GateOp::buildLanes(OpBuilder &builder, Location loc, ValueRange sequences,
                         ValueRange) {
  Value a = sequences[0], b = sequences[1];
  Value scale = constantLike(builder, loc, b.getType(), kExponentScale);
  Value t = arith::MulFOp::create(builder, loc, b, scale);
  if (!getSwish())
    return divideByOnePlusExp2(builder, loc, a, t);
  Value silu = divideByOnePlusExp2(builder, loc, b, t);
  return arith::MulFOp::create(builder, loc, a, silu);
}

Value GateOp::buildLanesOfExponent(OpBuilder &builder, Location loc, Value a,
                                   Value t) {
  if (!getSwish())
    return divideByOnePlusExp2(builder, loc, a, t);
  // Not (a t) / ...: a product of large numbers must not overflow where the
  // sigmoid is small.
  Value silu = divideByOnePlusExp2(builder, loc, t, t);
  return arith::MulFOp::create(builder, loc, a, silu);
}

//===----------------------------------------------------------------------===//
// AddOp, ShiftOp, ScaleOp, SkipOp
//===----------------------------------------------------------------------===//

OperandRange AddOp::getSequenceOperands() { return getOperands(); }
OperandRange AddOp::getFeatureOperands() { return getOperands().take_front(0); }
Value AddOp::buildLanes(OpBuilder &builder, Location loc, ValueRange sequences,
                        ValueRange) {
  return arith::AddFOp::create(builder, loc, sequences[0], sequences[1]);
}

OperandRange ShiftOp::getSequenceOperands() {
  return getOperands().take_front();
}
OperandRange ShiftOp::getFeatureOperands() {
  return getOperands().drop_front();
}
Value ShiftOp::buildLanes(OpBuilder &builder, Location loc,
                          ValueRange sequences, ValueRange features) {
  return arith::AddFOp::create(builder, loc, sequences[0], features[0]);
}

OperandRange ScaleOp::getSequenceOperands() {
  return getOperands().take_front();
}
OperandRange ScaleOp::getFeatureOperands() {
  return getOperands().drop_front();
}
Value ScaleOp::buildLanes(OpBuilder &builder, Location loc,
                          ValueRange sequences, ValueRange features) {
  return arith::MulFOp::create(builder, loc, sequences[0], features[0]);
}

OperandRange SkipOp::getSequenceOperands() {
  return getOperands().take_front(2);
}
OperandRange SkipOp::getFeatureOperands() {
  return getOperands().drop_front(2);
}
Value SkipOp::buildLanes(OpBuilder &builder, Location loc, ValueRange sequences,
                         ValueRange features) {
  return math::FmaOp::create(builder, loc, features[0], sequences[1],
                             sequences[0]);
}
