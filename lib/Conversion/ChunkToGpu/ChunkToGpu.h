//===- ChunkToGpu.h - Row operations on a thread block ----------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_CHUNKTOGPU_CHUNKTOGPU_H
#define SSMC_LIB_CONVERSION_CHUNKTOGPU_CHUNKTOGPU_H

#include "dialect/SsmDialect.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "runtime/cuda_constants.h"

namespace ssmc {

/// How a thread block shares a product: each thread has `rows` rows by
/// `panels` panels, `lanes` lanes side by side of both halves of each; of the
/// threads with the same lanes and other rows, `rowGroups` are neighbours.
/// `lanes` is 1 or 4: a load of 16 bytes.
struct ThreadTile {
  int64_t rows = 4, panels = 1, rowGroups = 1, lanes = 1;
};

/// Attribute of a chunk function: `rows`, `panels`, `rowGroups` and `lanes` of
/// each of its products, in order.
inline constexpr llvm::StringLiteral kThreadTilesAttr = "ssm.thread_tiles";

/// The same of its copy that is linked to other chunks, where they differ.
inline constexpr llvm::StringLiteral kLinkedTilesAttr = "ssm.linked_tiles";

/// Chunks of one stream that run at the same time and pass on a carried state.
///
/// Chunk c publishes what its rows make of a state of zeros. States are linear
/// in what they were before, so the state that enters c is the one that entered
/// its group of kLinkedGroup chunks, taken through the chunks between: each
/// multiplies it by the same matrix and adds what it published. The last chunk
/// of a group publishes the state that enters the next group. All is added up
/// in one order, whatever order chunks run in.
struct ChunkLink {
  mlir::Value chunk; ///< which one of the stream, from 0
  mlir::Value last;  ///< whether no other one follows (i1)
  /// For each carry, of the carry's own type: a row per chunk for what it
  /// publishes, and a row per group for the state that enters it.
  llvm::SmallVector<mlir::Value> published, entering;
  /// Pointer to i32, zero at first: at 2 c that chunk c has published, at
  /// 2 g + 1 that the state that enters group g is known.
  mlir::Value flags;
};
inline constexpr int64_t kLinkedGroup = CUDA_LINKED_GROUP;

/// The types of what chunks leave for each other of `carries`, one at least:
/// of all that is published, then of all that enters groups.
llvm::SmallVector<mlir::Type> getLinkTypes(mlir::ValueRange carries);

/// The link of a function in the variant `linked`, whose last arguments it is;
/// none of another one.
std::optional<ChunkLink> getChunkLink(mlir::func::FuncOp function);

/// The carries of a scan over time steps, which chunks can pass on: states, or
/// the sums and counts of a pool; none of any other operation.
mlir::ValueRange getScannedCarries(mlir::Operation *op);

/// Unit attribute of a chunk function whose kernel copies its weights to shared
/// memory first, once for all chunks of a thread block; of a module, where all
/// are to do so that have room.
inline constexpr llvm::StringLiteral kStageWeightsAttr = "ssm.stage_weights";

/// Emit `op`, on memrefs, as the work of `threads` threads. Results may be read
/// after the next barrier. Streams, where given, are all different. With
/// `link`, carries of a scan in time come from, and go to, other chunks.
void lowerPanelMapToThreads(PanelMapOp op, int64_t threads,
                            const ThreadTile &tile, const ChunkLink *link,
                            mlir::OpBuilder &builder);
void lowerChannelRowsToThreads(ChannelRowsOp op, int64_t threads,
                               const ChunkLink *link, mlir::OpBuilder &builder);
void lowerLookupToThreads(LookupOp op, int64_t threads,
                          mlir::OpBuilder &builder);
void lowerDeltaRowsToThreads(DeltaRowsOp op, int64_t threads,
                             mlir::OpBuilder &builder);
void lowerPoolRowsToThreads(PoolRowsOp op, int64_t threads,
                            mlir::OpBuilder &builder);
/// The same of chunks of a stream that run side by side.
void lowerLinkedPoolToThreads(PoolRowsOp op, int64_t threads,
                              const ChunkLink &link, mlir::OpBuilder &builder);
void lowerPoolMeanToThreads(PoolMeanOp op, int64_t threads,
                            mlir::OpBuilder &builder);
void lowerRowNormToThreads(RowNormOp op, int64_t threads,
                           mlir::OpBuilder &builder);
void lowerRowLogSoftmaxToThreads(RowLogSoftmaxOp op, int64_t threads,
                                 mlir::OpBuilder &builder);

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_CHUNKTOGPU_CHUNKTOGPU_H
