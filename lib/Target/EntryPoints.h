//===- EntryPoints.h - The C API around a model's functions -----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_ENTRYPOINTS_H
#define SSMC_LIB_TARGET_ENTRYPOINTS_H

#include "lib/Target/ModelInfo.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

namespace ssmc {

/// Links runtime/entry_points.c into a module that defines the generated
/// functions it declares (ssm_rows, ssm_step, ssm_chunk_full, ssm_chunk_tail,
/// and ssm_answer when `info` is pooled), with `info` as its constants. What
/// stays visible afterwards are the functions NAME_step, NAME_chunk, ...; all
/// else becomes local to the module. Fails when a generated function is missing
/// or `info` is inconsistent.
llvm::Error addEntryPoints(llvm::Module &module, const ModelInfo &info);

/// Gives a module with entry points its packed parameters. To be called after
/// optimizations: they would turn single weights into constants in the code.
void addWeights(llvm::Module &module, llvm::ArrayRef<char> weights);

} // namespace ssmc

#endif // SSMC_LIB_TARGET_ENTRYPOINTS_H
