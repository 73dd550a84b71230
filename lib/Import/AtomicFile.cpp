//===- AtomicFile.cpp - Writes files whole or not at all ------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/AtomicFile.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"

using namespace llvm;
using namespace ssmc;

using Writer = function_ref<Error(raw_pwrite_stream &)>;

static Error cannotWrite(std::error_code code) {
  return createStringError(code, "cannot be written: " + code.message());
}

/// Runs `write` and reports what it or the stream met. The stream would abort
/// the program if its error were not cleared.
static Error writeTo(raw_fd_ostream &os, Writer write) {
  Error error = write(os);
  os.flush();
  if (std::error_code code = os.error()) {
    os.clear_error();
    if (!error)
      return cannotWrite(code);
  }
  return error;
}

static Error writeInPlace(StringRef path, Writer write) {
  std::error_code code;
  raw_fd_ostream os(path, code, sys::fs::CD_OpenAlways);
  if (code)
    return cannotWrite(code);
  return writeTo(os, write);
}

Error ssmc::writeFileAtomically(StringRef path, Writer write,
                                function_ref<Error()> writeOthers) {
  // A link keeps pointing to what is replaced.
  SmallString<128> target;
  if (sys::fs::real_path(path, target))
    target = path;
  sys::fs::file_status status;
  if (!sys::fs::status(target, status)) {
    if (sys::fs::is_directory(status))
      return cannotWrite(std::make_error_code(std::errc::is_a_directory));
    if (!sys::fs::is_regular_file(status)) {
      Error error = writeInPlace(target, write);
      return error || !writeOthers ? std::move(error) : writeOthers();
    }
    // Renaming needs no permission of the file, but whoever protected it
    // meant it.
    if (std::error_code code =
            sys::fs::access(target, sys::fs::AccessMode::Write))
      return cannotWrite(code);
  }
  Expected<sys::fs::TempFile> file =
      sys::fs::TempFile::create(target + ".%%%%%%.tmp");
  if (!file)
    return cannotWrite(errorToErrorCode(file.takeError()));
  Error error = Error::success();
  {
    raw_fd_ostream os(file->FD, /*shouldClose=*/false);
    error = joinErrors(std::move(error), writeTo(os, write));
  }
  if (!error && writeOthers)
    error = writeOthers();
  if (error)
    return joinErrors(std::move(error), file->discard());
  if (Error renaming = file->keep(target)) {
    std::error_code code = errorToErrorCode(std::move(renaming));
    return cannotWrite(code);
  }
  return Error::success();
}

Error ssmc::writeStandardOutput(Writer write) {
  std::error_code code;
  raw_fd_ostream os("-", code);
  if (code)
    return cannotWrite(code);
  return writeTo(os, write);
}

Error ssmc::writeFileOrStandardOutput(StringRef path, Writer write,
                                      function_ref<Error()> writeOthers) {
  if (path != "-")
    return writeFileAtomically(path, write, writeOthers);
  // What went to standard output cannot be taken back.
  if (writeOthers)
    if (Error error = writeOthers())
      return error;
  return writeStandardOutput(write);
}
