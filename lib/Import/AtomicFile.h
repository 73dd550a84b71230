//===- AtomicFile.h - Writes files whole or not at all ----------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_IMPORT_ATOMICFILE_H
#define SSMC_LIB_IMPORT_ATOMICFILE_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace ssmc {

/// Writes what `write` gives to `path`, through a temporary file in the same
/// folder: when anything fails (the folder, the disk's space, `write` itself)
/// `path` is what it was before. Something that is no regular file, such as
/// /dev/null, is written to directly. Messages do not name the file. With
/// `writeOthers`, which runs when all is written and `path` is about to change,
/// several files change or none.
llvm::Error writeFileAtomically(
    llvm::StringRef path,
    llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> write,
    llvm::function_ref<llvm::Error()> writeOthers = nullptr);

/// Writes to standard output and reports what went wrong.
llvm::Error writeStandardOutput(
    llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> write);

/// writeFileAtomically, or for '-' standard output, after `writeOthers`.
llvm::Error writeFileOrStandardOutput(
    llvm::StringRef path,
    llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)> write,
    llvm::function_ref<llvm::Error()> writeOthers = nullptr);

} // namespace ssmc

#endif // SSMC_LIB_IMPORT_ATOMICFILE_H
