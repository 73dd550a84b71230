//===- ChunkToLoops.cpp - Operations on rows become loops -----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToLoops/ChunkToLoops.h"
#include "lib/Conversion/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "llvm/ADT/TypeSwitch.h"

namespace ssmc {
#define GEN_PASS_DEF_CHUNKTOLOOPS
#include "lib/Conversion/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

/// Rows and features are counted here; only streams are not: they are the rows
/// of carried states and of a pool's sums and counts.
static LogicalResult verifyStatic(Operation *op) {
  SmallVector<Value> states;
  llvm::TypeSwitch<Operation *>(op)
      .Case(
          [&](PanelMapOp map) { llvm::append_range(states, map.getCarries()); })
      .Case<DeltaRowsOp, ChannelRowsOp>(
          [&](auto scan) { states = {scan.getCarry()}; })
      .Case<PoolRowsOp, PoolMeanOp>(
          [&](auto pool) { states = {pool.getSums(), pool.getCounts()}; });
  for (Value operand : op->getOperands()) {
    auto type = dyn_cast<MemRefType>(operand.getType());
    if (!type)
      continue;
    ArrayRef<int64_t> counted =
        type.getShape().drop_front(llvm::is_contained(states, operand));
    if (ShapedType::isDynamicShape(counted))
      return op->emitOpError()
             << "works on " << type << "; loops need static rows and features";
  }
  return success();
}

namespace {
struct ChunkToLoops : ssmc::impl::ChunkToLoopsBase<ChunkToLoops> {
  using ChunkToLoopsBase::ChunkToLoopsBase;

  void runOnOperation() override {
    if (tileRows < 0 || tilePanels < 0) {
      getOperation()->emitError()
          << "tile-rows is " << tileRows.getValue() << " and tile-panels "
          << tilePanels.getValue() << "; expected both, or 0 to choose";
      return signalPassFailure();
    }
    auto shape = getGivenTile(getOperation());
    auto target = TargetDescription::fromModule(getOperation());
    if (failed(shape) || failed(target))
      return signalPassFailure();
    if (tileRows && tilePanels)
      shape = std::optional(TileShape{tileRows, tilePanels});
    SmallVector<Operation *> ops;
    getOperation()->walk([&](DestinationStyleOpInterface op) {
      if (isa<SsmDialect>(op->getDialect()))
        ops.push_back(op);
    });
    OpBuilder builder(&getContext());
    for (Operation *op : ops) {
      if (op->getNumResults()) {
        op->emitOpError() << "is on tensors; loops need memrefs";
        return signalPassFailure();
      }
      if (failed(verifyStatic(op)))
        return signalPassFailure();
      if (auto map = dyn_cast<PanelMapOp>(op); map && map.getTensorCores()) {
        op->emitOpError() << "is for tensor cores of a GPU; loops need weights "
                             "that are not in fragments";
        return signalPassFailure();
      }
      builder.setInsertionPoint(op);
      llvm::TypeSwitch<Operation *>(op)
          .Case([&](PanelMapOp map) {
            lowerPanelMap(map, *target, *shape, builder);
          })
          .Case([&](LookupOp lookup) { lowerLookup(lookup, builder); })
          .Case([&](DropRowsOp drop) { lowerDropRows(drop, builder); })
          .Case([&](DeltaRowsOp delta) {
            lowerDeltaRows(delta, *target, builder);
          })
          .Case([&](ChannelRowsOp channels) {
            lowerChannelRows(channels, *target, builder);
          })
          .Case([&](PoolRowsOp pool) { lowerPoolRows(pool, builder); })
          .Case([&](PoolMeanOp pool) { lowerPoolMean(pool, builder); })
          .Case([&](RowNormOp norm) { lowerRowNorm(norm, builder); })
          .Case([&](RowLogSoftmaxOp softmax) {
            lowerRowLogSoftmax(softmax, builder);
          });
      op->erase();
    }
  }
};
} // namespace
