//===- TrainModel.cpp - A model in training mode --------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/TrainModel.h"
#include "dialect/SsmDialect.h"
#include "lib/Analysis/Weights.h"
#include "lib/Import/DiagnosticPrinter.h"
#include "lib/Import/Options.h"
#include "lib/Import/Safetensors.h"
#include "lib/Pipelines/CompileTraining.h"
#include "lib/Reference/RunModel.h"
#include "lib/Target/CudaTarget.h"
#include "tools/ssmc/Compilation.h"
#include "tools/ssmc/CompileCuda.h"
#include "tools/ssmc/NativeModel.h"
#include "tools/ssmc/Progress.h"
#include "tools/ssmc/StateFiles.h"
#include "tools/ssmc/Threads.h"
#include <cmath>
#include <cstring>

using namespace llvm;
using namespace ssmc;

Expected<Trainer> Trainer::parse(const CommandLine &line) {
  Trainer trainer;
  trainer.usesReference = line.has("--reference");
  for (StringRef flag : {StringRef(kThreadsFlag), kTargetFlag.name,
                         kChunkFlag.name, kTileFlag.name})
    if (trainer.usesReference && line.has(flag))
      return createStringError("option '" + flag +
                               "' has no meaning with --reference");
  trainer.target = line.get(kTargetFlag.name, "native").str();
  if (isCudaTarget(trainer.target))
    return createStringError("training mode runs on CPUs; " + kTargetFlag.name +
                             " is '" + trainer.target + "'");
  if (Error error = refuseGpuFlags(line))
    return error;
  auto threads = parseThreads(line);
  if (!threads)
    return threads.takeError();
  trainer.threads = *threads;
  return trainer;
}

mlir::FailureOr<TrainingResult> Trainer::run(mlir::ModuleOp model,
                                             const Array &x,
                                             ArrayRef<uint32_t> keys) const {
  return usesReference ? runReference(model, x, keys)
                       : runCompiled(model, x, keys);
}

//===----------------------------------------------------------------------===//
// Interpreted
//===----------------------------------------------------------------------===//

static std::vector<float> toFloats(const reference::Tensor &tensor) {
  ArrayRef<double> values = tensor.floats();
  return std::vector<float>(values.begin(), values.end());
}

mlir::FailureOr<TrainingResult>
Trainer::runReference(mlir::ModuleOp model, const Array &x,
                      ArrayRef<uint32_t> keys) const {
  Progress progress("interpreting");
  auto norms = findNorms(model);
  if (failed(norms))
    return mlir::failure();
  reference::ModelOptions options;
  if (!keys.empty())
    options.keys.emplace(SmallVector<int64_t>{x.shape[0], 2},
                         std::vector<int64_t>(keys.begin(), keys.end()));
  auto run = reference::runModel(model, toReference(x), options);
  if (failed(run))
    return mlir::failure();
  for (TrainingNorm &norm : *norms) {
    norm.mean = toFloats(run->statistics.at(norm.path + ".running_mean"));
    norm.var = toFloats(run->statistics.at(norm.path + ".running_var"));
    norm.firstTime = false;
  }
  return TrainingResult{Array::fromF64(run->y.shape, run->y.floats()),
                        std::move(*norms)};
}

//===----------------------------------------------------------------------===//
// Compiled
//===----------------------------------------------------------------------===//

/// Statistics as packStatistics lays them out.
static void unpackStatistics(ArrayRef<char> bytes,
                             MutableArrayRef<TrainingNorm> norms) {
  const char *next = bytes.data();
  auto take = [&](std::vector<float> &values) {
    std::memcpy(values.data(), next, values.size() * sizeof(float));
    next += values.size() * sizeof(float);
  };
  for (TrainingNorm &norm : norms) {
    take(norm.mean);
    take(norm.var);
    int32_t first;
    std::memcpy(&first, next, sizeof first);
    next += sizeof first;
    norm.firstTime = first;
  }
}

