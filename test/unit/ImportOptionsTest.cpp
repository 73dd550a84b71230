//===- ImportOptionsTest.cpp - Legal and illegal model.json files ---------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImportTestHelpers.h"
#include "lib/Import/Options.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace ssmc;
using namespace ssmc::test;

/// What an import of one layer says, without the file's name. The layer starts
/// at 1:13.
static std::string importLayer(const Twine &layer, bool ignoreUnknown = false) {
  return importJson(("{\"layers\": [" + layer + "]}").str(), ignoreUnknown);
}

static std::string importS5(StringRef options) {
  return importLayer("{\"target\": \"S5\", \"hidden_dim\": 4" + options + "}");
}
static std::string importLru(StringRef options) {
  return importLayer("{\"target\": \"LRU\", \"hidden_dim\": 4" + options + "}");
}
static std::string importLinoss(StringRef options) {
  return importLayer("{\"target\": \"LinOSS\", \"hidden_dim\": 4" + options +
                     "}");
}
static std::string importBlock(StringRef mixer, StringRef channel,
                               StringRef options = "",
                               bool ignoreUnknown = false) {
  return importLayer("{\"target\": \"StandardBlock\", \"in_features\": 4, "
                     "\"sequence_mixer\": {\"target\": \"" +
                         mixer + "}, \"channel_mixer\": {\"target\": \"" +
                         channel + "}" + options + "}",
                     ignoreUnknown);
}

TEST(ImportOptions, AcceptsEveryOption) {
  EXPECT_EQ(importS5(", \"num_blocks\": 2, \"state_dim\": 8, \"ssm_blocks\": 2,"
                     "\"C_init\": \"complex_normal\", \"conj_sym\": false,"
                     "\"clip_eigs\": false, \"discretization\": \"bilinear\","
                     "\"dt_min\": 0.01, \"dt_max\": 1, \"step_rescale\": 2,"
                     "\"drop_rate\": 1, \"prenorm\": false, \"use_bias\": "
                     "false"),
            "ok\n");
  EXPECT_EQ(importLru(", \"num_blocks\": 0, \"state_dim\": 1, \"r_min\": 1,"
                      "\"r_max\": 1, \"max_phase\": 0, \"drop_rate\": 0"),
            "ok\n");
  EXPECT_EQ(importLinoss(", \"discretization\": \"IM\", \"damping\": false,"
                         "\"r_min\": 1, \"theta_max\": 3.141592653589793"),
            "ok\n");
  EXPECT_EQ(importBlock("LRUSequenceMixer\"", "GLU\", \"out_features\": null",
                        ", \"drop_rate\": 0.5, \"prenorm\": false"),
            "ok\n");
  EXPECT_EQ(importBlock("S5SequenceMixer\"", "GLU\", \"out_features\": 1"),
            "ok\n");
  EXPECT_EQ(importS5(", \"norm\": \"layer\", \"norm_epsilon\": 1e-6"), "ok\n");
  EXPECT_EQ(importBlock("LRUSequenceMixer\"",
                        "HalfGLU\", \"use_bias\": false, \"raw_value\": true",
                        ", \"norm\": \"batch_affine\", \"prenorm\": false"),
            "ok\n");
  EXPECT_EQ(
      importLayer("{\"target\": \"ClassificationHead\", \"in_features\": 2,"
                  "\"out_features\": 3, \"pooling\": \"last\","
                  "\"activation\": \"softmax\"}"),
      "ok\n");
  EXPECT_EQ(importLayer("{\"target\": \"RegressionHead\", \"in_features\": 2,"
                        "\"out_features\": 3, \"reduce\": false,"
                        "\"activation\": \"tanh\"}"),
            "ok\n");
  EXPECT_EQ(importBlock("IdentitySequenceMixer\"",
                        "SwiGLU\", \"intermediate_dim\": 3, \"hidden_ratio\": "
                        "2, \"use_bias\": true, \"out_features\": 4"),
            "ok\n");
  EXPECT_EQ(importBlock("LRUSequenceMixer\"",
                        "MLPChannelMixer\", \"out_features\": 1, "
                        "\"use_bias\": true, \"non_linearity\": \"swish\""),
            "ok\n");
  EXPECT_EQ(importBlock("S5SequenceMixer\"", "IdentityChannelMixer\""), "ok\n");
  EXPECT_EQ(importLayer("{\"target\": \"discretax.models.LRU\", "
                        "\"hidden_dim\": 1}"),
            "ok\n");
  EXPECT_EQ(importJson("{\"format\": 1, \"layers\": [{\"target\": \"LRU\", "
                       "\"hidden_dim\": 1}]}"),
            "ok\n");
}

