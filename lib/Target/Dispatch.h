//===- Dispatch.h - One object for several CPUs -----------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// An object for several CPUs has the whole of the model's code, with its entry
// points, once per CPU: a variant. Which one NAME_step, NAME_chunk and
// NAME_forward are is decided once, when the program is loaded (ELF's indirect
// functions); a machine that can run none of them gets a function that returns
// NAME_E_CPU. The rest of the C API is there once, for any x86-64.
//
// Deciding at the API's functions, rather than at the generated ones, leaves no
// indirect call in what runs, and lets each variant have its own sizes of
// chunks as constants.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_DISPATCH_H
#define SSMC_LIB_TARGET_DISPATCH_H

#include "lib/Target/ModelInfo.h"
#include "lib/Target/TargetCpu.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"

namespace ssmc {

/// Tells runtime/dispatch.c, which a module is linked with, what the variants
/// need, the most demanding last.
void defineNeeds(llvm::Module &module, llvm::ArrayRef<TargetCpu> variants);

/// The name of one of the kRunFunctions in a variant: "NAME.CPU.step".
std::string getVariantSymbol(llvm::StringRef name, const TargetCpu &variant,
                             llvm::StringRef function);

/// Fills an empty module, whose triple is set, with what variants share: the
/// C API. It declares the variants' functions. `variants` has the most
/// demanding CPU last; `info` the largest sizes of all.
llvm::Error addDispatch(llvm::Module &module, const ModelInfo &info,
                        llvm::ArrayRef<TargetCpu> variants);

/// Adds a variant, a module with entry points for one CPU, to a module that
/// addDispatch has filled.
llvm::Error linkVariant(llvm::Module &module,
                        std::unique_ptr<llvm::Module> variant,
                        llvm::StringRef name, const TargetCpu &target);

} // namespace ssmc

#endif // SSMC_LIB_TARGET_DISPATCH_H
