//===- Commands.h - The subcommands of ssmc ------------------- -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_COMMANDS_H
#define SSMC_TOOLS_SSMC_COMMANDS_H

#include "mlir/IR/MLIRContext.h"
#include "tools/ssmc/CommandLine.h"

namespace ssmc {

/// A subcommand: what it accepts and what it does. `run` returns the program's
/// exit status and reports errors on the context.
struct Command {
  const CommandSpec &spec;
  int (*run)(mlir::MLIRContext &context, const CommandLine &line);
};

extern const Command kCompileCommand;
extern const Command kRunCommand;
extern const Command kCalibrateCommand;
extern const Command kInitCommand;
extern const Command kInspectCommand;
extern const Command kBenchCommand;
extern const Command kSchemaCommand;

/// Exit statuses.
inline constexpr int kSuccess = 0, kFailure = 1, kUsage = 2;

/// Tells of a wrong command line; returns kUsage.
int reportUsage(llvm::StringRef command, llvm::Error error);

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_COMMANDS_H
