//===- EmitObject.h - From the LLVM dialect to machine code -----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_EMITOBJECT_H
#define SSMC_LIB_TARGET_EMITOBJECT_H

#include "lib/Target/TargetCpu.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/IR/Module.h"

namespace ssmc {

/// Registers what translateToLLVM needs in a module's context.
void registerTranslations(mlir::DialectRegistry &registry);

/// Translates a module of the LLVM dialect. The error, if any, is reported on
/// the module's context.
llvm::Expected<std::unique_ptr<llvm::Module>>
translateToLLVM(mlir::ModuleOp module, llvm::LLVMContext &context);

/// Defines the private constant `symbol` with `bytes` as its content, aligned
/// to 64 bytes. The module may hold it already as a declaration.
void defineBlob(llvm::Module &module, llvm::StringRef symbol,
                llvm::ArrayRef<char> bytes);

/// Binds a module to a CPU: triple, data layout, and on each defined function
/// the CPU, its vector width, flushed denormals and the absence of exceptions.
void bindToTarget(llvm::Module &module, const TargetCpu &target,
                  llvm::TargetMachine &machine);

/// Runs LLVM's O3 pipeline; the only library functions it may introduce are
/// memcpy, memmove and memset.
void optimize(llvm::Module &module, llvm::TargetMachine &machine);

/// What emitMachineCode writes.
enum class CodeKind { Object, Assembly };

/// The object file or the assembly of `module`.
llvm::Expected<llvm::SmallVector<char, 0>>
emitMachineCode(llvm::Module &module, llvm::TargetMachine &machine,
                CodeKind kind);

/// Links an object file into a shared library with ld.lld (or ld), which must
/// be beside LLVM's tools or in PATH.
llvm::Expected<llvm::SmallVector<char, 0>>
linkSharedLibrary(llvm::ArrayRef<char> object);

/// From the LLVM dialect to an object file in one go, without API around it:
/// what in-memory execution of a module needs.
llvm::Expected<llvm::SmallVector<char, 0>>
compileToObject(mlir::ModuleOp module, const TargetCpu &target,
                llvm::CodeGenOptLevel level);

} // namespace ssmc

#endif // SSMC_LIB_TARGET_EMITOBJECT_H
