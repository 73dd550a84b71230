//===- SchemaCommand.cpp - ssmc schema ------------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Options.h"
#include "tools/ssmc/Commands.h"

using namespace ssmc;

static constexpr CommandSpec kSpec = {
    "schema", "", "Prints the JSON schema of model.json.", {}, ""};

static int run(mlir::MLIRContext &, const CommandLine &) {
  printSchema(llvm::outs());
  return kSuccess;
}

const Command ssmc::kSchemaCommand = {kSpec, run};
