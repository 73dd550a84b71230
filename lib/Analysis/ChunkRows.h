//===- ChunkRows.h - How many rows a chunk has ------------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_ANALYSIS_CHUNKROWS_H
#define SSMC_LIB_ANALYSIS_CHUNKROWS_H

#include "lib/Analysis/CostModel.h"

namespace ssmc {

/// A module's attribute: rows of its chunks. Set by the user, or when chunks
/// are made.
inline constexpr llvm::StringLiteral kChunkRowsAttr = "ssm.chunk_rows";
/// Beyond it nothing is gained, and the workspace grows.
inline constexpr int64_t kMaxChunkRows = 4096;

/// A product that `count` layers have.
struct ProductShape {
  int64_t depth, panels, count;
};

/// Cycles per row of all `products` in chunks of `rows` rows: tiles, what is
/// left over of them, weights read once in a chunk, and activations that do not
/// stay in the L1 cache.
double cyclesPerRow(const TargetDescription &target,
                    llvm::ArrayRef<ProductShape> products, int64_t rows);

/// The rows of a chunk for `products`: of 24, 48 and 96 the fewest that cost
/// hardly more than the best.
int64_t chooseChunkRows(const TargetDescription &target,
                        llvm::ArrayRef<ProductShape> products);

/// The same for the products of the units of a recurrence-level module, each
/// as often as it is called, on the target that the module describes. Fails
/// when that description is wrong.
mlir::FailureOr<int64_t> chooseChunkRows(mlir::ModuleOp module);

} // namespace ssmc

#endif // SSMC_LIB_ANALYSIS_CHUNKROWS_H
