//===- Verify.cpp - Compiled code against the f64 interpreter -------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/Verify.h"
#include "dialect/SsmDialect.h"
#include "lib/Reference/RunModel.h"
#include "tools/ssmc/Compilation.h"
#include "tools/ssmc/NativeModel.h"
#include "tools/ssmc/Progress.h"
#include "tools/ssmc/StateFiles.h"
#include "tools/ssmc/Threads.h"
#include "llvm/Support/Format.h"
#include <cmath>
#include <limits>
#include <random>

using namespace llvm;
using namespace ssmc;

/// Sequences and time steps of the random input: several groups of rows, full
/// chunks and a tail.
static constexpr int64_t kBatch = 3, kLength = 131, kChunk = 7;

/// The promise: the largest error of an output, of what enters a head and of a
/// state, relative to the largest magnitude. f32 explains a third of it on
/// every model of the tests.
static constexpr double kLimit = 1e-5;

/// Rows of the embedding's table, if the model starts with one.
static int64_t getVocabulary(mlir::ModuleOp model) {
  int64_t rows = 1;
  model.walk([&](EmbeddingOp embedding) {
    rows = cast<mlir::RankedTensorType>(embedding.getTable().getType())
               .getDimSize(0);
  });
  return rows;
}

/// Random numbers from the engine alone, whose values the standard fixes.
static double drawUniform(std::mt19937_64 &engine) {
  return double(engine() >> 11) * 0x1p-53;
}

static Array makeInput(mlir::ModuleOp model) {
  std::mt19937_64 engine(1);
  InputType type = getInputType(model);
  int64_t count = kBatch * kLength * type.features;
  if (type.isTokens) {
    int64_t vocabulary = getVocabulary(model);
    std::vector<int32_t> ids(count);
    for (int32_t &id : ids)
      id = std::min<int64_t>(drawUniform(engine) * vocabulary, vocabulary - 1);
    return Array::fromI32({kBatch, kLength}, ids);
  }
  // Sums of four uniform numbers: bell-shaped, of variance 1.
  std::vector<float> values(count);
  for (float &value : values) {
    double sum = -2;
    for (int i = 0; i < 4; ++i)
      sum += drawUniform(engine);
    value = sum * std::sqrt(3.0);
  }
  return Array::fromF32({kBatch, kLength, type.features}, values);
}

/// Time deltas between 1/2 and 2, for a model that takes them.
static Array drawTimeSteps(mlir::ModuleOp model) {
  if (!takesTimeSteps(model))
    return {};
  std::mt19937_64 engine(2);
  std::vector<float> values(kBatch * kLength);
  for (float &value : values)
    value = std::exp2(2 * drawUniform(engine) - 1);
  return Array::fromF32({kBatch, kLength}, values);
}

/// The largest difference relative to the largest magnitude of `expected`.
/// Values that are not finite must be in the same places.
static double measureError(const ArrayView &actual, const ArrayView &expected) {
  double largest = 0, error = 0;
  for (int64_t i = 0; i < expected.getNumElements(); ++i) {
    double a = actual.getDouble(i), e = expected.getDouble(i);
    if (std::isfinite(e) && std::isfinite(a)) {
      largest = std::max(largest, std::abs(e));
      error = std::max(error, std::abs(a - e));
    } else if (std::isnan(a) != std::isnan(e) || (!std::isnan(a) && a != e)) {
      return std::numeric_limits<double>::infinity();
    }
  }
  return error == 0 ? 0 : error / std::max(largest, 1e-30);
}

namespace {
/// Prints errors and remembers whether one was too large.
class Report {
public:
  void add(StringRef what, double error) {
    bool passes = error <= kLimit;
    allPass &= passes;
    errs() << "verify: " << left_justify(what, 28) << format(" %.2e", error)
           << " (limit " << format("%.0e", kLimit) << ")"
           << (passes ? "" : "  TOO LARGE") << "\n";
  }
  void addBits(StringRef what, bool areEqual) {
    allPass &= areEqual;
    errs() << "verify: " << left_justify(what, 28)
           << (areEqual ? " same bits" : "  DIFFERENT BITS") << "\n";
  }
  bool allPass = true;
};

struct NativeRun {
  Array y;
  StateMap states;
};

/// What the model is run on.
struct Input {
  Array x, dt;
};
} // namespace

static Expected<NativeRun> runNative(const NativeModel &model,
                                     const Input &input, RunMode mode,
                                     const ssmc_executor *executor = nullptr) {
  auto records = model.makeRecords(kBatch);
  if (!records)
    return records.takeError();
  auto y = model.run(input.x.view(), input.dt.view().toF32(), mode, *records,
                     /*isFresh=*/true, executor);
  if (!y)
    return y.takeError();
  return NativeRun{std::move(*y),
                   unpackStates(model.getInfo(), kBatch, records->data())};
}

