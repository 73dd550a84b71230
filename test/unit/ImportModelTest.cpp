//===- ImportModelTest.cpp - Models and weights become IR -----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "ImportTestHelpers.h"
#include "dialect/SsmDialect.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"
#include "mlir/IR/OperationSupport.h"
#include "mlir/Parser/Parser.h"
#include <cmath>

using namespace llvm;
using namespace mlir;
using namespace ssmc;
using namespace ssmc::test;

//===----------------------------------------------------------------------===//
// Golden models
//===----------------------------------------------------------------------===//

/// The folders below `root` that hold a model.json.
static std::vector<std::string> findModels(const std::string &root) {
  std::vector<std::string> models;
  std::error_code code;
  for (llvm::sys::fs::recursive_directory_iterator it(root, code), end;
       it != end && !code; it.increment(code))
    if (llvm::sys::path::filename(it->path()) == "model.json")
      models.push_back(llvm::sys::path::parent_path(it->path()).str());
  llvm::sort(models);
  return models;
}

/// Every golden model is imported, or refused for a class that is not
/// supported: by its name, at its place.
TEST(ImportModel, EveryGoldenModel) {
  std::vector<std::string> models = findModels(getTestData());
  unsigned imported = 0;
  for (const std::string &model : models) {
    std::string message = importAndPrint({model, "", false, ""});
    if (message == "ok\n")
      ++imported;
    else
      EXPECT_NE(message.find(" is not supported; expected "), std::string::npos)
          << message;
  }
  EXPECT_GE(imported, 60u);
  EXPECT_LE(models.size() - imported, 8u);
}

/// Random weights serve every configuration, and depend on the seed alone.
TEST(ImportModel, RandomWeightsAreFiniteAndReproducible) {
  auto collect = [](const std::string &model, StringRef weights) {
    MLIRContext context;
    auto module = importModel(context, {model, weights.str(), false, ""});
    EXPECT_TRUE(module);
    std::vector<float> numbers;
    module->walk([&](ParameterOp parameter) {
      auto value = cast<DenseResourceElementsAttr>(*parameter.getValue());
      ArrayRef<char> bytes = value.getRawHandle().getBlob()->getData();
      EXPECT_EQ(reinterpret_cast<uintptr_t>(bytes.data()) % 64, 0u);
      ArrayView view{{}, DType::F32, bytes};
      for (float number : view.toF32()) {
        EXPECT_TRUE(std::isfinite(number)) << parameter.getName().str();
        if (parameter.getName().ends_with("running_var"))
          EXPECT_GE(number, 0.5f);
        if (parameter.getName().ends_with("Lambda_re"))
          EXPECT_LT(number, 0);
        numbers.push_back(number);
      }
    });
    return numbers;
  };
  for (StringRef name : {"s5-defaults", "lru-ring", "linoss-defaults",
                         "s5-empty-state", "linoss-im", "s5-tokens"}) {
    std::string model = getTestData() + "/goldens/" + name.str();
    std::vector<float> one = collect(model, "random:1");
    EXPECT_FALSE(one.empty());
    EXPECT_EQ(one, collect(model, "random:1"));
    EXPECT_NE(one, collect(model, "random:2"));
  }
}

//===----------------------------------------------------------------------===//
// The module
//===----------------------------------------------------------------------===//

static const char kModel[] = R"({"layers": [
  {"target": "LinearEncoder", "in_features": 3, "out_features": 4},
  {"target": "LinOSS", "hidden_dim": 4, "num_blocks": 2, "state_dim": 5},
  {"target": "StandardBlock", "in_features": 4, "prenorm": false,
   "sequence_mixer": {"target": "LRUSequenceMixer", "state_dim": 6},
   "channel_mixer": {"target": "GLU", "use_bias": false, "out_features": 1}},
  {"target": "ClassificationHead", "in_features": 4, "out_features": 2}]})";

namespace {
/// Imports kModel.
class ImportedModel : public ::testing::Test {
protected:
  TemporaryFolder folder;
  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  func::FuncOp function;

