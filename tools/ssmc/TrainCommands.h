//===- TrainCommands.h - ssmc run --train and ssmc calibrate -- -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_TRAINCOMMANDS_H
#define SSMC_TOOLS_SSMC_TRAINCOMMANDS_H

#include "mlir/IR/MLIRContext.h"
#include "tools/ssmc/CommandLine.h"

namespace ssmc {

inline constexpr Flag kTrainFlag = {
    "--train", "",
    "run in training mode: norms by the batch's statistics,\n"
    "which move the running ones, and dropout"};
inline constexpr Flag kKeyFlag = {
    "--key", "N",
    "with --train: draw dropout from jax.random.PRNGKey(N),\n"
    "split between the sequences of the batch"};
inline constexpr Flag kKeysFlag = {
    "--keys", "K",
    "with --train: draw from the keys in this file, (B, 2)\n"
    "numbers of 32 bits"};
inline constexpr Flag kWeightsOutFlag = {
    "--weights-out", "FILE",
    "with --train: write the weights there, with the new\n"
    "statistics, a safetensors file; '-' is standard output"};

/// The same, of compile.
inline constexpr Flag kTrainToFlag = {
    "--train", "",
    "add NAME_train_forward, which runs the model in training\n"
    "mode; packed weights are there twice then"};

/// Refuses what has no meaning with, or without, --train.
llvm::Error checkTrainFlags(const CommandLine &line);
/// The same, of compile.
llvm::Error checkTrainToFlag(const CommandLine &line);

/// ssmc run --train: returns the program's exit status.
int runInTrainingMode(mlir::MLIRContext &context, const CommandLine &line);

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_TRAINCOMMANDS_H
