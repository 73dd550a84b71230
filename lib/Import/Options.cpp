//===- Options.cpp - The classes of a model.json and their options --------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Options.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"
#include <limits>

using namespace llvm;
using namespace ssmc;

using OptionType = OptionSpec::Type;
using OptionList = std::vector<OptionSpec>;

static constexpr double kMaxInteger = std::numeric_limits<int32_t>::max();
/// Above any real model; keeps the IR of a mistyped number small.
static constexpr double kMaxBlocks = 10000;
static constexpr double kMaxNumber = std::numeric_limits<double>::max();

//===----------------------------------------------------------------------===//
// The tables
//===----------------------------------------------------------------------===//

static OptionSpec integer(StringRef name, OptionValue defaultValue, double min,
                          double max, StringRef doc) {
  return {
      name, OptionType::Integer, std::move(defaultValue), min, max, false, {},
      doc};
}

static OptionSpec size(StringRef name, StringRef doc) {
  return integer(name, Required(), 1, kMaxInteger, doc);
}

static OptionSpec number(StringRef name, double defaultValue, double min,
                         double max, StringRef doc) {
  return {name, OptionType::Number, defaultValue, min, max, false, {}, doc};
}

static OptionSpec positive(StringRef name, double defaultValue, double max,
                           StringRef doc) {
  return {name, OptionType::Number, defaultValue, 0, max, true, {}, doc};
}

static OptionSpec integerOrNull(StringRef name, StringRef doc) {
  return {name, OptionType::IntegerOrNull, Null(), 1, kMaxInteger, false, {},
          doc};
}

static OptionSpec boolean(StringRef name, bool defaultValue, StringRef doc) {
  return {name, OptionType::Boolean, defaultValue, 0, 0, false, {}, doc};
}

static OptionSpec choice(StringRef name, StringRef defaultValue,
                         std::vector<StringRef> choices, StringRef doc) {
  return {name,
          OptionType::Choice,
          defaultValue.str(),
          0,
          0,
          false,
          std::move(choices),
          doc};
}

static OptionSpec mixer(StringRef name, StringRef doc) {
  return {name, OptionType::Mixer, Required(), 0, 0, false, {}, doc};
}

static OptionSpec stateDim(StringRef doc) {
  return integer("state_dim", int64_t(64), 1, kMaxInteger, doc);
}

static OptionList s5Options() {
  return {
      stateDim("Size of the state; divisible by ssm_blocks. With conj_sym only "
               "one state of each conjugate pair is kept, so that state_dim / "
               "ssm_blocks must be even (2 / 2, an empty state, is accepted)."),
      integer(
          "ssm_blocks", int64_t(1), 1, kMaxInteger,
          "Blocks of the HiPPO initialization; only shapes initial values."),
      choice("C_init", "lecun_normal",
             {"lecun_normal", "trunc_standard_normal", "complex_normal"},
             "How C was initialized; its shape is (hidden_dim, P, 2) either "
             "way."),
      boolean("conj_sym", true,
              "Keep one state of each conjugate pair and double the output's "
              "real part."),
      boolean("clip_eigs", true,
              "Clip the real parts of the eigenvalues to at most -1e-4."),
      choice("discretization", "zoh", {"zoh", "bilinear"},
             "How continuous time becomes steps."),
      positive("dt_min", 0.001, kMaxNumber,
               "Smallest initial step, at most dt_max; inference ignores it."),
      positive("dt_max", 1.0, kMaxNumber,
               "Largest initial step; inference ignores it."),
      positive("step_rescale", 1.0, kMaxNumber, "Factor on every step."),
      boolean("bidirectional", false,
              "An extension: a second state goes through time from the last "
              "step to the first; C has a half for each, (hidden_dim, 2 P, 2). "
              "Such models run whole sequences only."),
  };
}