/// Step, chunk and threads against forward, and so is forward itself where it
/// is another CPU's: equal to the last bit. `cpu` is put in front of what is
/// reported.
static Error checkBits(const NativeModel &model, const Input &input,
                       const NativeRun &forward, bool isOther, StringRef cpu,
                       Report &report) {
  auto threads = Threads::start(2);
  if (!threads)
    return threads.takeError();
  struct {
    StringRef name;
    RunMode mode;
    const ssmc_executor *executor = nullptr;
  } ways[] = {
      {"whole sequences", {RunMode::Kind::Forward, 1}},
      {"step by step", {RunMode::Kind::Step, 1}},
      {"in chunks of 7", {RunMode::Kind::Chunk, kChunk}},
      {"on two threads", {RunMode::Kind::Forward, 1}, threads->getExecutor()}};
  for (const auto &way : ArrayRef(ways).drop_front(isOther ? 0 : 1)) {
    if (model.getInfo().isBidirectional() &&
        way.mode.kind != RunMode::Kind::Forward)
      continue;
    auto run = runNative(model, input, way.mode, way.executor);
    if (!run)
      return run.takeError();
    bool same = run->y.bytes == forward.y.bytes;
    for (const auto &[path, state] : forward.states)
      same &= run->states.at(path).bytes == state.bytes;
    report.addBits((cpu + way.name).str(), same);
  }
  return Error::success();
}

/// The error of what enters the head, by compiling the model without it.
static mlir::LogicalResult checkBeforeHead(mlir::ModuleOp model,
                                           const TargetCpu &target,
                                           const Input &input,
                                           const reference::Tensor &hidden,
                                           Report &errors) {
  mlir::MLIRContext &context = *model->getContext();
  auto loaded = compileAndLoad(model, target, /*withoutHead=*/true, "headless");
  if (failed(loaded))
    return mlir::failure();
  auto run = runNative(*loaded, input, RunMode());
  if (!run)
    return report(context, run.takeError());
  Array expected = Array::fromF64(hidden.shape, hidden.floats());
  errors.add("before the head", measureError(run->y.view(), expected.view()));
  return mlir::success();
}

namespace {
/// A variant in this process.
struct LoadedVariant {
  const CompiledVariant *variant;
  NativeModel model;
};
} // namespace

/// Loads the variants that this machine can run; says which it cannot.
static Expected<std::vector<LoadedVariant>>
loadVariants(const NativeCode &native) {
  std::vector<LoadedVariant> loaded;
  Error missing = Error::success();
  for (auto [number, variant] : llvm::enumerate(native.lowered.variants)) {
    if (Error error = checkRunsHere(variant.target)) {
      missing = joinErrors(std::move(missing), std::move(error));
      continue;
    }
    auto object = native.code.emitLoadable(number);
    if (!object)
      return joinErrors(std::move(missing), object.takeError());
    auto model = NativeModel::load(*object, variant.info);
    if (!model)
      return joinErrors(std::move(missing), model.takeError());
    loaded.push_back({&variant, std::move(*model)});
  }
  if (loaded.empty())
    return joinErrors(createStringError("--verify: cannot run the object"),
                      std::move(missing));
  handleAllErrors(std::move(missing), [](const ErrorInfoBase &info) {
    errs() << "verify: not run: " << info.message() << "\n";
  });
  return loaded;
}

/// Bits of all variants, against those of the first.
static Error checkVariants(ArrayRef<LoadedVariant> variants, bool nameCpus,
                           const Input &input, const NativeRun &forward,
                           Report &report) {
  for (const LoadedVariant &one : variants) {
    std::string cpu = nameCpus ? one.variant->target.cpu + ", " : std::string();
    if (Error error = checkBits(one.model, input, forward,
                                &one != &variants.front(), cpu, report))
      return error;
  }
  return Error::success();
}

mlir::LogicalResult ssmc::verifyModel(mlir::ModuleOp model,
                                      const NativeCode &native, Level from) {
  mlir::MLIRContext &context = *model->getContext();
  auto variants = loadVariants(native);
  if (!variants)
    return report(context, variants.takeError());
  Progress progress("verifying");
  Input input{makeInput(model), drawTimeSteps(model)};
  reference::ModelOptions options;
  if (takesTimeSteps(model))
    options.timeSteps = toReference(input.dt);
  auto expected = reference::runModel(model, toReference(input.x), options);
  if (failed(expected))
    return mlir::failure();
  auto run = runNative(variants->front().model, input, RunMode());
  if (!run)
    return report(context, run.takeError());

  Report errors;
  Array y = Array::fromF64(expected->y.shape, expected->y.floats());
  errors.add("output", measureError(run->y.view(), y.view()));
  if (from == Level::Model && expected->y.shape != expected->hidden.shape &&
      failed(checkBeforeHead(model, variants->front().variant->target, input,
                             expected->hidden, errors)))
    return mlir::failure();
  if (!isBidirectional(model)) // which has no states to keep
    for (const auto &[path, state] : fromReference(expected->states))
      errors.add(path, measureError(run->states.at(path).view(), state.view()));
  bool nameCpus = native.lowered.variants.size() > 1;
  if (Error error = checkVariants(*variants, nameCpus, input, *run, errors))
    return report(context, std::move(error));
  if (!errors.allPass)
    return report(context,
                  createStringError("--verify: compiled code and the f64 "
                                    "interpreter disagree (see above)"));
  return mlir::success();
}
