//===- ScanToAffine.cpp - Discretization and scan in one loop nest --------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   func @f(%u, %s, %nu: tensor<32xf32>) {
//     %x = arith.extf %nu
//     %a = math.exp %x ...
//     %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a, %b)
// After, besides:
//   func @scan.f(%f: memref<?x?x64xf32>, %s: memref<?x2x32xf32>, %nu:
//   memref<32xf32>,
//                %y: memref<?x?x64xf32>, %s1: memref<?x2x32xf32>) {
//     affine.for %n = 0 to 32 {
//       %x = affine.load %nu[%n]
//       %a = math.exp ...                    // hoisted: does not change in
//       time affine.for %b = 0 to %batch {
//         %last:2 = affine.for %t = 0 to %time iter_args(%re = ..., %im = ...)
//         {
//           ...                              // coefficients that do
//           math.fma ...                     // one step per plane
//         }
//         affine.store %last#0, %s1[%b, 0, %n] ...
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"
#include "lib/Conversion/ScanToAffine/ScalarCoefficients.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ssmc {
#define GEN_PASS_DEF_SCANTOAFFINE
#include "lib/Conversion/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

static constexpr int64_t kPlanes = 2; // real, imaginary

static MemRefType bufferType(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return MemRefType::get(type.getShape(), type.getElementType());
}

namespace {
/// The states of one plane of a mode.
using Plane = SmallVector<Value>;

/// The coefficients of one plane's step: f32 numbers, and what rounding to them
/// lost, as prepared parameters hold them.
struct PlaneCoefficients {
  SmallVector<Value> rounded, corrections;
};

/// The function that a scan becomes.
class ScanFunction {
public:
  ScanFunction(ScanOp scan, LeafBuffers leaves)
      : scan(scan), loc(scan.getLoc()), leaves(std::move(leaves)) {}
  /// Builds `scan.NAME` in front of the function `source` that holds the scan.
  void build(func::FuncOp source);

private:
  void createFunction(func::FuncOp source);
  void buildSteps(OpBuilder &modeLoop, Value n, Value b);
  PlaneCoefficients planeCoefficients(OpBuilder &builder, int64_t plane,
                                      ArrayRef<Value> exact);
  AffineMap featureMap(int64_t plane);
  AffineMap stateMap(int64_t index, int64_t plane);
  affine::AffineForOp createLoop(OpBuilder &builder, Value memref,
                                 int64_t dimension, ValueRange carried = {});

  ScanOp scan;
  Location loc;
  LeafBuffers leaves;
  func::FuncOp function;
  Value f, state, y, newState;
};
} // namespace

void ScanFunction::createFunction(func::FuncOp source) {
  SmallVector<Type> types{bufferType(scan.getF()), bufferType(scan.getState())};
  for (auto &[tensor, buffer] : leaves)
    types.push_back(bufferType(tensor));
  types.append({bufferType(scan.getY()), bufferType(scan.getNewState())});

  OpBuilder builder(source);
  function = func::FuncOp::create(loc, ("scan." + source.getName()).str(),
                                  builder.getFunctionType(types, {}));
  Block *entry = function.addEntryBlock();
  f = entry->getArgument(0);
  state = entry->getArgument(1);
  for (auto [index, leaf] : llvm::enumerate(leaves))
    leaf.second = entry->getArgument(2 + index);
  y = entry->getArgument(entry->getNumArguments() - 2);
  newState = entry->getArguments().back();
}

/// A loop over a dimension of a function argument.
affine::AffineForOp ScanFunction::createLoop(OpBuilder &builder, Value memref,
                                             int64_t dimension,
                                             ValueRange carried) {
  int64_t extent = cast<MemRefType>(memref.getType()).getDimSize(dimension);
  if (!ShapedType::isDynamic(extent))
    return affine::AffineForOp::create(builder, loc, 0, extent, 1, carried);
  // At the top of the function, where it is a symbol.
  OpBuilder top = OpBuilder::atBlockBegin(&function.front());
  Value size = memref::DimOp::create(top, loc, memref, dimension);
  return affine::AffineForOp::create(
      builder, loc, ValueRange(), builder.getConstantAffineMap(0), size,
      builder.getSymbolIdentityMap(), /*step=*/1, carried);
}

/// (n, b, t) to features: a plane after the other.
AffineMap ScanFunction::featureMap(int64_t plane) {
  AffineExpr n, b, t;
  bindDims(scan.getContext(), n, b, t);
  return AffineMap::get(3, 0, {b, t, n + plane * scan.getNumModes()},
                        scan.getContext());
}

