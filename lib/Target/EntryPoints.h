//===- EntryPoints.h - The C API around a model's functions -----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_ENTRYPOINTS_H
#define SSMC_LIB_TARGET_ENTRYPOINTS_H

#include "lib/Target/CudaKernel.h"
#include "lib/Target/ModelInfo.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

namespace ssmc {

/// Functions of the C API that run the model: NAME_step, ... The others copy
/// and count bytes, and are the same for all CPUs. Only models whose weights
/// come at run time have NAME_load.
inline constexpr llvm::StringLiteral kRunFunctions[] = {"step", "chunk",
                                                        "forward", "load"};

/// Only bidirectional models have NAME_forward_workspace_bytes.
inline constexpr llvm::StringLiteral kForwardWorkspaceFunction =
    "forward_workspace_bytes";

/// Links runtime/entry_points.c into a module, whose triple is set, that
/// defines the generated functions it declares (ssm_rows, ssm_step,
/// ssm_chunk_full, or ssm_sequence of a bidirectional model, and ssm_answers
/// when `info` is pooled), with `info` as its
/// constants. What stays visible afterwards are the functions NAME_step,
/// NAME_chunk, ...; all else becomes local to the module, with `localPrefix` in
/// front. Fails when a generated function is missing or `info` is inconsistent.
llvm::Error addEntryPoints(llvm::Module &module, const ModelInfo &info,
                           llvm::StringRef localPrefix);

/// Links runtime/dispatch.c and what does not run the model of
/// runtime/entry_points.c into an empty module: the kRunFunctions are declared
/// only, and so are model_variants and model_needs. To be followed by
/// finishEntryPoints.
llvm::Error addSharedEntryPoints(llvm::Module &module, const ModelInfo &info);

/// Links runtime/cuda_entry_points.c into an empty module, whose triple is set,
/// with `info` and the kernels as its constants. The image and the weights are
/// declared only, and so is ssm_prepare where weights come at run time;
/// `leastCapability` is the oldest GPU's that the image has code for. To be
/// followed by finishEntryPoints. Fails for systems without CUDA, and when a
/// kernel is missing.
llvm::Error addCudaEntryPoints(llvm::Module &module, const ModelInfo &info,
                               const CudaKernels &kernels,
                               unsigned leastCapability);

/// Links runtime/dispatch.c: model_variants and model_needs are declared only.
llvm::Error linkDispatch(llvm::Module &module);

/// Links C code of runtime/, as bitcode, into a module whose triple is set.
/// Fails when there is none for the system.
llvm::Error linkRuntime(llvm::Module &module, llvm::StringRef bitcode);

/// Gives everything that the functions above have linked its final name and
/// visibility.
void finishEntryPoints(llvm::Module &module, const ModelInfo &info,
                       llvm::StringRef localPrefix);

/// What the packed weights, and the code for GPUs, are called in a module with
/// entry points: declared, not defined.
inline constexpr llvm::StringLiteral kWeightsSymbol = "model_weights";
inline constexpr llvm::StringLiteral kImageSymbol = "model_image";

} // namespace ssmc

#endif // SSMC_LIB_TARGET_ENTRYPOINTS_H
