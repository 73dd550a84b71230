//===- BuildMixers.h - Model-level IR of mixers -----------------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_IMPORT_BUILDMIXERS_H
#define SSMC_LIB_IMPORT_BUILDMIXERS_H

#include "lib/Import/ModelConfig.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"

namespace ssmc {

/// A state that a mixer carries: its shape without the batch, and what its name
/// has behind the block's path.
struct MixerState {
  llvm::SmallVector<int64_t> shape;
  llvm::StringRef suffix = "";
};

/// The carried states of `mixer` in a block of `features`: none of an identity,
/// two of a bidirectional mixer, otherwise one.
llvm::SmallVector<MixerState> getMixerStates(const LayerConfig &mixer,
                                             int64_t features);

/// The tensor of a mixer by its name below the mixer; null for one that the
/// model does not have.
using MixerParameters = llvm::function_ref<mlir::Value(llvm::StringRef)>;

/// A sequence mixer's output and its new states.
struct Mixed {
  mlir::Value y;
  llvm::SmallVector<mlir::Value> states;
};

/// Builds a mixer with states on `u`. `timeSteps` are time deltas, or null.
/// Arithmetic on parameters goes in front of the block around.
Mixed buildMixer(mlir::ImplicitLocOpBuilder &builder, const LayerConfig &mixer,
                 MixerParameters parameter, mlir::Value u,
                 mlir::ValueRange states, mlir::Value timeSteps);

/// discretax/channel_mixers, and the gates "half_glu1" and "half_glu2" of the
/// S5 paper's code (lindermanlab/S5, s5/layers.py). A null mixer is a GLU. `x`
/// is gelu of `raw`.
mlir::Value buildChannelMixer(mlir::ImplicitLocOpBuilder &builder,
                              const LayerConfig *mixer,
                              MixerParameters parameter, mlir::Value x,
                              mlir::Value raw);

} // namespace ssmc

#endif // SSMC_LIB_IMPORT_BUILDMIXERS_H