mlir::FailureOr<TrainingResult>
Trainer::runCompiled(mlir::ModuleOp model, const Array &x,
                     ArrayRef<uint32_t> keys) const {
  mlir::MLIRContext &context = *model->getContext();
  auto cpu = resolveTargetCpu(target);
  if (!cpu)
    return report(context, cpu.takeError());
  if (Error error = checkRunsHere(*cpu))
    return report(context, std::move(error));
  auto workers = Threads::start(threads);
  if (!workers)
    return report(context, workers.takeError());
  mlir::OwningOpRef<mlir::ModuleOp> inference = model.clone();
  if (failed(takeInferenceForm(*inference)))
    return mlir::failure();
  auto loaded =
      compileAndLoad(*inference, *cpu, /*withoutHead=*/false, "model", model);
  if (failed(loaded))
    return mlir::failure();
  Progress progress("running");
  std::vector<TrainingNorm> norms = loaded->getInfo().training->norms;
  std::vector<char> statistics(
      loaded->getInfo().training->getStatisticsBytes());
  auto y = loaded->train(x.view(), nullptr, statistics,
                         keys.empty() ? nullptr : keys.data(),
                         workers->getExecutor());
  if (!y)
    return report(context, y.takeError());
  unpackStatistics(statistics, norms);
  return TrainingResult{std::move(*y), std::move(norms)};
}

