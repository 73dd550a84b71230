//===- PanelMapThreads.h - A panel map on a thread block --------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_CHUNKTOGPU_PANELMAPTHREADS_H
#define SSMC_LIB_CONVERSION_CHUNKTOGPU_PANELMAPTHREADS_H

#include "lib/Conversion/ChunkToGpu/ChunkToGpu.h"
#include "lib/Conversion/ChunkToGpu/ThreadBuilder.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/MathExtras.h"

namespace ssmc {

/// Emits one panel map as the work of a thread block.
class PanelMapThreads {
public:
  PanelMapThreads(PanelMapOp op, int64_t threads, const ThreadTile &tile,
                  mlir::OpBuilder &builder);

  /// With `link`, carries come from other chunks of the stream.
  void run(const ChunkLink *link);

private:
  /// One row and panel of a thread.
  struct Place {
    mlir::Value row, panel, lane;
    llvm::ArrayRef<mlir::Value> columns; ///< of the panel, null where not read
    mlir::Value sum;                     ///< null without a product
  };
  using Finish = llvm::function_ref<void(const Place &)>;
  using Values = llvm::SmallVector<mlir::Value>;

  // PanelMapTiles.cpp
  bool hasOwnInput();
  void emitTiles(Finish finish);
  void emitTilesOf(const ThreadTile &tile, Finish finish);
  void emitTile(const ThreadTile &tile, mlir::Value item, Finish finish);
  Values emitProduct(llvm::ArrayRef<mlir::Value> tileRows,
                     llvm::ArrayRef<mlir::Value> tilePanels, mlir::Value lane);
  Values emitDepth(llvm::ArrayRef<mlir::Value> tileRows, mlir::Value k,
                   int64_t depth, mlir::ValueRange sums,
                   llvm::function_ref<Values(int64_t)> weights);
  Values emitDepthAhead(llvm::ArrayRef<mlir::Value> tileRows,
                        llvm::ArrayRef<mlir::Value> tilePanels,
                        mlir::Value lane, int64_t depth, int64_t step,
                        mlir::ValueRange sums);
  Values loadWeights(llvm::ArrayRef<mlir::Value> tilePanels, mlir::Value lane,
                     mlir::Value k);
  void finishWhere(const Place &place, mlir::Value count, bool panelExists,
                   Finish finish);

  // PanelMapFragments.cpp
  void emitFragmentTiles(const ThreadTile &tile, Finish finish);
  void emitFragmentTile(const ThreadTile &tile, mlir::Value item,
                        Finish finish);
  Values emitFragmentProduct(llvm::ArrayRef<mlir::Value> inputRows,
                             llvm::ArrayRef<mlir::Value> tilePanels,
                             mlir::Value lane);
  Values emitFragmentDepth(llvm::ArrayRef<mlir::Value> inputRows,
                           llvm::ArrayRef<mlir::Value> tilePanels,
                           mlir::Value lane, mlir::Value k, int64_t there,
                           llvm::ArrayRef<mlir::Value> sums);
  Values loadInputs(mlir::Value row, mlir::Value k, mlir::Value lane,
                    int64_t there);
  Values loadFragment(mlir::Value panel, mlir::Value k, mlir::Value lane);

  // PanelMapBody.cpp
  Values emitBody(const Place &place, llvm::ArrayRef<mlir::Value> carries,
                  bool storeOutputs = true);
  Values loadColumns(mlir::Value panel, mlir::Value lane);
  Values loadCarries(mlir::ValueRange buffers, mlir::Value row,
                     const Place &place);
  void storeCarries(mlir::ValueRange carries, mlir::ValueRange buffers,
                    mlir::Value row, const Place &place);

  void forEachMode(Finish body);
  Values emitSteps(Place place, mlir::ValueRange carries, bool storeOutputs);
  void emitScan();

  // PanelMapLinks.cpp
  /// What a chunk does to a state: a square matrix in f64, [row][column], over
  /// the parts of a mode's carries.
  using Transition = llvm::SmallVector<Values>;
  bool mixesPlanes();
  void emitLinkedScan(const ChunkLink &link);
  Transition emitTransition(const Place &place);
  Values emitLinearStep(const Place &place,
                        llvm::ArrayRef<mlir::Value> carries);
  Values emitIncoming(const ChunkLink &link, const Place &place,
                      llvm::function_ref<Transition()> ofChunk);

  PanelMapOp op;
  ThreadBuilder rows;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  ThreadTile tile;
};

/// Rows of a fragment, which the threads of a warp have two by two.
inline constexpr int64_t kFragmentRows = 8;

/// Whether weights and sums are loaded before they are needed. Kernels of all
/// layers have no registers left for that.
bool readsAhead(PanelMapOp op);

/// Fragments of a tile of a product on tensor cores.
inline int64_t fragmentsOf(const ThreadTile &tile) {
  return llvm::divideCeil(tile.rows, 2);
}

/// How many of a panel's lanes, 8 or 16, `value` has.
inline int64_t getLanes(mlir::Value value) {
  return llvm::cast<mlir::VectorType>(value.getType()).getDimSize(0);
}

/// A copy of an operation of the body on a thread's lanes, whose operands
/// `lanes` gives, `together` of each half of a panel. The results' elements are
/// of type `element`, if it is given.
mlir::Operation *cloneForThread(mlir::OpBuilder &builder,
                                mlir::Operation &nested, mlir::IRMapping &lanes,
                                int64_t together, mlir::Type element = {});

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_CHUNKTOGPU_PANELMAPTHREADS_H
