//===- ImportTestHelpers.h - Files and messages of the import tests -*- C++
//-*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TEST_UNIT_IMPORTTESTHELPERS_H
#define SSMC_TEST_UNIT_IMPORTTESTHELPERS_H

#include "lib/Import/DiagnosticPrinter.h"
#include "lib/Import/ImportModel.h"
#include "lib/Import/Safetensors.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"
#include <fstream>
#include <sstream>
#include <string>

namespace ssmc::test {

/// A folder that goes when the test ends.
class TemporaryFolder {
public:
  TemporaryFolder() {
    EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("ssmc-import", path));
  }
  ~TemporaryFolder() { llvm::sys::fs::remove_directories(path); }

  std::string file(llvm::StringRef name) const {
    llvm::SmallString<128> result(path);
    llvm::sys::path::append(result, name);
    return result.str().str();
  }
  std::string write(llvm::StringRef name, llvm::StringRef text) const {
    std::ofstream(file(name), std::ios::binary) << text.str();
    return file(name);
  }
  /// The names of the files in it, sorted and separated by spaces.
  std::string list() const {
    std::vector<std::string> names;
    std::error_code code;
    for (llvm::sys::fs::directory_iterator it(path, code), end;
         it != end && !code; it.increment(code))
      names.push_back(llvm::sys::path::filename(it->path()).str());
    llvm::sort(names);
    return llvm::join(names, " ");
  }
  /// `text` without the folder's name.
  std::string shorten(std::string text) const {
    std::string prefix = path.str().str() + "/";
    for (size_t at; (at = text.find(prefix)) != std::string::npos;)
      text.erase(at, prefix.size());
    return text;
  }

private:
  llvm::SmallString<128> path;
};

inline std::string readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// Where the golden models are.
inline std::string getTestData() {
  const char *folder = std::getenv("SSMC_TEST_DATA");
  return folder ? folder : "test/data";
}

/// A safetensors file as bytes: a header, then data.
inline std::string makeSafetensors(llvm::StringRef header,
                                   llvm::StringRef data) {
  std::string text(8, '\0');
  for (unsigned i = 0; i < 8; ++i)
    text[i] = static_cast<char>(uint64_t(header.size()) >> (8 * i));
  return text + header.str() + data.str();
}

/// What a user sees of an import: `ok`, or the messages.
inline std::string importAndPrint(const ImportOptions &options) {
  mlir::MLIRContext context;
  std::string messages;
  llvm::raw_string_ostream os(messages);
  DiagnosticPrinter printer(&context, os);
  if (importModel(context, options))
    messages += "ok\n";
  return messages;
}

/// Imports `json` as model.json with random weights.
inline std::string importJson(llvm::StringRef json,
                              bool ignoreUnknown = false) {
  TemporaryFolder folder;
  ImportOptions options;
  options.model = folder.write("model.json", json);
  options.weights = "random:1";
  options.ignoreUnknown = ignoreUnknown;
  return folder.shorten(importAndPrint(options));
}

} // namespace ssmc::test

#endif // SSMC_TEST_UNIT_IMPORTTESTHELPERS_H
