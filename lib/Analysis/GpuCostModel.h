//===- GpuCostModel.h - What row operations cost on a GPU -------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An analytic model of a thread block that takes rows (time steps of a stream)
// through units, activations in shared memory, a barrier after each operation.
// Nothing is measured; docs/cost-model.md has the formulas.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_ANALYSIS_GPUCOSTMODEL_H
#define SSMC_LIB_ANALYSIS_GPUCOSTMODEL_H

#include "dialect/SsmDialect.h"
#include "lib/Analysis/GpuDescription.h"
#include "llvm/ADT/SmallVector.h"

namespace ssmc {

/// A product of rows by `panels` packed panels of 16 columns, `depth` deep.
struct GpuProduct {
  int64_t panels = 0, depth = 0;
  /// Instructions per sum of what is done with it.
  double ops = 0;
  /// How tensor cores compute it, if they do.
  std::optional<TensorProducts> tensorCores;
  /// Loads and stores per sum beside those of the product.
  double accesses = 0;
  /// Whether threads may have four lanes side by side.
  bool allowsRuns = false;

  int64_t panelBytes() const;
  int64_t weightBytes() const { return panels * panelBytes(); }
};

/// Multiply-adds of f32 that an SM does in a cycle for such a product: those of
/// its lanes, or what tensor cores do of smaller numbers in their place.
double getMultiplyAddsPerCycle(const GpuDescription &gpu,
                               const GpuProduct &product);

/// A recurrence: a thread for each of `modes` goes through all rows.
struct GpuScan {
  int64_t modes = 0;
  /// Instructions per mode and row, in f32 and in f64.
  double ops = 0, f64Ops = 0;
  /// Of those, the ones from a row's state to the next that wait for each
  /// other.
  double chain = 0, f64Chain = 0;
  /// Whether a row's forcing is loaded while the row before runs.
  bool readsAhead = false;
  /// Loads and stores per mode and row.
  double accesses = 0;
};

/// A chunk function, and how many layers are such units.
struct GpuUnit {
  llvm::SmallVector<GpuProduct> products;
  llvm::SmallVector<GpuScan> scans;
  /// Shared memory for a row, with what the function needs in between.
  int64_t activationBytes = 0;
  /// Packed weights, coefficients and biases of one layer.
  int64_t weightBytes = 0;
  /// Global memory that a row is read from and written to when the unit is a
  /// kernel of its own.
  int64_t trafficBytes = 0;
  /// What each chunk of a look-back publishes, and the state that enters a
  /// group of chunks.
  int64_t publishedBytes = 0, enteringBytes = 0;
  int64_t layers = 1;
};

/// How a thread shares a product: `rows` rows by `panels` panels, of each
/// `lanes` lanes side by side, 1 or 4, from j on and from j + 8 on. Threads
/// with the same lanes of the same panels and other rows are `rowGroups` to a
/// warp (1, 2 or 4): the more, the fewer lines of weights a warp touches at
/// once.
///
/// On tensor cores `rows` are two of each fragment of 8, and `rowGroups` is 4.
struct GpuTile {
  int64_t rows = 1, panels = 1, rowGroups = 1, lanes = 1;

  bool operator==(const GpuTile &other) const {
    return rows == other.rows && panels == other.panels &&
           rowGroups == other.rowGroups && lanes == other.lanes;
  }
};

/// Columns of tiles that are neighbours where threads have 4 lanes: shared
/// memory serves 8 threads at a time, which then read the same inputs.
inline int64_t countNeighbours(int64_t columns) {
  return columns % 4 == 0 ? 4 : columns % 2 == 0 ? 2 : 1;
}

/// 32-bit registers of a thread with such a tile of a product, in the kernel
/// that needs the most; in those of units, which read ahead.
int64_t countRegisters(const GpuTile &tile, const GpuProduct &product = {},
                       bool readsAhead = false);

/// What limits the speed.
enum class GpuBound { Fma, Tensor, Issue, F64, Shared, L2, Memory, Latency };
llvm::StringRef getGpuBoundName(GpuBound bound);
inline constexpr int kNumGpuBounds = 8;

/// Cycles of one SM by what they are spent on: `of[Fma]` the multiply-add
/// units, ..., `of[Latency]` those of a thread block that has the SM to itself
/// and waits for its own results. All but the last add up over the blocks of an
/// SM, and the largest of them is what they take together.
struct GpuCycles {
  double of[kNumGpuBounds] = {};

  double &operator[](GpuBound bound) { return of[static_cast<int>(bound)]; }
  double operator[](GpuBound bound) const {
    return of[static_cast<int>(bound)];
  }
  GpuCycles &operator+=(const GpuCycles &other);
  /// `this`, `times` times.
  GpuCycles scaled(double times) const;
  /// The largest but for the latency.
  double throughput() const;
  /// What `blocks` thread blocks of an SM take that all do this: between the
  /// maximum and the sum of what units and latencies take, as phases of
  /// different blocks overlap, but not wholly.
  double together(int64_t blocks) const;
  GpuBound bound(int64_t blocks) const;
};

/// What a thread block and its neighbours have.
struct GpuBlockShape {
  int64_t rows = 0, threads = 0;
  /// Of an SM.
  int64_t blocks = 1;
  /// Whether weights are in shared memory.
  bool staged = false;
  /// L1 cache beside the shared memory, for all blocks of the SM.
  int64_t l1Bytes = 0;
  /// Weights that a block goes through before it comes to the same again.
  int64_t weightBytes = 0;
  /// Most row groups that its warps take side by side; more, where a product
  /// has too few panels for a warp.
  int64_t rowGroups = 4;
  /// Whether threads load the weights of the next step before they need them,
  /// and other kernels' code leaves them more registers: those of units.
  bool readsAhead = false;
};

/// One product, on all rows of a thread block.
GpuCycles costProduct(const GpuDescription &gpu, const GpuBlockShape &block,
                      const GpuProduct &product, const GpuTile &tile);

/// One scan, on all rows of a thread block.
GpuCycles costScan(const GpuDescription &gpu, const GpuBlockShape &block,
                   const GpuScan &scan);

/// The tile with the fewest cycles among those of at most `registers`
/// registers; none larger than the product.
GpuTile chooseGpuTile(const GpuDescription &gpu, const GpuBlockShape &block,
                      const GpuProduct &product, int64_t registers);

/// Registers that a thread may take if an SM is to have `blocks` blocks.
int64_t getRegisterLimit(const GpuDescription &gpu, int64_t threads,
                         int64_t blocks);

/// Thread blocks of an SM that registers, threads and shared memory allow; 0
/// when not even one.
int64_t countBlocksPerSm(const GpuDescription &gpu, int64_t threads,
                         int64_t registers, int64_t sharedBytes);

} // namespace ssmc

#endif // SSMC_LIB_ANALYSIS_GPUCOSTMODEL_H