TEST(ImportOptions, PoolingNeedsReduce) {
  EXPECT_EQ(importLayer("{\"target\": \"RegressionHead\", \"in_features\": 2,"
                        "\"out_features\": 3, \"reduce\": false,"
                        "\"pooling\": \"last\"}"),
            "model.json:1:105: error: layers[0].pooling: is given, but with "
            "\"reduce\": "
            "false nothing is pooled; drop one of the two\n");
}

TEST(ImportOptions, UnknownOptionsGetASuggestion) {
  EXPECT_EQ(importS5(", \"state_dmi\": 8"),
            "model.json:1:47: error: layers[0].state_dmi: S5 has no option "
            "'state_dmi'; did you mean 'state_dim'?\n");
  EXPECT_EQ(importS5(", \"quux\": 8"),
            "model.json:1:47: error: layers[0].quux: S5 has no option "
            "'quux'\n");
  EXPECT_EQ(importLayer("{\"target\": \"LinOS\"}"),
            "model.json:1:24: error: layers[0].target: there is no class "
            "'LinOS'; did you mean 'LinOSS'?\n");
  EXPECT_EQ(importLinoss(", \"discretization\": \"im\""),
            "model.json:1:69: error: layers[0].discretization: found \"im\"; "
            "expected \"IMEX\" or \"IM\"; did you mean 'IM'?\n");
}

TEST(ImportOptions, TypesAreStrict) {
  for (StringRef value : {"64.0", "\"64\"", "true", "null", "[]", "0", "-2",
                          "99999999999999999999"}) {
    std::string shown = value == "[]" ? "a list" : value.str();
    EXPECT_EQ(importS5((", \"state_dim\": " + value).str()),
              "model.json:1:60: error: layers[0].state_dim: found " + shown +
                  "; expected an integer from 1 to 2147483647\n");
  }
  for (StringRef value : {"0", "1", "\"no\"", "null"})
    EXPECT_EQ(importS5((", \"conj_sym\": " + value).str()),
              ("model.json:1:59: error: layers[0].conj_sym: found " + value +
               "; expected true or false\n")
                  .str());
  for (StringRef value : {"\"0.1\"", "true", "-0.1", "1.5"})
    EXPECT_EQ(importS5((", \"drop_rate\": " + value).str()),
              ("model.json:1:60: error: layers[0].drop_rate: found " + value +
               "; expected a number from 0 to 1\n")
                  .str());
}

TEST(ImportOptions, RangesAreThoseOfTheReference) {
  EXPECT_EQ(importS5(", \"dt_min\": 0"),
            "model.json:1:57: error: layers[0].dt_min: found 0; expected a "
            "number greater than 0\n");
  EXPECT_EQ(importS5(", \"step_rescale\": -1"),
            "model.json:1:63: error: layers[0].step_rescale: found -1; "
            "expected a number greater than 0\n");
  EXPECT_EQ(importS5(", \"num_blocks\": -1"),
            "model.json:1:61: error: layers[0].num_blocks: found -1; expected "
            "an integer from 0 to 10000\n");
  EXPECT_EQ(importLru(", \"max_phase\": -1"),
            "model.json:1:61: error: layers[0].max_phase: found -1; expected "
            "a number of at least 0\n");
  EXPECT_EQ(importLru(", \"r_max\": 1.5"),
            "model.json:1:57: error: layers[0].r_max: found 1.5; expected a "
            "number from 0 to 1\n");
  EXPECT_EQ(importLinoss(", \"r_min\": 0"),
            "model.json:1:60: error: layers[0].r_min: found 0; expected a "
            "number greater than 0 and at most 1\n");
  EXPECT_EQ(importLinoss(", \"theta_max\": 4"),
            "model.json:1:64: error: layers[0].theta_max: found 4; expected a "
            "number from 0 to 3.14159\n");
}

