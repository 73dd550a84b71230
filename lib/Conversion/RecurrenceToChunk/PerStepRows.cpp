//===- PerStepRows.cpp - Coefficients that depend on the step -------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   %a, %g = ssm.per_step %dt with(%r) -> ... { ^bb(%t: f64, %rate: f64): ... }
//   %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a, ...) gains(%g, ...)
// After:
//   %hi, %lo, %g = ssm.panel_map scalars(%dt) columns(%r_hi, %r_lo) outs(...)
//     { ^bb(%t: vector<8xf32>, ...): the same in vector<8xf64>, rounded }
//   %y, %s1 = ssm.panel_map product(%x, %w) rows(%hi, %lo, %g) carries(%s)
//
// No row waits for the state of the one before it, as the scan's do: so the
// coefficients of all rows are computed first, and the scan, which waits, reads
// them. 8 modes are one register of f64, or two on AVX2.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/RecurrenceToChunk/PackedParameters.h"
#include "lib/Conversion/RecurrenceToChunk/UnitConverter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace ssmc;

/// Whether a result of `ssm.per_step` multiplies a state; else it is a gain.
static bool isCoefficient(Value value) {
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    auto scan = dyn_cast<RecurrenceOpInterface>(user);
    return scan && llvm::is_contained(scan.getStepCoefficients(), value);
  });
}

/// The type of scalars of `type` for 8 modes.
static Type forModes(Type type) { return VectorType::get(kHalfPanel, type); }

/// Clones scalar arithmetic as arithmetic on 8 modes.
static void cloneForModes(OpBuilder &builder, Operation &op,
                          IRMapping &mapping) {
  Operation *copy = builder.clone(op, mapping);
  for (OpResult result : copy->getResults())
    result.setType(forModes(result.getType()));
  if (auto constant = dyn_cast<arith::ConstantOp>(copy)) {
    auto type = cast<VectorType>(constant.getType());
    constant.setValueAttr(
        SplatElementsAttr::get(type, Attribute(constant.getValue())));
  }
}

LogicalResult UnitConverter::convertPerStep(PerStepOp op) {
  if (op.getDt() != timeSteps)
    return op.emitOpError() << "does not read the model's time deltas";
  Location loc = op.getLoc();
  ParameterPacker packer(builder, loc);
  SmallVector<Value> columns, outs;
  for (Value parameter : op.getParameters()) {
    auto [high, low] = packer.packWideColumns(parameters.lookup(parameter));
    columns.append({high, low});
  }
  int64_t modes = getNumFeatures(op.getResultTypes().front());
  int64_t width = llvm::alignTo(modes, kHalfPanel);
  for (Value result : op.getResults())
    for (int64_t part = 0; part < (isCoefficient(result) ? 2 : 1); ++part)
      outs.push_back(createEmpty(width));
  auto map = PanelMapOp::create(
      builder, loc, ValueRange(outs).getTypes(), Value(), Value(), Value(),
      /*rows=*/ValueRange(), rowsOfTimeSteps, columns, outs,
      /*carries=*/ValueRange(), Value(), Value(), TensorProductsAttr(),
      IntegerAttr());

  Block &body = map.getBody().emplaceBlock();
  Type narrow = forModes(builder.getF32Type()),
       wide = forModes(builder.getF64Type());
  body.addArguments(
      SmallVector<Type>(1 + columns.size() + outs.size(), narrow),
      SmallVector<Location>(1 + columns.size() + outs.size(), loc));
  OpBuilder ops = OpBuilder::atBlockEnd(&body);
  auto widen = [&](Value value) -> Value {
    return arith::ExtFOp::create(ops, loc, wide, value);
  };
  IRMapping mapping;
  mapping.map(op.getBody().getArgument(0), widen(body.getArgument(0)));
  for (size_t i = 0; i < op.getParameters().size(); ++i)
    mapping.map(op.getBody().getArgument(1 + i),
                arith::AddFOp::create(ops, loc,
                                      widen(body.getArgument(1 + 2 * i)),
                                      widen(body.getArgument(2 + 2 * i))));
  for (Operation &nested : op.getBody().front().without_terminator())
    cloneForModes(ops, nested, mapping);
  SmallVector<Value> yielded;
  for (auto [result, scalar] :
       llvm::zip_equal(op.getResults(), op.getYield().getValues())) {
    Value exact = mapping.lookup(scalar);
    Value high = arith::TruncFOp::create(ops, loc, narrow, exact);
    auto &[highRows, lowRows] = perStep[result];
    highRows = map.getResult(yielded.size());
    yielded.push_back(high);
    if (!isCoefficient(result))
      continue;
    lowRows = map.getResult(yielded.size());
    Value low = arith::SubFOp::create(ops, loc, exact, widen(high));
    yielded.push_back(arith::TruncFOp::create(ops, loc, narrow, low));
  }
  YieldOp::create(ops, loc, yielded);
  return success();
}

/// A factor of 8 modes on both planes; `cross` negates it on the real one.
Value UnitConverter::loadFactor(Value rowsOfFactor, bool cross,
                                PanelMapBuilder &map) {
  Value lanes = map.addHalfRows(rowsOfFactor);
  OpBuilder body = map.getBodyBuilder();
  Value real =
      cross ? arith::NegFOp::create(body, lanes.getLoc(), lanes).getResult()
            : lanes;
  SmallVector<int64_t> order;
  for (int64_t lane = 0; lane < kPanelLanes; ++lane)
    order.push_back(lane);
  return vector::ShuffleOp::create(body, lanes.getLoc(), real, lanes, order);
}

/// A coefficient of a scan, and what it lacks, on both planes.
FailureOr<std::pair<Value, Value>>
UnitConverter::getCoefficient(ScanOp op, Value coefficient, bool cross,
                              PanelMapBuilder &map) {
  auto found = perStep.find(coefficient);
  if (found != perStep.end())
    return std::pair(loadFactor(found->second.first, cross, map),
                     loadFactor(found->second.second, cross, map));
  if (!parameters.contains(coefficient))
    return op.emitOpError() << "has coefficients that depend on the step; "
                               "expected an 'ssm.per_step' to compute them";
  auto [high, low] =
      ParameterPacker(builder, coefficient.getLoc())
          .packCoefficient(parameters.lookup(coefficient), cross);
  return std::pair(map.addColumns(high), map.addColumns(low));
}

/// The forcing times the scan's gains: f32, as the forcing itself is.
FailureOr<Value>
UnitConverter::applyGains(ScanOp op, Value forcing, PanelMapBuilder &map,
                          llvm::function_ref<Value(Value)> swapPlanes) {
  SmallVector<Value> gains;
  for (auto [i, gain] : llvm::enumerate(op.getForcingGains())) {
    auto found = perStep.find(gain);
    if (found == perStep.end())
      return op.emitOpError() << "has gains that do not depend on the step; "
                                 "expected them in the forcing's weight";
    gains.push_back(loadFactor(found->second.first, /*cross=*/i == 1, map));
  }
  if (gains.empty())
    return forcing;
  OpBuilder body = map.getBodyBuilder();
  Value result =
      arith::MulFOp::create(body, op.getLoc(), gains[0], forcing).getResult();
  if (gains.size() == 2)
    result = math::FmaOp::create(body, op.getLoc(), gains[1],
                                 swapPlanes(forcing), result);
  return result;
}
