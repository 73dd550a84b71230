//===- ChunkToGpu.cpp - Row operations on a thread block ------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/ChunkToGpu/ChunkToGpu.h"
#include "lib/Conversion/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

namespace ssmc {
#define GEN_PASS_DEF_CHUNKTOGPU
#include "lib/Conversion/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

/// The tile that gives every thread work and, of those, needs the fewest loads
/// per multiply-add.
static ThreadTile chooseThreadTile(PanelMapOp op, int64_t threads) {
  ThreadTile best{1, 1, 1};
  for (int64_t rows : {1, 2, 4, 8})
    for (int64_t panels : {1, 2}) {
      int64_t items = llvm::divideCeil(op.getNumRows(), rows) *
                      llvm::divideCeil(op.getNumPanels(), panels) * kHalfPanel;
      if (items >= threads && rows * panels > best.rows * best.panels)
        best = {rows, panels, 1};
    }
  return best;
}

/// The same for tensor cores: of each warp some fragments of 8 rows, of which a
/// thread has 2 each, by some panels.
static ThreadTile chooseFragmentTile(PanelMapOp op, int64_t threads) {
  constexpr int64_t kMost = 8;
  ThreadTile best{2, 1, 1};
  for (int64_t fragments : {1, 2, 4})
    for (int64_t panels : {1, 2, 4}) {
      int64_t warps = llvm::divideCeil(op.getNumRows(), 8 * fragments) *
                      llvm::divideCeil(op.getNumPanels(), panels);
      if (warps * 32 >= threads && fragments * panels <= kMost &&
          2 * fragments * panels > best.rows * best.panels)
        best = {2 * fragments, panels, 1};
    }
  return best;
}

/// The tile that the function's attribute gives a product of it, or a chosen
/// one.
static FailureOr<ThreadTile> getThreadTile(PanelMapOp op, int64_t threads) {
  auto function = op->getParentOfType<func::FuncOp>();
  Attribute given = function->getAttr(kThreadTilesAttr);
  if (!given || !op.getX())
    return op.getTensorCores() ? chooseFragmentTile(op, threads)
                               : chooseThreadTile(op, threads);
  size_t index = 0;
  for (auto map : function.getOps<PanelMapOp>())
    index += map.getX() && map->isBeforeInBlock(op);
  auto tiles = dyn_cast<DenseI64ArrayAttr>(given);
  if (tiles && index * 4 + 4 <= size_t(tiles.size())) {
    ArrayRef<int64_t> tile = tiles.asArrayRef().slice(index * 4, 4);
    if (llvm::all_of(tile, [](int64_t n) { return n >= 1 && n <= 64; }) &&
        (tile[3] == 1 || tile[3] == 4))
      return ThreadTile{tile[0], tile[1], tile[2], tile[3]};
  }
  return function.emitError()
         << "has '" << kThreadTilesAttr << "' = " << given
         << "; expected rows, panels and row groups, 1 to 64, and lanes, 1 or "
            "4, of product "
         << index;
}

/// A linked function must have what getChunkLink takes of it.
static LogicalResult verifyLink(Operation *op) {
  auto function = op->getParentOfType<func::FuncOp>();
  auto variant = function->getAttrOfType<StringAttr>("ssm.variant");
  if (!variant || variant != "linked")
    return success();
  ValueRange carried = getScannedCarries(op);
  int64_t carries = carried.size();
  auto said = function->getAttrOfType<IntegerAttr>("ssm.linked_carries");
  SmallVector<Type> wanted;
  if (!carried.empty())
    wanted = getLinkTypes(carried);
  OpBuilder builder(op);
  wanted.push_back(LLVM::LLVMPointerType::get(op->getContext()));
  wanted.push_back(builder.getIndexType());
  wanted.push_back(builder.getI1Type());
  if (said && said.getInt() == carries &&
      function.getNumArguments() >= wanted.size() &&
      function.getArgumentTypes().take_back(wanted.size()) ==
          ArrayRef<Type>(wanted))
    return success();
  return function.emitError()
         << "is linked, but its last arguments are not what ssm-link-chunks "
            "adds for "
         << carries << " carries ('ssm.linked_carries')";
}

static LogicalResult verifyScan(PanelMapOp op) {
  if (op.getCarries().empty() || op.getStreams())
    return success();
  if (failed(verifyLink(op)))
    return failure();
  if (!op.getX())
    return success();
  // The sums wait there.
  BlockArgument out = op.getOutArguments().front();
  if (out.use_empty() &&
      cast<VectorType>(out.getType()).getDimSize(0) == kPanelLanes)
    return success();
  return op.emitOpError() << "reads its first output, or gives 8 features a "
                             "panel; a scan of a thread block needs an output "
                             "of 16 lanes that is only written";
}

namespace {
struct ChunkToGpu : ssmc::impl::ChunkToGpuBase<ChunkToGpu> {
  using ChunkToGpuBase::ChunkToGpuBase;

