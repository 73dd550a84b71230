//===- BuildMixers.cpp - Model-level IR of mixers -------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/BuildMixers.h"
#include "dialect/SsmDialect.h"
#include "lib/Import/Parameters.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace ssmc;

/// The state of one direction of `mixer`.
static SmallVector<int64_t> getStateShape(const LayerConfig &mixer,
                                          int64_t features) {
  switch (mixer.spec->family) {
  case Family::LinOSS:
    return {2, 2, mixer.getInteger("state_dim")};
  case Family::S5:
    return {2, getS5States(mixer)};
  case Family::S4D:
    return {2, 1, mixer.getInteger("state_dim") / 2, features};
  case Family::DeltaNet: {
    int64_t size = getHeadFeatures(mixer, features);
    return {1, mixer.getInteger("n_heads"), size, size};
  }
  default:
    return {2, mixer.getInteger("state_dim")};
  }
}

SmallVector<MixerState> ssmc::getMixerStates(const LayerConfig &mixer,
                                             int64_t features) {
  // Nothing is carried where time steps do not meet.
  if (mixer.spec->family == Family::Identity)
    return {};
  SmallVector<MixerState> states{{getStateShape(mixer, features)}};
  if (isBidirectional(mixer))
    states.push_back({states.front().shape, ".reverse"});
  return states;
}

/// A missing bias is a null parameter.
Value ssmc::buildChannelMixer(ImplicitLocOpBuilder &builder,
                              const LayerConfig *mixer,
                              MixerParameters parameter, Value x, Value raw) {
  auto buildLinear = [&](const std::string &path, Value x) -> Value {
    return LinearOp::create(builder, x, parameter(path + ".weight"),
                            parameter(path + ".bias"));
  };
  switch (mixer ? mixer->spec->family : Family::GLU) {
  case Family::GLU:
    return GluOp::create(builder, x, parameter("w1.weight"),
                         parameter("w2.weight"), parameter("w1.bias"),
                         parameter("w2.bias"));
  case Family::HalfGLU:
    return GateOp::create(builder, mixer->getBoolean("raw_value") ? raw : x,
                          buildLinear("w2", x));
  case Family::SwiGLU: {
    Value up = buildLinear("up_proj", x);
    Value gate = buildLinear("gate_proj", x);
    Value product = GateOp::create(builder, up, gate, /*swish=*/true);
    return buildLinear("down_proj", product);
  }
  case Family::MLP: {
    Value y = buildLinear("linear", x);
    StringRef name = mixer->getChoice("non_linearity");
    if (name == "relu")
      return ReluOp::create(builder, y);
    if (name == "tanh")
      return TanhOp::create(builder, y);
    if (name == "gelu")
      return GeluOp::create(builder, y);
    return SiluOp::create(builder, y); // also called swish
  }
  case Family::Identity:
    return x;
  default:
    llvm_unreachable("not a channel mixer");
  }
}

/// The half of C (H, 2 P, 2) that direction `half` reads by, in front of the
/// block.
static Value takeHalf(ImplicitLocOpBuilder &builder, Value c, int64_t half) {
  OpBuilder::InsertionGuard guard(builder);
  if (auto block =
          dyn_cast<BlockOp>(builder.getInsertionBlock()->getParentOp()))
    builder.setInsertionPoint(block);
  auto type = cast<RankedTensorType>(c.getType());
  SmallVector<int64_t> sizes(type.getShape()), offsets(3, 0), strides(3, 1);
  sizes[1] /= 2;
  if (sizes[1] == 0) // no states: both halves are as empty as all of it
    return c;
  offsets[1] = half * sizes[1];
  auto numbers = [&](ArrayRef<int64_t> values) {
    return getAsIndexOpFoldResult(builder.getContext(), values);
  };
  return tensor::ExtractSliceOp::create(
      builder, RankedTensorType::get(sizes, type.getElementType()), c,
      numbers(offsets), numbers(sizes), numbers(strides));
}

