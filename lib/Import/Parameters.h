//===- Parameters.h - The tensors that a model needs ------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_IMPORT_PARAMETERS_H
#define SSMC_LIB_IMPORT_PARAMETERS_H

#include "lib/Import/ModelConfig.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinTypes.h"
#include <optional>

namespace ssmc {

/// A tensor of the weights file: `layers.1.blocks.0.sequence_mixer.B`.
struct ParameterSpec {
  std::string name;
  llvm::SmallVector<int64_t, 3> shape;
  /// What the shape follows from: `state_dim 64, conj_sym`.
  std::string note;
  /// A BOOL that files of models that were never trained lack.
  bool isFirstTime = false;
  /// Of variances: minus norm_epsilon, which every number must be above.
  std::optional<double> above = {};
};

/// Number of complex states of an S5 mixer.
int64_t getS5States(const LayerConfig &mixer);

/// Whether a mixer of its options goes through time in both directions.
bool isBidirectional(const LayerConfig &mixer);

/// Features between the maps of a SwiGLU whose block has `features`; may be 0.
int64_t getSwiGluWidth(const LayerConfig &mixer, int64_t features);

/// Features of each head of a DeltaNet mixer in a block of `features`; 0 when
/// there are more heads than features and no head_dim.
int64_t getHeadFeatures(const LayerConfig &mixer, int64_t features);

/// All parameters of a model, in the order of its layers. An error if there
/// are more than 2^30 numbers.
mlir::FailureOr<std::vector<ParameterSpec>>
listParameters(const ModelConfig &model, const JsonDiagnostics &diagnostics);

/// A parameter's type and, unless it is bound later, its value. An absent
/// optional parameter has no type.
struct BoundParameter {
  mlir::RankedTensorType type;
  mlir::ElementsAttr value;
};

/// Binds parameters to the tensors of safetensors file `path`. F16 and BF16
/// are widened to f32. Errors name the tensor and what was expected: missing,
/// unexpected, misshapen and mistyped tensors, NaN, and variances that have no
/// standard deviation. Warns of statistics that were never updated.
mlir::FailureOr<std::vector<BoundParameter>>
bindToFile(mlir::MLIRContext *context, llvm::ArrayRef<ParameterSpec> specs,
           llvm::StringRef path);

/// Binds parameters to numbers that depend on nothing but `seed`, the name and
/// the shape, such that every recurrence is stable.
std::vector<BoundParameter> bindToRandom(mlir::MLIRContext *context,
                                         llvm::ArrayRef<ParameterSpec> specs,
                                         uint64_t seed);

/// Leaves the values open: f32 parameters, bound when the compiled model is
/// loaded.
std::vector<BoundParameter> bindAtRuntime(mlir::MLIRContext *context,
                                          llvm::ArrayRef<ParameterSpec> specs);

/// The tensors that a model's weights file must hold, as the attribute of
/// lib/Analysis/RuntimeWeights.h.
mlir::ArrayAttr describeTensors(mlir::MLIRContext *context,
                                llvm::ArrayRef<ParameterSpec> specs);

/// An attribute that holds `values`; `name` is the key of its resource.
mlir::ElementsAttr makeResource(mlir::RankedTensorType type,
                                llvm::StringRef name,
                                llvm::ArrayRef<char> values);

} // namespace ssmc

#endif // SSMC_LIB_IMPORT_PARAMETERS_H
