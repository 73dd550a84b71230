//===- ReferenceRandomModelsTest.cpp - Passes keep what random models compute
//===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Random models with random weights, run by the interpreter before the first
// pass and after every one of the pipeline to the recurrence level.
//
//===----------------------------------------------------------------------===//

#include "lib/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/Passes.h"
#include "test/unit/ImportTestHelpers.h"
#include "test/unit/ReferenceTest.h"
#include "llvm/Support/FormatVariadic.h"
#include <random>

using namespace mlir;
using namespace ssmc;
using namespace ssmc::reference;

namespace {
/// Draws models; the same from the same seed everywhere.
class ModelGenerator {
public:
  explicit ModelGenerator(unsigned seed) : generator(seed) {}

  /// A number from `low` to `high`.
  int64_t draw(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(generator() % (high - low + 1));
  }
  const char *drawBoolean() { return draw(0, 1) ? "true" : "false"; }

  /// A model.json; `features` is set to its number of inputs, 0 for tokens.
  std::string drawModel(int64_t &features);

private:
  std::string drawMixerOptions(StringRef family);
  std::string drawBlocks(int64_t hidden);

  std::mt19937 generator;
};
} // namespace

std::string ModelGenerator::drawMixerOptions(StringRef family) {
  if (family == "LRU")
    return llvm::formatv(R"("state_dim": {0})", draw(1, 20));
  if (family == "LinOSS") {
    bool implicit = draw(0, 2) == 0;
    return llvm::formatv(
        R"("state_dim": {0}, "discretization": "{1}", "damping": {2})",
        draw(1, 20), implicit ? "IM" : "IMEX",
        implicit ? "false" : drawBoolean());
  }
  return llvm::formatv(
      R"("state_dim": {0}, "conj_sym": {1}, "clip_eigs": {2}, )"
      R"("discretization": "{3}", "step_rescale": {4})",
      2 * draw(1, 12), drawBoolean(), drawBoolean(),
      draw(0, 1) ? "zoh" : "bilinear", draw(0, 1) ? "1.0" : "0.25");
}

std::string ModelGenerator::drawBlocks(int64_t hidden) {
  const char *const families[] = {"S5", "LRU", "LinOSS"};
  StringRef family = families[draw(0, 2)];
  if (draw(0, 2) == 0)
    return llvm::formatv(
        R"({{"target": "StandardBlock", "in_features": {0}, "prenorm": {1}, )"
        R"("sequence_mixer": {{"target": "{2}SequenceMixer", {3}}, )"
        R"("channel_mixer": {{"target": "GLU", "use_bias": {4}, "out_features": {5}}})",
        hidden, drawBoolean(), family, drawMixerOptions(family), drawBoolean(),
        draw(0, 2) ? std::to_string(hidden) : "1");
  return llvm::formatv(
      R"({{"target": "{0}", "hidden_dim": {1}, "num_blocks": {2}, "prenorm": {3}, )"
      R"("use_bias": {4}, {5}})",
      family, hidden, draw(0, 3), drawBoolean(), drawBoolean(),
      drawMixerOptions(family));
}

std::string ModelGenerator::drawModel(int64_t &features) {
  int64_t hidden = draw(1, 20);
  features = draw(0, 3);
  std::string layers;
  if (features)
    layers = llvm::formatv(
        R"({{"target": "LinearEncoder", "in_features": {0}, "out_features": {1}, "use_bias": {2}})",
        features, hidden, drawBoolean());
  else
    layers = llvm::formatv(
        R"({{"target": "EmbeddingEncoder", "num_classes": 7, "out_features": {0}})",
        hidden);
  for (int64_t i = draw(0, 3); i > 0; --i)
    layers += ", " + drawBlocks(hidden);
  if (draw(0, 4))
    layers += llvm::formatv(
        R"(, {{"target": "{0}Head", "in_features": {1}, "out_features": {2}, "reduce": {3}})",
        draw(0, 1) ? "Classification" : "Regression", hidden, draw(1, 20),
        drawBoolean());
  return "{\"layers\": [" + layers + "]}";
}

static Tensor drawInput(ModelGenerator &generator, int64_t features) {
  int64_t batch = generator.draw(1, 3), length = generator.draw(1, 9);
  if (!features) {
    Tensor tokens = Tensor::ofInts({batch, length});
    for (int64_t &token : tokens.ints())
      token = generator.draw(-9, 9);
    return tokens;
  }
  Tensor x = Tensor::ofFloats({batch, length, features});
  for (double &value : x.floats())
    value = generator.draw(-1000, 1000) / 500.0;
  return x;
}

