//===- ScanSteps.cpp - One mode of a scan over time -----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ScanToAffine/ScanSteps.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace ssmc;

static constexpr int64_t kPlanes = 2; // real, imaginary

void ScanBuffers::assign(ValueRange buffers) {
  f = buffers.front();
  state = buffers[1];
  for (auto [index, leaf] : llvm::enumerate(leaves))
    leaf.second = buffers[2 + index];
  y = buffers[2 + leaves.size()];
  newState = buffers[3 + leaves.size()];
}

FailureOr<LeafBuffers> ssmc::collectLeaves(ScanOp scan) {
  if (scan.getReverse())
    return scan.emitOpError() << "runs backwards; expected a scan that goes "
                                 "from the first time step to the last";
  LeafBuffers found;
  for (Value coefficient : scan.getStepCoefficients())
    if (failed(collectLeaves(coefficient, found)))
      return failure();
  LeafBuffers leaves;
  for (Value argument : scan->getParentOfType<func::FuncOp>().getArguments())
    if (found.contains(argument))
      leaves.insert({argument, Value()});
  for (auto &[leaf, buffer] : found)
    leaves.insert({leaf, buffer});
  return leaves;
}

static MemRefType getBufferType(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return MemRefType::get(type.getShape(), type.getElementType());
}

SmallVector<Type> ssmc::getBufferTypes(ScanOp scan, const LeafBuffers &leaves) {
  SmallVector<Type> types{getBufferType(scan.getF()),
                          getBufferType(scan.getState())};
  for (auto &[tensor, buffer] : leaves)
    types.push_back(getBufferType(tensor));
  types.append({getBufferType(scan.getY()), getBufferType(scan.getNewState())});
  return types;
}

namespace {
/// The states of one plane of a mode.
using Plane = SmallVector<Value>;

/// The coefficients of one plane's step: f32 numbers, and what rounding to them
/// lost, as prepared parameters hold them.
struct PlaneCoefficients {
  SmallVector<Value> rounded, corrections;
};

class StepBuilder {
public:
  StepBuilder(ScanOp scan, const ScanBuffers &buffers, Value n, Value b)
      : scan(scan), loc(scan.getLoc()), buffers(buffers), n(n), b(b) {}
  void build(OpBuilder &builder, Value length, std::optional<OpBuilder> once);

private:
  void buildBody(affine::AffineForOp loop, OpBuilder once);
  PlaneCoefficients planeCoefficients(OpBuilder &builder, int64_t plane,
                                      ArrayRef<Value> exact);
  AffineMap featureMap(int64_t plane);
  AffineMap stateMap(int64_t index, int64_t plane);

  ScanOp scan;
  Location loc;
  const ScanBuffers &buffers;
  Value n, b;
};
} // namespace

/// (n, b, t) to features: a plane after the other.
AffineMap StepBuilder::featureMap(int64_t plane) {
  AffineExpr n, b, t;
  bindDims(scan.getContext(), n, b, t);
  return AffineMap::get(3, 0, {b, t, n + plane * scan.getNumModes()},
                        scan.getContext());
}

/// (n, b) to (batch, plane, N), or to (batch, state, plane, N).
AffineMap StepBuilder::stateMap(int64_t index, int64_t plane) {
  AffineExpr n, b;
  bindDims(scan.getContext(), n, b);
  SmallVector<AffineExpr> indices{
      b, getAffineConstantExpr(index, scan.getContext()),
      getAffineConstantExpr(plane, scan.getContext()), n};
  if (scan.getStatesPerMode() == 1)
    indices.erase(indices.begin() + 1);
  return AffineMap::get(2, 0, indices, scan.getContext());
}

