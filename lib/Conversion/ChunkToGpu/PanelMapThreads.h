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

  bool hasOwnInput();
  void emitTiles(Finish finish);
  void emitTilesOf(const ThreadTile &tile, Finish finish);
  void emitTile(const ThreadTile &tile, mlir::Value item, Finish finish);
  Values emitProduct(llvm::ArrayRef<mlir::Value> tileRows,
                     llvm::ArrayRef<mlir::Value> tilePanels, mlir::Value lane);
  Values emitDepth(llvm::ArrayRef<mlir::Value> tileRows,
                   llvm::ArrayRef<mlir::Value> tilePanels, mlir::Value lane,
                   mlir::Value k, int64_t depth, mlir::ValueRange sums);
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
  struct Transition;
  void emitLinkedScan(const ChunkLink &link);
  Transition emitTransition(const Place &place);
  Values emitLinearStep(const Place &place,
                        llvm::ArrayRef<mlir::Value> carries);
  Values emitIncoming(const ChunkLink &link, const Transition &chunk,
                      const Place &place);

  PanelMapOp op;
  ThreadBuilder rows;
  mlir::OpBuilder &builder;
  mlir::Location loc;
  ThreadTile tile;
};

/// How many of a panel's lanes, 8 or 16, `value` has.
inline int64_t getLanes(mlir::Value value) {
  return llvm::cast<mlir::VectorType>(value.getType()).getDimSize(0);
}

/// A copy of an operation of the body on a thread's lanes, whose operands
/// `lanes` gives. The results' elements are of type `element`, if it is given.
mlir::Operation *cloneForThread(mlir::OpBuilder &builder,
                                mlir::Operation &nested, mlir::IRMapping &lanes,
                                mlir::Type element = {});

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_CHUNKTOGPU_PANELMAPTHREADS_H
