//===- EmitCuda.h - An object with a model's code for GPUs ------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_EMITCUDA_H
#define SSMC_LIB_TARGET_EMITCUDA_H

#include "lib/Target/CudaKernel.h"
#include "lib/Target/ModelInfo.h"
#include "lib/Target/TargetCpu.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

namespace ssmc {

/// What an object for GPUs is made of. Everything outlives the call.
struct CudaObject {
  const ModelInfo &info;
  const CudaKernels &kernels;
  /// Packed; none where they come at run time.
  llvm::ArrayRef<char> weights;
  /// A fat binary, a cubin or PTX, whatever a driver can load.
  llvm::ArrayRef<char> image;
  /// Compute capability times 10 of the oldest GPU that the image is for.
  unsigned leastCapability = 0;
  /// For weights that come at run time: what defines ssm_prepare, in the LLVM
  /// dialect.
  mlir::ModuleOp prepare = {};
};

/// The object file for users to link, with the C API of
/// runtime/cuda_entry_points.c as its only visible symbols. Of other objects it
/// needs memory functions, calloc and free, dlopen and dlsym.
llvm::Expected<llvm::SmallVector<char, 0>>
emitCudaObject(const CudaObject &object, const TargetCpu &host);

} // namespace ssmc

#endif // SSMC_LIB_TARGET_EMITCUDA_H
