//===- CalibrateCommand.cpp - ssmc calibrate ------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A forward pass in training mode on all data at once, without dropout, in
// which each norm forgets its running statistics: it takes those of its input,
// and what follows sees what it then gives.
//
//===----------------------------------------------------------------------===//

#include "dialect/SsmDialect.h"
#include "lib/Import/DiagnosticPrinter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "tools/ssmc/Commands.h"
#include "tools/ssmc/Compilation.h"
#include "tools/ssmc/NamedFiles.h"
#include "tools/ssmc/Threads.h"
#include "tools/ssmc/TrainModel.h"

using namespace llvm;
using namespace ssmc;

static constexpr Flag kFlags[] = {
    {"--input", "X", "the data, as for run: all of it in one file"},
    {"-o", "FILE",
     "where to write the weights, a safetensors file; '-' is\n"
     "standard output"},
    {"--reference", "", "compute with the f64 interpreter"},
    {kThreadsFlag, "N", "share the work among N threads"},
    kWeightsFlag,
    kTargetFlag,
    kChunkFlag,
    kTileFlag,
    kIgnoreUnknownFlag};

static constexpr CommandSpec kSpec = {
    "calibrate", "MODEL",
    "Takes the statistics of a model's norms anew, on given data.", kFlags,
    "The mean and the variance of each norm's input over all of X take the "
    "place\n"
    "of its running statistics, layer by layer: later norms see what earlier "
    "ones\n"
    "give with the new ones. Other weights stay. X and what lies between two "
    "layers\n"
    "are in memory at once.\n\n"
    "example:\n"
    "  ssmc calibrate digits/s5 --input new.npy -o "
    "digits/s5/model.safetensors\n"};

/// Makes norms forget their running statistics, and leaves dropout out.
static void forgetStatistics(mlir::ModuleOp model) {
  model.walk([](mlir::Operation *op) {
    mlir::OpBuilder builder(op);
    if (auto norm = dyn_cast<BatchNormTrainingOp>(op)) {
      auto type = mlir::RankedTensorType::get({}, builder.getI1Type());
      norm.getFirstTimeMutable().assign(mlir::arith::ConstantOp::create(
          builder, norm.getLoc(), mlir::DenseElementsAttr::get(type, true)));
    } else if (auto dropout = dyn_cast<DropoutOp>(op)) {
      dropout.replaceAllUsesWith(dropout.getX());
      dropout.erase();
    }
  });
}

static mlir::LogicalResult calibrate(mlir::MLIRContext &context,
                                     const CommandLine &line,
                                     const Trainer &trainer) {
  auto task = readTrainingTask(context, line);
  if (failed(task))
    return mlir::failure();
  mlir::OwningOpRef<mlir::ModuleOp> forgetful = task->model->clone();
  forgetStatistics(*forgetful);
  auto result = trainer.run(*forgetful, task->input.array, {});
  if (failed(result))
    return mlir::failure();
  if (result->norms.empty())
    return emitFileError(
        &context, line.getArgument(),
        createStringError("the model has no norm that keeps statistics; "
                          "expected a BatchNorm in a block at least"));
  return writeTrainedWeights(line.get("-o"), *task->model, result->norms,
                             /*others=*/{});
}

static int run(mlir::MLIRContext &context, const CommandLine &line) {
  for (StringRef needed : {"--input", "-o"})
    if (!line.has(needed))
      return reportUsage(
          kSpec.name, createStringError("option '" + needed + "' is missing"));
  NamedFiles files;
  files.addModel(line);
  files.addArrayInput(line, "--input");
  files.addOutput("-o", line.get("-o"),
                  {NamedFiles::kWeights, kWeightsFlag.name});
  if (Error error = files.check())
    return reportUsage(kSpec.name, std::move(error));
  auto trainer = Trainer::parse(line);
  if (!trainer)
    return reportUsage(kSpec.name, trainer.takeError());
  return succeeded(calibrate(context, line, *trainer)) ? kSuccess : kFailure;
}

const Command ssmc::kCalibrateCommand = {kSpec, run};
