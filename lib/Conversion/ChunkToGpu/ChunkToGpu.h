//===- ChunkToGpu.h - Row operations on a thread block ----------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_CHUNKTOGPU_CHUNKTOGPU_H
#define SSMC_LIB_CONVERSION_CHUNKTOGPU_CHUNKTOGPU_H

#include "dialect/SsmDialect.h"
#include "mlir/IR/Builders.h"

namespace ssmc {

/// How a thread block shares a product: each thread has `rows` rows by
/// `panels` panels, two lanes of each.
struct ThreadTile {
  int64_t rows = 4, panels = 1;
};

/// Emit `op`, on memrefs, as the work of `threads` threads. Results may be read
/// after the next barrier. Streams, where given, are all different.
void lowerPanelMapToThreads(PanelMapOp op, int64_t threads,
                            const ThreadTile &tile, mlir::OpBuilder &builder);
void lowerLookupToThreads(LookupOp op, int64_t threads,
                          mlir::OpBuilder &builder);
void lowerPoolRowsToThreads(PoolRowsOp op, int64_t threads,
                            mlir::OpBuilder &builder);
void lowerPoolMeanToThreads(PoolMeanOp op, int64_t threads,
                            mlir::OpBuilder &builder);
void lowerRowLogSoftmaxToThreads(RowLogSoftmaxOp op, int64_t threads,
                                 mlir::OpBuilder &builder);

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_CHUNKTOGPU_CHUNKTOGPU_H
