//===- GpuUnits.h - What a GPU has to do for a chunk function ---*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_ANALYSIS_GPUUNITS_H
#define SSMC_LIB_ANALYSIS_GPUUNITS_H

#include "lib/Analysis/GpuCostModel.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

namespace ssmc {

/// What the chunk function `chunk` does, on tensors, as one layer. Shared
/// memory is that of all its rows at once, what is dead included.
GpuUnit describeGpuUnit(mlir::func::FuncOp chunk);

/// The functions of chunks of one stream in `chunks`, each with the layers that
/// `countLayers` says of its name ("input", "block0", ...).
llvm::SmallVector<GpuUnit>
describeGpuUnits(mlir::ModuleOp chunks,
                 llvm::function_ref<int64_t(llvm::StringRef)> countLayers);

/// Whether `map` is part of a block of layers, whose rows lie in shared memory.
bool isOfBlock(PanelMapOp map);

/// Whether threads may have four lanes side by side of the product `map`, on
/// tensors or memrefs, and load and store 16 bytes at a time: rows lie in
/// shared memory and are as wide as their panels. Records are the caller's.
bool allowsRuns(PanelMapOp map);

} // namespace ssmc

#endif // SSMC_LIB_ANALYSIS_GPUUNITS_H
