//===- StateFiles.h - Carried states in files and in memory --- -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_STATEFILES_H
#define SSMC_TOOLS_SSMC_STATEFILES_H

#include "lib/Import/Array.h"
#include "lib/Reference/Tensor.h"
#include "lib/Target/ModelInfo.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include <map>

namespace ssmc {

/// States by path, in the reference's layout with the batch in front:
/// `layers.1.blocks.0` (B, modes, 2) or (B, modes, 2, 2), `layers.2.sums`
/// (B, H), `layers.2.count` (B).
using StateMap = std::map<std::string, Array>;

/// The states of a model-level module, without offsets: their paths, kinds and
/// sizes, from the attributes of @model's arguments.
std::vector<StateEntry> getStateEntries(mlir::ModuleOp module);

/// Reads a safetensors file with exactly the tensors that `entries` name.
/// Floating-point types are converted; the axis B may be absent when it is 1.
llvm::Expected<StateMap> readStates(llvm::StringRef path,
                                    llvm::ArrayRef<StateEntry> entries,
                                    int64_t batch);

/// Writes a safetensors file, with the axis B when `isBatched`.
void writeStates(llvm::raw_ostream &os, const StateMap &states, bool isBatched);

/// Between states and the records of a native model.
void packStates(const StateMap &states, const ModelInfo &info, int64_t batch,
                char *records);
StateMap unpackStates(const ModelInfo &info, int64_t batch,
                      const char *records);

/// An input as the f64 interpreter takes it: floats in f64, or tokens.
reference::Tensor toReference(const Array &x);

/// Between states and those of the f64 interpreter.
std::map<std::string, reference::Tensor>
toReference(const StateMap &states, llvm::ArrayRef<StateEntry> entries);
StateMap fromReference(const std::map<std::string, reference::Tensor> &states);

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_STATEFILES_H