Expected<Array> NativeModel::train(const ArrayView &x, const char *statisticsIn,
                                   MutableArrayRef<char> statisticsOut,
                                   const uint32_t *keys,
                                   const ssmc_executor *executor) const {
  int64_t batch = x.shape[0], length = x.shape[1];
  SmallVector<int64_t, 4> shape = {batch};
  if (!info.pooled)
    shape.push_back(length);
  shape.push_back(info.outputFeatures);
  std::vector<float> y(*getNumElements(shape));
  size_t bytes =
      trainWorkspaceBytes(batch, length, executor ? executor->workers : 1);
  AlignedBytes ws(bytes);
  int code =
      trainForward(statisticsIn, statisticsOut.data(), keys, x.bytes.data(),
                   y.data(), batch, length, executor, ws.data(), ws.getSize());
  if (Error error = check(code, "train_forward"))
    return error;
  return Array::fromF32(shape, y);
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static mlir::FailureOr<ModelInput> readInput(mlir::ModuleOp model,
                                             const CommandLine &line) {
  mlir::MLIRContext *context = model->getContext();
  StringRef name = line.get("--input");
  auto path = ArrayPath::parse(name);
  if (!path)
    return emitFileError(context, name, path.takeError());
  InputType type = getInputType(model);
  auto input = readModelInput(*path, type.isTokens ? 0 : type.features);
  if (!input)
    return emitFileError(context, name, input.takeError());
  const Array &x = input->array;
  if (x.shape[0] == 0 || x.shape[1] == 0)
    return emitFileError(context, name,
                         createStringError("has shape " +
                                           input->describeShape() +
                                           ": there is nothing to take "
                                           "statistics of; expected at least "
                                           "one sequence of at least one time "
                                           "step"));
  return std::move(*input);
}

mlir::FailureOr<TrainingTask> ssmc::readTrainingTask(mlir::MLIRContext &context,
                                                     const CommandLine &line) {
  TrainingTask task;
  task.model = importTrainingForm(context, line, "model");
  if (!task.model || failed(requireWeights(*task.model, "training mode")))
    return mlir::failure();
  auto input = readInput(*task.model, line);
  if (failed(input))
    return mlir::failure();
  task.input = std::move(*input);
  return task;
}

namespace {
/// Tensors that are written, and the bytes of those that are new.
class WeightsWriter {
public:
  mlir::LogicalResult addParameters(mlir::ModuleOp model);
  void addStatistics(ArrayRef<TrainingNorm> norms);
  ArrayRef<NamedTensor> getTensors() const { return tensors; }

private:
  void replace(const std::string &name, DType type, ArrayRef<int64_t> shape,
               ArrayRef<char> bytes);
  ArrayRef<char> keep(std::vector<char> bytes) {
    storage.push_back(std::make_unique<std::vector<char>>(std::move(bytes)));
    return *storage.back();
  }

  std::vector<NamedTensor> tensors;
  std::vector<std::unique_ptr<std::vector<char>>> storage;
};
} // namespace

mlir::LogicalResult WeightsWriter::addParameters(mlir::ModuleOp model) {
  auto walk = model.walk([&](ParameterOp parameter) {
    auto values = getParameterValues(parameter);
    if (failed(values))
      return mlir::WalkResult::interrupt();
    ArrayRef<char> bytes = values->rawBytes();
    if (values->isSplat()) {
      std::vector<char> repeated;
      for (int64_t i = 0; i < values->size(); ++i)
        repeated.insert(repeated.end(), bytes.begin(), bytes.end());
      bytes = keep(std::move(repeated));
    }
    mlir::Type element = values->type().getElementType();
    ArrayView view;
    view.shape.assign(values->type().getShape().begin(),
                      values->type().getShape().end());
    view.dtype = element.isInteger(1) ? DType::Bool
                 : element.isF64()    ? DType::F64
                                      : DType::F32;
    view.bytes = bytes;
    tensors.push_back({parameter.getName().str(), view});
    return mlir::WalkResult::advance();
  });
  return mlir::failure(walk.wasInterrupted());
}

/// Gives a tensor other values, or adds it.
void WeightsWriter::replace(const std::string &name, DType type,
                            ArrayRef<int64_t> shape, ArrayRef<char> bytes) {
  ArrayView view;
  view.shape.assign(shape.begin(), shape.end());
  view.dtype = type;
  view.bytes = keep(std::vector<char>(bytes.begin(), bytes.end()));
  for (NamedTensor &tensor : tensors)
    if (tensor.name == name) {
      tensor.value = view;
      return;
    }
  tensors.push_back({name, view});
}

void WeightsWriter::addStatistics(ArrayRef<TrainingNorm> norms) {
  auto asBytes = [](const std::vector<float> &values) {
    return ArrayRef(reinterpret_cast<const char *>(values.data()),
                    values.size() * sizeof(float));
  };
  for (const TrainingNorm &norm : norms) {
    char first = norm.firstTime;
    replace(norm.path + ".running_mean", DType::F32, {norm.features},
            asBytes(norm.mean));
    replace(norm.path + ".running_var", DType::F32, {norm.features},
            asBytes(norm.var));
    replace(norm.path + ".first_time", DType::Bool, {}, first);
  }
}

/// Statistics that no model could be read with again must not take the place of
/// good ones.
static Error checkStatistics(ArrayRef<TrainingNorm> norms) {
  for (const TrainingNorm &norm : norms)
    for (int64_t i = 0; i < norm.features; ++i)
      if (!std::isfinite(norm.mean[i]) || !std::isfinite(norm.var[i]))
        return createStringError(
            "is not written: of " + norm.path + ", feature " +
            std::to_string(i) + " has the mean " + formatNumber(norm.mean[i]) +
            " and the variance " + formatNumber(norm.var[i]) +
            "; expected an X without NaN and infinity, and weights for which "
            "no activation overflows");
  return Error::success();
}

mlir::LogicalResult ssmc::writeTrainedWeights(StringRef path,
                                              mlir::ModuleOp model,
                                              ArrayRef<TrainingNorm> norms,
                                              ArrayRef<FileToWrite> others) {
  if (Error error = checkStatistics(norms))
    return emitFileError(model->getContext(), path, std::move(error));
  WeightsWriter writer;
  if (failed(writer.addParameters(model)))
    return mlir::failure();
  writer.addStatistics(norms);
  auto write = [&](raw_pwrite_stream &os) {
    writeSafetensors(os, writer.getTensors());
    return Error::success();
  };
  SmallVector<FileToWrite, 2> files = {{path, write}};
  append_range(files, others);
  if (Error error = writeFiles(files))
    return emitFileError(model->getContext(), path, std::move(error));
  return mlir::success();
}
