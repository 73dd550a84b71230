//===- PanelBody.h - The epilogue of a panel map ----------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_CHUNKTOLOOPS_PANELBODY_H
#define SSMC_LIB_CONVERSION_CHUNKTOLOOPS_PANELBODY_H

#include "dialect/SsmDialect.h"
#include "lib/Conversion/ChunkToLoops/RowLoops.h"

namespace ssmc {

/// Emits the body of a panel map for one row and neighbouring panels. Where a
/// panel gives 8 features and a register holds 16, two panels are computed in
/// the lanes of one.
class PanelBody {
public:
  /// `f32Lanes` numbers fit a register.
  PanelBody(PanelMapOp op, RowBuilder &rows, int64_t f32Lanes);

  /// Runs the body of panels `panel`, `panel + 1`, ..., whose accumulators are
  /// `accumulators` (null: no product), and stores its outputs. `carries` are
  /// those of the first panel, then of the second, ...; returns the next ones.
  llvm::SmallVector<mlir::Value>
  emit(mlir::Value row, mlir::Value panel,
       llvm::ArrayRef<mlir::Value> accumulators,
       llvm::ArrayRef<mlir::Value> carries);

  /// The carries of one panel, of the stream in row `stream` of the records.
  llvm::SmallVector<mlir::Value> loadCarries(mlir::Value stream,
                                             mlir::Value panel);
  void storeCarries(mlir::ValueRange carries, mlir::Value stream,
                    mlir::Value panel);

private:
  llvm::SmallVector<mlir::Value> emitOne(mlir::Value row, mlir::Value panel,
                                         mlir::Value accumulator,
                                         llvm::ArrayRef<mlir::Value> carries);
  void emitPair(mlir::Value row, mlir::Value panel, mlir::Value first,
                mlir::Value second);
  llvm::SmallVector<mlir::Value> emitPairOp(mlir::Operation &nested,
                                            const class PairMapping &pairs);
  mlir::Value firstLane(mlir::Value panel, mlir::Value lanes);

  PanelMapOp op;
  RowBuilder &rows;
  bool inPairs;
};

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_CHUNKTOLOOPS_PANELBODY_H
