//===- TrainModel.h - A model in training mode ---------------- -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_TRAINMODEL_H
#define SSMC_TOOLS_SSMC_TRAINMODEL_H

#include "lib/Import/ArrayFile.h"
#include "lib/Import/AtomicFile.h"
#include "lib/Target/TrainingInfo.h"
#include "mlir/IR/BuiltinOps.h"
#include "tools/ssmc/CommandLine.h"

namespace ssmc {

/// What a forward pass in training mode gives.
struct TrainingResult {
  Array y;
  /// The model's norms with their new statistics.
  std::vector<TrainingNorm> norms;
};

/// How such a pass is computed, from the flags --reference, --target and
/// --threads.
class Trainer {
public:
  static llvm::Expected<Trainer> parse(const CommandLine &line);

  /// Runs `model`, at model level in training form, on `x`, (B, L, F) or (B, L)
  /// of tokens. `keys` holds two words per batch element; empty: the model has
  /// no dropout. Errors are reported on the context.
  mlir::FailureOr<TrainingResult> run(mlir::ModuleOp model, const Array &x,
                                      llvm::ArrayRef<uint32_t> keys) const;

private:
  mlir::FailureOr<TrainingResult>
  runReference(mlir::ModuleOp model, const Array &x,
               llvm::ArrayRef<uint32_t> keys) const;
  mlir::FailureOr<TrainingResult>
  runCompiled(mlir::ModuleOp model, const Array &x,
              llvm::ArrayRef<uint32_t> keys) const;

  bool usesReference = false;
  std::string target;
  int32_t threads = 1;
};

/// A model, at model level in training form with its weights, and what to run
/// it on.
struct TrainingTask {
  mlir::OwningOpRef<mlir::ModuleOp> model;
  ModelInput input;
};

/// Reads MODEL and --input. Fails after an error, also where weights would come
/// at run time.
mlir::FailureOr<TrainingTask> readTrainingTask(mlir::MLIRContext &context,
                                               const CommandLine &line);

/// Writes the parameters of `model` to a safetensors file, to standard output
/// for '-', with the statistics of `norms` in the place of its own, and
/// `others`: all files or none.
mlir::LogicalResult writeTrainedWeights(llvm::StringRef path,
                                        mlir::ModuleOp model,
                                        llvm::ArrayRef<TrainingNorm> norms,
                                        llvm::ArrayRef<FileToWrite> others);

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_TRAINMODEL_H
