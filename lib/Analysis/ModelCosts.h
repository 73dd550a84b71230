//===- ModelCosts.h - What each phase of a model costs ----------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The static report of a model: what is known of its phases at the chunk level,
// what its loops do, and how long the cost model says that this takes.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_ANALYSIS_MODELCOSTS_H
#define SSMC_LIB_ANALYSIS_MODELCOSTS_H

#include "lib/Analysis/CostModel.h"
#include "lib/Analysis/LoopCounts.h"
#include "llvm/ADT/StringMap.h"

namespace ssmc {

/// An operation of the chunk level, by the number that markPhases gave it.
struct PhaseShape {
  /// "product", "lookup", "pool_rows", ...
  std::string kind;
  /// Of a product: "scan", "gelu", "gate", or empty.
  std::string epilogue;
  int64_t rows = 0;
  /// Of a product over `panels` panels of 16 columns.
  int64_t depth = 0, panels = 0;
  /// Packed, with coefficients and biases.
  int64_t weightBytes = 0;
};

/// The phases of each chunk function, by its name. Marks them.
using PhaseShapes = llvm::StringMap<llvm::SmallVector<PhaseShape>>;
PhaseShapes describePhases(mlir::ModuleOp chunks);

/// Whose bytes they are.
enum class BufferKind { Weights, Activations, State, Input, Output };
llvm::StringRef getBufferKindName(BufferKind kind);
inline constexpr BufferKind kBufferKinds[] = {
    BufferKind::Weights, BufferKind::Activations, BufferKind::State,
    BufferKind::Input, BufferKind::Output};

/// One phase of one unit in one call of an entry point.
struct PhaseCost {
  /// Of the chunk function: "input", "block0", ...
  std::string unit;
  /// How many layers are such a unit.
  int64_t layers = 0;
  PhaseShape shape;
  /// Of a product.
  TileShape tile;
  // Of all layers together:
  std::array<Traffic, std::size(kBufferKinds)> bytes;
  /// Floating-point operations, padding included, and those of the product; a
  /// multiply-add is two.
  int64_t flops = 0, productFlops = 0;
  /// What the cost model says.
  double cycles = 0;

  const Traffic &bytesOf(BufferKind kind) const {
    return bytes[static_cast<int>(kind)];
  }
  Traffic totalBytes() const;
};

/// One call of an entry point of the loop level.
struct EntryCost {
  /// "ssm_chunk_full", "ssm_step", ...
  std::string function;
  /// Time steps, times streams.
  int64_t rows = 0;
  std::vector<PhaseCost> phases;

  Traffic bytesOf(BufferKind kind) const;
  double totalCycles() const;
};

/// Counts a call of each function of `loops` that takes rows through all
/// layers: a full chunk, a step, and one step of as many streams as fit.
/// `shapes` are from before the chunk functions were lowered. Emits an error
/// and fails where loops cannot be counted.
mlir::FailureOr<std::vector<EntryCost>>
costModel(mlir::ModuleOp loops, const PhaseShapes &shapes,
          const TargetDescription &target);

} // namespace ssmc

#endif // SSMC_LIB_ANALYSIS_MODELCOSTS_H
