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

/// Gives the declaration `symbol` bytes for content: a local constant `name`,
/// aligned to 64 bytes. To be called after optimizations: they would turn
/// single numbers into constants in the code.
void defineBlob(llvm::Module &module, llvm::StringRef symbol,
                llvm::StringRef name, llvm::ArrayRef<char> bytes);

/// The same, with `size` zeros for now: fillBlob writes the bytes into the
/// object file. LLVM would copy them several times.
void reserveBlob(llvm::Module &module, llvm::StringRef symbol,
                 llvm::StringRef name, size_t size);

/// Writes `bytes` over the reserved constant `name` of an object file.
llvm::Error fillBlob(llvm::MutableArrayRef<char> object, llvm::StringRef name,
                     llvm::ArrayRef<char> bytes);

/// Binds a module to a CPU: triple, data layout, and on each defined function
/// the CPU, its vector width, flushed denormals and the absence of exceptions.
void bindToTarget(llvm::Module &module, const TargetCpu &target,
                  llvm::TargetMachine &machine);

/// Runs LLVM's O1 pipeline: loops are tiled and unrolled already. The only
/// library functions that it may introduce are memcpy, memmove and memset.
void optimize(llvm::Module &module, llvm::TargetMachine &machine);

/// What emitMachineCode writes.
enum class CodeKind { Object, Assembly };

/// The object file or the assembly of `module`; `sizeHint` is what is known of
/// its size, in bytes.
llvm::Expected<llvm::SmallVector<char, 0>>
emitMachineCode(llvm::Module &module, llvm::TargetMachine &machine,
                CodeKind kind, size_t sizeHint = 0);

/// Links an ELF object file into a shared library with ld.lld (or, for this
/// machine's system, ld), which must be in PATH.
llvm::Expected<llvm::SmallVector<char, 0>>
linkSharedLibrary(llvm::ArrayRef<char> object, const llvm::Triple &triple);

/// From the LLVM dialect to an object file in one go, without API around it:
/// what in-memory execution of a module needs.
llvm::Expected<llvm::SmallVector<char, 0>>
compileToObject(mlir::ModuleOp module, const TargetCpu &target,
                llvm::CodeGenOptLevel level);

} // namespace ssmc

#endif // SSMC_LIB_TARGET_EMITOBJECT_H