static OptionList lruOptions(double maxPhase) {
  return {
      stateDim("Number of complex states."),
      number("r_min", 0.0, 0, 1,
             "Smallest initial radius, at most r_max; inference ignores it."),
      number("r_max", 1.0, 0, 1,
             "Largest initial radius; inference ignores it."),
      number("max_phase", maxPhase, 0, kMaxNumber,
             "Largest initial phase; inference ignores it."),
  };
}

static OptionList linossOptions() {
  return {
      stateDim("Number of oscillators."),
      choice("discretization", "IMEX", {"IMEX", "IM"},
             "Implicit-explicit or implicit integration; \"IM\" only with "
             "\"damping\": false."),
      boolean("damping", true, "Learn a damping of each oscillator."),
      positive("r_min", 0.9, 1,
               "Smallest initial radius; inference ignores it."),
      number("theta_max", numbers::pi, 0, numbers::pi,
             "Largest initial angle; inference ignores it."),
  };
}

static OptionList s4dOptions() {
  return {
      stateDim("Size of each channel's state: state_dim / 2 complex modes, "
               "rounded down."),
      boolean("transposed", false, "Has no effect upstream either."),
      positive("dt_min", 0.001, kMaxNumber,
               "Smallest initial step, at most dt_max; inference ignores it."),
      positive("dt_max", 0.1, kMaxNumber,
               "Largest initial step; inference ignores it."),
  };
}

static OptionList deltaNetOptions() {
  return {
      integer("n_heads", int64_t(4), 1, kMaxInteger, "Number of heads."),
      OptionSpec{"head_dim",
                 OptionType::IntegerOrNull,
                 Null(),
                 1,
                 kMaxInteger,
                 false,
                 {},
                 "Features of a head; null for the features of the block "
                 "divided by n_heads, rounded down."},
      integer(
          "chunk_size", int64_t(64), 1, kMaxInteger,
          "Steps per chunk of discretax's own arithmetic, which needs it to "
          "divide the length; compiled models take any length and do not "
          "depend on it."),
  };
}

