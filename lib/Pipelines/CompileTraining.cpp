//===- CompileTraining.cpp - Training mode beside inference ---------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/CompileTraining.h"
#include "lib/Analysis/ChunkRows.h"
#include "lib/Analysis/TargetDescription.h"
#include "lib/Analysis/Weights.h"
#include "lib/Pipelines/Prepare.h"
#include "lib/Pipelines/Variants.h"
#include "lib/Target/JitSession.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Alignment.h"
#include <cstring>

using namespace mlir;
using namespace ssmc;

//===----------------------------------------------------------------------===//
// Statistics
//===----------------------------------------------------------------------===//

static FailureOr<WeightValues> getValues(Operation *user, Value value) {
  if (auto parameter = value.getDefiningOp<ParameterOp>())
    return getParameterValues(parameter);
  if (auto constant = value.getDefiningOp<arith::ConstantOp>())
    if (auto elements = dyn_cast<ElementsAttr>(constant.getValue()))
      return getWeightValues(user, "first_time", elements);
  return user->emitOpError() << "has statistics that are no parameters";
}

/// Element `i`, of f32 or f64, as a double.
static double getNumber(const WeightValues &values, int64_t i) {
  const char *bytes = values.rawBytes().data();
  i = values.isSplat() ? 0 : i;
  if (values.type().getElementType().isF64()) {
    double number;
    std::memcpy(&number, bytes + i * sizeof number, sizeof number);
    return number;
  }
  float number;
  std::memcpy(&number, bytes + i * sizeof number, sizeof number);
  return number;
}

/// Statistics as training keeps them, in f32: those in f64 are rounded. The
/// import refuses what f32 cannot hold.
static FailureOr<std::vector<float>> getFloats(Operation *user, Value value) {
  FailureOr<WeightValues> values = getValues(user, value);
  if (failed(values))
    return failure();
  Type type = values->type().getElementType();
  if (!type.isF32() && !type.isF64())
    return user->emitOpError() << "has statistics of type " << values->type()
                               << "; expected f32 or f64";
  std::vector<float> floats(values->size());
  for (size_t i = 0; i < floats.size(); ++i)
    floats[i] = static_cast<float>(getNumber(*values, i));
  return floats;
}

FailureOr<std::vector<TrainingNorm>> ssmc::findNorms(ModuleOp model) {
  std::vector<TrainingNorm> norms;
  WalkResult walk = model.walk([&](BatchNormTrainingOp norm) {
    auto mean = getFloats(norm, norm.getMean());
    auto var = getFloats(norm, norm.getVar());
    auto first = getValues(norm, norm.getFirstTime());
    if (failed(mean) || failed(var) || failed(first))
      return WalkResult::interrupt();
    auto parameter = norm.getMean().getDefiningOp<ParameterOp>();
    StringRef path = parameter.getName();
    path.consume_back(".running_mean");
    norms.push_back({path.str(), getNumFeatures(norm.getType(0)),
                     norm.getEpsilon().convertToDouble(),
                     norm.getMomentum().convertToDouble(), std::move(*mean),
                     std::move(*var), first->rawBytes().front() != 0});
    return WalkResult::advance();
  });
  if (walk.wasInterrupted())
    return failure();
  return norms;
}

std::vector<char> ssmc::packStatistics(ArrayRef<TrainingNorm> norms) {
  std::vector<char> bytes;
  auto append = [&](const void *data, size_t size) {
    const char *first = static_cast<const char *>(data);
    bytes.insert(bytes.end(), first, first + size);
  };
  for (const TrainingNorm &norm : norms) {
    append(norm.mean.data(), norm.mean.size() * sizeof(float));
    append(norm.var.data(), norm.var.size() * sizeof(float));
    int32_t first = norm.firstTime;
    append(&first, sizeof first);
  }
  return bytes;
}

//===----------------------------------------------------------------------===//
// Lowering
//===----------------------------------------------------------------------===//