static void expectSame(const ModelRun &found, const ModelRun &expected) {
  expectClose(found.y, expected.y, 1e-9, 1e-12);
  ASSERT_EQ(found.states.size(), expected.states.size());
  for (auto &[name, state] : expected.states) {
    SCOPED_TRACE(name);
    auto here = found.states.find(name);
    ASSERT_NE(here, found.states.end());
    // Folding norms takes the mean off what is summed, and adds it in the head.
    if (StringRef(name).ends_with(".sums"))
      continue;
    if (state.isFloat())
      expectClose(here->second, state, 1e-9, 1e-12);
    else
      expectInts(here->second, state);
  }
}

class RandomModelTest : public ::testing::TestWithParam<unsigned> {
protected:
  /// The pipeline to the recurrence level, and units, one pass at a time.
  static std::vector<std::unique_ptr<Pass>> getPasses() {
    std::vector<std::unique_ptr<Pass>> passes;
    passes.push_back(createInferenceMode());
    passes.push_back(createCanonicalizerPass());
    passes.push_back(createDiscretizeS5());
    passes.push_back(createDiscretizeLru());
    passes.push_back(createDiscretizeLinoss());
    passes.push_back(createLowerLayers());
    passes.push_back(createFoldNorms());
    passes.push_back(createCanonicalizerPass());
    passes.push_back(createCSEPass());
    passes.push_back(createOutlineUnits());
    return passes;
  }

  test::TemporaryFolder folder;
  MLIRContext context;
};

TEST_P(RandomModelTest, PassesKeepItsMeaning) {
  ModelGenerator generator(GetParam());
  int64_t features;
  std::string json = generator.drawModel(features);
  SCOPED_TRACE(json);
  ImportOptions options;
  options.model = folder.write("model.json", json);
  options.weights = "random:" + std::to_string(GetParam());
  OwningOpRef<ModuleOp> module = importModel(context, options);
  ASSERT_TRUE(module);
  Tensor x = drawInput(generator, features);

  ModelOptions start;
  std::optional<ModelRun> expected;
  for (std::unique_ptr<Pass> &pass : getPasses()) {
    std::string name = pass->getName().str();
    SCOPED_TRACE("after " + name);
    PassManager manager(&context);
    if (pass->getOpName() == func::FuncOp::getOperationName())
      manager.nest<func::FuncOp>().addPass(std::move(pass));
    else
      manager.addPass(std::move(pass));
    ASSERT_TRUE(succeeded(manager.run(*module)));
    auto run = runModel(*module, x, start);
    ASSERT_TRUE(succeeded(run));
    if (expected) {
      expectSame(*run, *expected);
      continue;
    }
    // Inference, the first pass, drops what training has. From here on, start
    // where a sequence has ended.
    start.initialStates = run->states;
    for (auto &[name, state] : run->states)
      if (StringRef(name).ends_with(".sums") || !state.isFloat())
        start.initialStates.erase(name);
    run = runModel(*module, x, start);
    ASSERT_TRUE(succeeded(run));
    expected = std::move(*run);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomModelTest, ::testing::Range(1u, 101u));

//===----------------------------------------------------------------------===//
// Panels
//===----------------------------------------------------------------------===//

/// The index arithmetic that packing becomes puts every weight where the
/// interpreter's own reading of panel order does.
TEST_F(ReferenceTest, LoweredPackingKeepsPanelOrder) {
  struct Packing {
    int64_t rows, columns, panels, depth;
    const char *attributes;
  };
  for (const Packing &packing :
       {Packing{17, 5, 2, 5, ""}, Packing{18, 5, 2, 5, "{paired_out}"},
        Packing{5, 18, 1, 32, "{paired_in}"},
        Packing{6, 2, 1, 16, "{paired_in, paired_out}"},
        Packing{32, 48, 2, 48, "{paired_in}"}}) {
    SCOPED_TRACE(packing.attributes);
    std::string source = llvm::formatv(
        R"(func.func @f(%w: tensor<{0}x{1}xf64>) -> tensor<{2}x{3}x16xf32> {{
          %p = ssm.pack_panels %w {4} : tensor<{0}x{1}xf64> -> tensor<{2}x{3}x16xf32>
          return %p : tensor<{2}x{3}x16xf32>
        })",
        packing.rows, packing.columns, packing.panels, packing.depth,
        packing.attributes);
    Tensor weight = Tensor::ofFloats({packing.rows, packing.columns});
    for (auto [i, value] : llvm::enumerate(weight.floats()))
      value = i + 1;
    SmallVector<Tensor> expected = run(source, {weight});
    PassManager manager(&context);
    manager.addPass(createLowerPackPanels());
    ASSERT_TRUE(succeeded(manager.run(*module)));
    auto found = interpret(module->lookupSymbol<func::FuncOp>("f"), {weight});
    ASSERT_TRUE(succeeded(found));
    expectClose(found->front(), expected.front(), 0);
  }
}
