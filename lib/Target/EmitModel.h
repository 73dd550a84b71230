//===- EmitModel.h - A lowered model's code, with its C API -----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_EMITMODEL_H
#define SSMC_LIB_TARGET_EMITMODEL_H

#include "lib/Target/ModelInfo.h"
#include "lib/Target/TargetCpu.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

namespace ssmc {

/// Optimized LLVM IR of a model, from which files of each kind are written.
class ModelCode {
public:
  /// Translates a lowered model (see addEntryPoints for what it defines), puts
  /// the C API of `info` around it and optimizes it for `target`. `weights` is
  /// only read.
  static llvm::Expected<ModelCode> build(mlir::ModuleOp lowered,
                                         const ModelInfo &info,
                                         llvm::ArrayRef<char> weights,
                                         const TargetCpu &target);

  llvm::Expected<llvm::SmallVector<char, 0>> emitObject() const;
  llvm::Expected<llvm::SmallVector<char, 0>> emitAssembly() const;
  /// LLVM IR as text.
  llvm::SmallVector<char, 0> emitText() const;

private:
  ModelCode() = default;

  std::unique_ptr<llvm::LLVMContext> context;
  std::unique_ptr<llvm::TargetMachine> machine;
  std::unique_ptr<llvm::Module> module;
};

} // namespace ssmc

#endif // SSMC_LIB_TARGET_EMITMODEL_H
