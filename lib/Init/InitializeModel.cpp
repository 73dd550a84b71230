//===- InitializeModel.cpp - Weights of a model that starts ---------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Init/InitializeModel.h"
#include "lib/Init/Initializers.h"

using namespace llvm;
using namespace mlir;
using namespace ssmc;

namespace {
using Initializer = void (*)(const Initialization &);

/// How the mixers of a family start; all other classes are dense layers.
struct FamilyRow {
  Family family;
  Initializer initializer;
};

/// Walks the layers and hands out keys.
class ModelInitializer {
public:
  explicit ModelInitializer(ModelValues &values) : values(values) {}

  void addLayer(const LayerConfig &layer, size_t index, RandomKey key);

private:
  ModelValues &values;
  HippoBases bases;

  void add(Initializer initializer, const LayerConfig &layer, RandomKey key,
           const ValueScope &scope) {
    initializer({layer, key, scope, bases});
  }
  void addBlocks(const LayerConfig &model, RandomKey key,
                 const ValueScope &scope);
};
} // namespace

static constexpr FamilyRow kFamilies[] = {
    {Family::S5, initializeS5},
    {Family::LRU, initializeLru},
    {Family::LinOSS, initializeLinoss},
    {Family::S4D, initializeS4d},
};

static Initializer findInitializer(Family family) {
  for (const FamilyRow &row : kFamilies)
    if (row.family == family)
      return row.initializer;
  return initializeLinears;
}

/// jnp.empty upstream. With these, training starts as it should, because of
/// first_time, and inference before it means: no normalization. (Norms without
/// statistics have nothing of theirs.)
static void initializeNorm(const ValueScope &norm) {
  if (norm.has("scale")) { // flax's and Equinox's values
    int64_t features = norm.getSize("scale");
    norm.set("scale", std::vector<float>(features, 1.0f));
    norm.set("bias", std::vector<float>(features, 0.0f));
  }
  if (!norm.has("running_mean"))
    return;
  int64_t features = norm.getSize("running_mean");
  norm.set("running_mean", std::vector<float>(features, 0.0f));
  norm.set("running_var", std::vector<float>(features, 1.0f));
  norm.setFlag("first_time", true);
}

/// Of 3 num_blocks keys, the last third goes to blocks that need none.
void ModelInitializer::addBlocks(const LayerConfig &model, RandomKey key,
                                 const ValueScope &scope) {
  int64_t count = model.getInteger("num_blocks");
  std::vector<RandomKey> keys = split(key, 3 * count);
  for (int64_t i = 0; i < count; ++i) {
    ValueScope block = scope / ("blocks." + Twine(i));
    initializeNorm(block / "norm");
    add(findInitializer(model.spec->family), model, keys[i],
        block / "sequence_mixer");
    add(initializeLinears, model, keys[count + i], block / "channel_mixer");
  }
}

void ModelInitializer::addLayer(const LayerConfig &layer, size_t index,
                                RandomKey key) {
  ValueScope scope(values, ("layers." + Twine(index)).str());
  switch (layer.spec->role) {
  case Role::Encoder:
    return add(layer.spec->isEmbedding() ? initializeEmbedding
                                         : initializeLinears,
               layer, key, scope);
  case Role::Head:
    return add(initializeLinears, layer, key, scope);
  case Role::Model:
    return addBlocks(layer, key, scope);
  case Role::Block:
    // Both mixers get the block's own key.
    initializeNorm(scope / "norm");
    add(findInitializer(layer.sequenceMixer->spec->family),
        *layer.sequenceMixer, key, scope / "sequence_mixer");
    return add(initializeLinears, *layer.channelMixer, key,
               scope / "channel_mixer");
  case Role::SequenceMixer:
  case Role::ChannelMixer:
    break;
  }
  llvm_unreachable("not a layer");
}

/// The mixer with an S5's options, if the layer has one.
static const LayerConfig *getS5(const LayerConfig &layer) {
  const LayerConfig &mixer = layer.sequenceMixer ? *layer.sequenceMixer : layer;
  return mixer.spec->family == Family::S5 ? &mixer : nullptr;
}

static LogicalResult checkBasis(const LayerConfig &layer,
                                const JsonDiagnostics &diagnostics) {
  const LayerConfig *mixer = getS5(layer);
  if (!mixer)
    return success();
  if (isBidirectional(*mixer))
    return diagnostics.error(mixer->getPosition("bidirectional"),
                             mixer->path + ".bidirectional")
           << "there is no initialization of a bidirectional S5, which "
              "discretax does not have; convert weights that lindermanlab/S5 "
              "trained (python -m ssmc.convert s5)";
  int64_t size =
      mixer->getInteger("state_dim") / mixer->getInteger("ssm_blocks");
  if (size <= kMaxHippoSize)
    return success();
  return diagnostics.error(mixer->getPosition("state_dim"),
                           mixer->path + ".state_dim")
         << "state_dim / ssm_blocks is " << size
         << "; the initial basis of a block has at most " << kMaxHippoSize
         << " states";
}

/// Fails for a parameter without a value, or with a NaN.
static LogicalResult checkValue(const ParameterSpec &spec,
                                const std::optional<Array> &value,
                                const LayerConfig &layer,
                                const JsonDiagnostics &diagnostics) {
  if (!value)
    return diagnostics.error(layer.position, layer.path)
           << "there is no initialization of " << spec.name
           << ", which discretax does not have";
  ArrayView array = value->view();
  for (int64_t i = 0, e = array.getNumElements(); i < e; ++i)
    if (std::isnan(array.getDouble(i)))
      return diagnostics.error(layer.position, layer.path)
             << "the options give " << spec.name
             << " a NaN; expected such as float32 can compute with";
  return success();
}

FailureOr<std::vector<Array>>
ssmc::initializeModel(const ModelConfig &model,
                      ArrayRef<ParameterSpec> parameters, uint32_t seed,
                      const JsonDiagnostics &diagnostics) {
  for (const LayerConfig &layer : model.layers)
    if (failed(checkBasis(layer, diagnostics)))
      return failure();
  ModelValues values(parameters);
  ModelInitializer initializer(values);
  std::vector<RandomKey> keys = split(makeKey(seed), model.layers.size());
  for (auto [i, layer] : llvm::enumerate(model.layers))
    initializer.addLayer(layer, i, keys[i]);

  std::vector<Array> arrays;
  for (auto [spec, value] : llvm::zip_equal(parameters, values.getArrays())) {
    size_t layer = 0;
    StringRef(spec.name).split('.').second.consumeInteger(10, layer);
    if (failed(checkValue(spec, value, model.layers[layer], diagnostics)))
      return failure();
    arrays.push_back(std::move(*value));
  }
  return arrays;
}
