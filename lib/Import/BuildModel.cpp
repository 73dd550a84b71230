//===- BuildModel.cpp - Builds model-level IR -----------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/BuildModel.h"
#include "dialect/SsmDialect.h"
#include "lib/Import/BuildMixers.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace ssmc;

/// eqx.nn.BatchNorm's default, which discretax does not change.
static constexpr double kMomentum = 0.99;

namespace {
/// A carried state: an argument of @model and the result that replaces it.
struct CarriedState {
  Value argument, result;
};

/// New statistics and the name of the tensor that they replace.
struct Statistic {
  std::string name;
  Value value;
};

/// What all blocks of one layer share: the options of a StandardBlock, or
/// those that a model gives its blocks.
struct BlockOptions {
  const LayerConfig *mixer;
  /// Null: a GLU, as models have.
  const LayerConfig *channelMixer;
  double dropRate;
  bool prenorm;
  StringRef norm;
  double epsilon;

  BlockOptions(const LayerConfig &layer, const LayerConfig *mixer,
               const LayerConfig *channelMixer)
      : mixer(mixer), channelMixer(channelMixer),
        dropRate(layer.getNumber("drop_rate")),
        prenorm(layer.getBoolean("prenorm")), norm(layer.getChoice("norm")),
        epsilon(layer.getNumber("norm_epsilon")) {}
};

class ModelBuilder {
public:
  ModelBuilder(MLIRContext &context, const JsonDiagnostics &diagnostics)
      : builder(UnknownLoc::get(&context), &context), diagnostics(diagnostics) {
  }

  OwningOpRef<ModuleOp> build(const ModelConfig &model,
                              ArrayRef<ParameterSpec> specs,
                              ArrayRef<BoundParameter> bound, StringRef name,
                              bool takesTimeSteps);

private:
  ImplicitLocOpBuilder builder;
  const JsonDiagnostics &diagnostics;
  func::FuncOp function;
  Value keys, timeSteps;
  llvm::StringMap<Value> parameters;
  SmallVector<CarriedState> states;
  SmallVector<Statistic> statistics;

  Location locate(const LayerConfig &layer, const Twine &path) {
    return NameLoc::get(builder.getStringAttr(path),
                        diagnostics.getLocation(layer.position));
  }
  void addParameters(ArrayRef<ParameterSpec> specs,
                     ArrayRef<BoundParameter> bound);
  Value parameter(const Twine &name) { return parameters.lookup(name.str()); }
  Value addState(const std::string &path, ArrayRef<int64_t> shape, Type element,
                 StringRef pool = "");
  void addTimeSteps();
  void moveTimeStepsBehindStates();
  void setSignature(const ModelConfig &model, Value y);

  Value buildLayer(const LayerConfig &layer, size_t index, size_t count,
                   Value x);
  Value buildLinear(const std::string &path, Value x);
  Value buildHead(const LayerConfig &layer, const std::string &path, Value x);
  Value buildModelBlocks(const LayerConfig &layer, const std::string &path,
                         Value x, Value key);
  Value buildBlock(const BlockOptions &options, const std::string &path,
                   Value x, Value key);
  Value buildSplit(Value key, int64_t index, int64_t count) {
    return SplitKeyOp::create(builder, key, index, count);
  }
};
} // namespace

void ModelBuilder::addParameters(ArrayRef<ParameterSpec> specs,
                                 ArrayRef<BoundParameter> bound) {
  Value isFalse;
  for (auto [spec, parameter] : llvm::zip_equal(specs, bound)) {
    if (parameter.type) {
      parameters[spec.name] = ParameterOp::create(builder, parameter.type,
                                                  spec.name, parameter.value);
      continue;
    }
    // A file that does not say so holds statistics that training has updated.
    auto type = RankedTensorType::get({}, builder.getI1Type());
    if (!isFalse)
      isFalse = arith::ConstantOp::create(builder,
                                          DenseElementsAttr::get(type, false));
    parameters[spec.name] = isFalse;
  }
}

Value ModelBuilder::addState(const std::string &path, ArrayRef<int64_t> shape,
                             Type element, StringRef pool) {
  SmallVector<int64_t> dimensions{ShapedType::kDynamic};
  dimensions.append(shape.begin(), shape.end());
  SmallVector<NamedAttribute> attributes{
      builder.getNamedAttr("ssm.state", builder.getStringAttr(path))};
  if (!pool.empty())
    attributes.push_back(
        builder.getNamedAttr("ssm.pool", builder.getStringAttr(pool)));
  unsigned index = function.getNumArguments();
  (void)function.insertArgument(
      index, RankedTensorType::get(dimensions, element),
      builder.getDictionaryAttr(attributes), builder.getLoc());
  return function.getArgument(index);
}

//===----------------------------------------------------------------------===//
// Layers
//===----------------------------------------------------------------------===//

Value ModelBuilder::buildLinear(const std::string &path, Value x) {
  return LinearOp::create(builder, x, parameter(path + ".weight"),
                          parameter(path + ".bias"));
}

