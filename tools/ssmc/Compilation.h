//===- Compilation.h - From a model's files to machine code --- -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_COMPILATION_H
#define SSMC_TOOLS_SSMC_COMPILATION_H

#include "lib/Analysis/CostModel.h"
#include "lib/Pipelines/Compile.h"
#include "lib/Target/EmitModel.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "tools/ssmc/CommandLine.h"
#include "tools/ssmc/NativeModel.h"

namespace ssmc {

/// The options of every subcommand that reads a model.
inline constexpr Flag kWeightsFlag = {
    "--weights", "FILE|random:SEED",
    "trained parameters, a safetensors file\n"
    "(default: model.safetensors beside model.json), or\n"
    "random ones, for trying out configurations"};
inline constexpr llvm::StringLiteral kTimeStepsFlag = "--dt";
/// The same of those that only compile.
inline constexpr Flag kTimeStepsInputFlag = {
    kTimeStepsFlag, "input",
    "take a time delta per step (irregular sampling): it\n"
    "multiplies each mode's own step size (S5, LinOSS)"};
/// Refuses another value of it.
llvm::Error checkTimeStepsInput(const CommandLine &line);
/// The weights' option of those that need no numbers.
inline constexpr Flag kLateWeightsFlag = {
    "--weights", "FILE|random:SEED|runtime",
    "trained parameters, a safetensors file\n"
    "(default: model.safetensors beside model.json), or\n"
    "random ones, for trying out configurations; runtime: they\n"
    "come when the code runs, by NAME_load"};
inline constexpr Flag kIgnoreUnknownFlag = {
    "--ignore-unknown", "",
    "warn of options in model.json that the model does not\n"
    "have, instead of failing; they have no effect"};
inline constexpr Flag kTargetFlag = {
    "--target", "CPU",
    "CPU to compile for: LLVM's name (x86-64-v3, x86-64-v4,\n"
    "znver3, ...) or 'native', this machine's"};
/// The same, of compile.
inline constexpr Flag kTargetsFlag = {
    "--target", "LIST",
    "CPUs to compile for, in one object that picks the best\n"
    "when it is loaded (default x86-64-v3,x86-64-v4): LLVM's\n"
    "names, or 'native', this machine's. Or a system:\n"
    "x86_64-linux-gnu (the default CPUs),\n"
    "aarch64-linux-gnu, arm64-apple-macosx,\n"
    "riscv64-linux-gnu, x86_64-pc-windows-msvc. Or NVIDIA\n"
    "GPUs: cuda:sm_80,sm_90,... for machine code of each and\n"
    "PTX for newer ones, cuda:compute_80 for PTX only"};
inline constexpr Flag kChunkFlag = {
    "--chunk", "ROWS",
    "time steps that go through all layers together, and\n"
    "streams that share a step (default: the cost model's\n"
    "choice, see inspect); on CPUs, results do not depend on\n"
    "it"};
inline constexpr Flag kTileFlag = {
    "--tile", "RxP",
    "rows by panels of 16 columns of register tiles\n"
    "(default: the cost model's choice for each product)"};
inline constexpr Flag kWithoutHeadFlag = {
    "--without-head", "", "leave the head off: y is what enters it"};

/// Sizes that the command line sets; 0 where it does not.
struct SizeFlags {
  int64_t chunkRows = 0;
  TileShape tile = {0, 0};

  static llvm::Expected<SizeFlags> parse(const CommandLine &line);
  /// Makes them the module's, for passes to find.
  void attachTo(mlir::ModuleOp model) const;
};

/// Reads the model that the command line names, in inference form, with the
/// sizes that it sets as the module's. Null after an error.
mlir::OwningOpRef<mlir::ModuleOp> importModel(mlir::MLIRContext &context,
                                              const CommandLine &line,
                                              llvm::StringRef name);

/// The same in training form.
mlir::OwningOpRef<mlir::ModuleOp> importTrainingForm(mlir::MLIRContext &context,
                                                     const CommandLine &line,
                                                     llvm::StringRef name);
/// Takes a model from training to inference form.
mlir::LogicalResult takeInferenceForm(mlir::ModuleOp model);

/// What x is, from a model-level module.
struct InputType {
  /// Features per time step, 1 for tokens.
  int64_t features = 1;
  bool isTokens = false;
};
InputType getInputType(mlir::ModuleOp model);
/// Whether the model takes a time delta per step (--dt).
bool takesTimeSteps(mlir::ModuleOp model);

/// Whether a layer of a model reads sequences backwards, so that only whole
/// ones can be run.
bool isBidirectional(mlir::ModuleOp model);

/// A lowered model and its optimized code.
struct NativeCode {
  CompiledModel lowered;
  ModelCode code;
};

/// Compiles a model-level module, which stays as it is, for CPUs that share an
/// object. Errors are reported on its context. Without `keepWeights` the module
/// has no weights afterwards. With `training`, the same model in training form,
/// it can be run so, too.
mlir::FailureOr<NativeCode>
compileForCpus(mlir::ModuleOp model, llvm::ArrayRef<TargetCpu> targets,
               bool withoutHead, llvm::StringRef name,
               Level from = Level::Model, bool keepWeights = true,
               mlir::ModuleOp training = {});

/// The same for one CPU, loaded into this process, which must be able to run
/// it.
mlir::FailureOr<NativeModel>
compileAndLoad(mlir::ModuleOp model, const TargetCpu &target, bool withoutHead,
               llvm::StringRef name, mlir::ModuleOp training = {});

/// Fails, with an error, if the model's weights come at run time: `what` needs
/// them now.
mlir::LogicalResult requireWeights(mlir::ModuleOp model, llvm::StringRef what);

/// Identifies a model's structure and parameters, whatever its name: a hash of
/// both. When weights come at run time it is that of the structure alone, and
/// NAME_load continues it.
uint64_t hashModel(mlir::ModuleOp model, bool withoutHead);

/// Completes what is known of a lowered model: its name, its hash, and the
/// description of `model`, at model level.
void nameModel(ModelInfo &info, mlir::ModuleOp model, llvm::StringRef name,
               uint64_t hash);

/// Reports `error` on the context and returns failure.
mlir::LogicalResult report(mlir::MLIRContext &context, llvm::Error error);

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_COMPILATION_H
