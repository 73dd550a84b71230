//===- CompileCuda.h - ssmc compile for GPUs ------------------ -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_COMPILECUDA_H
#define SSMC_TOOLS_SSMC_COMPILECUDA_H

#include "lib/Pipelines/CompileCuda.h"
#include "lib/Target/CudaTarget.h"
#include "lib/Target/CudaTools.h"
#include "tools/ssmc/CommandLine.h"
#include "tools/ssmc/CompileFiles.h"
#include <optional>

namespace ssmc {

inline constexpr Flag kPtxasFlag = {
    "--ptxas", "PATH",
    "ptxas of the CUDA toolkit, for machine code of GPUs\n"
    "(default: in PATH, $CUDA_HOME/bin or\n"
    "/usr/local/cuda/bin)"};

inline constexpr Flag kProductsFlag = {
    "--products", "HOW",
    "how a GPU computes products: fma, chains of f32\n"
    "multiply-adds (default); on tensor cores: bf16x3, sums\n"
    "of two bf16 (about 16 bits), or tf32 (11 bits)"};

/// Refuses the options that have no meaning for CPUs.
llvm::Error refuseGpuFlags(const CommandLine &line);

/// What the command line says of GPUs.
struct CudaRequest {
  CudaTarget target;
  /// What the object's functions on the host are compiled for.
  TargetCpu host;
  /// As in CompileOptions.
  std::optional<TensorProducts> products;
  /// Set when what is asked for takes them.
  std::optional<CudaTools> tools;

  /// What `line` and the kinds of files ask for, but the tools.
  static llvm::Expected<CudaRequest> parse(const CommandLine &line,
                                           llvm::ArrayRef<EmitKind> kinds);
  /// Finds the tools that the kinds of files need, if any.
  llvm::Error findTools(const CommandLine &line,
                        llvm::ArrayRef<EmitKind> kinds);
  /// Whether the files take any, and whether the image takes fatbinary.
  bool needsTools(llvm::ArrayRef<EmitKind> kinds) const;
  bool needsBundle(llvm::ArrayRef<EmitKind> kinds) const;
};

/// Lowers a model that importModel or IR gave for GPUs; errors are reported on
/// its context. Without `options.keepWeights` it has no weights afterwards.
mlir::FailureOr<CompiledCudaModel>
lowerForGpus(mlir::ModuleOp model, const CompileOptions &options,
             llvm::StringRef name, llvm::ArrayRef<unsigned> architectures);

/// Adds the files of `kinds` for a model that lowerForGpus has lowered.
mlir::LogicalResult emitForGpus(mlir::ModuleOp model,
                                CompiledCudaModel &lowered,
                                const CudaRequest &request,
                                llvm::ArrayRef<EmitKind> kinds,
                                PrefixedFiles &files);

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_COMPILECUDA_H