TEST(ImportOptions, RulesBetweenOptions) {
  EXPECT_EQ(importS5(", \"state_dim\": 7"),
            "model.json:1:60: error: layers[0].state_dim: S5 with conj_sym "
            "keeps one state of each conjugate pair, so that state_dim must be "
            "even; found state_dim 7; change it, or add \"conj_sym\": false if "
            "the model was trained so\n");
  EXPECT_EQ(importS5(", \"state_dim\": 7, \"conj_sym\": false"), "ok\n");
  EXPECT_EQ(importS5(", \"ssm_blocks\": 3"),
            "model.json:1:13: error: layers[0].state_dim: S5 needs a state_dim "
            "divisible by ssm_blocks; found state_dim 64 (the default) and "
            "ssm_blocks 3\n");
  EXPECT_EQ(importS5(", \"state_dim\": 12, \"ssm_blocks\": 4"),
            "model.json:1:60: error: layers[0].state_dim: S5 with conj_sym "
            "keeps one state of each conjugate pair, so that state_dim / "
            "ssm_blocks must be even; found state_dim 12 and ssm_blocks 4; "
            "change it, or add \"conj_sym\": false if the model was trained "
            "so\n");
  EXPECT_EQ(importS5(", \"state_dim\": 2, \"ssm_blocks\": 2"), "ok\n");
  EXPECT_NE(importS5(", \"state_dim\": 4, \"ssm_blocks\": 4"), "ok\n");
  EXPECT_EQ(importS5(", \"dt_min\": 2"),
            "model.json:1:57: error: layers[0].dt_min: dt_min 2 is "
            "greater than dt_max 1\n");
  EXPECT_EQ(importLru(", \"r_max\": 0.5, \"r_min\": 0.75"),
            "model.json:1:71: error: layers[0].r_min: r_min 0.75 is "
            "greater than r_max 0.5\n");
  EXPECT_EQ(importLinoss(", \"discretization\": \"IM\""),
            "model.json:1:13: error: layers[0]: LinOSS 'IM' cannot be damped, "
            "and \"damping\" defaults to true; add \"damping\": false\n");
  EXPECT_EQ(importBlock("S5SequenceMixer\", \"state_dim\": 3", "GLU\""),
            "model.json:1:120: error: layers[0].sequence_mixer.state_dim: S5 "
            "with conj_sym keeps one state of each conjugate pair, so that "
            "state_dim must be even; found state_dim 3; change it, or add "
            "\"conj_sym\": false if the model was trained so\n");
  EXPECT_EQ(importBlock("LRUSequenceMixer\"", "GLU\", \"out_features\": 3"),
            "model.json:1:160: error: layers[0].channel_mixer.out_features: is "
            "3; expected null, 1 or the block's in_features, 4\n");
  EXPECT_EQ(
      importBlock("LRUSequenceMixer\"", "SwiGLU\", \"out_features\": 1"),
      "model.json:1:163: error: layers[0].channel_mixer.out_features: is 1; "
      "expected null or the block's in_features, 4\n");
  EXPECT_EQ(importBlock("LRUSequenceMixer\"",
                        "MLPChannelMixer\", \"out_features\": 2"),
            "model.json:1:172: error: layers[0].channel_mixer.out_features: is "
            "2; expected null, 1 or the block's in_features, 4\n");
  EXPECT_EQ(
      importBlock("LRUSequenceMixer\"", "SwiGLU\", \"hidden_ratio\": 0.25"),
      "model.json:1:163: error: layers[0].channel_mixer.hidden_ratio: is 0.25, "
      "which leaves no features between the maps: in_features * hidden_ratio * "
      "2 / 3, rounded down, is 0; raise it, or add \"intermediate_dim\"\n");
  EXPECT_EQ(
      importBlock("LRUSequenceMixer\"", "SwiGLU\", \"hidden_ratio\": 1e300"),
      "model.json:1:13: error: layers[0]: too large: "
      "layers.0.channel_mixer.gate_proj.weight has shape [2147483648,4], and "
      "a model has at most 1073741824 parameters\n");
  EXPECT_EQ(importBlock("LRUSequenceMixer\"",
                        "MLPChannelMixer\", \"non_linearity\": \"elu\""),
            "model.json:1:173: error: layers[0].channel_mixer.non_linearity: "
            "found \"elu\"; expected \"relu\" or \"gelu\" or \"swish\" or "
            "\"silu\" or \"tanh\"; did you mean 'relu'?\n");
}

