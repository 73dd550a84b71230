//===- ReferenceGoldenTest.cpp - The interpreter against discretax in f64 -===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

//
// Every golden model at model level and at recurrence level, and models in
// training form with their random masks.
//
//===----------------------------------------------------------------------===//

#include "lib/Import/ImportModel.h"
#include "lib/Import/Safetensors.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Pass/PassManager.h"
#include "test/unit/ReferenceTest.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

using namespace mlir;
using namespace ssmc;
using namespace ssmc::reference;

/// The names of the folders below test/data/`group`, sorted.
static std::vector<std::string> listCases(const std::string &group) {
  const char *data = std::getenv("SSMC_TEST_DATA");
  std::string root = std::string(data ? data : "test/data") + "/" + group;
  std::vector<std::string> cases;
  std::error_code code;
  for (llvm::sys::fs::directory_iterator it(root, code), end;
       it != end && !code; it.increment(code))
    if (llvm::sys::fs::is_directory(it->path()))
      cases.push_back(it->path());
  llvm::sort(cases);
  return cases;
}

static Tensor toTensor(const ArrayView &array) {
  if (isFloat(array.dtype))
    return Tensor(array.shape, array.toF64());
  std::vector<int64_t> values;
  for (int64_t i = 0; i < array.getNumElements(); ++i) {
    double value = array.getDouble(i);
    values.push_back(array.dtype == DType::U32
                         ? static_cast<int32_t>(static_cast<uint32_t>(value))
                         : static_cast<int64_t>(value));
  }
  return Tensor(array.shape, values);
}

namespace {
class GoldenTest : public ::testing::TestWithParam<std::string> {
protected:
  void SetUp() override {
    auto opened = SafetensorsFile::open(GetParam() + "/case.safetensors");
    ASSERT_TRUE(bool(opened)) << llvm::toString(opened.takeError());
    golden.emplace(std::move(*opened));
    std::string message;
    {
      ScopedDiagnosticHandler handler(&context, [&](Diagnostic &diagnostic) {
        message += diagnostic.str();
        return success();
      });
      module = importModel(context, {GetParam(), "", false, ""});
    }
    ASSERT_TRUE(module) << message;
  }

  bool has(const std::string &name) { return golden->find(name); }
  Tensor get(const std::string &name) {
    const NamedTensor *tensor = golden->find(name);
    EXPECT_TRUE(tensor) << name;
    return tensor ? toTensor(tensor->value) : Tensor();
  }
  /// As a batch of one.
  Tensor getBatched(const std::string &name) {
    Tensor tensor = get(name);
    tensor.shape.insert(tensor.shape.begin(), 1);
    return tensor;
  }
  /// What f64 itself loses to cancellation in discretax is not our error.
  double getTolerance() {
    return StringRef(GetParam()).ends_with("s5-zoh-cancellation") ? 1e-7 : 1e-9;
  }

  void lowerToRecurrences() {
    PassManager manager(&context);
    manager.addPass(createInferenceMode());
    manager.addPass(createDiscretizeS5());
    manager.addPass(createDiscretizeLru());
    manager.addPass(createDiscretizeLinoss());
    manager.addPass(createDiscretizeS4d());
    manager.addPass(createLowerDeltaNet());
    manager.addPass(createLowerLayers());
    ASSERT_TRUE(succeeded(manager.run(*module)));
  }
  void foldNorms() {
    PassManager manager(&context);
    manager.addNestedPass<func::FuncOp>(createFoldNorms());
    ASSERT_TRUE(succeeded(manager.run(*module)));
  }
  void removeHead() {
    func::FuncOp model = *getModelFunction(*module);
    Operation *end = model.getBody().front().getTerminator();
    end->setOperand(0, getHeadInput(model));
    model.setType(FunctionType::get(&context, model.getArgumentTypes(),
                                    end->getOperandTypes()));
  }

  ModelRun runOnInput() {
    auto run = runModel(*module, getBatched("x"));
    EXPECT_TRUE(succeeded(run));
    return succeeded(run) ? std::move(*run) : ModelRun();
  }
  void expectOutput(const Tensor &y, const std::string &name) {
    SCOPED_TRACE(name);
    expectClose(y, getBatched(name), getTolerance());
  }
  void expectStates(const ModelRun &run) {
    unsigned compared = 0;
    for (auto &[path, state] : run.states) {
      if (!has("state64." + path))
        continue; // of a pooled head
      SCOPED_TRACE(path);
      expectClose(toGoldenLayout(state), getBatched("state64." + path),
                  getTolerance());
      compared += state.size() > 0;
    }
    unsigned expected = 0;
    // An empty state may be carried (S5) or not (an identity).
    for (const NamedTensor &tensor : golden->getTensors())
      expected += StringRef(tensor.name).starts_with("state64.") &&
                  tensor.value.getNumElements() > 0;
    EXPECT_EQ(compared, expected);
  }

  MLIRContext context;
  OwningOpRef<ModuleOp> module;
  std::optional<SafetensorsFile> golden;
};
class TrainingTest : public GoldenTest {};
} // namespace

