//===- NamedFiles.cpp - The files that a command line names ---------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/NamedFiles.h"
#include "lib/Import/ArrayFile.h"
#include "lib/Import/ImportModel.h"
#include "tools/ssmc/Compilation.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace ssmc;

static constexpr StringLiteral kStandardStream = "-";

/// Whether two names are of one file, which need not exist. Devices are no
/// files: what is written to /dev/null replaces nothing.
static bool isSameFile(StringRef a, StringRef b) {
  if (sys::fs::exists(a) && sys::fs::exists(b))
    return sys::fs::is_regular_file(a) && sys::fs::equivalent(a, b);
  auto folderOf = [](StringRef path) {
    StringRef folder = sys::path::parent_path(path);
    return folder.empty() ? StringRef(".") : folder;
  };
  return a == b || (sys::path::filename(a) == sys::path::filename(b) &&
                    sys::fs::equivalent(folderOf(a), folderOf(b)));
}

void NamedFiles::addModel(const CommandLine &line) {
  std::string model = getModelPath(line.getArgument());
  addInput("model.json", model);
  StringRef weights = line.get(kWeightsFlag.name);
  if (std::optional<std::string> path = getWeightsPath(model, weights))
    addInput(weights.empty() ? StringRef(kWeights) : kWeightsFlag.name, *path);
}

void NamedFiles::addInput(StringRef what, StringRef path) {
  if (path != kStandardStream)
    inputs.push_back({what.str(), path.str(), {}});
}

void NamedFiles::addOutput(StringRef what, StringRef path,
                           ArrayRef<StringRef> mayReplace) {
  outputs.push_back(
      {what.str(), path.str(), {mayReplace.begin(), mayReplace.end()}});
}

/// The file of an array; empty where none is named as it should be, of which
/// whoever reads or writes it tells.
static std::string getArrayFile(const CommandLine &line, StringRef flag) {
  auto path = ArrayPath::parse(line.get(flag));
  if (path)
    return path->file;
  consumeError(path.takeError());
  return "";
}

void NamedFiles::addArrayInput(const CommandLine &line, StringRef flag) {
  if (std::string file = getArrayFile(line, flag); !file.empty())
    addInput(flag, file);
}

void NamedFiles::addArrayOutput(const CommandLine &line, StringRef flag) {
  if (std::string file = getArrayFile(line, flag); !file.empty())
    addOutput(flag, file);
}

Error NamedFiles::check() const {
  for (const auto &[i, output] : llvm::enumerate(outputs)) {
    for (const File &other : ArrayRef(outputs).drop_front(i + 1)) {
      if (output.path == kStandardStream && other.path == kStandardStream)
        return createStringError(other.what + " and " + output.what +
                                 " are both standard output; expected a file "
                                 "for one of them");
      if (isSameFile(output.path, other.path))
        return createStringError(other.what + " and " + output.what +
                                 " are the same file");
    }
    if (output.path == kStandardStream)
      continue;
    for (const File &input : inputs)
      if (!llvm::is_contained(output.mayReplace, input.what) &&
          isSameFile(output.path, input.path))
        return createStringError(output.what + " and " + input.what +
                                 " are the same file");
  }
  return Error::success();
}
