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
#include <memory>

namespace ssmc {

/// Emits the body of a panel map. Where a panel gives 8 features and a register
/// holds 16, two neighbouring panels are computed in the lanes of one.
class PanelBody {
public:
  /// Where the body runs, and on what: a row, a panel, or two, their sums
  /// (null: no product) and the carries of the one panel.
  struct Place {
    mlir::Value row, panel;
    mlir::Value sum, nextSum;
    bool isPair = false;
    llvm::SmallVector<mlir::Value> carries;
  };

  /// `f32Lanes` numbers fit a register.
  PanelBody(PanelMapOp op, RowBuilder &rows, int64_t f32Lanes);
  ~PanelBody();

  /// Loads the columns of `panel` and runs what depends on them alone: places
  /// of this panel that come after it use that.
  void hoistColumns(mlir::Value panel);

  /// Whether two panels with 8 features each can be one place.
  bool canPair() const { return pairs; }
  /// Runs the body at all places, one operation of it after the other, so that
  /// its long chains of dependent instructions take turns. Stores the outputs;
  /// returns the carries that each place leaves.
  llvm::SmallVector<llvm::SmallVector<mlir::Value>>
  emit(llvm::ArrayRef<Place> places);

  /// The carries of one panel, of the stream in row `stream` of the records.
  llvm::SmallVector<mlir::Value> loadCarries(mlir::Value stream,
                                             mlir::Value panel);
  void storeCarries(mlir::ValueRange carries, mlir::Value stream,
                    mlir::Value panel);
  void prefetchCarries(mlir::Value stream, mlir::Value panel);

private:
  class LaneMapping;
  void loadLanes(const Place &place, LaneMapping &lanes);
  void loadColumns(llvm::ArrayRef<mlir::Value> panels, bool isPair,
                   LaneMapping &lanes);
  void emitOp(mlir::Operation &nested, LaneMapping &lanes, bool isPair);
  llvm::SmallVector<mlir::Value> storeResults(const Place &place,
                                              LaneMapping &lanes);
  mlir::Value firstLane(mlir::Value panel, mlir::Value lanes);

  PanelMapOp op;
  RowBuilder &rows;
  bool pairs;
  std::unique_ptr<LaneMapping> hoisted;
};

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_CHUNKTOLOOPS_PANELBODY_H