  void importWith(StringRef weights) {
    module = importModel(context, {folder.write("my-model.json", kModel),
                                   weights.str(), false, ""});
    ASSERT_TRUE(module);
    function = module->lookupSymbol<func::FuncOp>("model");
    ASSERT_TRUE(function);
  }
  std::string typeOf(Value value) {
    std::string text;
    raw_string_ostream(text) << value.getType();
    return text;
  }
};
} // namespace

TEST_F(ImportedModel, CarriesStatesInOrderOfUse) {
  importWith("random:0");
  EXPECT_EQ((*module)->getAttrOfType<StringAttr>("ssm.name"), "my_model");
  const std::array<StringRef, 3> expected[] = {
      {"tensor<?x?x3xf32>", "", ""},
      {"tensor<?x2xi32>", "", ""},
      {"tensor<?x2x2x5xf32>", "layers.1.blocks.0", ""},
      {"tensor<?x2x2x5xf32>", "layers.1.blocks.1", ""},
      {"tensor<?x2x6xf32>", "layers.2", ""},
      {"tensor<?x4xf64>", "layers.3", "sums"},
      {"tensor<?xi64>", "layers.3", "count"}};
  ASSERT_EQ(function.getNumArguments(), std::size(expected));
  for (auto [i, row] : llvm::enumerate(expected)) {
    EXPECT_EQ(typeOf(function.getArgument(i)), row[0].str());
    auto attribute = [&, i = i](StringRef name) {
      auto text = function.getArgAttrOfType<StringAttr>(i, name);
      return text ? text.getValue() : "";
    };
    EXPECT_EQ(attribute("ssm.state"), row[1]);
    EXPECT_EQ(attribute("ssm.pool"), row[2]);
  }
  EXPECT_TRUE(function.getArgAttr(1, "ssm.keys"));
}

TEST_F(ImportedModel, ReturnsStatesThenStatistics) {
  importWith("random:0");
  Operation *returned = function.front().getTerminator();
  ASSERT_EQ(returned->getNumOperands(), 1u + 5 + 6);
  EXPECT_EQ(typeOf(returned->getOperand(0)), "tensor<?x2xf32>");
  for (unsigned i = 1; i < 6; ++i)
    EXPECT_EQ(returned->getOperand(i).getType(),
              function.getArgument(i + 1).getType());
  std::vector<std::string> statistics;
  for (unsigned i = 6; i < 12; ++i)
    statistics.push_back(
        cast<StringAttr>(function.getResultAttr(i, "ssm.statistic"))
            .getValue()
            .str());
  EXPECT_EQ(llvm::join(statistics, " "),
            "layers.1.blocks.0.norm.running_mean "
            "layers.1.blocks.0.norm.running_var "
            "layers.1.blocks.1.norm.running_mean "
            "layers.1.blocks.1.norm.running_var "
            "layers.2.norm.running_mean layers.2.norm.running_var");
}

/// Sequential splits the key by all four layers, a model by its blocks, and a
/// block takes the second and third of three.
TEST_F(ImportedModel, SplitsKeysAsDiscretax) {
  importWith("random:0");
  std::vector<std::string> splits;
  function.walk([&](SplitKeyOp split) {
    splits.push_back(std::to_string(split.getIndex()) + "/" +
                     std::to_string(split.getCount()));
  });
  EXPECT_EQ(llvm::join(splits, " "), "1/4 0/2 1/3 2/3 1/2 1/3 2/3 2/4 1/3 2/3");
}

/// The names of the operations in the block of `path`.
static std::string bodyOf(func::FuncOp function, StringRef path) {
  std::vector<std::string> names;
  function.walk([&](BlockOp block) {
    if (block.getPath() == path)
      for (Operation &op : block.getBody().front())
        names.push_back(op.getName().stripDialect().str());
  });
  return llvm::join(names, " ");
}

TEST_F(ImportedModel, NormsComeFirstOrLast) {
  importWith("random:0");
  EXPECT_EQ(bodyOf(function, "layers.1.blocks.1"),
            "batch_norm_training linoss gelu split_key dropout glu split_key "
            "dropout add yield");
  EXPECT_EQ(bodyOf(function, "layers.2"),
            "lru gelu split_key dropout glu split_key dropout add "
            "batch_norm_training yield");
}