Value ModelBuilder::buildHead(const LayerConfig &layer, const std::string &path,
                              Value x) {
  if (layer.isPooledHead()) {
    Value sums = addState(path, layer.inFeatures, builder.getF64Type(), "sums");
    Value count = addState(path, {}, builder.getI64Type(), "count");
    auto pooled = RankedTensorType::get(
        {ShapedType::kDynamic, layer.inFeatures}, builder.getF32Type());
    auto pool =
        MeanPoolOp::create(builder, pooled, sums.getType(), count.getType(), x,
                           sums, count, layer.getChoice("pooling") == "last");
    states.push_back({sums, pool.getNewSums()});
    states.push_back({count, pool.getNewCount()});
    x = pool.getY();
  }
  x = buildLinear(path + ".linear", x);
  StringRef activation = layer.getChoice("activation");
  if (activation == "none")
    return x;
  if (activation == "tanh")
    return TanhOp::create(builder, x);
  return LogSoftmaxOp::create(builder, x, activation == "softmax");
}

/// The keys follow eqx.nn.Sequential: one per layer, encoders and heads
/// counting; a model splits its own by its blocks.
Value ModelBuilder::buildLayer(const LayerConfig &layer, size_t index,
                               size_t count, Value x) {
  std::string path = ("layers." + Twine(index)).str();
  builder.setLoc(locate(layer, layer.path));
  switch (layer.spec->role) {
  case Role::Encoder:
    if (Value table = parameter(path + ".embedding.weight"))
      return EmbeddingOp::create(builder, x, table);
    return buildLinear(path + ".linear", x);
  case Role::Head:
    return buildHead(layer, path, x);
  case Role::Model:
    return buildModelBlocks(layer, path, x, buildSplit(keys, index, count));
  case Role::Block:
    return buildBlock(
        {layer, layer.sequenceMixer.get(), layer.channelMixer.get()}, path, x,
        buildSplit(keys, index, count));
  case Role::SequenceMixer:
  case Role::ChannelMixer:
    break;
  }
  llvm_unreachable("not a layer");
}

Value ModelBuilder::buildModelBlocks(const LayerConfig &layer,
                                     const std::string &path, Value x,
                                     Value key) {
  int64_t count = layer.getInteger("num_blocks");
  for (int64_t i = 0; i < count; ++i) {
    builder.setLoc(locate(layer, layer.path + ".blocks[" + Twine(i) + "]"));
    x = buildBlock({layer, &layer, nullptr},
                   path + ".blocks." + std::to_string(i), x,
                   buildSplit(key, i, count));
  }
  return x;
}

