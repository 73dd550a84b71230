//===- RowLoops.h - Loading, storing and looping over rows ------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_CHUNKTOLOOPS_ROWLOOPS_H
#define SSMC_LIB_CONVERSION_CHUNKTOLOOPS_ROWLOOPS_H

#include "dialect/SsmDialect.h"
#include "mlir/IR/Builders.h"

namespace ssmc {

/// Emits index arithmetic, loops, and access to lanes of rows.
class RowBuilder {
public:
  RowBuilder(mlir::OpBuilder &builder, mlir::Location loc)
      : builder(builder), loc(loc) {}

  mlir::Value index(int64_t value);
  mlir::Value add(mlir::Value a, int64_t b);
  mlir::Value scale(mlir::Value a, int64_t factor);
  /// `a`, of which the optimizer knows nothing.
  mlir::Value opaque(mlir::Value a);
  /// The number of rows to run: `count`, or all `rows`.
  mlir::Value rowCount(mlir::Value count, int64_t rows);
  /// The stream of row `row`: `streams[row]`, or 0.
  mlir::Value streamOf(mlir::Value streams, mlir::Value row);

  /// Lanes `first ... first + lanes - 1` of a row of `buffer`. Lanes beyond the
  /// row's width are 0, and not accessed.
  mlir::Value loadLanes(mlir::Value buffer, mlir::Value row, mlir::Value first,
                        int64_t lanes);
  void storeLanes(mlir::Value lanes, mlir::Value buffer, mlir::Value row,
                  mlir::Value first);
  /// `buffer[row]` in all lanes of `type`.
  mlir::Value loadScalar(mlir::Value buffer, mlir::Value row,
                         mlir::VectorType type);
  /// Asks for the cache lines of such lanes, which begin at one.
  void prefetchLanes(mlir::Value buffer, mlir::Value row, mlir::Value first,
                     int64_t lanes);

  /// `for i = from to to step step`, with loop-carried values; `body` gets i
  /// and the values and returns the next ones.
  using LoopBody = llvm::function_ref<llvm::SmallVector<mlir::Value>(
      mlir::Value, mlir::ValueRange)>;
  llvm::SmallVector<mlir::Value> loop(mlir::Value from, mlir::Value to,
                                      int64_t step, mlir::ValueRange carried,
                                      LoopBody body);
  /// The same with constant bounds, as an affine loop; one trip is emitted
  /// without a loop.
  llvm::SmallVector<mlir::Value> loop(int64_t from, int64_t to, int64_t step,
                                      mlir::ValueRange carried, LoopBody body);

  mlir::OpBuilder &builder;
  mlir::Location loc;
};

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_CHUNKTOLOOPS_ROWLOOPS_H
