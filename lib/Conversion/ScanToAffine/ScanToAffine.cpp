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
//   func @scan.f(%f: memref<?x?x64xf32>, %s: memref<?x2x32xf32>,
//                %nu: memref<32xf32>,
//                %y: memref<?x?x64xf32>, %s1: memref<?x2x32xf32>) {
//     affine.for %n = 0 to 32 {
//       %x = affine.load %nu[%n]
//       %a = math.exp ...                    // does not change in time
//       affine.for %b = 0 to %batch {
//         %last:2 = affine.for %t = 0 to %time iter_args(%re = ..., ...) {
//           ...                              // coefficients that do
//           math.fma ...                     // one step per plane
//         }
//         affine.store %last#0, %s1[%b, 0, %n] ...
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"
#include "lib/Conversion/ScanToAffine/ScanSteps.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

namespace ssmc {
#define GEN_PASS_DEF_SCANTOAFFINE
#include "lib/Conversion/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

/// The extent of a memref's dimension, where it is not static: an operation of
/// `builder`, which stands at the top of a function, so that it is a symbol.
static Value dynamicExtent(OpBuilder &builder, Value memref,
                           int64_t dimension) {
  if (!cast<MemRefType>(memref.getType()).isDynamicDim(dimension))
    return Value();
  return memref::DimOp::create(builder, memref.getLoc(), memref, dimension);
}

static affine::AffineForOp createLoop(OpBuilder &builder, Location loc,
                                      Value memref, int64_t dimension,
                                      Value extent) {
  if (!extent)
    return affine::AffineForOp::create(
        builder, loc, 0,
        cast<MemRefType>(memref.getType()).getDimSize(dimension));
  return affine::AffineForOp::create(builder, loc, ValueRange(),
                                     builder.getConstantAffineMap(0), extent,
                                     builder.getSymbolIdentityMap());
}

/// Adds `scan.NAME` in front of the function NAME that holds the scan.
static void buildFunction(ScanOp scan, LeafBuffers leaves) {
  Location loc = scan.getLoc();
  auto source = scan->getParentOfType<func::FuncOp>();
  OpBuilder builder(source);
  auto function = func::FuncOp::create(
      loc, ("scan." + source.getName()).str(),
      builder.getFunctionType(getBufferTypes(scan, leaves), {}));
  builder.setInsertionPointToEnd(function.addEntryBlock());
  ScanBuffers buffers;
  buffers.leaves = std::move(leaves);
  buffers.assign(function.getArguments());

  Value batch = dynamicExtent(builder, buffers.f, 0);
  Value length = dynamicExtent(builder, buffers.f, 1);
  auto overModes =
      affine::AffineForOp::create(builder, loc, 0, scan.getNumModes());
  func::ReturnOp::create(builder, loc);
  builder.setInsertionPoint(overModes.getBody()->getTerminator());
  auto overBatch = createLoop(builder, loc, buffers.f, 0, batch);
  buildScanSteps(scan, buffers,
                 OpBuilder::atBlockTerminator(overBatch.getBody()),
                 overModes.getInductionVar(), overBatch.getInductionVar(),
                 length, OpBuilder(overBatch));
  SymbolTable(source->getParentOp()).insert(function, Block::iterator(source));
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
        buildFunction(scan, std::move(*leaves));
        return WalkResult::advance();
      });
      if (result.wasInterrupted())
        return signalPassFailure();
    }
  }
};
} // namespace
