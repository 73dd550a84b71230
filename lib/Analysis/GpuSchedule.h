//===- GpuSchedule.h - How a GPU is to run a model --------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_ANALYSIS_GPUSCHEDULE_H
#define SSMC_LIB_ANALYSIS_GPUSCHEDULE_H

#include "lib/Analysis/GpuCostModel.h"

namespace ssmc {

/// Who does what.
enum class GpuScheme {
  /// One kernel; a thread block takes a stream's chunks, one after the other,
  /// through all layers.
  Stream,
  /// A kernel per unit; thread blocks take any chunk of any stream, and carries
  /// are passed on by look-back.
  LookBack,
};
llvm::StringRef getGpuSchemeName(GpuScheme scheme);

/// What is to be run.
struct GpuWork {
  /// Streams; 0: as many as keep all SMs busy.
  int64_t batch = 0;
  /// Time steps of each.
  int64_t length = 1024;
  /// Global memory that a time step is read from and written to: its input and
  /// what is answered.
  int64_t bytesPerStep = 0;
};

struct GpuSchedule {
  GpuScheme scheme = GpuScheme::Stream;
  /// Rows and threads of a thread block, and blocks of an SM; 0 rows: not even
  /// one row fits into shared memory.
  int64_t rows = 0, threads = 0, blocksPerSm = 0;
  /// 32-bit registers that a thread may take, and that the tiles are estimated
  /// to take.
  int64_t registerLimit = 0, registers = 0;
  /// Whether weights are copied to shared memory, once by each thread block:
  /// all layers', or with look-back one unit's.
  bool stageWeights = false;
  /// Dynamic shared memory of a thread block: activations, then weights.
  int64_t sharedBytes = 0;
  /// For each unit and product.
  llvm::SmallVector<llvm::SmallVector<GpuTile>> tiles;

  // Predicted:
  /// Warps that an SM has, as a part of those it could have.
  double occupancy = 0;
  /// Global memory for what chunks of a look-back pass on, as a part of the
  /// rows that they read and write; of the unit that has most.
  double linkTraffic = 0;
  /// Of the whole work, and of one SM for a row of each of its blocks.
  double cycles = 0, cyclesPerRow = 0;
  /// Multiply-adds of the products, as a part of what the GPU's units for them,
  /// f32 lanes or tensor cores, could do in that time.
  double fmaFraction = 0;
  GpuBound bound = GpuBound::Latency;
};

/// What a schedule has to say of a kernel for its costs to be known.
struct GpuSizes {
  int64_t rows = 0, threads = 0, blocksPerSm = 1;
  bool stageWeights = false;
  /// What a thread takes; 0: as many as leave room for the blocks.
  int64_t registers = 0;
  /// As in GpuBlockShape.
  int64_t rowGroups = 4;
  /// Those of a kernel that exists, by unit and product; empty: chosen.
  llvm::ArrayRef<llvm::SmallVector<GpuTile>> tiles = {};
};

/// A schedule with given sizes, its tiles chosen; none when it cannot run.
std::optional<GpuSchedule>
costGpuSchedule(const GpuDescription &gpu, llvm::ArrayRef<GpuUnit> units,
                const GpuWork &work, GpuScheme scheme, const GpuSizes &sizes);

/// The schedule that is predicted to do the most multiply-adds in a cycle; of
/// those of a scheme within 1 %, the one with the fewest rows and threads.
GpuSchedule chooseGpuSchedule(const GpuDescription &gpu,
                              llvm::ArrayRef<GpuUnit> units,
                              const GpuWork &work = {});

/// The schedule of one scheme that suits all of `works`, one at least, best:
/// the geometric mean of its cycles is the least. What is predicted is for the
/// first. With `rows`, of those that have as many.
GpuSchedule chooseGpuSchedule(const GpuDescription &gpu,
                              llvm::ArrayRef<GpuUnit> units,
                              llvm::ArrayRef<GpuWork> works, GpuScheme scheme,
                              int64_t rows = 0);

/// The same for one.
GpuSchedule chooseGpuSchedule(const GpuDescription &gpu,
                              llvm::ArrayRef<GpuUnit> units,
                              const GpuWork &work, GpuScheme scheme);

/// Seconds that `schedule` is predicted to take.
double predictSeconds(const GpuDescription &gpu, const GpuSchedule &schedule);

} // namespace ssmc

#endif // SSMC_LIB_ANALYSIS_GPUSCHEDULE_H
