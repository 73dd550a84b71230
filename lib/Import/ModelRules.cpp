//===- ModelRules.cpp - Rules between options and between layers ----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/ModelConfig.h"
#include "lib/Import/Parameters.h"

using namespace llvm;
using namespace mlir;
using namespace ssmc;

//===----------------------------------------------------------------------===//
// Rules between the options of one layer
//===----------------------------------------------------------------------===//

static InFlightDiagnostic error(const LayerConfig &layer, StringRef option,
                                const JsonDiagnostics &diagnostics) {
  return diagnostics.error(layer.getPosition(option),
                           layer.path + "." + option);
}

/// `option` (with its default, when it is not given).
static std::string quote(const LayerConfig &layer, StringRef option,
                         const Twine &value) {
  return (option + " " + value +
          (layer.isGiven(option) ? "" : " (the default)"))
      .str();
}

static LogicalResult checkSteps(const LayerConfig &layer,
                                const JsonDiagnostics &diagnostics) {
  double min = layer.getNumber("dt_min"), max = layer.getNumber("dt_max");
  if (min > max)
    return error(layer, layer.isGiven("dt_min") ? "dt_min" : "dt_max",
                 diagnostics)
           << "dt_min " << formatNumber(min) << " is greater than dt_max "
           << formatNumber(max);
  return success();
}

static LogicalResult checkS5(const LayerConfig &layer,
                             const JsonDiagnostics &diagnostics) {
  int64_t state = layer.getInteger("state_dim");
  int64_t blocks = layer.getInteger("ssm_blocks");
  if (state % blocks != 0)
    return error(layer, "state_dim", diagnostics)
           << "S5 needs a state_dim divisible by ssm_blocks; found "
           << quote(layer, "state_dim", Twine(state)) << " and "
           << quote(layer, "ssm_blocks", Twine(blocks));
  // Upstream also runs 2 / 2, whose state is empty.
  bool isEmptyState = state == 2 && blocks == 2;
  if (layer.getBoolean("conj_sym") && (state / blocks) % 2 != 0 &&
      !isEmptyState) {
    InFlightDiagnostic diagnostic = error(layer, "state_dim", diagnostics);
    diagnostic << "S5 with conj_sym keeps one state of each conjugate pair, so "
                  "that "
               << (blocks == 1 ? "state_dim" : "state_dim / ssm_blocks")
               << " must be even; found "
               << quote(layer, "state_dim", Twine(state));
    if (blocks != 1)
      diagnostic << " and ssm_blocks " << blocks;
    diagnostic << "; change it, or add \"conj_sym\": false if the model was "
                  "trained so";
    return diagnostic;
  }
  return checkSteps(layer, diagnostics);
}

static LogicalResult checkLru(const LayerConfig &layer,
                              const JsonDiagnostics &diagnostics) {
  double min = layer.getNumber("r_min"), max = layer.getNumber("r_max");
  if (min > max)
    return error(layer, layer.isGiven("r_min") ? "r_min" : "r_max", diagnostics)
           << "r_min " << formatNumber(min) << " is greater than r_max "
           << formatNumber(max);
  return success();
}

static LogicalResult checkLinoss(const LayerConfig &layer,
                                 const JsonDiagnostics &diagnostics) {
  if (layer.getChoice("discretization") != "IM" || !layer.getBoolean("damping"))
    return success();
  InFlightDiagnostic diagnostic = diagnostics.error(layer.position, layer.path);
  diagnostic << "LinOSS 'IM' cannot be damped";
  if (layer.isGiven("damping"))
    diagnostic << ", and \"damping\" is true; change it to false, or the "
                  "discretization to \"IMEX\"";
  else
    diagnostic << ", and \"damping\" defaults to true; add \"damping\": false";
  return diagnostic;
}

/// `features` are those of the block around the mixer.
static LogicalResult checkDeltaNet(const LayerConfig &mixer, int64_t features,
                                   const JsonDiagnostics &diagnostics) {
  /// 1 GiB of f32 in the record of every stream.
  constexpr int64_t kMaxState = int64_t(1) << 28;
  int64_t heads = mixer.getInteger("n_heads"),
          size = getHeadFeatures(mixer, features);
  if (size == 0)
    return error(mixer, "n_heads", diagnostics)
           << "is " << heads << ", but there are " << features
           << " features, so that head_dim, by default their quotient, is 0; "
              "lower n_heads, or add \"head_dim\"";
  if (size > kMaxState / size / heads)
    return error(mixer, mixer.isGiven("head_dim") ? "head_dim" : "n_heads",
                 diagnostics)
           << "makes a state of " << heads << " matrices of " << size << " x "
           << size << "; expected at most " << kMaxState << " numbers";
  return success();
}