/// x + channel(gelu(mixer(norm(x)))), or norm(x + channel(gelu(mixer(x)))),
/// with dropout behind gelu and before the sum (StandardBlock.__call__).
Value ModelBuilder::buildBlock(const BlockOptions &options,
                               const std::string &path, Value x, Value key) {
  const LayerConfig &mixer = *options.mixer;
  SmallVector<Value> carried;
  for (const MixerState &state :
       getMixerStates(mixer, getNumFeatures(x.getType())))
    carried.push_back(
        addState(path + state.suffix.str(), state.shape, builder.getF32Type()));

  // Null of a norm without statistics.
  Value mean = parameter(path + ".norm.running_mean");
  Value var = parameter(path + ".norm.running_var");
  SmallVector<Type> inputs{x.getType()};
  llvm::append_range(inputs, ValueRange(carried).getTypes());
  SmallVector<Type> types = inputs;
  if (mean)
    types.append({mean.getType(), var.getType()});
  auto block = BlockOp::create(builder, types, path, x, carried);
  OpBuilder::InsertionGuard guard(builder);
  Block *body = builder.createBlock(
      &block.getBody(), {}, inputs,
      SmallVector<Location>(inputs.size(), builder.getLoc()));

  BatchNormTrainingOp norm;
  auto normalize = [&](Value value) -> Value {
    if (mean) {
      norm = BatchNormTrainingOp::create(
          builder, value, mean, var, parameter(path + ".norm.first_time"),
          llvm::APFloat(options.epsilon), llvm::APFloat(kMomentum));
      value = norm.getY();
    } else {
      value =
          LayerNormOp::create(builder, value, llvm::APFloat(options.epsilon));
    }
    if (options.norm == "batch")
      return value;
    value = ScaleOp::create(builder, value, parameter(path + ".norm.scale"));
    return ShiftOp::create(builder, value, parameter(path + ".norm.bias"));
  };
  auto drop = [&](Value value, int64_t index) -> Value {
    return DropoutOp::create(builder, value, buildSplit(key, index, 3),
                             llvm::APFloat(options.dropRate));
  };
  Value input = body->getArgument(0);
  Value u = options.prenorm ? normalize(input) : input;
  SmallVector<Value> results;
  if (!carried.empty()) {
    Mixed mixed = buildMixer(
        builder, mixer,
        [&](StringRef name) {
          return parameter(path + ".sequence_mixer." + name);
        },
        u, body->getArguments().drop_front(), timeSteps);
    u = mixed.y;
    results = mixed.states;
  }
  Value activated = drop(GeluOp::create(builder, u), 1);
  u = drop(buildChannelMixer(
               builder, options.channelMixer,
               [&](StringRef name) {
                 return parameter(path + ".channel_mixer." + name);
               },
               activated, u),
           2);
  Value y = AddOp::create(builder, input, u);
  if (!options.prenorm)
    y = normalize(y);
  results.insert(results.begin(), y);
  if (mean)
    results.append({norm.getNewMean(), norm.getNewVar()});
  YieldOp::create(builder, results);

  for (auto [i, state] : llvm::enumerate(carried))
    states.push_back({state, block.getResult(1 + i)});
  if (!mean)
    return block.getResult(0);
  unsigned next = 1 + carried.size();
  statistics.push_back({path + ".norm.running_mean", block.getResult(next)});
  statistics.push_back({path + ".norm.running_var", block.getResult(next + 1)});
  return block.getResult(0);
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

/// An argument (batch, time) for the time deltas of all layers.
void ModelBuilder::addTimeSteps() {
  constexpr int64_t kAny = ShapedType::kDynamic;
  unsigned index = function.getNumArguments();
  (void)function.insertArgument(
      index, RankedTensorType::get({kAny, kAny}, builder.getF32Type()),
      builder.getDictionaryAttr(builder.getNamedAttr(SsmDialect::kTimeStepsAttr,
                                                     builder.getUnitAttr())),
      builder.getLoc());
  timeSteps = function.getArgument(index);
}

/// States are arguments right behind the input, in the order of results.
void ModelBuilder::moveTimeStepsBehindStates() {
  Value before = timeSteps;
  unsigned index = cast<BlockArgument>(before).getArgNumber();
  addTimeSteps();
  before.replaceAllUsesWith(timeSteps);
  (void)function.eraseArgument(index);
}

/// Returns y, the new states and the statistics, and marks the results.
void ModelBuilder::setSignature(const ModelConfig &model, Value y) {
  SmallVector<Value> results{y};
  for (const CarriedState &state : states)
    results.push_back(state.result);
  unsigned firstStatistic = results.size();
  for (const Statistic &statistic : statistics)
    results.push_back(statistic.value);
  func::ReturnOp::create(builder, results);
  function.setType(builder.getFunctionType(function.getArgumentTypes(),
                                           ValueRange(results).getTypes()));
  for (auto [i, statistic] : llvm::enumerate(statistics))
    function.setResultAttr(firstStatistic + i, "ssm.statistic",
                           builder.getStringAttr(statistic.name));
}

OwningOpRef<ModuleOp> ModelBuilder::build(const ModelConfig &model,
                                          ArrayRef<ParameterSpec> specs,
                                          ArrayRef<BoundParameter> bound,
                                          StringRef name, bool takesTimeSteps) {
  builder.setLoc(diagnostics.getLocation({1, 1}));
  OwningOpRef<ModuleOp> module = ModuleOp::create(builder.getLoc());
  (*module)->setAttr("ssm.name", builder.getStringAttr(name));
  builder.setInsertionPointToEnd(module->getBody());

  constexpr int64_t kAny = ShapedType::kDynamic;
  auto x =
      model.takesTokens()
          ? RankedTensorType::get({kAny, kAny}, builder.getI32Type())
          : RankedTensorType::get({kAny, kAny, model.layers.front().inFeatures},
                                  builder.getF32Type());
  auto keysType = RankedTensorType::get({kAny, 2}, builder.getI32Type());
  function = func::FuncOp::create(builder, "model",
                                  builder.getFunctionType({x, keysType}, {}));
  function.setArgAttr(1, "ssm.keys", builder.getUnitAttr());
  builder.setInsertionPointToEnd(function.addEntryBlock());
  keys = function.getArgument(1);
  if (takesTimeSteps)
    addTimeSteps();

  addParameters(specs, bound);
  Value y = function.getArgument(0);
  for (auto [i, layer] : llvm::enumerate(model.layers))
    y = buildLayer(layer, i, model.layers.size(), y);
  builder.setLoc(diagnostics.getLocation({1, 1}));
  if (takesTimeSteps)
    moveTimeStepsBehindStates();
  setSignature(model, y);
  if (failed(verify(*module)))
    return nullptr;
  return module;
}

OwningOpRef<ModuleOp> ssmc::buildModel(MLIRContext &context,
                                       const ModelConfig &model,
                                       ArrayRef<ParameterSpec> specs,
                                       ArrayRef<BoundParameter> parameters,
                                       const JsonDiagnostics &diagnostics,
                                       StringRef name, bool takesTimeSteps) {
  context.loadDialect<SsmDialect, func::FuncDialect, arith::ArithDialect,
                      tensor::TensorDialect>();
  return ModelBuilder(context, diagnostics)
      .build(model, specs, parameters, name, takesTimeSteps);
}
