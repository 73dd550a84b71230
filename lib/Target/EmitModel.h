//===- EmitModel.h - A lowered model's code, with its C API -----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_EMITMODEL_H
#define SSMC_LIB_TARGET_EMITMODEL_H

#include "lib/Target/EmitObject.h"
#include "lib/Target/ModelInfo.h"
#include "lib/Target/StackUsage.h"
#include "lib/Target/TargetCpu.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"

namespace ssmc {

/// A model that was lowered for one CPU.
struct LoweredVariant {
  /// In the LLVM dialect (see addEntryPoints for what it defines).
  mlir::ModuleOp module;
  /// The model in training form, if it is to run so, too.
  mlir::ModuleOp training;
  TargetCpu target;
  /// With the sizes of this variant.
  ModelInfo info;
};

/// Optimized LLVM IR of a model, from which files of each kind are written.
class ModelCode {
public:
  /// Translates a lowered model, puts the C API around it and optimizes it, one
  /// variant per CPU; these are for one system, and the most demanding CPU is
  /// last. All take the same packed `weights`, which must outlive the result.
  static llvm::Expected<ModelCode>
  build(llvm::ArrayRef<LoweredVariant> variants, llvm::ArrayRef<char> weights);

  /// The object file for users to link: on x86-64 Linux it looks for the best
  /// variant when it is loaded (see Dispatch.h).
  llvm::Expected<llvm::SmallVector<char, 0>> emitObject() const;
  /// An object file with one variant only, which JitSession can load.
  llvm::Expected<llvm::SmallVector<char, 0>>
  emitLoadable(size_t variant = 0) const;
  /// Stack that each function of the C API takes in a variant (see StackUsage.h
  /// for what is summed), by its name.
  llvm::Expected<std::map<std::string, int64_t>>
  measureStack(size_t variant = 0) const;
  /// What emitObject would write, as assembly or LLVM IR.
  llvm::Expected<llvm::SmallVector<char, 0>> emitAssembly() const;
  llvm::Expected<llvm::SmallVector<char, 0>> emitText() const;

private:
  ModelCode() = default;

  /// A module as bitcode, so that each can be made, and used, in a context of
  /// its own.
  using Bitcode = llvm::SmallVector<char, 0>;
  struct Variant {
    TargetCpu target;
    Bitcode bitcode;
  };

  std::vector<Variant> variants;
  /// The C API in front of the variants; empty when there is one without
  /// dispatch.
  Bitcode shared;
  std::string name;
  llvm::ArrayRef<char> weights;
  /// Whether weights come with each call: there is no place for any then.
  bool takesWeights = false;

  llvm::Expected<std::unique_ptr<llvm::Module>>
  link(llvm::LLVMContext &context) const;
  llvm::Expected<llvm::SmallVector<char, 0>>
  emitWithWeights(llvm::Module &module, const TargetCpu &target) const;
  TargetCpu getCommonTarget() const;
};

} // namespace ssmc

#endif // SSMC_LIB_TARGET_EMITMODEL_H
