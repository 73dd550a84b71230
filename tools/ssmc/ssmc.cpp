//===- ssmc.cpp - Compiles state-space sequence models --------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/DiagnosticPrinter.h"
#include "lib/Pipelines/Compile.h"
#include "tools/ssmc/Commands.h"
#include "tools/ssmc/Compilation.h"
#include "llvm/Support/PrettyStackTrace.h"
#include "llvm/Support/Signals.h"
#include <csignal>
#ifdef __GLIBC__
#include <malloc.h>
#endif

using namespace llvm;
using namespace ssmc;

static const Command *const kCommands[] = {
    &kCompileCommand, &kRunCommand,  &kCalibrateCommand, &kInspectCommand,
    &kBenchCommand,   &kInitCommand, &kSchemaCommand};

static void printUsage(raw_ostream &os) {
  os << "ssmc compiles trained state-space sequence models (S5, LRU, LinOSS, "
        "S4D, DeltaNet)\nto native code.\n\nusage: ssmc COMMAND "
        "[options]\n\ncommands:\n";
  for (const Command *command : kCommands) {
    StringRef summary = command->spec.summary;
    os << "  " << left_justify(command->spec.name, 10)
       << summary.substr(0, summary.find(". ")).rtrim(".") << "\n";
  }
  os << "  help      Prints this; 'ssmc help COMMAND' tells more\n\n"
        "Exit status: 0, 1 after an error, 2 when the command line is wrong.\n";
}

int ssmc::reportUsage(StringRef command, Error error) {
  errs() << "ssmc " << command << ": error: " << toString(std::move(error))
         << "\nnote: 'ssmc " << command << " --help' lists the options\n";
  return kUsage;
}

static int runCommand(const Command &command, ArrayRef<char *> arguments) {
  auto line = CommandLine::parse(command.spec, arguments);
  if (!line)
    return reportUsage(command.spec.name, line.takeError());
  if (line->wantsHelp()) {
    printHelp(outs(), command.spec);
    return kSuccess;
  }
  if (auto sizes = SizeFlags::parse(*line); !sizes)
    return reportUsage(command.spec.name, sizes.takeError());
  mlir::DialectRegistry registry;
  registerPipelineDialects(registry);
  mlir::MLIRContext context(registry);
  DiagnosticPrinter printer(&context, errs());
  return command.run(context, *line);
}

int main(int argc, char **argv) {
  sys::PrintStackTraceOnErrorSignal(argv[0]);
  std::signal(SIGXFSZ, SIG_IGN); // a file too large is an error like others
#ifdef __GLIBC__
  // Weights that are freed go back to the system at once; by default, glibc
  // keeps what is below 32 MB.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
#endif
  setBugReportMsg("This is an error of ssmc itself. Please report it with the "
                  "model.json and these lines:\n");
  ArrayRef<char *> arguments(argv + 1, argv + argc);
  StringRef name = arguments.empty() ? "" : arguments.front();
  bool wantsHelp = name == "help" || name == "--help" || name == "-h";
  if (wantsHelp && arguments.size() == 1) {
    printUsage(outs());
    return kSuccess;
  }
  if (wantsHelp) // about a command
    name = arguments[1];
  if (name == "--version") {
    outs() << "ssmc " SSMC_VERSION "\n";
    return kSuccess;
  }
  SmallVector<StringRef> names;
  for (const Command *command : kCommands) {
    if (command->spec.name == name && wantsHelp) {
      printHelp(outs(), command->spec);
      return kSuccess;
    }
    if (command->spec.name == name)
      return runCommand(*command, arguments.drop_front());
    names.push_back(command->spec.name);
  }
  if (name.empty())
    errs() << "ssmc: error: no command is given\n";
  else
    errs() << "ssmc: error: unknown command '" << name << "'"
           << suggest(name, names) << "\n";
  errs() << "note: 'ssmc help' lists the commands\n";
  return kUsage;
}
