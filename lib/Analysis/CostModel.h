//===- CostModel.h - What tiles and chunks cost on a CPU --------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An analytic model: nothing is measured when a model is compiled. A product
// takes `rows` rows of activations by packed weights of `panels` panels,
// `depth` deep. docs/cost-model.md has the formulas and what was measured.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_ANALYSIS_COSTMODEL_H
#define SSMC_LIB_ANALYSIS_COSTMODEL_H

#include "lib/Analysis/TargetDescription.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>

namespace ssmc {

/// A register tile: rows by panels of 16 lanes, each an accumulator that stays
/// in registers through the loop over the depth.
struct TileShape {
  int64_t rows = 1;
  int64_t panels = 1;

  bool operator==(const TileShape &other) const {
    return rows == other.rows && panels == other.panels;
  }
};

/// A module's attribute: rows and panels of all tiles, where the user sets
/// them.
inline constexpr llvm::StringLiteral kTileAttr = "ssm.tile";

/// The tile that `module` sets, if it does; an error at the module when it is
/// none.
mlir::FailureOr<std::optional<TileShape>> getGivenTile(mlir::ModuleOp module);

/// Vector registers that the product loop of `shape` needs at once: its sums,
/// the weights and inputs that several sums share, and one of the others.
int64_t countRegisters(const TargetDescription &target, const TileShape &shape);

/// Cycles that one step of the depth takes in a tile whose weights and inputs
/// are in the L1 cache: the most of what multiply-adds, loads, and waiting for
/// the sums of the step before take.
double cyclesPerDepth(const TargetDescription &target, const TileShape &shape);

/// Cycles of what is done with the sums of a product, or without one:
/// arithmetic on vectors with results of `vectorBits`, and divisions. Adds to
/// the cycles of the product: it was measured not to hide behind the product of
/// the next tile.
double cyclesOfEpilogue(const TargetDescription &target, int64_t vectorBits,
                        int64_t divisionBits);

/// Bytes in a cycle that are read from the cache that holds `footprint` bytes
/// which are read in turn, again and again.
double bytesPerCycle(const TargetDescription &target, int64_t footprint);

/// Cycles of vector loads or stores of so many bytes in the L1 cache.
double cyclesOfLoads(const TargetDescription &target, int64_t bytes);

/// The tiles of a product's loops: `full`, then those for the rows that it
/// leaves over. Each has fewer rows than the one before, the last a single one,
/// and as many panels as fit the registers and make up to 12 sums. A tile for
/// every number of rows left over would double the code for nothing that was
/// measured.
llvm::SmallVector<TileShape> withTailTiles(const TargetDescription &target,
                                           TileShape full, int64_t panels);

/// Columns of panels that are alike: `count` from panel `first` on, each run
/// with `tile` over all rows.
struct TileColumns {
  int64_t first, count;
  TileShape tile;
};

/// How tiles of `shape` divide `panels`: evenly, so that no narrow column is
/// left over whose few multiply-adds wait for their inputs. Columns are
/// narrower than `shape`, or, if they may be and that takes fewer cycles,
/// wider; fewer rows then make up for the width.
llvm::SmallVector<TileColumns> splitPanels(const TargetDescription &target,
                                           const TileShape &shape,
                                           int64_t panels, bool mayBeWider);

/// Cycles of `rows` by `panels` with tiles of `full`, and those for what they
/// leave over.
double cyclesOfProduct(const TargetDescription &target, const TileShape &full,
                       int64_t rows, int64_t depth, int64_t panels);

/// The tile to run `rows` by `panels` with; never larger than these. For rows
/// known at run time ask for the most there can be.
TileShape chooseTile(const TargetDescription &target, int64_t rows,
                     int64_t depth, int64_t panels);

} // namespace ssmc

#endif // SSMC_LIB_ANALYSIS_COSTMODEL_H