PlaneCoefficients StepBuilder::planeCoefficients(OpBuilder &builder,
                                                 int64_t plane,
                                                 ArrayRef<Value> exact) {
  Type f32 = builder.getF32Type(), f64 = builder.getF64Type();
  PlaneCoefficients result;
  for (auto [index, coefficient] : llvm::enumerate(exact)) {
    Value value = coefficient;
    // The real plane has the other one's product subtracted.
    if (int64_t(index) == scan.getCrossPlaneCoefficient() && plane == 0)
      value = arith::NegFOp::create(builder, loc, value);
    Value rounded = arith::TruncFOp::create(builder, loc, f32, value);
    Value lost = arith::SubFOp::create(
        builder, loc, value, arith::ExtFOp::create(builder, loc, f64, rounded));
    result.rounded.push_back(rounded);
    result.corrections.push_back(
        arith::TruncFOp::create(builder, loc, f32, lost));
  }
  return result;
}

void StepBuilder::build(OpBuilder &builder, Value length,
                        std::optional<OpBuilder> once) {
  int64_t perPlane = scan.getStatesPerMode();
  SmallVector<Value> initial;
  for (int64_t plane = 0; plane < kPlanes; ++plane)
    for (int64_t i = 0; i < perPlane; ++i)
      initial.push_back(affine::AffineLoadOp::create(
          builder, loc, buffers.state, stateMap(i, plane), ValueRange{n, b}));
  int64_t extent = cast<MemRefType>(buffers.f.getType()).getDimSize(1);
  auto loop =
      ShapedType::isDynamic(extent)
          ? affine::AffineForOp::create(
                builder, loc, ValueRange(), builder.getConstantAffineMap(0),
                length, builder.getSymbolIdentityMap(), /*step=*/1, initial)
          : affine::AffineForOp::create(builder, loc, 0, extent, 1, initial);
  SmallVector<Value> last(loop.getResults());
  for (int64_t plane = 0; plane < kPlanes; ++plane)
    for (int64_t i = 0; i < perPlane; ++i)
      affine::AffineStoreOp::create(builder, loc, last[plane * perPlane + i],
                                    buffers.newState, stateMap(i, plane),
                                    ValueRange{n, b});
  buildBody(loop, once ? *once : OpBuilder(loop));
}

/// One step: coefficients that vary in time, then a plane after the other.
void StepBuilder::buildBody(affine::AffineForOp loop, OpBuilder once) {
  OpBuilder step = OpBuilder::atBlockEnd(loop.getBody());
  Value t = loop.getInductionVar();
  bool varies = cast<RankedTensorType>(scan.getStepCoefficients()[0].getType())
                    .getRank() != 1;
  ScalarCoefficients formulas(buffers.leaves, once, step, n, b, t);
  SmallVector<Value> exact;
  for (Value coefficient : scan.getStepCoefficients())
    exact.push_back(formulas.emit(coefficient));

  int64_t perPlane = scan.getStatesPerMode();
  Plane planes[kPlanes], carried;
  for (int64_t plane = 0; plane < kPlanes; ++plane)
    llvm::append_range(planes[plane], loop.getRegionIterArgs().slice(
                                          plane * perPlane, perPlane));
  for (int64_t plane = 0; plane < kPlanes; ++plane) {
    PlaneCoefficients k = planeCoefficients(varies ? step : once, plane, exact);
    Value forcing = affine::AffineLoadOp::create(
        step, loc, buffers.f, featureMap(plane), ValueRange{n, b, t});
    auto otherPlane = [&](Value value) {
      return planes[1 - plane]
                   [llvm::find(planes[plane], value) - planes[plane].begin()];
    };
    SmallVector<Value> stepped =
        scan.buildStep(step, loc, forcing, planes[plane], k.rounded,
                       k.corrections, otherPlane);
    affine::AffineStoreOp::create(step, loc, stepped.front(), buffers.y,
                                  featureMap(plane), ValueRange{n, b, t});
    llvm::append_range(carried, ArrayRef(stepped).drop_front());
  }
  affine::AffineYieldOp::create(step, loc, carried);
}

void ssmc::buildScanSteps(ScanOp scan, const ScanBuffers &buffers,
                          OpBuilder builder, Value n, Value b, Value length,
                          std::optional<OpBuilder> once) {
  StepBuilder(scan, buffers, n, b).build(builder, length, once);
}
