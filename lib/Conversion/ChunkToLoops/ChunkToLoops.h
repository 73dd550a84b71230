//===- ChunkToLoops.h - Operations on rows become loops ---------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_CHUNKTOLOOPS_CHUNKTOLOOPS_H
#define SSMC_LIB_CONVERSION_CHUNKTOLOOPS_CHUNKTOLOOPS_H

#include "dialect/SsmDialect.h"
#include "lib/Analysis/CostModel.h"
#include "mlir/IR/Builders.h"

namespace ssmc {

/// Each emits loops in the operation's place; the caller erases it.
/// Without `shape` the cost model chooses the largest tile.
void lowerPanelMap(PanelMapOp op, const TargetDescription &target,
                   std::optional<TileShape> shape, mlir::OpBuilder &builder);
void lowerChannelRows(ChannelRowsOp op, const TargetDescription &target,
                      mlir::OpBuilder &builder);
void lowerLookup(LookupOp op, mlir::OpBuilder &builder);
void lowerDropRows(DropRowsOp op, mlir::OpBuilder &builder);
void lowerDeltaRows(DeltaRowsOp op, const TargetDescription &target,
                    mlir::OpBuilder &builder);
void lowerPoolRows(PoolRowsOp op, mlir::OpBuilder &builder);
void lowerPoolMean(PoolMeanOp op, mlir::OpBuilder &builder);
void lowerRowLogSoftmax(RowLogSoftmaxOp op, mlir::OpBuilder &builder);
void lowerRowNorm(RowNormOp op, mlir::OpBuilder &builder);

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_CHUNKTOLOOPS_CHUNKTOLOOPS_H
