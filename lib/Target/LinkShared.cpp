//===- LinkShared.cpp - From an object file to a shared library -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/EmitObject.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/FileUtilities.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Program.h"
#include "llvm/TargetParser/Host.h"

using namespace llvm;
using namespace ssmc;

/// A linker for objects of `triple`.
static Expected<std::string> findLinker(const Triple &triple) {
  SmallVector<StringRef> names = {"ld.lld", "ld.lld-22"};
  bool isNative =
      Triple(sys::getDefaultTargetTriple()).getArch() == triple.getArch();
  if (isNative)
    names.push_back("ld");
  for (StringRef name : names)
    if (ErrorOr<std::string> found = sys::findProgramByName(name))
      return *found;
  return createStringError("--emit shared needs a linker: found no " +
                           llvm::join(names, ", ") + " in PATH (Debian: lld" +
                           (isNative ? " or binutils" : "") +
                           "); --emit obj needs none");
}

/// A temporary file that disappears with the object.
static Expected<SmallString<128>> makeTemporary(StringRef suffix) {
  SmallString<128> path;
  if (std::error_code error =
          sys::fs::createTemporaryFile("ssmc", suffix, path))
    return createStringError("cannot create a temporary file: " +
                             error.message());
  return path;
}

Expected<SmallVector<char, 0>> ssmc::linkSharedLibrary(ArrayRef<char> object,
                                                       const Triple &triple) {
  if (!triple.isOSBinFormatELF())
    return createStringError(
        "--emit shared: shared libraries are written for Linux, not for '" +
        triple.str() + "'; link the object with that system's tools");
  auto linker = findLinker(triple);
  if (!linker)
    return linker.takeError();
  auto input = makeTemporary("o");
  if (!input)
    return input.takeError();
  FileRemover removeInput(*input);
  auto output = makeTemporary("so");
  if (!output)
    return output.takeError();
  FileRemover removeOutput(*output);

  if (Error error = writeToOutput(*input, [&](raw_ostream &stream) {
        stream.write(object.data(), object.size());
        return Error::success();
      }))
    return error;
  StringRef arguments[] = {*linker,           "-shared", "-z",    "noexecstack",
                           "--build-id=none", "-o",      *output, *input};
  std::string problem;
  int status =
      sys::ExecuteAndWait(*linker, arguments, std::nullopt, {}, 0, 0, &problem);
  if (status != 0)
    return createStringError("'" + *linker +
                             "' failed to link the shared "
                             "library" +
                             (problem.empty() ? "" : ": ") + problem);
  auto linked = MemoryBuffer::getFile(*output);
  if (!linked)
    return createStringError(linked.getError(),
                             "cannot read the linked library");
  StringRef bytes = (*linked)->getBuffer();
  return SmallVector<char, 0>(bytes.begin(), bytes.end());
}
