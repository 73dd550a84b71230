//===- Pipelines.h - From one level of the IR to the next -------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_PIPELINES_PIPELINES_H
#define SSMC_LIB_PIPELINES_PIPELINES_H

#include "dialect/SsmDialect.h"
#include "mlir/Pass/PassManager.h"
#include <optional>

namespace ssmc {

/// The levels of the IR, in the order in which a model goes through them.
enum class Level { Model, Recurrence, Chunk, Loops, LLVM };

/// "model", "recurrence", "chunk", "loops" or "llvm".
std::optional<Level> parseLevel(llvm::StringRef name);
llvm::StringRef getLevelName(Level level);

/// Sizes that the cost model chooses for the target (0), or that are given.
/// Results do not depend on them.
struct TileOptions {
  int64_t rows = 0;       ///< time steps (or streams) of a chunk (0: chosen)
  int64_t tileRows = 0;   ///< rows of a register tile (0: chosen)
  int64_t tilePanels = 0; ///< panels of a register tile (0: chosen)
};

/// Training form to discrete time: inference mode, mixers to scans, norms
/// folded.
void buildModelToRecurrence(mlir::OpPassManager &passes);
/// One function per distinct block on rows of tensors, with fused epilogues,
/// and `prepare` functions for what depends on parameters only.
void buildRecurrenceToChunk(mlir::OpPassManager &passes,
                            const TileOptions &options);
/// Memrefs, one workspace, register tiles; the `ssm_*` functions.
void buildChunkToLoops(mlir::OpPassManager &passes, const TileOptions &options);
/// The same three stages for a training-mode forward: norms take what they add
/// and multiply by as arguments, and dropout its keys; one function takes rows
/// through one unit (see BuildTrainRun.cpp).
void buildModelToTrainingRecurrence(mlir::OpPassManager &passes);
void buildRecurrenceToTrainingChunk(mlir::OpPassManager &passes,
                                    const TileOptions &options);
void buildChunkToTrainingLoops(mlir::OpPassManager &passes,
                               const TileOptions &options);
/// Everything to the LLVM dialect.
void buildLoopsToLLVM(mlir::OpPassManager &passes);
/// Chunk level for thread blocks that hold `rows` rows. With `products`, tensor
/// cores compute them.
void buildRecurrenceToThreadChunk(
    mlir::OpPassManager &passes, int64_t rows,
    std::optional<TensorProducts> products = std::nullopt);
/// Kernels in the gpu dialect, with `threads` threads per block, in a
/// gpu.module beside @prepare in loops.
void buildChunkToGpu(mlir::OpPassManager &passes, int64_t threads);
/// The contents of every `gpu.module`, loops on memrefs, to the llvm and nvvm
/// dialects; the rest of the module stays as it is. Kernels take plain
/// pointers.
void buildGpuToNvvm(mlir::OpPassManager &passes);

/// All stages after `from` up to `to`.
void buildPipeline(mlir::OpPassManager &passes, Level from, Level to,
                   const TileOptions &options);

/// Registers the stages as `ssm-model-to-recurrence`, ...
void registerPipelines();

} // namespace ssmc

#endif // SSMC_LIB_PIPELINES_PIPELINES_H
