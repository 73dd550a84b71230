//===- ImportModel.h - model.json and weights to model-level IR -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_IMPORT_IMPORTMODEL_H
#define SSMC_LIB_IMPORT_IMPORTMODEL_H

#include "lib/Import/Parameters.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include <optional>
#include <string>

namespace ssmc {

struct ImportOptions {
  /// A model.json, or a folder that holds one.
  std::string model;
  /// A safetensors file, `random:SEED`, `runtime` (parameters without values),
  /// or empty: model.safetensors beside the model.json.
  std::string weights;
  /// Treat unknown options as discretax does, with a warning each.
  bool ignoreUnknown = false;
  /// The model's name (a C identifier); empty: derived from the file's name.
  std::string name;
  /// Whether the model takes a time delta per step, as a last argument
  /// (batch, time) marked `ssm.time_steps`.
  bool takesTimeSteps = false;
};

/// A model.json that was read: its layers, and the tensors that they need.
struct ModelFile {
  /// The model.json, also when a folder was named.
  std::string path;
  JsonDiagnostics diagnostics;
  ModelConfig config;
  std::vector<ParameterSpec> parameters;
};

/// The model.json that `model` names: itself, or the one in a folder.
std::string getModelPath(llvm::StringRef model);

/// The safetensors file that `weights`, as in ImportOptions, names for the
/// model.json `modelFile`; none: the parameters come from no file.
std::optional<std::string> getWeightsPath(llvm::StringRef modelFile,
                                          llvm::StringRef weights);

/// Reads `model`, a model.json or a folder that holds one; `ignoreUnknown` is
/// as in ImportOptions. Fails after emitting an error.
mlir::FailureOr<ModelFile> readModelFile(mlir::MLIRContext &context,
                                         llvm::StringRef model,
                                         bool ignoreUnknown);

/// Reads a model into model-level IR in training form: a module with attribute
/// `ssm.name` and
///
///     func.func @model(%x, %keys, states...) -> (y, states..., statistics...)
///
/// `%x` is tensor<?x?xFxf32>, or tensor<?x?xi32> of token ids; `%keys` (marked
/// `ssm.keys`) holds one random key per stream, for dropout. Carried states are
/// marked `ssm.state = "layers.1.blocks.0"` and come in the order of their use;
/// a pooled head's two also have `ssm.pool = "sums"` and `"count"`. New
/// statistics are results marked with the tensor they replace:
/// `ssm.statistic = "layers.1.blocks.0.norm.running_mean"`.
///
/// Operations have the location of their layer in model.json, named by its
/// path. Returns null after emitting an error.
mlir::OwningOpRef<mlir::ModuleOp> importModel(mlir::MLIRContext &context,
                                              const ImportOptions &options);

/// A C identifier for the model in `path`: the folder's name for a folder or
/// a file called model.json, else the file's stem.
std::string deriveModelName(llvm::StringRef path);

} // namespace ssmc

#endif // SSMC_LIB_IMPORT_IMPORTMODEL_H