TEST_F(ImportedModel, DiagnosticsOfOperationsNameTheLayer) {
  importWith("random:0");
  std::string messages;
  raw_string_ostream os(messages);
  DiagnosticPrinter printer(&context, os);
  function.walk([](LinossOp mixer) { mixer.emitOpError("here"); });
  function.walk([](LruOp mixer) { mixer.emitWarning("there"); });
  EXPECT_EQ(folder.shorten(messages),
            "my-model.json:3:3: error: layers[1].blocks[0]: 'ssm.linoss' op "
            "here\n"
            "my-model.json:3:3: error: layers[1].blocks[1]: 'ssm.linoss' op "
            "here\n"
            "my-model.json:4:3: warning: layers[2]: there\n");
  EXPECT_EQ(printer.getNumErrors(), 2u);
}

TEST_F(ImportedModel, RuntimeParametersHaveNoValue) {
  importWith("runtime");
  unsigned count = 0;
  function.walk([&](ParameterOp parameter) {
    ++count;
    EXPECT_FALSE(parameter.getValue());
  });
  EXPECT_EQ(count, 1u + 2 * (2 + 6 + 4) + (2 + 8 + 2) + 2);
}

/// The text with its resources reads back as the same module.
TEST_F(ImportedModel, RoundTripsThroughText) {
  importWith("random:0");
  std::string text;
  raw_string_ostream(text) << *module;
  MLIRContext other;
  other.loadDialect<SsmDialect, func::FuncDialect, arith::ArithDialect>();
  OwningOpRef<ModuleOp> again = parseSourceString<ModuleOp>(text, &other);
  ASSERT_TRUE(again);
  std::string textAgain;
  raw_string_ostream(textAgain) << *again;
  EXPECT_EQ(text, textAgain);
}

//===----------------------------------------------------------------------===//
// Weights
//===----------------------------------------------------------------------===//

namespace {
/// A model of one linear map (2, 3) with its weights file W.safetensors.
class ImportedWeights : public ::testing::Test {
protected:
  TemporaryFolder folder;
  std::string model =
      folder.write("model.json",
                   R"({"layers": [{"target": "RegressionHead", "in_features": 3,
          "out_features": 2}]})");
  Array weight = Array::fromF32({2, 3}, {1, 2, 3, 4, 5, 6});
  Array bias = Array::fromF32({2}, {7, 8});
  std::vector<NamedTensor> tensors;

  std::string import() {
    std::string bytes;
    raw_string_ostream os(bytes);
    writeSafetensors(os, tensors);
    std::string file = folder.write("W.safetensors", os.str());
    return folder.shorten(importAndPrint({model, file, false, ""}));
  }
  std::string import(const Array &weight, const Array &bias) {
    tensors = {{"layers.0.linear.weight", weight.view()},
               {"layers.0.linear.bias", bias.view()}};
    return import();
  }
};
} // namespace

TEST_F(ImportedWeights, WrongTensorsAreNamed) {
  EXPECT_EQ(import(weight, bias), "ok\n");
  EXPECT_EQ(import(Array::fromF32({3, 2}, {1, 2, 3, 4, 5, 6}), bias),
            "W.safetensors: error: layers.0.linear.weight has shape [3,2]; "
            "expected [2,3] (in_features 3, out_features 2)\n");
  EXPECT_EQ(import(weight, Array::fromI32({2}, {1, 2})),
            "W.safetensors: error: layers.0.linear.bias has dtype I32; "
            "expected F32, F64, F16 or BF16\n");
  float infinity = INFINITY, nan = NAN;
  EXPECT_EQ(import(Array::fromF32({2, 3}, {1, infinity, 3, 4, nan, 6}), bias),
            "W.safetensors: error: layers.0.linear.weight is NaN at [1,1]; "
            "expected numbers (infinity is one)\n");
  EXPECT_EQ(import(Array::fromF32({2, 3}, {1, infinity, 3, 4, 5, 6}), bias),
            "ok\n");
  EXPECT_EQ(import(Array::fromF64({2, 3}, {1, INFINITY, 3, 1e300, 5, 6}), bias),
            "W.safetensors: error: layers.0.linear.weight is 1e+300 at [1,0]; "
            "expected numbers that a float can hold, or infinity\n");
}

