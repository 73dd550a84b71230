//===- EntryPointParts.h - What C APIs are put together of -----*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What EntryPoints.cpp, for CPUs, TrainEntryPoints.cpp and CudaEntryPoints.cpp
// have alike.
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TARGET_ENTRYPOINTPARTS_H
#define SSMC_LIB_TARGET_ENTRYPOINTPARTS_H

#include "lib/Target/ModelInfo.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/Error.h"
#include <memory>

namespace ssmc {

/// Embedded bytes as text.
template <size_t size>
llvm::StringRef asText(const unsigned char (&bytes)[size]) {
  return llvm::StringRef(reinterpret_cast<const char *>(bytes), size);
}

/// Parses C code of runtime/, as bitcode, into the context of `destination`,
/// for its system. Fails when there is none for that.
llvm::Expected<std::unique_ptr<llvm::Module>>
parseRuntime(llvm::Module &destination, llvm::StringRef bitcode);

/// Fails when `info` is inconsistent.
llvm::Error checkInfo(const ModelInfo &info);

/// Links NAME_load, which weights at run time come by, with its tables; nothing
/// for other models.
llvm::Error addLoad(llvm::Module &module, const ModelInfo &info);

/// Gives the constants of runtime/model.h their values.
void defineConstants(llvm::Module &module, const ModelInfo &info);

/// Gives the functions of the API the parameters that the model's have.
void shapeApi(llvm::Module &module, const ModelInfo &info);

} // namespace ssmc

#endif // SSMC_LIB_TARGET_ENTRYPOINTPARTS_H
