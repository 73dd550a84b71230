//===- ChunkToLoops.h - Operations on rows become loops ---------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_CHUNKTOLOOPS_CHUNKTOLOOPS_H
#define SSMC_LIB_CONVERSION_CHUNKTOLOOPS_CHUNKTOLOOPS_H

#include "dialect/SsmDialect.h"
#include "mlir/IR/Builders.h"

namespace ssmc {

/// Register tiles: how many accumulators of 16 lanes run side by side.
struct TileShape {
  int64_t rows = 6;         ///< rows of a full tile, one panel wide
  int64_t panelsPerRow = 6; ///< panels of a tile of a single row
};

/// Each emits loops in the operation's place; the caller erases it.
void lowerPanelMap(PanelMapOp op, const TileShape &shape,
                   mlir::OpBuilder &builder);
void lowerLookup(LookupOp op, mlir::OpBuilder &builder);
void lowerPoolRows(PoolRowsOp op, mlir::OpBuilder &builder);
void lowerPoolMean(PoolMeanOp op, mlir::OpBuilder &builder);
void lowerRowLogSoftmax(RowLogSoftmaxOp op, mlir::OpBuilder &builder);

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_CHUNKTOLOOPS_CHUNKTOLOOPS_H
