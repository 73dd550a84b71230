//===- TrainCommands.cpp - ssmc run --train -------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/TrainCommands.h"
#include "dialect/SsmDialect.h"
#include "lib/Import/DiagnosticPrinter.h"
#include "lib/Import/Options.h"
#include "lib/Init/Threefry.h"
#include "lib/Target/CudaTarget.h"
#include "tools/ssmc/Commands.h"
#include "tools/ssmc/Compilation.h"
#include "tools/ssmc/Threads.h"
#include "tools/ssmc/TrainModel.h"

using namespace llvm;
using namespace ssmc;

Error ssmc::checkTrainFlags(const CommandLine &line) {
  bool trains = line.has(kTrainFlag.name);
  for (StringRef flag : {kKeyFlag.name, kKeysFlag.name, kWeightsOutFlag.name})
    if (line.has(flag) && !trains)
      return createStringError("option '" + flag + "' has no meaning without " +
                               kTrainFlag.name);
  for (StringRef flag :
       {StringRef("--mode"), StringRef("--state-in"), StringRef("--state-out"),
        kWithoutHeadFlag.name, StringRef(kTimeStepsFlag)})
    if (line.has(flag) && trains)
      return createStringError("option '" + flag + "' has no meaning with " +
                               kTrainFlag.name);
  if (line.has(kKeyFlag.name) && line.has(kKeysFlag.name))
    return createStringError(kKeyFlag.name + " and " + kKeysFlag.name +
                             " both name keys; leave one off");
  return Error::success();
}

Error ssmc::checkTrainToFlag(const CommandLine &line) {
  if (!line.has(kTrainToFlag.name))
    return Error::success();
  for (StringRef flag : {StringRef("--compile-from"), StringRef("--compile-to"),
                         kWithoutHeadFlag.name, StringRef(kTimeStepsFlag)})
    if (line.has(flag))
      return createStringError("option '" + flag + "' has no meaning with " +
                               kTrainToFlag.name);
  if (line.get(kWeightsFlag.name) == "runtime")
    return createStringError(kTrainToFlag.name +
                             " packs weights when it compiles; leave "
                             "--weights=runtime off");
  if (isCudaTarget(line.get(kTargetsFlag.name)))
    return createStringError(kTrainToFlag.name +
                             " is for CPUs; leave it off for GPUs");
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

/// The N of --key N.
static Expected<int64_t> parseKey(StringRef text) {
  uint32_t number;
  if (text.getAsInteger(10, number))
    return createStringError(kKeyFlag.name + " is '" + text +
                             "'; expected an integer from 0 to 4294967295");
  return number;
}

/// jax.random.split(jax.random.PRNGKey(N), batch).
static Expected<std::vector<uint32_t>> splitKey(StringRef text, int64_t batch) {
  auto number = parseKey(text);
  if (!number)
    return number.takeError();
  std::vector<uint32_t> words;
  for (RandomKey key : split(makeKey(*number), batch)) {
    words.push_back(key.high);
    words.push_back(key.low);
  }
  return words;
}

/// Keys as numbers of 32 bits, signed or not.
static Expected<std::vector<uint32_t>> readKeys(const ArrayPath &path,
                                                int64_t batch) {
  auto array = readArray(path, DType::U32);
  if (!array)
    return array.takeError();
  SmallVector<int64_t, 4> expected = {batch, 2};
  if (array->shape != expected)
    return createStringError("has shape " + formatShape(array->shape) +
                             "; expected " + formatShape(expected) +
                             ", a key per sequence");
  ArrayView view = array->view();
  std::vector<uint32_t> words;
  for (int64_t i = 0; i < view.getNumElements(); ++i) {
    double word = view.getDouble(i);
    if (word != std::floor(word) || word < INT32_MIN || word > UINT32_MAX)
      return createStringError("is " + formatNumber(word) + " at " +
                               formatIndex(i, array->shape) +
                               "; expected integers of 32 bits");
    words.push_back(static_cast<uint32_t>(static_cast<int64_t>(word)));
  }
  return words;
}

/// The largest drop rate of the model.
static double findDropRate(mlir::ModuleOp model) {
  double rate = 0;
  model.walk([&](DropoutOp dropout) {
    rate = std::max(rate, dropout.getRate().convertToDouble());
  });
  return rate;
}

/// Two words per sequence, or none where nothing is dropped.
static mlir::FailureOr<std::vector<uint32_t>>
chooseKeys(mlir::ModuleOp model, const CommandLine &line, int64_t batch) {
  mlir::MLIRContext &context = *model->getContext();
  if (line.has(kKeysFlag.name)) {
    StringRef name = line.get(kKeysFlag.name);
    auto path = ArrayPath::parse(name);
    if (!path)
      return emitFileError(&context, name, path.takeError());
    auto keys = readKeys(*path, batch);
    if (!keys)
      return emitFileError(&context, name, keys.takeError());
    return std::move(*keys);
  }
  if (line.has(kKeyFlag.name)) {
    auto keys = splitKey(line.get(kKeyFlag.name), batch);
    if (!keys)
      return report(context, keys.takeError());
    return std::move(*keys);
  }
  if (findDropRate(model) == 0)
    return std::vector<uint32_t>();
  return emitFileError(
      &context, line.getArgument(),
      createStringError("the model has dropout, which draws from keys; name "
                        "them with " +
                        kKeyFlag.name + " or " + kKeysFlag.name));
}

//===----------------------------------------------------------------------===//
// ssmc run --train
//===----------------------------------------------------------------------===//

static mlir::LogicalResult runTraining(mlir::MLIRContext &context,
                                       const CommandLine &line,
                                       const Trainer &trainer,
                                       const ArrayPath &output) {
  auto task = readTrainingTask(context, line);
  if (failed(task))
    return mlir::failure();
  mlir::ModuleOp model = *task->model;
  const Array &x = task->input.array;
  auto keys = chooseKeys(model, line, x.shape[0]);
  if (failed(keys))
    return mlir::failure();
  auto result = trainer.run(model, x, *keys);
  if (failed(result))
    return mlir::failure();
  StringRef weights = line.get(kWeightsOutFlag.name);
  ArrayView y = result->y.view();
  if (!task->input.isBatched)
    y.shape.erase(y.shape.begin());
  auto writeOutput = [&](raw_pwrite_stream &os) {
    return writeArray(os, output, y);
  };
  FileToWrite outputFile = {output.file, writeOutput};
  if (!weights.empty())
    return writeTrainedWeights(weights, model, result->norms, outputFile);
  if (Error error = writeFiles(outputFile))
    return emitFileError(&context, line.get("--output"), std::move(error));
  return mlir::success();
}

int ssmc::runInTrainingMode(mlir::MLIRContext &context,
                            const CommandLine &line) {
  for (StringRef needed : {"--input", "--output"})
    if (!line.has(needed))
      return reportUsage(
          "run", createStringError("option '" + needed + "' is missing"));
  auto output = ArrayPath::parse(line.get("--output"));
  if (!output)
    return reportUsage("run",
                       createStringError("--output " + line.get("--output") +
                                         ": " + toString(output.takeError())));
  if (line.has(kKeyFlag.name))
    if (auto key = parseKey(line.get(kKeyFlag.name)); !key)
      return reportUsage("run", key.takeError());
  auto trainer = Trainer::parse(line);
  if (!trainer)
    return reportUsage("run", trainer.takeError());
  return succeeded(runTraining(context, line, *trainer, *output)) ? kSuccess
                                                                  : kFailure;
}
