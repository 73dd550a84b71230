//===- AtomicFile.cpp - Writes files whole or not at all ------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/AtomicFile.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include <csignal>
#include <functional>

using namespace llvm;
using namespace ssmc;

static Error cannotWrite(std::error_code code) {
  return createStringError(code, "cannot be written: " + code.message());
}

/// Runs `write` and reports what it or the stream met. The stream would abort
/// the program if its error were not cleared.
static Error writeTo(raw_fd_ostream &os, WriteContent write) {
  Error error = write(os);
  os.flush();
  if (std::error_code code = os.error()) {
    os.clear_error();
    if (!error)
      return cannotWrite(code);
  }
  return error;
}

/// Writes to what cannot be replaced; '-' is standard output. A pipe that
/// nobody reads is an error like others, and does not end the program.
static Error writeInPlace(StringRef path, WriteContent write) {
  auto *before = std::signal(SIGPIPE, SIG_IGN);
  llvm::scope_exit restore([&] { std::signal(SIGPIPE, before); });
  std::error_code code;
  raw_fd_ostream os(path, code, sys::fs::CD_OpenAlways);
  if (code)
    return cannotWrite(code);
  return writeTo(os, write);
}

/// Where the content for `path` goes: a link keeps pointing to what is
/// replaced.
static std::string findTarget(StringRef path) {
  SmallString<128> target;
  return sys::fs::real_path(path, target) ? path.str() : target.str().str();
}

/// Whether there is something at `target` that cannot be replaced, but takes
/// content.
static Expected<bool> isSpecial(StringRef target) {
  sys::fs::file_status status;
  if (target == "-")
    return true;
  if (sys::fs::status(target, status))
    return false;
  if (sys::fs::is_directory(status))
    return cannotWrite(std::make_error_code(std::errc::is_a_directory));
  if (!sys::fs::is_regular_file(status))
    return true;
  // Renaming needs no permission of the file, but whoever protected it meant
  // it.
  if (std::error_code code =
          sys::fs::access(target, sys::fs::AccessMode::Write))
    return cannotWrite(code);
  return false;
}

//===----------------------------------------------------------------------===//
// Files on their way
//===----------------------------------------------------------------------===//

namespace {
/// A file on its way to its place.
class StagedFile {
public:
  /// Writes a complete temporary file beside `path`.
  static Expected<StagedFile> create(const std::string &path,
                                     WriteContent write);

  /// Takes the place of what is at the path, which is kept under another name
  /// if it may be needed.
  Error replace(bool keepsOld);
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

Expected<StagedFile> StagedFile::create(const std::string &path,
                                        WriteContent write) {
  auto temporary = sys::fs::TempFile::create(
      path + ".%%%%%%.tmp", sys::fs::all_read | sys::fs::all_write);
  if (!temporary)
    return cannotWrite(errorToErrorCode(temporary.takeError()));
  Error error = Error::success();
  {
    raw_fd_ostream os(temporary->FD, /*shouldClose=*/false);
    error = joinErrors(std::move(error), writeTo(os, write));
  }
  if (error)
    return joinErrors(std::move(error), temporary->discard());
  return StagedFile(path, std::move(*temporary));
}

/// A second name for the file that is at the path, or a copy where there can
/// be none.
Error StagedFile::keepOld() {
  if (!sys::fs::exists(path))
    return Error::success();
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

Error StagedFile::replace(bool keepsOld) {
  if (sys::fs::is_directory(path))
    return cannotWrite(std::make_error_code(std::errc::is_a_directory));
  if (keepsOld)
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

//===----------------------------------------------------------------------===//
// All or none
//===----------------------------------------------------------------------===//

/// writeFiles; an error is about `current`.
static Error writeAll(ArrayRef<FileToWrite> files, StringRef &current) {
  SmallVector<StagedFile> staged;
  SmallVector<StringRef> paths;
  SmallVector<FileToWrite> special;
  llvm::scope_exit cleanUp(
      [&] { llvm::for_each(staged, std::mem_fn(&StagedFile::cleanUp)); });
  for (const FileToWrite &file : files) {
    current = file.path;
    std::string target = file.path == "-" ? "-" : findTarget(file.path);
    Expected<bool> inPlace = isSpecial(target);
    if (!inPlace)
      return inPlace.takeError();
    if (*inPlace) {
      special.push_back(file);
      continue;
    }
    Expected<StagedFile> complete = StagedFile::create(target, file.write);
    if (!complete)
      return complete.takeError();
    staged.push_back(std::move(*complete));
    paths.push_back(file.path);
  }
  auto restore = [&](Error error) {
    llvm::for_each(staged, std::mem_fn(&StagedFile::restore));
    return error;
  };
  for (auto [complete, path] : llvm::zip_equal(staged, paths)) {
    current = path;
    if (Error error = complete.replace(/*keepsOld=*/files.size() > 1))
      return restore(std::move(error));
  }
  for (const FileToWrite &file : special) {
    current = file.path;
    if (Error error = writeInPlace(file.path, file.write))
      return restore(std::move(error));
  }
  return Error::success();
}

Error ssmc::writeFiles(ArrayRef<FileToWrite> files) {
  StringRef current;
  if (Error error = writeAll(files, current))
    return createFileError(current, std::move(error));
  return Error::success();
}

Error ssmc::writeFile(StringRef path, WriteContent write) {
  StringRef current;
  return writeAll(FileToWrite{path, write}, current);
}
