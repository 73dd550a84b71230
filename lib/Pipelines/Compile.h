//===- Compile.h - From a model to code and packed weights ------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_PIPELINES_COMPILE_H
#define SSMC_LIB_PIPELINES_COMPILE_H

#include "lib/Pipelines/Pipelines.h"
#include "lib/Target/ModelInfo.h"
#include "lib/Target/TargetCpu.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include <cstdlib>

namespace ssmc {

/// Bytes that start at a cache line, as @prepare and the kernels expect.
class AlignedBuffer {
public:
  AlignedBuffer() = default;
  /// `size` zeros.
  explicit AlignedBuffer(size_t size);

  char *data() { return bytes.get(); }
  size_t size() const { return length; }
  operator llvm::ArrayRef<char>() const { return {bytes.get(), length}; }

private:
  struct Free {
    void operator()(char *memory) const { std::free(memory); }
  };
  std::unique_ptr<char[], Free> bytes;
  size_t length = 0;
};

struct CompileOptions {
  /// The CPUs to compile for, of one system: their registers and caches decide
  /// the tiles. What a module at a lower level says of its target goes before.
  std::vector<TargetCpu> targets;
  /// Leave the head off: y is what enters it.
  bool withoutHead = false;
  /// Whether the context keeps the model's weights. Otherwise they are freed as
  /// soon as they are packed, and the model cannot be used again.
  bool keepWeights = true;
  /// The level that the model is at: model or recurrence level.
  Level from = Level::Model;
  /// How tensor cores of a GPU compute products; empty: chains of fused
  /// multiply-adds do.
  std::optional<TensorProducts> products;
  /// Sizes of chunks and tiles; empty: chosen for the CPU.
  std::optional<TileOptions> tiles;
};

/// A model lowered for one CPU.
struct CompiledVariant {
  TargetCpu target;
  /// The `ssm_*` functions in the LLVM dialect (see
  /// lib/Transforms/BuildRun.cpp).
  mlir::OwningOpRef<mlir::ModuleOp> module;
  /// With the sizes of this variant.
  ModelInfo info;
  /// The model in training form, lowered likewise (see BuildTrainRun.cpp), or
  /// null.
  mlir::OwningOpRef<mlir::ModuleOp> training;
};

struct CompiledModel {
  /// One per CPU, in the order of CompileOptions.
  std::vector<CompiledVariant> variants;
  /// The packed weights that all of them take as their first argument.
  AlignedBuffer blob;
  /// All that is known of the model but its name and hash, with sizes that are
  /// enough for every variant.
  ModelInfo info;
};

/// Takes `model` from level `from` to `to`, without running @prepare, for the
/// first of the CPUs. Emits an error and fails where something is not
/// supported.
llvm::LogicalResult lowerModel(mlir::ModuleOp model, Level from, Level to,
                               const CompileOptions &options);

/// Lowers `model`, with its weights, and runs its @prepare on this machine.
/// Changes `model`. Emits an error and fails where something is not supported
/// or a weight is missing.
mlir::FailureOr<CompiledModel> compileModel(mlir::ModuleOp model,
                                            const CompileOptions &options);

/// Registers what the pipelines need with `registry`.
void registerPipelineDialects(mlir::DialectRegistry &registry);

} // namespace ssmc

#endif // SSMC_LIB_PIPELINES_COMPILE_H
