//===- NamedFiles.h - The files that a command line names ----- -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_NAMEDFILES_H
#define SSMC_TOOLS_SSMC_NAMEDFILES_H

#include "tools/ssmc/CommandLine.h"
#include "llvm/ADT/SmallVector.h"
#include <string>

namespace ssmc {

/// The files that a command line names, to be checked before one is read.
class NamedFiles {
public:
  /// What addModel calls the weights that lie beside model.json.
  static constexpr llvm::StringLiteral kWeights = "the model's weights";

  /// MODEL's model.json, and the weights that are read.
  void addModel(const CommandLine &line);
  /// A file that is read; `what` is what messages call it.
  void addInput(llvm::StringRef what, llvm::StringRef path);
  /// A file that is written, or '-', standard output. `mayReplace` are inputs
  /// that it may be: whoever asks for it wants the new one in their place.
  void addOutput(llvm::StringRef what, llvm::StringRef path,
                 llvm::ArrayRef<llvm::StringRef> mayReplace = {});
  /// The value of `flag`, if it is given, as an input or an output in a format
  /// of arrays.
  void addArrayInput(const CommandLine &line, llvm::StringRef flag);
  void addArrayOutput(const CommandLine &line, llvm::StringRef flag);

  /// Fails when an output is an input, whatever both are called (links, ./), or
  /// when two outputs are one.
  llvm::Error check() const;

private:
  struct File {
    std::string what, path;
    llvm::SmallVector<llvm::StringRef, 2> mayReplace;
  };
  llvm::SmallVector<File> inputs, outputs;
};

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_NAMEDFILES_H
