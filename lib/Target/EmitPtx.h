//===- EmitPtx.h - From the NVVM dialect to PTX -----------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// By LLVM's NVPTX back end, in this process: no CUDA toolkit takes part.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_EMITPTX_H
#define SSMC_LIB_TARGET_EMITPTX_H

#include "mlir/IR/Operation.h"
#include <string>
#include <vector>

namespace ssmc {

/// The architectures sm_NN, by number and ascending, for which PTX can be made:
/// those from sm_80 on that LLVM knows.
std::vector<unsigned> getPtxArchitectures();

/// Optimized LLVM IR, as text, of a `gpu.module` in the NVVM dialect (see
/// buildGpuToNvvm). Every function but kernels is inlined where it is called,
/// unless it says no_inline; loads and stores say whether they go to global or
/// shared memory where that is known. f32 subnormals are flushed, and no two
/// operations are fused into one but those written fused. Fails with an error
/// on `gpuModule` for an `sm` that is none of getPtxArchitectures().
llvm::FailureOr<std::string> emitNvvmIr(mlir::Operation *gpuModule,
                                        unsigned sm);

/// The PTX for sm_NN that LLVM makes of that IR; every operation says how it
/// rounds, so that nothing which assembles it fuses any.
llvm::FailureOr<std::string> emitPtx(mlir::Operation *gpuModule, unsigned sm);

} // namespace ssmc

#endif // SSMC_LIB_TARGET_EMITPTX_H