TEST(ImportOptions, ClassesOutOfPlaceAreNamed) {
  EXPECT_EQ(importBlock("LRUSequenceMixer\"", "IdentitySequenceMixer\""),
            "model.json:1:137: error: layers[0].channel_mixer.target: "
            "IdentitySequenceMixer is a sequence mixer; expected GLU, HalfGLU, "
            "SwiGLU, "
            "MLPChannelMixer, IdentityChannelMixer\n");
  EXPECT_EQ(importBlock("GLU\"", "GLU\""),
            "model.json:1:88: error: layers[0].sequence_mixer.target: GLU is a "
            "channel mixer; expected S5SequenceMixer, LRUSequenceMixer, "
            "LinOSSSequenceMixer, S4DSequenceMixer, DeltaNetSequenceMixer, "
            "IdentitySequenceMixer\n");
  EXPECT_EQ(importLayer("{\"target\": \"torch.nn.LRU\"}"),
            "model.json:1:24: error: layers[0].target: there is no class "
            "'torch.nn.LRU'; expected LinearEncoder, EmbeddingEncoder, S5, "
            "LRU, LinOSS, DeltaNet, StandardBlock, ClassificationHead, "
            "RegressionHead\n");
  EXPECT_EQ(importBlock("S4D\"", "GLU\""),
            "model.json:1:88: error: layers[0].sequence_mixer.target: there is "
            "no class 'S4D'; did you mean 'S4DSequenceMixer'?\n");
}

TEST(ImportOptions, WhatMustBeThereIsAskedFor) {
  EXPECT_EQ(importLayer("{\"target\": \"S5\"}"),
            "model.json:1:13: error: layers[0]: S5 needs the option "
            "'hidden_dim': an integer from 1 to 2147483647\n");
  EXPECT_EQ(importLayer("{\"hidden_dim\": 3}"),
            "model.json:1:13: error: layers[0]: has no \"target\", the name of "
            "a class\n");
  EXPECT_EQ(importLayer("3"), "model.json:1:13: error: layers[0]: found 3; "
                              "expected an object with a \"target\"\n");
  EXPECT_EQ(importLayer(""), "model.json:1:12: error: layers: expected a list "
                             "of at least one layer; found an empty one\n");
  EXPECT_EQ(importJson("[]"), "model.json:1:1: error: found a list; expected "
                              "an object with \"layers\"\n");
  EXPECT_EQ(importJson("{}"),
            "model.json:1:1: error: there are no \"layers\"\n");
  EXPECT_EQ(importJson("{\"format\": 2, \"layers\": []}"),
            "model.json:1:12: error: format: is 2; this version reads format "
            "1\n");
  EXPECT_EQ(importJson("{\"layer\": []}"),
            "model.json:1:2: error: layer: unknown key; expected \"layers\" "
            "and, optionally, \"format\"\n");
  EXPECT_EQ(importJson("{\"layers\": [}"),
            "model.json:1:13: error: expected a value; found '}'\n");
}

