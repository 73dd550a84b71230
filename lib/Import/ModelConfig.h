//===- ModelConfig.h - A validated model.json -------------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_IMPORT_MODELCONFIG_H
#define SSMC_LIB_IMPORT_MODELCONFIG_H

#include "lib/Import/Json.h"
#include "lib/Import/Options.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"
#include <memory>
#include <optional>

namespace ssmc {

/// A layer or mixer: its class and the value of every option.
struct LayerConfig {
  const ClassSpec *spec = nullptr;
  /// Where it is in the file: `layers[1].sequence_mixer`.
  std::string path;
  JsonPosition position;
  /// Features that enter and leave (of layers); those of tokens are 0.
  int64_t inFeatures = 0, outFeatures = 0;
  /// The mixers of a StandardBlock.
  std::unique_ptr<LayerConfig> sequenceMixer, channelMixer;

  int64_t getInteger(llvm::StringRef option) const;
  /// Of an option that may be null.
  std::optional<int64_t> getOptionalInteger(llvm::StringRef option) const;
  double getNumber(llvm::StringRef option) const;
  bool getBoolean(llvm::StringRef option) const;
  llvm::StringRef getChoice(llvm::StringRef option) const;
  /// Whether the file gives the option.
  bool isGiven(llvm::StringRef option) const;
  /// Where the option's value stands; the layer's place if it is not given.
  JsonPosition getPosition(llvm::StringRef option) const;

  /// A head that gives one answer for all time steps.
  bool isPooledHead() const {
    return spec->role == Role::Head && getBoolean("reduce");
  }

  struct Setting {
    OptionValue value;
    std::optional<JsonPosition> position;
  };
  /// In the order of the class's options.
  std::vector<Setting> settings;

private:
  const Setting &getSetting(llvm::StringRef option) const;
};

/// A model.json whose every option is legal and whose widths agree.
struct ModelConfig {
  std::vector<LayerConfig> layers;

  bool takesTokens() const { return layers.front().spec->isEmbedding(); }
};

/// Emits diagnostics about a JSON file.
class JsonDiagnostics {
public:
  JsonDiagnostics(mlir::MLIRContext *context, llvm::StringRef file)
      : context(context), file(file) {}

  mlir::Location getLocation(JsonPosition position) const;
  mlir::InFlightDiagnostic error(JsonPosition position) const;
  /// The message starts with `path: `.
  mlir::InFlightDiagnostic error(JsonPosition position,
                                 const llvm::Twine &path) const;
  mlir::InFlightDiagnostic warning(JsonPosition position,
                                   const llvm::Twine &path) const;

private:
  mlir::MLIRContext *context;
  std::string file;
};

/// Reads a model from `json`: classes, options, rules between options, widths
/// between layers. With `ignoreUnknown`, options that a class does not have
/// give a warning each, and a StandardBlock passes them on to its mixers, as
/// discretax does. Emits the error when it returns failure.
mlir::FailureOr<ModelConfig> readModelConfig(const JsonValue &json,
                                             const JsonDiagnostics &diagnostics,
                                             bool ignoreUnknown);

/// Checks the rules between the options of `layer`; emits the error.
mlir::LogicalResult checkRules(const LayerConfig &layer,
                               const JsonDiagnostics &diagnostics);

/// Checks that the layers fit together and fills in their widths.
mlir::LogicalResult checkWidths(ModelConfig &model,
                                const JsonDiagnostics &diagnostics);

} // namespace ssmc

#endif // SSMC_LIB_IMPORT_MODELCONFIG_H
