//===- JitSession.h - Compiled code, loaded into this process ---*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_JITSESSION_H
#define SSMC_LIB_TARGET_JITSESSION_H

#include "lib/Target/TargetCpu.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/CodeGen.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace llvm::orc {
class LLJIT;
} // namespace llvm::orc

namespace ssmc {

/// Object code in this process's memory. It finds memcpy, memmove and memset,
/// and no other symbol from outside.
class JitSession {
public:
  /// A function of this process that loaded code may call by `name`.
  struct HostFunction {
    llvm::StringRef name;
    void *address;
  };

  /// Loads an object file that was compiled for a CPU this machine can be.
  static llvm::Expected<std::unique_ptr<JitSession>>
  load(llvm::ArrayRef<char> object,
       llvm::ArrayRef<HostFunction> hostFunctions = {});

  /// Compiles a module of the LLVM dialect for this machine and loads it.
  /// `level` trades compile time against speed: None for what runs once.
  static llvm::Expected<std::unique_ptr<JitSession>>
  compile(mlir::ModuleOp module,
          llvm::CodeGenOptLevel level = llvm::CodeGenOptLevel::None,
          llvm::ArrayRef<HostFunction> hostFunctions = {});

  ~JitSession();

  /// The address of a global symbol.
  llvm::Expected<void *> lookup(llvm::StringRef symbol);

  /// The address of the function `symbol`, as a pointer to `Function`.
  template <typename Function>
  llvm::Expected<Function *> lookupFunction(llvm::StringRef symbol) {
    llvm::Expected<void *> address = lookup(symbol);
    if (!address)
      return address.takeError();
    return reinterpret_cast<Function *>(*address);
  }

private:
  explicit JitSession(std::unique_ptr<llvm::orc::LLJIT> jit);
  std::unique_ptr<llvm::orc::LLJIT> jit;
};

} // namespace ssmc

#endif // SSMC_LIB_TARGET_JITSESSION_H