TEST(ImportOptions, WidthsAgree) {
  std::string lru = "{\"target\": \"LRU\", \"hidden_dim\": 4}";
  auto head = [](StringRef options) {
    return ("{\"target\": \"RegressionHead\", \"in_features\": 4, "
            "\"out_features\": 4" +
            options + "}")
        .str();
  };
  EXPECT_EQ(importLayer("{\"target\": \"LinearEncoder\", \"in_features\": 1, "
                        "\"out_features\": 3},\n" +
                        lru),
            "model.json:2:33: error: layers[1].hidden_dim: is 4, but layers[0] "
            "(LinearEncoder) gives 3 features\n");
  EXPECT_EQ(importLayer(lru + ",\n{\"target\": \"EmbeddingEncoder\", "
                              "\"num_classes\": 3, \"out_features\": 4}"),
            "model.json:2:1: error: layers[1]: EmbeddingEncoder takes tokens; "
            "it must be the first layer\n");
  EXPECT_EQ(importLayer(head("") + ",\n" + lru),
            "model.json:2:1: error: layers[1]: follows layers[0], a "
            "RegressionHead with one answer for all time steps; nothing can "
            "follow it, unless it has \"reduce\": false\n");
  EXPECT_EQ(importLayer(head(", \"reduce\": false") + ",\n" + lru), "ok\n");
}

TEST(ImportOptions, HugeDimensionsAreErrors) {
  EXPECT_EQ(importLayer("{\"target\": \"LRU\", \"hidden_dim\": 2147483647, "
                        "\"state_dim\": 2147483647}"),
            "model.json:1:13: error: layers[0]: too large: "
            "layers.0.blocks.0.norm.running_mean has shape [2147483647], and a "
            "model has at most 1073741824 parameters\n");
  EXPECT_EQ(importLayer("{\"target\": \"LRU\", \"hidden_dim\": 1000, "
                        "\"num_blocks\": 10000}"),
            "model.json:1:13: error: layers[0]: too large: "
            "layers.0.blocks.474.channel_mixer.w2.weight has shape "
            "[1000,1000], and a model has at most 1073741824 parameters\n");
}

TEST(ImportOptions, IgnoreUnknownDoesAsDiscretax) {
  std::string lru = "{\"target\": \"LRU\", \"hidden_dim\": 4, \"colour\": 1}";
  EXPECT_EQ(importLayer(lru, /*ignoreUnknown=*/true),
            "model.json:1:48: warning: layers[0].colour: LRU has no option "
            "'colour'; it is ignored\n"
            "ok\n");
  // A block's reach both mixers, and win.
  EXPECT_EQ(importBlock("S5SequenceMixer\", \"state_dim\": 7", "GLU\"",
                        ", \"state_dim\": 6", /*ignoreUnknown=*/true),
            "model.json:1:160: warning: layers[0].state_dim: StandardBlock has "
            "no option 'state_dim'; it is passed on to both mixers\n"
            "ok\n");
  EXPECT_EQ(importBlock("LRUSequenceMixer\"", "GLU\"", ", \"use_bias\": 3",
                        /*ignoreUnknown=*/true),
            "model.json:1:145: warning: layers[0].use_bias: StandardBlock has "
            "no option 'use_bias'; it is passed on to both mixers\n"
            "model.json:1:157: error: layers[0].channel_mixer.use_bias: found "
            "3; expected true or false\n");
}

TEST(ImportOptions, DefaultsAreThoseOfTheClassNamed) {
  auto phase = [](StringRef name) {
    return std::get<double>(findClass(name)->find("max_phase")->defaultValue);
  };
  EXPECT_EQ(phase("LRU"), 6.283185307179586);
  EXPECT_EQ(phase("LRUSequenceMixer"), 6.28);
}

/// The schema is JSON and names every option of every class.
TEST(ImportOptions, TheSchemaIsComplete) {
  std::string text;
  raw_string_ostream os(text);
  printSchema(os);
  auto schema = json::parse(text);
  ASSERT_TRUE(bool(schema)) << toString(schema.takeError());
  const json::Object *classes = schema->getAsObject()->getObject("$defs");
  ASSERT_TRUE(classes);
  for (const ClassSpec &spec : getClasses()) {
    const json::Object *object = classes->getObject(spec.name);
    ASSERT_TRUE(object) << spec.name.str();
    for (const OptionSpec &option : spec.options)
      EXPECT_TRUE(object->getObject("properties")->getObject(option.name))
          << option.name.str();
  }
}
