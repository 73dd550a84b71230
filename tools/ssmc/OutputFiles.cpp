//===- OutputFiles.cpp - Several files, all or none -----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/OutputFiles.h"
#include "lib/Import/AtomicFile.h"
#include "lib/Import/DiagnosticPrinter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <functional>

using namespace llvm;
using namespace ssmc;

mlir::LogicalResult ssmc::checkOutputFolder(mlir::MLIRContext *context,
                                            StringRef prefix) {
  StringRef folder = sys::path::parent_path(prefix);
  if (folder.empty() || sys::fs::is_directory(folder))
    return mlir::success();
  return emitFileError(context, folder.str(),
                       createStringError("cannot be written into: there is no "
                                         "such folder"));
}

mlir::LogicalResult ssmc::writeOutputFiles(mlir::MLIRContext *context,
                                           ArrayRef<OutputFile> files) {
  using Write = std::function<Error(raw_pwrite_stream &)>;
  std::vector<Write> writers;
  for (const OutputFile &file : files)
    writers.push_back([&file](raw_pwrite_stream &os) {
      os.write(file.bytes.data(), file.bytes.size());
      return Error::success();
    });
  SmallVector<FileToWrite> all;
  for (auto [file, write] : llvm::zip_equal(files, writers))
    all.push_back({file.path, write});
  if (Error error = writeFiles(all))
    return emitFileError(context, files.front().path, std::move(error));
  return mlir::success();
}
