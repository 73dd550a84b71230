//===- Parameters.cpp - The tensors that a model needs --------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/Parameters.h"
#include "lib/Import/Array.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/DialectResourceBlobManager.h"

using namespace llvm;
using namespace mlir;
using namespace ssmc;

/// 4 GiB of f32: what keeps a mistyped width from exhausting the memory.
static constexpr int64_t kMaxNumbers = int64_t(1) << 30;

int64_t ssmc::getS5States(const LayerConfig &mixer) {
  int64_t states = mixer.getInteger("state_dim");
  int64_t blocks = mixer.getInteger("ssm_blocks");
  // conj_sym halves each block, and a block of one state leaves none.
  return mixer.getBoolean("conj_sym") ? states / blocks / 2 * blocks : states;
}

bool ssmc::isBidirectional(const LayerConfig &mixer) {
  return mixer.spec->find("bidirectional") && mixer.getBoolean("bidirectional");
}

int64_t ssmc::getHeadFeatures(const LayerConfig &mixer, int64_t features) {
  return mixer.getOptionalInteger("head_dim")
      .value_or(features / mixer.getInteger("n_heads"));
}

/// The arithmetic of SwiGLU.__init__ (discretax/channel_mixers/swi_glu.py).
int64_t ssmc::getSwiGluWidth(const LayerConfig &mixer, int64_t features) {
  if (auto given = mixer.getOptionalInteger("intermediate_dim"))
    return *given;
  double wanted = features * mixer.getNumber("hidden_ratio") * 2 / 3;
  // What is larger is too large for a model.
  int64_t width = std::min<double>(wanted, 2.0 * kMaxNumbers);
  return alignTo(width, 256);
}

namespace {
/// Appends parameters below a path. The order is discretax's, which draws
/// initial values in it: initializeLinears (lib/Init) gives each linear map of
/// a mixer a key by its place here.
class Lister {
public:
  explicit Lister(std::vector<ParameterSpec> &specs) : specs(specs) {}

  void addLayer(const LayerConfig &layer, const std::string &path);

private:
  std::vector<ParameterSpec> &specs;

  void add(const Twine &name, ArrayRef<int64_t> shape, const Twine &note = "") {
    specs.push_back({name.str(), SmallVector<int64_t, 3>(shape), note.str()});
  }
  void addLinear(const Twine &path, int64_t in, int64_t out, bool hasBias);
  void addNorm(const LayerConfig &layer, const std::string &path,
               int64_t features);
  void addMixer(const LayerConfig &mixer, const std::string &path,
                int64_t features);
  void addS5(const LayerConfig &mixer, const std::string &path, int64_t h);
  void addLru(const LayerConfig &mixer, const std::string &path, int64_t h);
  void addLinoss(const LayerConfig &mixer, const std::string &path, int64_t h);
  void addS4d(const LayerConfig &mixer, const std::string &path, int64_t h);
  void addDeltaNet(const LayerConfig &mixer, const std::string &path,
                   int64_t h);
  void addGlu(const std::string &path, int64_t in, int64_t out, bool hasBias);
  void addChannelMixer(const LayerConfig &mixer, const std::string &path,
                       int64_t features);
};
} // namespace

void Lister::addLinear(const Twine &path, int64_t in, int64_t out,
                       bool hasBias) {
  std::string note =
      ("in_features " + Twine(in) + ", out_features " + Twine(out)).str();
  add(path + ".weight", {out, in}, note);
  if (hasBias)
    add(path + ".bias", {out}, note);
}

void Lister::addNorm(const LayerConfig &layer, const std::string &path,
                     int64_t features) {
  StringRef norm = layer.getChoice("norm");
  if (norm != "layer") {
    add(path + ".running_mean", {features});
    add(path + ".running_var", {features});
    specs.back().above = -layer.getNumber("norm_epsilon");
    add(path + ".first_time", {});
    specs.back().isFirstTime = true;
  }
  if (norm != "batch") {
    std::string note = ("norm \"" + norm + "\"").str();
    add(path + ".scale", {features}, note);
    add(path + ".bias", {features}, note);
  }
}

