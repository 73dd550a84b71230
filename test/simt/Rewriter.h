//===- Rewriter.h - Calls of the runtime in place of instructions ---------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_SIMT_REWRITER_H
#define SSMC_TEST_SIMT_REWRITER_H

#include "test/simt/PrepareKernels.h"
#include "test/simt/WarpOperation.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/ModuleSlotTracker.h"
#include <map>

namespace ssmc::simt {

/// What a runtime function does with memory that kernels can see.
enum class Effect { None, Hidden, Any };

/// The parts of prepareKernels share this.
class Rewriter {
public:
  Rewriter(llvm::Module &module, const PrepareOptions &options,
           PreparedKernels &result)
      : module(module), options(options), result(result), slots(&module) {}

  /// A call of `name`; pointers are cast to the generic address space.
  llvm::CallInst *call(llvm::IRBuilderBase &builder, llvm::StringRef name,
                       llvm::Type *type,
                       llvm::ArrayRef<llvm::Value *> arguments,
                       Effect effect = Effect::Any);

  /// A new site for an instruction, as an operand of a call.
  llvm::ConstantInt *addSite(const llvm::Instruction &instruction,
                             Site site = {});

  /// NVVM's intrinsics. Fails on unknown ones, and on what else cannot be run.
  llvm::Error lowerCalls();

  /// Loads and stores; those that others may wait for even if unchecked.
  void lowerAccesses();

  /// Floats to bf16, which CPUs without instructions for it call a library for.
  void lowerConversions();

  /// Variables in shared memory become offsets from a block's memory.
  void lowerSharedVariables();

private:
  void lowerAccess(llvm::Instruction &instruction);
  Range &findRange(const Site &site);
  llvm::Error lowerCall(llvm::CallInst &call);
  bool lowerRegister(llvm::CallInst &call, llvm::StringRef name);
  bool lowerBarrier(llvm::CallInst &call, llvm::StringRef name);
  bool lowerWarpOperation(llvm::CallInst &call, llvm::StringRef name);
  bool lowerMultiplication(llvm::CallInst &call, llvm::StringRef name);
  bool lowerArithmetic(llvm::CallInst &call, llvm::StringRef name);
  bool lowerFence(llvm::CallInst &call, llvm::StringRef name);
  void replace(llvm::CallInst &call, llvm::Value *value);

  llvm::Module &module;
  const PrepareOptions &options;
  PreparedKernels &result;
  llvm::ModuleSlotTracker slots;
  std::map<std::pair<uint32_t, uint32_t>, Range *> sharedRanges;
  llvm::StringMap<unsigned> texts; ///< How many sites have the same.
};

} // namespace ssmc::simt

#endif // SSMC_TEST_SIMT_REWRITER_H
