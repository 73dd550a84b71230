//===- CommandLine.h - Options of a subcommand ---------------- -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_COMMANDLINE_H
#define SSMC_TOOLS_SSMC_COMMANDLINE_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/raw_ostream.h"
#include <string>

namespace ssmc {

/// An option: `--name VALUE` or, without a value, `--name`.
struct Flag {
  /// With its dashes.
  llvm::StringRef name;
  /// What help calls the value; empty for a switch.
  llvm::StringRef value;
  /// One or more lines.
  llvm::StringRef help;
};

/// What a subcommand accepts.
struct CommandSpec {
  llvm::StringRef name;
  /// What the one argument without dashes is called; empty when there is none.
  llvm::StringRef argument;
  llvm::StringRef summary;
  llvm::ArrayRef<Flag> flags;
  /// Text after the options: notes and examples.
  llvm::StringRef notes;
};

/// A parsed command line. Flags come before or after the argument, as
/// `--flag VALUE` or `--flag=VALUE`, and each at most once.
class CommandLine {
public:
  /// Fails with a message for the user, and a suggestion where one is near.
  static llvm::Expected<CommandLine> parse(const CommandSpec &spec,
                                           llvm::ArrayRef<char *> arguments);

  llvm::StringRef getArgument() const { return argument; }
  bool has(llvm::StringRef flag) const { return values.contains(flag); }
  /// The flag's value, or `otherwise` when it is not given.
  llvm::StringRef get(llvm::StringRef flag,
                      llvm::StringRef otherwise = "") const;
  /// Whether `--help` was given; nothing else is checked then.
  bool wantsHelp() const { return has("--help"); }

private:
  std::string argument;
  llvm::StringMap<std::string> values;

  llvm::Error addFlag(const CommandSpec &spec, llvm::StringRef text,
                      llvm::ArrayRef<char *> &rest);
};

void printHelp(llvm::raw_ostream &os, const CommandSpec &spec);

/// " ; did you mean 'X'?" when one of `known` is near to `word`, else "".
std::string suggest(llvm::StringRef word,
                    llvm::ArrayRef<llvm::StringRef> known);

/// Parses a decimal integer from `least` on; the message names `what`.
llvm::Expected<int64_t> parseInteger(llvm::StringRef what, llvm::StringRef text,
                                     int64_t least);

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_COMMANDLINE_H
