//===- LoopCounts.h - Bytes and operations of loops, counted ----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Walks a function at loop level, and those that it calls, and counts what one
// call of it does: every load, store and floating-point operation times the
// trips of the loops around it. Nothing is run or estimated, so a count can be
// checked by hand.
//
// Counts are kept apart by phase. A phase is what one operation of the chunk
// level became; markPhases names them before they are lowered.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_ANALYSIS_LOOPCOUNTS_H
#define SSMC_LIB_ANALYSIS_LOOPCOUNTS_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <optional>
#include <string>

namespace ssmc {

/// Bytes that go between registers and a buffer.
struct Traffic {
  /// Of all loads and stores. What a loop reads again counts again. A masked
  /// access counts with all of its lanes.
  int64_t loaded = 0, stored = 0;
  /// Of different bytes: what had to be moved if whatever a phase reads or
  /// writes more than once during one call stayed in registers and caches. An
  /// upper bound where two accesses overlap in part.
  int64_t read = 0, written = 0;

  Traffic &operator+=(const Traffic &other);
};

/// The part of a buffer that a phase sees as one array.
struct BufferTraffic {
  /// The array, in the phase's function.
  mlir::Value view;
  /// Whose memory it is: an argument of the function that was counted, or an
  /// allocation.
  mlir::Value buffer;
  Traffic bytes;
};

struct PhaseCounts {
  mlir::func::FuncOp function;
  /// As markPhases numbers them; -1 for what belongs to none.
  int64_t phase = -1;
  /// Calls of the function.
  int64_t executions = 0;
  std::vector<BufferTraffic> buffers;
  /// Floating-point operations; a multiply-add is two.
  int64_t flops = 0;
  /// Bits of the results of arithmetic on vectors, divisions apart: divided by
  /// the width of a vector, the instructions that they take.
  int64_t vectorBits = 0, divisionBits = 0;

  Traffic totalBytes() const;
};

/// Counts one call of `function`, whose argument i has the integer value
/// `arguments[i]` where that is known. Of branches on what is not known the one
/// with more bytes is counted. Emits an error and fails where a loop's trips
/// are not known or an operation accesses memory in a way it does not know.
/// Phases come in the order in which they run first.
mlir::FailureOr<llvm::SmallVector<PhaseCounts>>
countLoops(mlir::func::FuncOp function,
           llvm::ArrayRef<std::optional<int64_t>> arguments);

/// Numbers the operations of `function` that lower to loops of their own, in
/// order, by their locations, which lowering hands on. Returns them.
llvm::SmallVector<mlir::Operation *> markPhases(mlir::func::FuncOp function);

} // namespace ssmc

#endif // SSMC_LIB_ANALYSIS_LOOPCOUNTS_H