/// A feed-through of nothing.
static Value makeZeros(ImplicitLocOpBuilder &builder, Type type) {
  OpBuilder::InsertionGuard guard(builder);
  if (auto block =
          dyn_cast<BlockOp>(builder.getInsertionBlock()->getParentOp()))
    builder.setInsertionPoint(block);
  return arith::ConstantOp::create(
      builder, DenseElementsAttr::get(cast<RankedTensorType>(type), 0.0f));
}

/// One mixer, or the sum of one in each direction, which share all but C; the
/// feed-through is the first one's (lindermanlab/S5, s5/ssm.py, apply_ssm).
static Mixed buildS5(ImplicitLocOpBuilder &builder, const LayerConfig &mixer,
                     MixerParameters p, Value u, ValueRange states,
                     Value timeSteps) {
  auto buildDirection = [&](Value state, Value c, Value d, bool reverse) {
    return S5Op::create(
        builder, u, state, p("Lambda_re"), p("Lambda_im"), p("B"), c, d,
        p("log_step"), timeSteps,
        *symbolizeDiscretization(mixer.getChoice("discretization")),
        mixer.getBoolean("conj_sym"), mixer.getBoolean("clip_eigs"),
        llvm::APFloat(mixer.getNumber("step_rescale")), reverse);
  };
  Value c = p("C"), d = p("D");
  if (!isBidirectional(mixer)) {
    auto op = buildDirection(states[0], c, d, /*reverse=*/false);
    return {op.getY(), {op.getNewState()}};
  }
  auto forward =
      buildDirection(states[0], takeHalf(builder, c, 0), d, /*reverse=*/false);
  auto backward =
      buildDirection(states[1], takeHalf(builder, c, 1),
                     makeZeros(builder, d.getType()), /*reverse=*/true);
  return {AddOp::create(builder, forward.getY(), backward.getY()),
          {forward.getNewState(), backward.getNewState()}};
}

Mixed ssmc::buildMixer(ImplicitLocOpBuilder &builder, const LayerConfig &mixer,
                       MixerParameters p, Value u, ValueRange states,
                       Value timeSteps) {
  Value state = states.front();
  switch (mixer.spec->family) {
  case Family::S5:
    return buildS5(builder, mixer, p, u, states, timeSteps);
  case Family::LRU: {
    auto op = LruOp::create(builder, u, state, p("nu_log"), p("theta_log"),
                            p("gamma_log"), p("B_re"), p("B_im"), p("C_re"),
                            p("C_im"), p("D"));
    return {op.getY(), {op.getNewState()}};
  }
  case Family::LinOSS: {
    OscillatorScheme scheme =
        mixer.getChoice("discretization") == "IM" ? OscillatorScheme::IM
        : mixer.getBoolean("damping") ? OscillatorScheme::damped_IMEX
                                      : OscillatorScheme::IMEX;
    auto op = LinossOp::create(builder, u, state, p("A_diag"), p("steps"),
                               p("G_diag"), p("B"), p("C"), p("D"), timeSteps,
                               scheme);
    return {op.getY(), {op.getNewState()}};
  }
  case Family::S4D: {
    auto op = S4dOp::create(builder, u, state, p("kernel.log_dt"),
                            p("kernel.log_a_real"), p("kernel.A_imag"),
                            p("kernel.C"));
    return {op.getY(), {op.getNewState()}};
  }
  case Family::DeltaNet: {
    auto weight = [&](StringRef name) {
      return p((name + "_proj.weight").str());
    };
    auto op = DeltaNetOp::create(builder, u, state, weight("q"), weight("k"),
                                 weight("v"), weight("beta"), weight("out"),
                                 mixer.getInteger("n_heads"));
    return {op.getY(), {op.getNewState()}};
  }
  case Family::Identity:
  case Family::GLU:
  case Family::HalfGLU:
  case Family::SwiGLU:
  case Family::MLP:
  case Family::None:
    break;
  }
  llvm_unreachable("not a mixer with a state");
}