void Lister::addS5(const LayerConfig &mixer, const std::string &path,
                   int64_t h) {
  int64_t dim = mixer.getInteger("state_dim");
  bool conjugate = mixer.getBoolean("conj_sym");
  int64_t p = getS5States(mixer), steps = conjugate ? dim / 2 : dim;
  std::string note =
      ("state_dim " + Twine(dim) + (conjugate ? ", conj_sym" : "")).str();
  add(path + ".Lambda_re", {p}, note);
  add(path + ".Lambda_im", {p}, note);
  add(path + ".B", {p, h, 2}, note);
  if (isBidirectional(mixer))
    add(path + ".C", {h, 2 * p, 2}, note + ", bidirectional");
  else
    add(path + ".C", {h, p, 2}, note);
  add(path + ".D", {h});
  add(path + ".log_step", {steps, 1}, note);
}

void Lister::addLru(const LayerConfig &mixer, const std::string &path,
                    int64_t h) {
  int64_t n = mixer.getInteger("state_dim");
  std::string note = ("state_dim " + Twine(n)).str();
  for (StringRef name : {"nu_log", "theta_log", "gamma_log"})
    add(path + "." + name, {n}, note);
  for (StringRef name : {"B_re", "B_im"})
    add(path + "." + name, {n, h}, note);
  for (StringRef name : {"C_re", "C_im"})
    add(path + "." + name, {h, n}, note);
  add(path + ".D", {h});
}

void Lister::addLinoss(const LayerConfig &mixer, const std::string &path,
                       int64_t h) {
  int64_t n = mixer.getInteger("state_dim");
  std::string note = ("state_dim " + Twine(n)).str();
  add(path + ".A_diag", {n}, note);
  if (mixer.getBoolean("damping"))
    add(path + ".G_diag", {n}, note + ", damping");
  add(path + ".B", {n, h, 2}, note);
  add(path + ".C", {h, n, 2}, note);
  add(path + ".D", {h});
  add(path + ".steps", {n}, note);
}

void Lister::addS4d(const LayerConfig &mixer, const std::string &path,
                    int64_t h) {
  int64_t dim = mixer.getInteger("state_dim"), modes = dim / 2;
  std::string note = ("state_dim " + Twine(dim)).str();
  add(path + ".kernel.C", {h, modes, 2}, note);
  add(path + ".kernel.log_dt", {h});
  add(path + ".kernel.log_a_real", {h, modes}, note);
  add(path + ".kernel.A_imag", {h, modes}, note);
}

void Lister::addDeltaNet(const LayerConfig &mixer, const std::string &path,
                         int64_t h) {
  int64_t heads = mixer.getInteger("n_heads"), size = getHeadFeatures(mixer, h);
  std::string note =
      ("n_heads " + Twine(heads) + ", head_dim " + Twine(size)).str();
  for (StringRef name : {"q_proj", "k_proj", "v_proj"})
    add(path + "." + name + ".weight", {heads * size, h}, note);
  add(path + ".beta_proj.weight", {1, h});
  add(path + ".out_proj.weight", {h, heads * size}, note);
}

void Lister::addMixer(const LayerConfig &mixer, const std::string &path,
                      int64_t features) {
  switch (mixer.spec->family) {
  case Family::S5:
    return addS5(mixer, path, features);
  case Family::LRU:
    return addLru(mixer, path, features);
  case Family::LinOSS:
    return addLinoss(mixer, path, features);
  case Family::S4D:
    return addS4d(mixer, path, features);
  case Family::DeltaNet:
    return addDeltaNet(mixer, path, features);
  case Family::Identity:
    return;
  case Family::GLU:
  case Family::HalfGLU:
  case Family::SwiGLU:
  case Family::MLP:
  case Family::None:
    break;
  }
  llvm_unreachable("not a sequence mixer");
}

void Lister::addGlu(const std::string &path, int64_t in, int64_t out,
                    bool hasBias) {
  addLinear(path + ".w1", in, out, hasBias);
  addLinear(path + ".w2", in, out, hasBias);
}

void Lister::addChannelMixer(const LayerConfig &mixer, const std::string &path,
                             int64_t h) {
  auto out = [&] {
    return mixer.getOptionalInteger("out_features").value_or(h);
  };
  switch (mixer.spec->family) {
  case Family::GLU:
    return addGlu(path, h, out(), mixer.getBoolean("use_bias"));
  case Family::HalfGLU:
    return addLinear(path + ".w2", h, h, mixer.getBoolean("use_bias"));
  case Family::SwiGLU: {
    int64_t width = getSwiGluWidth(mixer, h);
    bool hasBias = mixer.getBoolean("use_bias");
    addLinear(path + ".gate_proj", h, width, hasBias);
    addLinear(path + ".up_proj", h, width, hasBias);
    return addLinear(path + ".down_proj", width, h, hasBias);
  }
  case Family::MLP:
    return addLinear(path + ".linear", h, out(), mixer.getBoolean("use_bias"));
  case Family::Identity:
    return;
  default:
    llvm_unreachable("not a channel mixer");
  }
}

