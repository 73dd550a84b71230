//===- OutputFiles.cpp - Several files, all or none -----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/OutputFiles.h"
#include "lib/Import/DiagnosticPrinter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace ssmc;

static Error cannotWrite(std::error_code code) {
  return createStringError(code, "cannot be written: " + code.message());
}

/// A complete temporary file beside `file.path`.
static Expected<sys::fs::TempFile> stage(const OutputFile &file) {
  // Renaming a file onto a folder fails, but only after others took their
  // names.
  if (sys::fs::is_directory(file.path))
    return cannotWrite(std::make_error_code(std::errc::is_a_directory));
  auto temporary = sys::fs::TempFile::create(
      file.path + ".%%%%%%.tmp", sys::fs::all_read | sys::fs::all_write);
  if (!temporary)
    return cannotWrite(errorToErrorCode(temporary.takeError()));
  raw_fd_ostream stream(temporary->FD, /*shouldClose=*/false);
  stream.write(file.bytes.data(), file.bytes.size());
  stream.flush();
  if (std::error_code code = stream.error()) {
    stream.clear_error();
    consumeError(temporary->discard());
    return cannotWrite(code);
  }
  return temporary;
}

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
  SmallVector<sys::fs::TempFile> staged;
  for (const OutputFile &file : files) {
    auto temporary = stage(file);
    if (!temporary) {
      for (sys::fs::TempFile &earlier : staged)
        consumeError(earlier.discard());
      return emitFileError(context, file.path, temporary.takeError());
    }
    staged.push_back(std::move(*temporary));
  }
  for (auto [i, file, temporary] : llvm::enumerate(files, staged))
    if (Error error = temporary.keep(file.path)) {
      // Only what this call wrote: what has not been replaced is the user's.
      for (const OutputFile &written : files.take_front(i))
        (void)sys::fs::remove(written.path);
      for (sys::fs::TempFile &left : staged)
        consumeError(left.discard());
      return emitFileError(context, file.path,
                           cannotWrite(errorToErrorCode(std::move(error))));
    }
  return mlir::success();
}
