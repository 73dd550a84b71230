//===- RunModel.h - Runs a whole model in f64 -------------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_REFERENCE_RUNMODEL_H
#define SSMC_LIB_REFERENCE_RUNMODEL_H

#include "lib/Reference/Interpreter.h"
#include "mlir/IR/BuiltinOps.h"
#include <map>
#include <optional>
#include <string>

namespace ssmc::reference {

struct ModelOptions {
  /// As for `interpret`.
  llvm::StringMap<Tensor> parameters;
  Observer observer = nullptr;
  /// States before the first step, named and laid out as those of a ModelRun.
  /// States not named start at zero.
  std::map<std::string, Tensor> initialStates;
  /// One threefry key per batch element, (B, 2), for a model in training form;
  /// zeros by default.
  std::optional<Tensor> keys;
  /// Time deltas (B, L), for a model that takes them (`ssm.time_steps`).
  std::optional<Tensor> timeSteps;
};

struct ModelRun {
  Tensor y;
  /// What enters the head: (B, L, H). `y` when the model ends without one.
  Tensor hidden;
  /// The carried states after the last step by path (`layers.1.blocks.0`);
  /// those of a pooled head with `.sums` (B, H) or `.count` (B) appended. S5
  /// and LRU (B, [re, im], P), LinOSS (B, [z, y], [re, im], N): see
  /// `toGoldenLayout`.
  std::map<std::string, Tensor> states;
  /// In training form, the new running statistics by their parameters' names.
  std::map<std::string, Tensor> statistics;
};

/// The function that holds the model: `model`, or the module's only public
/// function with a body. Emits an error at the module when there is none.
llvm::FailureOr<mlir::func::FuncOp> getModelFunction(mlir::ModuleOp module);

/// The value that enters the head of `model`, given what it returns: heads are
/// [mean_pool,] linear [, log_softmax or tanh]. What the model returns, when it
/// ends without one; a linear layer that nothing precedes is an encoder.
mlir::Value getHeadInput(mlir::func::FuncOp model);

/// Runs the model of `module`, at model or recurrence level, on `x`: (B, L, F)
/// or tokens (B, L). Arguments are known by their attributes: `ssm.keys`,
/// `ssm.state` (with `ssm.pool`), results by their order: y, the new states,
/// then statistics (named by `ssm.statistic`).
llvm::FailureOr<ModelRun> runModel(mlir::ModuleOp module, const Tensor &x,
                                   const ModelOptions &options = {});

} // namespace ssmc::reference

#endif // SSMC_LIB_REFERENCE_RUNMODEL_H