void Lister::addLayer(const LayerConfig &layer, const std::string &path) {
  int64_t h = layer.inFeatures;
  switch (layer.spec->role) {
  case Role::Encoder:
    if (layer.spec->isEmbedding())
      return add(path + ".embedding.weight",
                 {layer.getInteger("num_classes"), layer.outFeatures});
    return addLinear(path + ".linear", h, layer.outFeatures,
                     layer.getBoolean("use_bias"));
  case Role::Head:
    return addLinear(path + ".linear", h, layer.outFeatures, true);
  case Role::Model:
    for (int64_t i = 0; i < layer.getInteger("num_blocks"); ++i) {
      std::string block = path + ".blocks." + std::to_string(i);
      addNorm(layer, block + ".norm", h);
      addMixer(layer, block + ".sequence_mixer", h);
      // DeltaNet's GLUs never have biases.
      addGlu(block + ".channel_mixer", h, h,
             layer.spec->find("use_bias") && layer.getBoolean("use_bias"));
    }
    return;
  case Role::Block:
    addNorm(layer, path + ".norm", h);
    addMixer(*layer.sequenceMixer, path + ".sequence_mixer", h);
    return addChannelMixer(*layer.channelMixer, path + ".channel_mixer", h);
  case Role::SequenceMixer:
  case Role::ChannelMixer:
    break;
  }
  llvm_unreachable("not a layer");
}

FailureOr<std::vector<ParameterSpec>>
ssmc::listParameters(const ModelConfig &model,
                     const JsonDiagnostics &diagnostics) {
  std::vector<ParameterSpec> specs;
  int64_t total = 0;
  size_t checked = 0;
  for (auto [i, layer] : llvm::enumerate(model.layers)) {
    Lister(specs).addLayer(layer, ("layers." + Twine(i)).str());
    for (; checked < specs.size(); ++checked) {
      std::optional<int64_t> count = getNumElements(specs[checked].shape);
      if (count && *count <= kMaxNumbers - total) {
        total += *count;
        continue;
      }
      return diagnostics.error(layer.position, layer.path)
             << "too large: " << specs[checked].name << " has shape "
             << formatShape(specs[checked].shape)
             << ", and a model has at most " << kMaxNumbers << " parameters";
    }
  }
  return specs;
}

std::vector<BoundParameter> ssmc::bindAtRuntime(MLIRContext *context,
                                                ArrayRef<ParameterSpec> specs) {
  std::vector<BoundParameter> bound;
  for (const ParameterSpec &spec : specs)
    bound.push_back(
        spec.isFirstTime
            ? BoundParameter()
            : BoundParameter{
                  RankedTensorType::get(spec.shape, Float32Type::get(context)),
                  {}});
  return bound;
}

ArrayAttr ssmc::describeTensors(MLIRContext *context,
                                ArrayRef<ParameterSpec> specs) {
  Builder builder(context);
  SmallVector<Attribute> tensors;
  for (const ParameterSpec &spec : specs) {
    SmallVector<NamedAttribute> entries{
        builder.getNamedAttr("name", builder.getStringAttr(spec.name)),
        builder.getNamedAttr("note", builder.getStringAttr(spec.note)),
        builder.getNamedAttr("shape",
                             builder.getDenseI64ArrayAttr(spec.shape))};
    if (spec.isFirstTime)
      entries.push_back(
          builder.getNamedAttr("optional", builder.getUnitAttr()));
    if (spec.above)
      entries.push_back(
          builder.getNamedAttr("above", builder.getF64FloatAttr(*spec.above)));
    tensors.push_back(builder.getDictionaryAttr(entries));
  }
  return builder.getArrayAttr(tensors);
}

ElementsAttr ssmc::makeResource(RankedTensorType type, StringRef name,
                                ArrayRef<char> values) {
  // One cache line: what vector loads of the reader want.
  constexpr size_t kAlignment = 64;
  // An empty tensor (S5 may have an empty state) has no address to copy from.
  if (values.empty())
    values = ArrayRef<char>("", size_t(0));
  return DenseResourceElementsAttr::get(
      type, name,
      HeapAsmResourceBlob::allocateAndCopyWithAlign(values, kAlignment,
                                                    /*dataIsMutable=*/false));
}