/// (n, b) to (batch, plane, N), or to (batch, state, plane, N).
AffineMap ScanFunction::stateMap(int64_t index, int64_t plane) {
  AffineExpr n, b;
  bindDims(scan.getContext(), n, b);
  SmallVector<AffineExpr> indices{
      b, getAffineConstantExpr(index, scan.getContext()),
      getAffineConstantExpr(plane, scan.getContext()), n};
  if (scan.getStatesPerMode() == 1)
    indices.erase(indices.begin() + 1);
  return AffineMap::get(2, 0, indices, scan.getContext());
}

PlaneCoefficients ScanFunction::planeCoefficients(OpBuilder &builder,
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

/// The loop over time of mode `n` of batch element `b`.
void ScanFunction::buildSteps(OpBuilder &modeLoop, Value n, Value b) {
  OpBuilder batchLoop = OpBuilder::atBlockTerminator(b.getParentBlock());
  int64_t perPlane = scan.getStatesPerMode();
  SmallVector<Value> initial;
  for (int64_t plane = 0; plane < kPlanes; ++plane)
    for (int64_t i = 0; i < perPlane; ++i)
      initial.push_back(affine::AffineLoadOp::create(
          batchLoop, loc, state, stateMap(i, plane), ValueRange{n, b}));
  auto loop = createLoop(batchLoop, f, 1, initial);
  Value t = loop.getInductionVar();
  SmallVector<Value> last(loop.getResults());
  for (int64_t plane = 0; plane < kPlanes; ++plane)
    for (int64_t i = 0; i < perPlane; ++i)
      affine::AffineStoreOp::create(batchLoop, loc, last[plane * perPlane + i],
                                    newState, stateMap(i, plane),
                                    ValueRange{n, b});

  OpBuilder step = OpBuilder::atBlockEnd(loop.getBody());
  bool varies = cast<RankedTensorType>(scan.getStepCoefficients()[0].getType())
                    .getRank() != 1;
  OpBuilder &where = varies ? step : modeLoop;
  ScalarCoefficients formulas(leaves, modeLoop, step, n, b, t);
  SmallVector<Value> exact;
  for (Value coefficient : scan.getStepCoefficients())
    exact.push_back(formulas.emit(coefficient));

  Plane planes[kPlanes], carried;
  for (int64_t plane = 0; plane < kPlanes; ++plane)
    llvm::append_range(planes[plane], loop.getRegionIterArgs().slice(
                                          plane * perPlane, perPlane));
  for (int64_t plane = 0; plane < kPlanes; ++plane) {
    PlaneCoefficients k = planeCoefficients(where, plane, exact);
    Value forcing = affine::AffineLoadOp::create(
        step, loc, f, featureMap(plane), ValueRange{n, b, t});
    auto otherPlane = [&](Value value) {
      return planes[1 - plane]
                   [llvm::find(planes[plane], value) - planes[plane].begin()];
    };
    SmallVector<Value> stepped =
        scan.buildStep(step, loc, forcing, planes[plane], k.rounded,
                       k.corrections, otherPlane);
    affine::AffineStoreOp::create(step, loc, stepped.front(), y,
                                  featureMap(plane), ValueRange{n, b, t});
    llvm::append_range(carried, ArrayRef(stepped).drop_front());
  }
  affine::AffineYieldOp::create(step, loc, carried);
}

void ScanFunction::build(func::FuncOp source) {
  createFunction(source);
  OpBuilder builder = OpBuilder::atBlockEnd(&function.front());
  auto overModes =
      affine::AffineForOp::create(builder, loc, 0, scan.getNumModes());
  func::ReturnOp::create(builder, loc);
  OpBuilder inModes = OpBuilder::atBlockTerminator(overModes.getBody());
  auto overBatch = createLoop(inModes, f, 0);
  OpBuilder coefficients(overBatch);
  buildSteps(coefficients, overModes.getInductionVar(),
             overBatch.getInductionVar());
  SymbolTable(source->getParentOp()).insert(function, Block::iterator(source));
}

/// What a scan's coefficients are computed from: function arguments in their
/// order, then parameters.
static FailureOr<LeafBuffers> collectLeaves(ScanOp scan) {
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

namespace {
struct ScanToAffine : ssmc::impl::ScanToAffineBase<ScanToAffine> {
  void runOnOperation() override {
    SmallVector<func::FuncOp> functions(getOperation().getOps<func::FuncOp>());
    for (func::FuncOp function : functions) {
      WalkResult result = function.walk([&](ScanOp scan) {
        FailureOr<LeafBuffers> leaves = collectLeaves(scan);
        if (failed(leaves))
          return WalkResult::interrupt();
        ScanFunction(scan, std::move(*leaves)).build(function);
        return WalkResult::advance();
      });
      if (result.wasInterrupted())
        return signalPassFailure();
    }
  }
};
} // namespace
