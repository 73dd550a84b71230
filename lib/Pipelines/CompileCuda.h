//===- CompileCuda.h - From a model to GPU kernels --------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_PIPELINES_COMPILECUDA_H
#define SSMC_LIB_PIPELINES_COMPILECUDA_H

#include "lib/Analysis/GpuSchedule.h"
#include "lib/Pipelines/Compile.h"
#include "lib/Target/CudaKernel.h"
#include <string>

namespace ssmc {

/// What the cost model chose for kernels of chunks side by side.
struct CudaSchedule {
  GpuSchedule sideBySide;
  /// The tiles of kernels of all layers, which have fewer registers to spare.
  llvm::SmallVector<llvm::SmallVector<GpuTile>> tilesOfAll;
  /// Whether chunks side by side are faster even where whole streams, a thread
  /// block each, would fill the GPU.
  bool manySideBySide = false;
};

/// A model lowered to GPU kernels, for any GPU.
struct CompiledCudaModel {
  /// All that is known of the model but its name and hash. Records are those of
  /// the CPU's code.
  ModelInfo info;
  /// The packed weights, which kernels take as their first argument; none where
  /// they come at run time.
  AlignedBuffer blob;
  /// Then: what defines ssm_prepare, for the host, in the LLVM dialect.
  mlir::OwningOpRef<mlir::ModuleOp> prepare;
  CudaKernels kernels;
  CudaSchedule schedule;
  /// The architecture, 80 for sm_80, that sizes were chosen for.
  unsigned scheduledFor = 0;
  /// The kernels in the gpu dialect.
  mlir::OwningOpRef<mlir::ModuleOp> gpu;
};

/// Lowers `model` and runs its @prepare on its weights on this machine, as
/// compileModel does, unless they come at run time. `options.targets` is not
/// looked at: sizes are chosen for the first of `architectures` (80 for sm_80),
/// so that all have room. Emits an error and fails where something is not
/// supported or a weight is missing.
mlir::FailureOr<CompiledCudaModel>
compileCudaModel(mlir::ModuleOp model, const CompileOptions &options,
                 llvm::ArrayRef<unsigned> architectures);

/// The kernels as LLVM IR (text) for GPUs of compute capability `sm` / 10, as
/// the PTX is made from it. Errors are reported on the module's context.
mlir::FailureOr<std::string> emitNvvm(CompiledCudaModel &model, unsigned sm);

/// The kernels as PTX. No CUDA toolkit is needed.
mlir::FailureOr<std::string> emitPtx(CompiledCudaModel &model, unsigned sm);

} // namespace ssmc

#endif // SSMC_LIB_PIPELINES_COMPILECUDA_H