static LogicalResult checkBlock(const LayerConfig &layer,
                                const JsonDiagnostics &diagnostics) {
  int64_t features = layer.getInteger("in_features");
  if (layer.sequenceMixer->spec->family == Family::DeltaNet &&
      failed(checkDeltaNet(*layer.sequenceMixer, features, diagnostics)))
    return failure();
  const LayerConfig &mixer = *layer.channelMixer;
  if (mixer.spec->family == Family::SwiGLU && !getSwiGluWidth(mixer, features))
    return error(mixer, "hidden_ratio", diagnostics)
           << "is " << formatNumber(mixer.getNumber("hidden_ratio"))
           << ", which leaves no features between the maps: in_features * "
              "hidden_ratio * 2 / 3, rounded down, is 0; raise it, or add "
              "\"intermediate_dim\"";
  if (!mixer.spec->find("out_features"))
    return success();
  std::optional<int64_t> out = mixer.getOptionalInteger("out_features");
  if (!out || *out == features)
    return success();
  // A SwiGLU always gives the block's width, whatever it is told.
  bool canBeOne = mixer.spec->family != Family::SwiGLU;
  if (canBeOne && *out == 1)
    return success();
  return error(mixer, "out_features", diagnostics)
         << "is " << *out << "; expected null" << (canBeOne ? ", 1" : "")
         << " or the block's in_features, " << features;
}

static LogicalResult checkHead(const LayerConfig &layer,
                               const JsonDiagnostics &diagnostics) {
  if (layer.getBoolean("reduce") || !layer.isGiven("pooling"))
    return success();
  return error(layer, "pooling", diagnostics)
         << "is given, but with \"reduce\": false nothing is pooled; drop one "
            "of the two";
}

LogicalResult ssmc::checkRules(const LayerConfig &layer,
                               const JsonDiagnostics &diagnostics) {
  switch (layer.spec->family) {
  case Family::S5:
    return checkS5(layer, diagnostics);
  case Family::LRU:
    return checkLru(layer, diagnostics);
  case Family::LinOSS:
    return checkLinoss(layer, diagnostics);
  case Family::S4D:
    return checkSteps(layer, diagnostics);
  case Family::DeltaNet:
    // In a block the block knows its features.
    return layer.spec->role == Role::Model
               ? checkDeltaNet(layer, layer.getInteger("hidden_dim"),
                               diagnostics)
               : success();
  case Family::Identity:
  case Family::GLU:
  case Family::HalfGLU:
  case Family::SwiGLU:
  case Family::MLP:
  case Family::None:
    break;
  }
  if (layer.spec->role == Role::Head)
    return checkHead(layer, diagnostics);
  return layer.spec->role == Role::Block ? checkBlock(layer, diagnostics)
                                         : success();
}

//===----------------------------------------------------------------------===//
// Rules between layers
//===----------------------------------------------------------------------===//

/// The option that says how many features enter; empty for tokens.
static StringRef getInOption(const LayerConfig &layer) {
  if (layer.spec->role == Role::Model)
    return "hidden_dim";
  return layer.spec->find("in_features") ? "in_features" : "";
}

static StringRef getOutOption(const LayerConfig &layer) {
  return layer.spec->find("out_features") ? "out_features" : getInOption(layer);
}

LogicalResult ssmc::checkWidths(ModelConfig &model,
                                const JsonDiagnostics &diagnostics) {
  const LayerConfig *before = nullptr;
  for (LayerConfig &layer : model.layers) {
    if (before && before->isPooledHead())
      return diagnostics.error(layer.position, layer.path)
             << "follows " << before->path << ", a " << before->spec->name
             << " with one answer for all time steps; nothing can follow it, "
                "unless it has \"reduce\": false";
    StringRef inOption = getInOption(layer);
    if (before && inOption.empty())
      return diagnostics.error(layer.position, layer.path)
             << layer.spec->name << " takes tokens; it must be the first layer";
    layer.inFeatures = inOption.empty() ? 0 : layer.getInteger(inOption);
    layer.outFeatures = layer.getInteger(getOutOption(layer));
    if (before && layer.inFeatures != before->outFeatures)
      return error(layer, inOption, diagnostics)
             << "is " << layer.inFeatures << ", but " << before->path << " ("
             << before->spec->name << ") gives " << before->outFeatures
             << " features";
    before = &layer;
  }
  return success();
}
