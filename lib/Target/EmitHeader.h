//===- EmitHeader.h - The C header of a compiled model ----------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_EMITHEADER_H
#define SSMC_LIB_TARGET_EMITHEADER_H

#include "lib/Target/CudaTarget.h"
#include "lib/Target/ModelInfo.h"
#include <string>

namespace ssmc {

/// The text of NAME.h: C99 and C++17, complete in itself, with the rules of
/// every function as comments. It declares what runtime/entry_points.c defines.
std::string emitHeader(const ModelInfo &info);

/// The same for an object with code for GPUs: what runtime/cuda_entry_points.c
/// defines. No header of CUDA is needed. `products` is how products are
/// computed, as --products has it: "fma", "bf16x3" or "tf32".
std::string emitCudaHeader(const ModelInfo &info, const CudaTarget &target,
                           llvm::StringRef products);

} // namespace ssmc

#endif // SSMC_LIB_TARGET_EMITHEADER_H
