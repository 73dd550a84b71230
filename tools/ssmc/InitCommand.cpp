//===- InitCommand.cpp - ssmc init ----------------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/AtomicFile.h"
#include "lib/Import/ImportModel.h"
#include "lib/Import/Safetensors.h"
#include "lib/Init/InitializeModel.h"
#include "tools/ssmc/Commands.h"
#include "tools/ssmc/Compilation.h"
#include "tools/ssmc/NamedFiles.h"

using namespace llvm;
using namespace ssmc;

static constexpr Flag kSeedFlag = {
    "--seed", "N", "start from jax.random.PRNGKey(N), 0 to 2^32-1; required"};
static constexpr Flag kOutputFlag = {
    "-o", "FILE", "the safetensors file to write; '-' is standard output"};

static constexpr Flag kFlags[] = {kSeedFlag, kOutputFlag, kIgnoreUnknownFlag};

static constexpr CommandSpec kSpec = {
    "init", "MODEL",
    "Writes the weights that discretax gives an untrained model.", kFlags,
    "MODEL is a model.json or a folder that holds one. The random bits are "
    "JAX's for the\nsame key, the values equal within float32 rounding. "
    "Statistics of BatchNorm, which\ndiscretax leaves undefined, are mean 0 "
    "and variance 1, marked as never updated.\n"};

static Expected<uint32_t> parseSeed(const CommandLine &line) {
  if (!line.has(kSeedFlag.name))
    return createStringError("option '--seed' is missing");
  StringRef text = line.get(kSeedFlag.name);
  uint32_t seed;
  if (text.getAsInteger(10, seed))
    return createStringError(kSeedFlag.name + " is '" + text +
                             "'; expected an integer from 0 to 4294967295 (of "
                             "larger ones JAX uses the lowest 32 bits)");
  return seed;
}

static mlir::LogicalResult writeWeights(mlir::MLIRContext &context,
                                        StringRef path,
                                        ArrayRef<NamedTensor> tensors) {
  auto write = [&](raw_pwrite_stream &os) {
    writeSafetensors(os, tensors);
    return Error::success();
  };
  Error error = writeFile(path, write);
  if (!error)
    return mlir::success();
  return mlir::emitError(mlir::FileLineColLoc::get(&context, path, 0, 0))
         << toString(std::move(error));
}

static int run(mlir::MLIRContext &context, const CommandLine &line) {
  Expected<uint32_t> seed = parseSeed(line);
  if (!seed)
    return reportUsage(kSpec.name, seed.takeError());
  if (!line.has(kOutputFlag.name))
    return reportUsage(kSpec.name, createStringError("option '-o' is missing"));
  NamedFiles files;
  files.addInput("model.json", getModelPath(line.getArgument()));
  files.addOutput(kOutputFlag.name, line.get(kOutputFlag.name));
  if (Error error = files.check())
    return reportUsage(kSpec.name, std::move(error));
  mlir::FailureOr<ModelFile> model = readModelFile(
      context, line.getArgument(), line.has(kIgnoreUnknownFlag.name));
  if (failed(model))
    return kFailure;
  auto values = initializeModel(model->config, model->parameters, *seed,
                                model->diagnostics);
  if (failed(values))
    return kFailure;
  std::vector<NamedTensor> tensors;
  for (auto [spec, value] : llvm::zip_equal(model->parameters, *values))
    tensors.push_back({spec.name, value.view()});
  return succeeded(writeWeights(context, line.get(kOutputFlag.name), tensors))
             ? kSuccess
             : kFailure;
}

const Command ssmc::kInitCommand = {kSpec, run};