TEST_F(ImportedWeights, MissingAndUnexpectedTensorsAreNamed) {
  tensors = {{"layers.0.linear.weight", weight.view()}};
  EXPECT_EQ(import(),
            "W.safetensors: error: there is no tensor layers.0.linear.bias; "
            "expected one of shape [2] (in_features 3, out_features 2)\n"
            "W.safetensors: note: layers.0.linear has weight\n");
  tensors = {{"layers.0.linear.weight", weight.view()},
             {"layers.0.linear.bias", bias.view()},
             {"layers.1.linear.bias", bias.view()}};
  EXPECT_EQ(import(),
            "W.safetensors: error: the model has no tensor "
            "layers.1.linear.bias\n"
            "W.safetensors: note: the options in model.json decide which "
            "tensors there are: num_blocks, use_bias, damping...\n");
}

TEST_F(ImportedWeights, MissingFilesAreNamed) {
  EXPECT_EQ(folder.shorten(importAndPrint({model, "", false, ""})),
            "model.safetensors: error: there is no such file\n"
            "note: --weights names another file, random:SEED for a "
            "configuration that was not trained, or runtime for weights that "
            "come when the model runs; ssmc init makes the weights that "
            "training starts from\n");
  EXPECT_EQ(
      folder.shorten(importAndPrint({model, folder.file("no"), false, ""})),
      "no: error: cannot be read: No such file or directory\n");
  EXPECT_EQ(
      folder.shorten(importAndPrint({folder.file("no.json"), "", false, ""})),
      "no.json: error: cannot be read: No such file or directory\n");
  EXPECT_EQ(importAndPrint({model, "random:x", false, ""}),
            "error: weights 'random:x': expected random:SEED with an integer "
            "SEED from 0 to 2^64-1\n");
}

TEST_F(ImportedWeights, DoublesStayAndHalvesAreWidened) {
  Array half{{2}, DType::F16, {0x00, 0x3e, 0x00, 0x3c}}; // 1.5, 1
  tensors = {{"layers.0.linear.weight",
              Array::fromF64({2, 3}, {0.1, 2, 3, 4, 5, 6}).view()},
             {"layers.0.linear.bias", half.view()}};
  Array doubles = Array::fromF64({2, 3}, {0.1, 2, 3, 4, 5, 6});
  tensors[0].value = doubles.view();
  std::string bytes;
  raw_string_ostream os(bytes);
  writeSafetensors(os, tensors);
  MLIRContext context;
  auto module = importModel(
      context, {model, folder.write("W.safetensors", os.str()), false, ""});
  ASSERT_TRUE(module);
  module->walk([&](ParameterOp parameter) {
    auto value = cast<DenseResourceElementsAttr>(*parameter.getValue());
    ArrayRef<char> data = value.getRawHandle().getBlob()->getData();
    if (parameter.getName().ends_with("bias")) {
      EXPECT_TRUE(value.getElementType().isF32());
      EXPECT_EQ((ArrayView{{}, DType::F32, data}.toF32()),
                (std::vector<float>{1.5, 1}));
    } else {
      EXPECT_TRUE(value.getElementType().isF64());
      EXPECT_EQ((ArrayView{{}, DType::F64, data}.toF64())[0], 0.1);
    }
  });
}

/// Writes random weights for `model` into a file, with some tensors replaced.
static std::string
importReplaced(const TemporaryFolder &folder, StringRef json,
               ArrayRef<std::pair<StringRef, Array>> replaced) {
  MLIRContext context;
  std::string model = folder.write("model.json", json);
  auto module = importModel(context, {model, "random:3", false, ""});
  EXPECT_TRUE(module);
  std::vector<NamedTensor> tensors;
  module->walk([&](ParameterOp parameter) {
    auto value = cast<DenseResourceElementsAttr>(*parameter.getValue());
    NamedTensor tensor{parameter.getName().str(),
                       {SmallVector<int64_t, 4>(value.getType().getShape()),
                        DType::F32, value.getRawHandle().getBlob()->getData()}};
    for (const auto &[name, array] : replaced)
      if (name == tensor.name)
        tensor.value = array.view();
    tensors.push_back(tensor);
  });
  for (const auto &[name, array] : replaced)
    if (name.ends_with("first_time"))
      tensors.push_back({name.str(), array.view()});
  std::string bytes;
  raw_string_ostream os(bytes);
  writeSafetensors(os, tensors);
  folder.write("model.safetensors", os.str());
  return folder.shorten(importAndPrint({model, "", false, ""}));
}