static OptionList operator+(OptionList a, const OptionList &b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

static OptionList blockOptions() {
  return {
      number("drop_rate", 0.1, 0, 1, "Dropout rate; only training uses it."),
      boolean("prenorm", true,
              "Normalize what enters the mixer; else the residual sum."),
      choice(
          "norm", "batch", {"batch", "batch_affine", "layer"},
          "An extension: BatchNorm, BatchNorm with a learned scale and bias, "
          "or LayerNorm with them."),
      positive("norm_epsilon", 1e-5, kMaxNumber,
               "An extension: what the norm adds to variances.")};
}

static OptionSpec hiddenDim() {
  return size("hidden_dim", "Number of features.");
}

static OptionSpec numBlocks() {
  return integer("num_blocks", int64_t(4), 0, kMaxBlocks,
                 "Number of residual blocks; 0 is the identity.");
}

static OptionList modelOptions(const OptionList &mixerOptions) {
  return OptionList{hiddenDim(), numBlocks()} + mixerOptions + blockOptions() +
         OptionList{boolean("use_bias", true, "Biases in the GLUs.")};
}

static OptionList swiGluOptions() {
  return {
      integerOrNull("intermediate_dim",
                    "Features between the maps; null for in_features * "
                    "hidden_ratio * 2 / 3, rounded down, then up to a multiple "
                    "of 256."),
      positive("hidden_ratio", 4, kMaxNumber,
               "Sets the features between the maps where intermediate_dim is "
               "null."),
      boolean("use_bias", false, "Biases in all three maps."),
      integerOrNull("out_features",
                    "null or in_features of the block, which it always is."),
  };
}

static OptionList mlpOptions() {
  return {
      choice("non_linearity", "gelu", {"relu", "gelu", "swish", "silu", "tanh"},
             "What follows the map; gelu in its tanh form, swish is silu."),
      boolean("use_bias", false, "Add a bias."),
      integerOrNull("out_features",
                    "null for in_features of the block; 1 is added to every "
                    "feature."),
  };
}

static OptionList headOptions(StringRef activation, StringRef other,
                              StringRef doc) {
  return {size("in_features", "Features of the input."),
          size("out_features", "Number of outputs."),
          boolean("reduce", true,
                  "Pool over time first: one answer for all time steps; false "
                  "answers at every one."),
          choice("pooling", "mean", {"mean", "last"},
                 "An extension: what reduce does, average over time or take "
                 "the last time step."),
          choice("activation", activation, {activation, other}, doc)};
}

static std::vector<ClassSpec> makeClasses() {
  return {
      {"LinearEncoder",
       Role::Encoder,
       Family::None,
       "A linear map of every time step.",
       {size("in_features", "Features of the input."),
        size("out_features", "Features of the output."),
        boolean("use_bias", false, "Add a bias.")}},
      {"EmbeddingEncoder",
       Role::Encoder,
       Family::None,
       "Looks tokens up in a table; negative ids count from the end once, then "
       "ids are clamped. Only as the first layer.",
       {size("num_classes", "Number of tokens."),
        size("out_features", "Features of the output.")}},
      {"S5", Role::Model, Family::S5, "Blocks of S5 and GLU.",
       modelOptions(s5Options())},
      {"LRU", Role::Model, Family::LRU, "Blocks of LRU and GLU.",
       modelOptions(lruOptions(2 * numbers::pi))},
      {"LinOSS", Role::Model, Family::LinOSS, "Blocks of LinOSS and GLU.",
       modelOptions(linossOptions())},
      {"DeltaNet", Role::Model, Family::DeltaNet,
       "Blocks of DeltaNet and GLU without biases.",
       OptionList{hiddenDim(), numBlocks()} + deltaNetOptions() +
           blockOptions()},
      {"StandardBlock", Role::Block, Family::None,
       "One residual block, put together by hand.",
       OptionList{size("in_features", "Number of features."),
                  mixer("sequence_mixer", "The mixer along time."),
                  mixer("channel_mixer", "The mixer of features.")} +
           blockOptions()},
      {"ClassificationHead", Role::Head, Family::None,
       "Log-probabilities of classes.",
       headOptions("log_softmax", "softmax",
                   "An extension: log-probabilities, or probabilities.")},
      {"RegressionHead", Role::Head, Family::None, "A linear map.",
       headOptions("none", "tanh",
                   "An extension: what follows the linear map.")},
      {"S5SequenceMixer", Role::SequenceMixer, Family::S5,
       "S5 inside a StandardBlock.", s5Options()},
      {"LRUSequenceMixer", Role::SequenceMixer, Family::LRU,
       "LRU inside a StandardBlock.", lruOptions(6.28)},
      {"LinOSSSequenceMixer", Role::SequenceMixer, Family::LinOSS,
       "LinOSS inside a StandardBlock.", linossOptions()},
      {"S4DSequenceMixer", Role::SequenceMixer, Family::S4D,
       "S4D inside a StandardBlock.", s4dOptions()},
      {"DeltaNetSequenceMixer", Role::SequenceMixer, Family::DeltaNet,
       "DeltaNet inside a StandardBlock.", deltaNetOptions()},
      {"IdentitySequenceMixer",
       Role::SequenceMixer,
       Family::Identity,
       "Passes its input on, and has no state.",
       {}},
      {"GLU",
       Role::ChannelMixer,
       Family::GLU,
       "Gated linear unit: w1(x) * sigmoid(w2(x)).",
       {integerOrNull("out_features",
                      "null for in_features of the block; 1 is added to every "
                      "feature."),
        boolean("use_bias", true, "Biases in both maps.")}},
      {"HalfGLU",
       Role::ChannelMixer,
       Family::HalfGLU,
       "An extension: gated linear unit without a map of the value, "
       "x * sigmoid(w2(x)).",
       {boolean("use_bias", true, "A bias in the map."),
        boolean("raw_value", false,
                "Gate what the sequence mixer gave, before gelu; w2 has gelu's "
                "output either way.")}},
      {"SwiGLU", Role::ChannelMixer, Family::SwiGLU,
       "Gated linear unit with swish: down_proj(silu(gate_proj(x)) * "
       "up_proj(x)).",
       swiGluOptions()},
      {"MLPChannelMixer", Role::ChannelMixer, Family::MLP,
       "One linear map and a non-linearity.", mlpOptions()},
      {"IdentityChannelMixer",
       Role::ChannelMixer,
       Family::Identity,
       "Passes its input on.",
       {}},
  };
}

ArrayRef<ClassSpec> ssmc::getClasses() {
  static const std::vector<ClassSpec> classes = makeClasses();
  return classes;
}

//===----------------------------------------------------------------------===//
// Questions to the tables
//===----------------------------------------------------------------------===//

const OptionSpec *ClassSpec::find(StringRef option) const {
  auto it = llvm::find_if(
      options, [&](const OptionSpec &spec) { return spec.name == option; });
  return it == options.end() ? nullptr : &*it;
}

const ClassSpec *ssmc::findClass(StringRef name) {
  if (name.contains('.')) {
    if (!name.starts_with("discretax."))
      return nullptr;
    name = name.rsplit('.').second;
  }
  for (const ClassSpec &spec : getClasses())
    if (spec.name == name)
      return &spec;
  return nullptr;
}

StringRef ssmc::describe(Role role) {
  switch (role) {
  case Role::Encoder:
    return "an encoder";
  case Role::Model:
    return "a model";
  case Role::Block:
    return "a block";
  case Role::Head:
    return "a head";
  case Role::SequenceMixer:
    return "a sequence mixer";
  case Role::ChannelMixer:
    return "a channel mixer";
  }
  llvm_unreachable("all roles are handled");
}

StringRef ssmc::findSimilar(StringRef name, ArrayRef<StringRef> candidates) {
  // A third of the letters may be wrong.
  unsigned best = std::max<size_t>(1, name.size() / 3) + 1;
  StringRef similar;
  for (StringRef candidate : candidates) {
    unsigned distance = name.equals_insensitive(candidate)
                            ? 0
                            : name.edit_distance(candidate, true, best);
    if (distance < best) {
      best = distance;
      similar = candidate;
    }
  }
  if (!similar.empty() || name.size() < 2)
    return similar;
  auto begun = llvm::find_if(candidates, [&](StringRef candidate) {
    return candidate.starts_with_insensitive(name);
  });
  return begun == candidates.end() ? "" : *begun;
}

std::string ssmc::formatNumber(double value) {
  std::string text;
  raw_string_ostream(text) << format("%g", value);
  return text;
}

std::string OptionSpec::describeLegal() const {
  std::string range;
  bool unbounded = max == kMaxNumber;
  if (type == OptionType::Integer || type == OptionType::IntegerOrNull)
    range = formatv(" from {0} to {1}", static_cast<int64_t>(min),
                    static_cast<int64_t>(max));
  else if (aboveMin)
    range = " greater than " + formatNumber(min) +
            (unbounded ? "" : " and at most " + formatNumber(max));
  else if (unbounded)
    range = " of at least " + formatNumber(min);
  else
    range = " from " + formatNumber(min) + " to " + formatNumber(max);
  switch (type) {
  case OptionType::Integer:
    return "an integer" + range;
  case OptionType::IntegerOrNull:
    return "null or an integer" + range;
  case OptionType::Number:
    return "a number" + range;
  case OptionType::Boolean:
    return "true or false";
  case OptionType::Choice:
    return join(
        map_range(choices,
                  [](StringRef name) { return ("\"" + name + "\"").str(); }),
        " or ");
  case OptionType::Mixer:
    return "an object with a \"target\"";
  }
  llvm_unreachable("all types are handled");
}
