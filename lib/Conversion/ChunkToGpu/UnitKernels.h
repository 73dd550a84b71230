//===- UnitKernels.h - One kernel per unit of a model -----------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_CHUNKTOGPU_UNITKERNELS_H
#define SSMC_LIB_CONVERSION_CHUNKTOGPU_UNITKERNELS_H

#include "lib/Conversion/ChunkToGpu/KernelBuilder.h"
#include "lib/Transforms/ModelPlan.h"

namespace ssmc {

/// Attributes of a unit's kernel: whether blocks draw chunks of all streams
/// (else a block takes a stream), and the bytes that a chunk leaves for others.
inline constexpr llvm::StringLiteral kByChunkAttr = "ssm.by_chunk",
                                     kLinkBytesAttr = "ssm.link_bytes";

/// Adds `ssm_unit_UNIT` for every unit of `plan` but a pooled head's answer;
/// see UnitKernels.cpp for its parameters.
llvm::LogicalResult buildUnitKernels(mlir::gpu::GPUModuleOp kernels,
                                     const ModelPlan &plan, int64_t chunkRows);

} // namespace ssmc

#endif // SSMC_LIB_CONVERSION_CHUNKTOGPU_UNITKERNELS_H
