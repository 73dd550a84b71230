//===- ModelName.cpp - What a model's functions are called ----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/ModelName.h"
#include "lib/Import/ImportModel.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace ssmc;

/// A C identifier that can be the front of others: not one of those that
/// begin with '_', which C and C++ keep for themselves.
static bool isUsableName(StringRef name) {
  return !name.empty() && isAlpha(name.front()) &&
         llvm::all_of(name, [](char c) { return isAlnum(c) || c == '_'; });
}

void ssmc::tellOfOtherName(const CommandLine &line, StringRef name) {
  StringRef prefix = line.get("-o");
  if (line.has("--name") || prefix.empty() || prefix.ends_with("/") ||
      isUsableName(sys::path::filename(prefix)))
    return;
  errs() << "ssmc compile: note: '" << sys::path::filename(prefix)
         << "' is no C identifier: functions' names begin with '" << name
         << "', from MODEL; --name chooses another\n";
}

Expected<std::string> ssmc::chooseName(const CommandLine &line) {
  std::string name;
  if (line.has("--name"))
    name = line.get("--name").str();
  else if (StringRef stem = sys::path::filename(line.get("-o"));
           isUsableName(stem))
    name = stem.str();
  else
    name = deriveModelName(line.getArgument());
  if (!isUsableName(name))
    return createStringError("--name: '" + name +
                             "' is no usable C identifier; expected letters, "
                             "digits and '_', a letter first");
  return name;
}
