//===- CompileFiles.h - What ssmc compile writes -------------- -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_COMPILEFILES_H
#define SSMC_TOOLS_SSMC_COMPILEFILES_H

#include "mlir/IR/BuiltinOps.h"
#include "tools/ssmc/Compilation.h"
#include "tools/ssmc/OutputFiles.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/Error.h"
#include <vector>

namespace ssmc {

/// What --emit names; the GPU's kinds last.
enum class EmitKind {
  Object,
  Header,
  Shared,
  Assembly,
  LLVM,
  MLIR,
  Model,
  Ptx,
  Cubin,
  Nvvm,
  GpuMlir
};

/// Parses a list of kinds, each once. Fails on unknown ones, and on those that
/// code for CPUs, or GPUs, does not have.
llvm::Expected<std::vector<EmitKind>> parseEmit(llvm::StringRef list,
                                                bool forGpus);

/// What follows PREFIX in the name of the file, of code for one architecture.
llvm::StringRef getExtension(EmitKind kind);

llvm::SmallVector<char, 0> toBytes(llvm::StringRef text);

/// A module as text; weights are large.
std::string printModule(mlir::ModuleOp module, bool withWeights);

/// Files that begin with the same prefix, to be written together.
class PrefixedFiles {
public:
  explicit PrefixedFiles(llvm::StringRef prefix) : prefix(prefix) {}

  llvm::Error add(const llvm::Twine &extension,
                  llvm::Expected<llvm::SmallVector<char, 0>> bytes);
  /// The bytes of the file with this extension; null when there is none.
  const llvm::SmallVector<char, 0> *find(llvm::StringRef extension) const;
  llvm::ArrayRef<OutputFile> get() const { return files; }

private:
  llvm::StringRef prefix;
  llvm::SmallVector<OutputFile, 0> files; // std::vector would copy their bytes
};

/// Adds what `kind` stands for, of code for CPUs.
llvm::Error addNativeFile(mlir::ModuleOp model, const NativeCode &native,
                          EmitKind kind, PrefixedFiles &files);

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_COMPILEFILES_H
