//===- LayerSummary.h - The layers of a model, in a few words - -*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_TOOLS_SSMC_LAYERSUMMARY_H
#define SSMC_TOOLS_SSMC_LAYERSUMMARY_H

#include "lib/Import/ModelConfig.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include <string>
#include <vector>

namespace ssmc {

/// One operation of a model-level function.
struct LayerSummary {
  /// Of the layer in model.json: "layers.1.blocks.0", "layers[0]".
  std::string path;
  /// "linear", "block (batch_norm, s5, glu)".
  std::string description;
  /// What model.json calls the layer that it is part of: "StandardBlock
  /// (S5SequenceMixer, SwiGLU)"; empty where nobody looked.
  std::string className;
  /// Features of its output.
  int64_t features = 0;
  /// Trained numbers that it reads.
  int64_t parameters = 0;
};

std::vector<LayerSummary> summarizeLayers(mlir::func::FuncOp model);

/// Fills in the classes of the layers, which were imported from `config`.
void nameClasses(llvm::MutableArrayRef<LayerSummary> layers,
                 const ModelConfig &config);

/// The model in a few lines of prose: its layers, neighbours that are alike
/// together.
std::string describeModel(mlir::func::FuncOp model);

} // namespace ssmc

#endif // SSMC_TOOLS_SSMC_LAYERSUMMARY_H
