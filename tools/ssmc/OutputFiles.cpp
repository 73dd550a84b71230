//===- OutputFiles.cpp - Several files, all or none -----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/OutputFiles.h"
#include "lib/Import/DiagnosticPrinter.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include <functional>

using namespace llvm;
using namespace ssmc;

static Error cannotWrite(std::error_code code) {
  return createStringError(code, "cannot be written: " + code.message());
}

namespace {
/// A file on its way to its place.
class StagedFile {
public:
  /// Writes a complete temporary file beside `file.path`.
  static Expected<StagedFile> create(const OutputFile &file);

  /// Takes the place of what is at the path, which is kept under another name.
  Error replace();
  /// Puts what was there back.
  void restore();
  /// Removes what is left of the temporary file and of what was there before.
  void cleanUp();

private:
  StagedFile(std::string path, sys::fs::TempFile temporary)
      : path(std::move(path)), temporary(std::move(temporary)) {}

  Error keepOld();

  std::string path;
  sys::fs::TempFile temporary;
  /// What was at the path before; empty: nothing.
  std::string old;
  bool isReplaced = false;
};
} // namespace

Expected<StagedFile> StagedFile::create(const OutputFile &file) {
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
  return StagedFile(file.path, std::move(*temporary));
}

/// A second name for the file that is at the path, or a copy where there can
/// be none.
Error StagedFile::keepOld() {
  if (!sys::fs::exists(path))
    return Error::success();
  if (sys::fs::is_directory(path))
    return cannotWrite(std::make_error_code(std::errc::is_a_directory));
  SmallString<128> name;
  sys::fs::createUniquePath(path + ".%%%%%%.old", name, /*MakeAbsolute=*/false);
  if (sys::fs::create_hard_link(path, name))
    if (std::error_code code = sys::fs::copy_file(path, name)) {
      (void)sys::fs::remove(name);
      return cannotWrite(code);
    }
  old = name.str();
  return Error::success();
}

Error StagedFile::replace() {
  if (Error error = keepOld())
    return error;
  // TempFile::keep(path) would write into what is at the path, and with it into
  // its second name, where renaming is not possible.
  std::string name = temporary.TmpName;
  if (Error error = temporary.keep())
    return cannotWrite(errorToErrorCode(std::move(error)));
  if (std::error_code code = sys::fs::rename(name, path)) {
    (void)sys::fs::remove(name);
    return cannotWrite(code);
  }
  isReplaced = true;
  return Error::success();
}

void StagedFile::restore() {
  if (!isReplaced)
    return;
  if (old.empty())
    (void)sys::fs::remove(path);
  else
    (void)sys::fs::rename(old, path);
  // Where even that fails, it stays under its second name.
  old.clear();
  isReplaced = false;
}

void StagedFile::cleanUp() {
  consumeError(temporary.discard());
  if (!old.empty())
    (void)sys::fs::remove(old);
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
  SmallVector<StagedFile> staged;
  llvm::scope_exit cleanUp(
      [&] { llvm::for_each(staged, std::mem_fn(&StagedFile::cleanUp)); });
  for (const OutputFile &file : files) {
    auto complete = StagedFile::create(file);
    if (!complete)
      return emitFileError(context, file.path, complete.takeError());
    staged.push_back(std::move(*complete));
  }
  for (auto [file, complete] : llvm::zip_equal(files, staged))
    if (Error error = complete.replace()) {
      llvm::for_each(staged, std::mem_fn(&StagedFile::restore));
      return emitFileError(context, file.path, std::move(error));
    }
  return mlir::success();
}
