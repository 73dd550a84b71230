//===- RunBuilder.h - Functions that call chunk functions -------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TRANSFORMS_RUNBUILDER_H
#define SSMC_LIB_TRANSFORMS_RUNBUILDER_H

#include "lib/Transforms/StepRuns.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/StringMap.h"

namespace ssmc {

/// Emits one of the functions of ssm-build-run.
class RunBuilder {
public:
  RunBuilder(mlir::ModuleOp module, const ModelPlan &plan,
             llvm::StringRef variant)
      : module(module), plan(plan), variant(variant),
        builder(module.getContext()), loc(module.getLoc()) {}

  llvm::LogicalResult run(llvm::StringRef name);
  llvm::LogicalResult runAnswers();
  int64_t getWorkspaceBytes() const { return unitWorkspace + unitBytes; }
  /// How many units with carried states rows go through.
  int64_t getUnits() const { return units; }

protected:
  void createFunction(llvm::StringRef name,
                      llvm::ArrayRef<llvm::StringRef> arguments);
  void fillStreams();
  mlir::func::FuncOp chunkOf(const PlanStep &step) {
    return module.lookupSymbol<mlir::func::FuncOp>(
        ("chunk." + step.unit + "." + variant).str());
  }
  /// The same; emits an error and fails where there is none. The workspace is
  /// made large enough for it.
  llvm::FailureOr<mlir::func::FuncOp> findChunk(const PlanStep &step);
  llvm::LogicalResult emitRun(const StepRun &run, bool last);
  /// Calls `chunk` for all layers of `run`.
  llvm::LogicalResult emitCalls(const StepRun &run, mlir::func::FuncOp chunk,
                                llvm::ArrayRef<mlir::Value> leading);
  /// Calls `chunk` on `leading`, then the carried states of the layer, and all
  /// that chunk functions take besides.
  llvm::LogicalResult emitCall(const StepRun &run, mlir::func::FuncOp chunk,
                               mlir::Value layer,
                               llvm::ArrayRef<mlir::Value> leading);
  mlir::Value index(int64_t value);
  /// `base + layer * stride`; a null layer is the first.
  mlir::Value offset(int64_t base, int64_t stride, mlir::Value layer);
  mlir::Value bytesOf(mlir::Value pointer);
  mlir::Value view(mlir::Value bytes, mlir::Value shift, mlir::Type type);
  mlir::Value carry(mlir::Value shift, mlir::MemRefType type);
  /// A buffer in front of the units' own workspace.
  mlir::Value allocate(mlir::MemRefType type);

  mlir::ModuleOp module;
  const ModelPlan &plan;
  llvm::StringRef variant;
  mlir::OpBuilder builder;
  mlir::Location loc;
  llvm::StringMap<mlir::Value> arguments; // as bytes, or a number
  mlir::Value stream, streams, count;
  /// The time deltas of the rows; null: those of the caller from the start on.
  mlir::Value timeSteps;
  int64_t unitWorkspace = 0; // bytes before the units' own workspace
  int64_t unitBytes = 0;     // of the largest unit
  int64_t units = 0;
};

/// Adds ssm_sequence to a model whose plan has units that run backwards, and
/// the attribute ssm.sequence_bytes: what it needs per time step beside its
/// workspace, of which `bytes` becomes at least the size.
llvm::LogicalResult buildSequence(mlir::ModuleOp module, const ModelPlan &plan,
                                  int64_t &bytes);

} // namespace ssmc

#endif // SSMC_LIB_TRANSFORMS_RUNBUILDER_H
