//===- ThreadBuilder.h - Work of a thread block on rows ---------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_CHUNKTOGPU_THREADBUILDER_H
#define SSMC_LIB_CONVERSION_CHUNKTOGPU_THREADBUILDER_H

#include "dialect/SsmDialect.h"
#include "lib/Conversion/ChunkToLoops/RowLoops.h"

namespace ssmc {

/// Emits code that the threads of a block share: item i of some work is done by
/// thread i modulo the number of threads.
///
/// Eight threads share a panel. Thread j of them has lane j of what gives 8
/// features, lanes j and j + 8 of what gives 16: the two halves of a complex
/// number, or of a gate, meet in one thread. Its lanes are a vector of 1 or 2.
///
/// Where `together` is 4, two threads share a panel, and thread j has 4 lanes
/// of each half, from 4 j on, one half behind the other: a vector of 4 or 8.
/// Rows are then as wide as their panels, and begin at multiples of 16 bytes.
class ThreadBuilder : public RowBuilder {
public:
  ThreadBuilder(mlir::OpBuilder &builder, mlir::Location loc, int64_t threads)
      : RowBuilder(builder, loc), threads(threads) {}

  /// Runs `body(i)` for items 0 ... count - 1.
  void forEach(int64_t count, llvm::function_ref<void(mlir::Value)> body);
  /// All threads see what all have written before.
  void barrier();
  void onlyIf(mlir::Value condition, llvm::function_ref<void()> body);
  mlir::Value isBelow(mlir::Value a, mlir::Value b);
  mlir::Value divide(mlir::Value a, int64_t b);
  mlir::Value remainder(mlir::Value a, int64_t b);
  mlir::Value plus(mlir::Value a, mlir::Value b);
  mlir::Value smaller(mlir::Value a, mlir::Value b);

  /// The lanes of a panel's thread `lane` (0 to 7, or 1) in panel `panel` of
  /// row `row`, of which a panel has `lanes`. Lanes beyond the row's width are
  /// 0, and not accessed.
  mlir::Value loadLanes(mlir::Value buffer, mlir::Value row, mlir::Value panel,
                        mlir::Value lane, int64_t lanes);
  /// The same of the panel of `lanes` lanes that begins at `place`, where
  /// threads have lanes side by side.
  mlir::Value loadRun(mlir::Value buffer, mlir::ValueRange place,
                      mlir::Value lane, int64_t lanes);
  void storeLanes(mlir::Value value, mlir::Value buffer, mlir::Value row,
                  mlir::Value panel, mlir::Value lane, int64_t lanes);

  /// Threads of a panel.
  int64_t threadsOfPanel() const { return kHalfPanel / together; }

  const int64_t threads;
  /// Lanes side by side that a thread has of each half of a panel: 1 or 4.
  int64_t together = 1;
};

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_CHUNKTOGPU_THREADBUILDER_H