TEST_P(GoldenTest, ModelLevel) {
  PassManager manager(&context);
  manager.addPass(createInferenceMode());
  ASSERT_TRUE(succeeded(manager.run(*module)));
  ModelRun run = runOnInput();
  expectOutput(run.y, "y64");
  if (has("h64"))
    expectOutput(run.hidden, "h64");
  expectStates(run);
}

TEST_P(GoldenTest, RecurrenceLevel) {
  lowerToRecurrences();
  ModelRun run = runOnInput();
  expectOutput(run.y, "y64");
  if (has("h64"))
    expectOutput(run.hidden, "h64");
  expectStates(run);
}

TEST_P(GoldenTest, FoldedNorms) {
  lowerToRecurrences();
  foldNorms();
  ModelRun run = runOnInput();
  expectOutput(run.y, "y64");
  expectStates(run);
}

TEST_P(GoldenTest, FoldedNormsWithoutHead) {
  if (!has("h64"))
    GTEST_SKIP() << "has no head";
  removeHead();
  lowerToRecurrences();
  foldNorms();
  expectOutput(runOnInput().y, "h64");
}

//===----------------------------------------------------------------------===//
// Digits
//===----------------------------------------------------------------------===//

TEST(DigitsTest, LogProbabilitiesOfEveryImage) {
  const char *data = std::getenv("SSMC_TEST_DATA");
  std::string root = std::string(data ? data : "test/data") + "/digits";
  auto read = [&](const std::string &file, StringRef name) {
    auto opened = SafetensorsFile::open(root + "/" + file);
    EXPECT_TRUE(bool(opened)) << llvm::toString(opened.takeError());
    return toTensor(opened->find(name)->value);
  };
  Tensor images = read("test.safetensors", "x");
  for (const char *model : {"s5", "lru", "linoss"}) {
    SCOPED_TRACE(model);
    MLIRContext context;
    OwningOpRef<ModuleOp> module =
        importModel(context, {root + "/" + model, "", false, ""});
    ASSERT_TRUE(module);
    PassManager manager(&context);
    manager.addPass(createInferenceMode());
    ASSERT_TRUE(succeeded(manager.run(*module)));
    auto run = runModel(*module, images);
    ASSERT_TRUE(succeeded(run));
    expectClose(run->y,
                read(std::string(model) + "/expected.safetensors",
                     "log_probabilities64"),
                1e-9);
  }
}

//===----------------------------------------------------------------------===//
// Training form
//===----------------------------------------------------------------------===//

/// Checks that `y`, dropout's result for `x`, keeps what `mask` says.
static void expectMask(DropoutOp op, const Tensor &x, const Tensor &y,
                       const Tensor &mask) {
  ASSERT_EQ(y.shape, mask.shape);
  double kept = 1.0 - op.getRate().convertToDouble();
  for (size_t i = 0; i < mask.ints().size(); ++i)
    ASSERT_EQ(y.floats()[i], mask.ints()[i] ? x.floats()[i] / kept : 0.0) << i;
}

TEST_P(TrainingTest, TwoCalls) {
  ModelOptions options;
  DenseMap<Value, Tensor> inputs; // of dropouts
  std::string call;
  auto observe = [&](Operation *op, ArrayRef<Tensor> results) {
    for (auto [value, tensor] : llvm::zip_equal(op->getResults(), results))
      if (llvm::any_of(value.getUsers(),
                       [](Operation *user) { return isa<DropoutOp>(user); }))
        inputs[value] = tensor;
    auto dropout = dyn_cast<DropoutOp>(op);
    if (!dropout || dropout.getRate().isZero())
      return;
    // A block splits its key in three: the second is the first dropout's.
    auto block = dropout->getParentOfType<BlockOp>();
    auto split = dropout.getKey().getDefiningOp<SplitKeyOp>();
    ASSERT_TRUE(split);
    bool isFirst = split.getIndex() == 1;
    std::string name =
        (call + "mask." + block.getPath() + (isFirst ? ".0" : ".1")).str();
    SCOPED_TRACE(name);
    expectMask(dropout, inputs[dropout.getX()], results.front(), get(name));
  };
  options.observer = observe;

  for (const char *name : {"first.", "second."}) {
    SCOPED_TRACE(name);
    call = name;
    options.keys = get(call + "keys");
    auto run = runModel(*module, get(call + "x"), options);
    ASSERT_TRUE(succeeded(run));
    expectClose(run->y, get(call + "y64"), 1e-9);
    EXPECT_FALSE(run->statistics.empty());
    for (auto &[path, value] : run->statistics) {
      SCOPED_TRACE(path);
      // The mean of normalised values is zero, but for rounding.
      expectClose(value, get(call + "statistics64." + path), 1e-9, 1e-15);
      options.parameters[path] = value;
      auto [norm, leaf] = StringRef(path).rsplit('.');
      options.parameters[(norm + ".first_time").str()] = Tensor::ofInts({}, 0);
    }
  }
}

static std::string getCaseName(const ::testing::TestParamInfo<std::string> &i) {
  std::string name = llvm::sys::path::filename(i.param).str();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Goldens, GoldenTest,
                         ::testing::ValuesIn(listCases("goldens")),
                         getCaseName);
INSTANTIATE_TEST_SUITE_P(Training, TrainingTest,
                         ::testing::ValuesIn(listCases("training")),
                         getCaseName);
