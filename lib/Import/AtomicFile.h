//===- AtomicFile.h - Writes files whole or not at all ----------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_IMPORT_ATOMICFILE_H
#define SSMC_LIB_IMPORT_ATOMICFILE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"

namespace ssmc {

/// Writes the content of a file.
using WriteContent = llvm::function_ref<llvm::Error(llvm::raw_pwrite_stream &)>;

struct FileToWrite {
  /// '-' is standard output.
  llvm::StringRef path;
  WriteContent write;
};

/// Writes all files, or none: each goes to a temporary file in the folder of
/// its path first, and only when all are complete do they take their places.
/// When anything fails (a folder, the disk's space, a `write` itself) all paths
/// are what they were before. What cannot be taken back, standard output and
/// what is no regular file, such as /dev/null, is written last. Errors are
/// FileErrors of the path that they are about.
llvm::Error writeFiles(llvm::ArrayRef<FileToWrite> files);

/// The same for one; messages do not name the file.
llvm::Error writeFile(llvm::StringRef path, WriteContent write);

} // namespace ssmc

#endif // SSMC_LIB_IMPORT_ATOMICFILE_H
