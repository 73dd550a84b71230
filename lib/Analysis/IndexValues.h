//===- IndexValues.h - Integers that are known in a loop nest ---*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_ANALYSIS_INDEXVALUES_H
#define SSMC_LIB_ANALYSIS_INDEXVALUES_H

#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"
#include <optional>

namespace ssmc {

/// The numbers that a loop's counter takes.
struct LoopRange {
  int64_t from, step, trips;
};

/// Values of integers and indices, given those of some arguments and loop
/// counters; the rest by folding.
class IndexValues {
public:
  void set(mlir::Value value, int64_t number) { known[value] = number; }
  /// Empty when it depends on something that is not known.
  std::optional<int64_t> get(mlir::Value value);
  /// Empty when a bound is not known, or for other loops than `affine.for` and
  /// `scf.for`.
  std::optional<LoopRange> getRange(mlir::LoopLikeOpInterface loop);

private:
  std::optional<int64_t> fold(mlir::Value value);

  llvm::DenseMap<mlir::Value, std::optional<int64_t>> known;
};

/// What is computed from `value`, directly or not, itself included.
llvm::DenseSet<mlir::Value> findDependents(mlir::Value value);

/// Whether `body` has loops or branches that depend on one of `values`.
bool decidesControlFlow(const llvm::DenseSet<mlir::Value> &values,
                        mlir::Region &body);

/// The region that runs for `choice`.
mlir::Region *getTakenRegion(mlir::scf::IndexSwitchOp op, int64_t choice);

} // namespace ssmc

#endif // SSMC_LIB_ANALYSIS_INDEXVALUES_H
