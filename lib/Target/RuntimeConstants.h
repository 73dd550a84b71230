//===- RuntimeConstants.h - What C code of runtime/ declares ----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_RUNTIMECONSTANTS_H
#define SSMC_LIB_TARGET_RUNTIMECONSTANTS_H

#include "lib/Target/ModelInfo.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

namespace ssmc {

/// Gives an external number of runtime/ its value, if it is used.
void defineNumber(llvm::Module &module, llvm::StringRef name, uint64_t value);

/// Gives an external array of runtime/, which only declares it, its elements.
void defineTable(llvm::Module &module, llvm::StringRef name,
                 llvm::ArrayRef<llvm::Constant *> rows, llvm::Type *rowType);

/// Appends numbers to a row of int64_t.
void appendNumbers(llvm::Module &module, llvm::ArrayRef<int64_t> numbers,
                   llvm::SmallVectorImpl<llvm::Constant *> &row);

/// Gives the tables of runtime/tensors.h the tensors of `info`; fails when one
/// does not fit them.
llvm::Error defineTensors(llvm::Module &module, const ModelInfo &info);

/// Bytes of a packed set of weights: a header of one cache line, then weights.
int64_t getWeightsBytes(const ModelInfo &info);

/// Bytes of workspace that a single worker takes: NAME_workspace_bytes(n, 1),
/// or NAME_forward_workspace_bytes(0, 1), to which info.sequenceBytes come for
/// each time step.
int64_t getWorkspaceBytes(const ModelInfo &info);

/// Bytes of workspace that NAME_load takes: raw weights, and behind them the
/// larger of what @prepare takes and what is known of the file.
int64_t getLoadWorkspaceBytes(const ModelInfo &info);

} // namespace ssmc

#endif // SSMC_LIB_TARGET_RUNTIMECONSTANTS_H
