//===- LookBack.h - Chunks that pass a state on, side by side ---*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Decoupled look-back (Merrill and Garland 2016) in an order that does not
// depend on who comes first:
//
//   in a stream's first chunk: publish what enters the stream
//   publish the rows' steps from a state of zeros
//   wait for the chunks before in the group, and for what enters the group
//   at a group's end: publish what enters the next group
//   the rows' steps again, from the state that enters, with outputs
//
// A chunk that is alone, its stream's first and last one, has nobody to publish
// or wait for: it goes from the first of these straight to the last. What is
// published has flags: a thread waits for each of them; a barrier passes on
// what they saw. Chunks start in order (see KernelBuilder.h), so each waits
// only for chunks that run.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_CHUNKTOGPU_LOOKBACK_H
#define SSMC_LIB_CONVERSION_CHUNKTOGPU_LOOKBACK_H

#include "lib/Conversion/ChunkToGpu/ChunkToGpu.h"
#include "lib/Conversion/ChunkToGpu/ThreadBuilder.h"

namespace ssmc {

/// What an operation does in a chunk of a linked stream; all threads of the
/// block come through each.
struct LookBackSteps {
  /// Writes the record's state to row 0 of `entering`.
  llvm::function_ref<void()> enter;
  /// Writes what the chunk makes of zeros to its row of `published`.
  llvm::function_ref<void()> publish;
  /// Writes the state behind the chunk to row `group` of `entering`.
  llvm::function_ref<void(mlir::Value group)> passOn;
  /// Runs the rows from the state that enters the chunk.
  llvm::function_ref<void()> finish;
};

/// Emits the steps with the flags between them.
void emitLookBack(ThreadBuilder &rows, const ChunkLink &link,
                  const LookBackSteps &steps);

/// Takes `carried`, the state that enters the group, through the chunks of it
/// that lie before this one, in order: `next(state, load(chunk))`, each value
/// of which is a vector or number. Some chunks' loads are under way together.
/// Where there are such chunks, `prepare` comes first.
llvm::SmallVector<mlir::Value> loopOverGroup(
    ThreadBuilder &rows, const ChunkLink &link, mlir::ValueRange carried,
    llvm::function_ref<void()> prepare,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::Value chunk)> load,
    llvm::function_ref<llvm::SmallVector<mlir::Value>(mlir::ValueRange state,
                                                      mlir::ValueRange loaded)>
        next);

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_CHUNKTOGPU_LOOKBACK_H