/// What `ssm.train_steps` says, in the order in which steps run.
static FailureOr<std::vector<TrainingStep>> readSteps(ModuleOp loops) {
  std::vector<TrainingStep> steps;
  auto entries = loops->getAttrOfType<ArrayAttr>("ssm.train_steps");
  if (!entries)
    return loops.emitError() << "has no attribute 'ssm.train_steps'";
  for (auto entry : entries.getAsRange<DictionaryAttr>()) {
    auto number = [&](StringRef name) {
      auto value = entry.getAs<IntegerAttr>(name);
      return value ? value.getInt() : 0;
    };
    TrainingStep step;
    step.unit = number("unit");
    step.blob = number("blob");
    step.norm = number("norm");
    step.in = number("in");
    step.out = number("out");
    step.inPlace = number("in_place");
    auto kind = entry.getAs<StringAttr>("kind");
    step.kind = llvm::StringSwitch<TrainingStep::Kind>(kind.getValue())
                    .Case("pool", TrainingStep::Kind::Pool)
                    .Case("answer", TrainingStep::Kind::Answer)
                    .Default(TrainingStep::Kind::Rows);
    if (auto keys = entry.getAs<ArrayAttr>("keys"))
      for (auto key : keys.getAsRange<DenseI64ArrayAttr>())
        step.keys.emplace_back(key.asArrayRef().begin(),
                               key.asArrayRef().end());
    steps.push_back(std::move(step));
  }
  return steps;
}

namespace {
/// The model for one CPU.
struct TrainingVariant {
  OwningOpRef<ModuleOp> module;
  ModelPlan plan;
  TrainingInfo info;
};
} // namespace

/// Takes a model from recurrence level to the LLVM dialect for `target`. With
/// `blob`, fills it by @prepare.
static FailureOr<TrainingVariant>
lowerVariant(ModuleOp model, const TargetCpu &target, const TileOptions &tiles,
             const llvm::StringMap<WeightValues> &weights,
             AlignedBuffer *blob) {
  TrainingVariant variant;
  variant.module = model.clone();
  ModuleOp module = *variant.module;
  describeCpu(module, target);
  if (failed(runPipeline(module, [&](OpPassManager &passes) {
        buildRecurrenceToTrainingChunk(passes, tiles);
      })))
    return failure();
  FailureOr<ModelPlan> plan = readPlan(module);
  if (failed(plan) || failed(runPipeline(module, [&](OpPassManager &passes) {
        buildChunkToTrainingLoops(passes, tiles);
      })))
    return failure();
  if (blob && failed(runPrepare(module, *plan, weights, nullptr, *blob)))
    return failure();
  FailureOr<std::vector<TrainingStep>> steps = readSteps(module);
  if (failed(steps))
    return failure();
  ModelInfo info = describeModel(module, *plan);
  variant.info.steps = std::move(*steps);
  variant.info.stateBytes = info.stateBytes;
  variant.info.workspaceBytes = info.workspaceBytes;
  variant.info.rowsPerChunk = info.rowsPerChunk;
  variant.plan = std::move(*plan);
  variant.module = withoutPrepare(module);
  if (failed(runPipeline(*variant.module, buildLoopsToLLVM)))
    return failure();
  return variant;
}

/// `first`, then `second` from a cache line on, then `third`.
static AlignedBuffer join(AlignedBuffer &first, AlignedBuffer &second,
                          ArrayRef<char> third) {
  size_t start = llvm::alignTo(first.size(), kCacheLineBytes);
  AlignedBuffer all(start + second.size() + third.size());
  auto copy = [&](size_t at, ArrayRef<char> bytes) {
    if (!bytes.empty())
      std::memcpy(all.data() + at, bytes.data(), bytes.size());
  };
  copy(0, first);
  copy(start, second);
  copy(start + second.size(), third);
  return all;
}

LogicalResult ssmc::addTrainingForm(CompiledModel &compiled, ModuleOp model,
                                    const CompileOptions &options) {
  TileOptions tiles = options.tiles.value_or(TileOptions());
  FailureOr<std::vector<TrainingNorm>> norms = findNorms(model);
  if (failed(norms) ||
      failed(runPipeline(model, buildModelToTrainingRecurrence)))
    return failure();
  auto weights = collectWeights(model);
  if (failed(weights))
    return failure();
  AlignedBuffer blob;
  std::optional<ModelPlan> first;
  for (CompiledVariant &variant : compiled.variants) {
    bool isFirst = &variant == &compiled.variants.front();
    auto lowered = lowerVariant(model, variant.target, tiles, *weights,
                                isFirst ? &blob : nullptr);
    if (failed(lowered))
      return failure();
    if (!first)
      first = lowered->plan;
    if (failed(checkSameLayout(model, *first, lowered->plan)))
      return failure();
    lowered->info.norms = *norms;
    lowered->info.blobOffset =
        llvm::alignTo(compiled.blob.size(), kCacheLineBytes);
    lowered->info.statisticsOffset = lowered->info.blobOffset + blob.size();
    variant.training = std::move(lowered->module);
    variant.info.training = std::move(lowered->info);
    if (isFirst)
      compiled.info.training = variant.info.training;
    compiled.info.growTo(variant.info);
  }
  compiled.blob = join(compiled.blob, blob, packStatistics(*norms));
  return success();
}