  void runOnOperation() override {
    if (threads < 32 || threads > 1024 || threads % 32) {
      getOperation()->emitError() << "threads is " << threads.getValue()
                                  << "; expected a multiple of 32 up to 1024";
      return signalPassFailure();
    }
    SmallVector<Operation *> ops;
    getOperation()->walk([&](DestinationStyleOpInterface op) {
      if (isa<SsmDialect>(op->getDialect()))
        ops.push_back(op);
    });
    // Before any of a function's products is gone.
    DenseMap<Operation *, ThreadTile> tiles;
    for (Operation *op : ops)
      if (auto map = dyn_cast<PanelMapOp>(op)) {
        auto tile = getThreadTile(map, threads);
        if (failed(tile))
          return signalPassFailure();
        tiles[op] = *tile;
      }
    OpBuilder builder(&getContext());
    for (Operation *op : ops) {
      if (op->getNumResults()) {
        op->emitOpError() << "is on tensors; thread blocks need memrefs";
        return signalPassFailure();
      }
      builder.setInsertionPoint(op);
      gpu::BarrierOp::create(builder, op->getLoc());
      bool lowered = true;
      llvm::TypeSwitch<Operation *>(op)
          .Case([&](PanelMapOp map) {
            lowered = succeeded(verifyScan(map));
            if (!lowered)
              return;
            auto tile = tiles.find(map);
            std::optional<ChunkLink> link;
            if (!map.getCarries().empty())
              link = getChunkLink(map->getParentOfType<func::FuncOp>());
            lowerPanelMapToThreads(map, threads, tile->second,
                                   link ? &*link : nullptr, builder);
          })
          .Case([&](LookupOp lookup) {
            lowerLookupToThreads(lookup, threads, builder);
          })
          .Case([&](ChannelRowsOp scan) {
            lowered = succeeded(verifyLink(scan));
            if (!lowered)
              return;
            std::optional<ChunkLink> link;
            if (!scan.getStreams())
              link = getChunkLink(scan->getParentOfType<func::FuncOp>());
            lowerChannelRowsToThreads(scan, threads, link ? &*link : nullptr,
                                      builder);
          })
          .Case([&](DeltaRowsOp delta) {
            lowerDeltaRowsToThreads(delta, threads, builder);
          })
          .Case([&](DropRowsOp drop) {
            drop.emitOpError() << "has no form on threads; training mode runs "
                                  "on CPUs";
            lowered = false;
          })
          .Case([&](PoolRowsOp pool) {
            lowered = succeeded(verifyLink(pool));
            if (!lowered)
              return;
            std::optional<ChunkLink> link;
            if (!pool.getStreams())
              link = getChunkLink(pool->getParentOfType<func::FuncOp>());
            if (link)
              lowerLinkedPoolToThreads(pool, threads, *link, builder);
            else
              lowerPoolRowsToThreads(pool, threads, builder);
          })
          .Case([&](PoolMeanOp pool) {
            lowerPoolMeanToThreads(pool, threads, builder);
          })
          .Case([&](RowNormOp norm) {
            lowerRowNormToThreads(norm, threads, builder);
          })
          .Case([&](RowLogSoftmaxOp softmax) {
            lowerRowLogSoftmaxToThreads(softmax, threads, builder);
          });
      if (!lowered)
        return signalPassFailure();
      op->erase();
    }
  }
};
} // namespace