static const char kS5[] = R"({"layers": [{"target": "S5", "hidden_dim": 2,
  "num_blocks": 1, "state_dim": 4, "C_init": "complex_normal"}]})";

TEST(ImportWeightRules, ADoubledCIsRefused) {
  TemporaryFolder folder;
  EXPECT_EQ(importReplaced(folder, kS5, {}), "ok\n");
  Array c = Array::fromF32({2, 4, 2}, std::vector<float>(16, 1));
  EXPECT_EQ(
      importReplaced(folder, kS5, {{"layers.0.blocks.0.sequence_mixer.C", c}}),
      "model.safetensors: error: layers.0.blocks.0.sequence_mixer.C has shape "
      "[2,4,2]; expected [2,2,2] (state_dim 4, conj_sym)\n"
      "model.safetensors: note: a model that reads sequences in both "
      "directions has such a C, and says \"bidirectional\": true; in another "
      "one C_init \"complex_normal\" made it twice too large, which discretax "
      "itself cannot run: keep its first 2 columns\n");
}

TEST(ImportWeightRules, ADoubledCOfOtherMixersHasNoNoteOnS5) {
  TemporaryFolder folder;
  const char *model = R"({"layers": [{"target": "LinOSS", "hidden_dim": 2,
    "num_blocks": 1, "state_dim": 4}]})";
  Array c = Array::fromF32({2, 8, 2}, std::vector<float>(32, 1));
  EXPECT_EQ(
      importReplaced(folder, model,
                     {{"layers.0.blocks.0.sequence_mixer.C", c}}),
      "model.safetensors: error: layers.0.blocks.0.sequence_mixer.C has shape "
      "[2,8,2]; expected [2,4,2] (state_dim 4)\n");
}

TEST(ImportWeightRules, StatisticsThatWereNeverUpdatedGiveAWarning) {
  TemporaryFolder folder;
  EXPECT_EQ(importReplaced(folder, kS5,
                           {{"layers.0.blocks.0.norm.running_var",
                             Array::fromF32({2}, {0, 0})}}),
            "model.safetensors: warning: layers.0.blocks.0.norm.running_var is "
            "all zero: the statistics were never updated, and an untrained "
            "model's output means nothing\n"
            "ok\n");
}

TEST(ImportWeightRules, FirstTimeIsABoolean) {
  TemporaryFolder folder;
  StringRef name = "layers.0.blocks.0.norm.first_time";
  Array isTrue{{}, DType::Bool, {1}};
  EXPECT_EQ(importReplaced(folder, kS5, {{name, isTrue}}), "ok\n");
  MLIRContext context;
  auto module =
      importModel(context, {folder.file("model.json"), "", false, ""});
  bool found = false;
  module->walk([&](BatchNormTrainingOp norm) {
    auto parameter = norm.getFirstTime().getDefiningOp<ParameterOp>();
    ASSERT_TRUE(parameter);
    auto value = cast<DenseElementsAttr>(*parameter.getValue());
    found = value.getSplatValue<bool>();
  });
  EXPECT_TRUE(found);
  EXPECT_EQ(importReplaced(folder, kS5, {{name, Array::fromI32({}, {1})}}),
            "model.safetensors: error: layers.0.blocks.0.norm.first_time has "
            "dtype I32; expected BOOL\n");
}

TEST(ImportModelName, FollowsTheFile) {
  EXPECT_EQ(deriveModelName("a/digits-s5.json"), "digits_s5");
  EXPECT_EQ(deriveModelName("/tmp/7up/model.json"), "model_7up");
  EXPECT_EQ(deriveModelName("/tmp/"), "tmp");
  EXPECT_EQ(deriveModelName("/no/_x.json"), "model__x");
}
