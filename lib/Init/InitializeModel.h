//===- InitializeModel.h - Weights of a model that starts -------*- C++ -*-===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_INIT_INITIALIZEMODEL_H
#define SSMC_LIB_INIT_INITIALIZEMODEL_H

#include "lib/Import/Array.h"
#include "lib/Import/Parameters.h"

namespace ssmc {

/// The values that discretax 0.3.0 gives `parameters` when it builds `model`
/// with `jax.random.PRNGKey(seed)`, split between the layers as
/// `eqx.nn.Sequential`'s parts are by its documentation:
///
///     keys = jax.random.split(key, len(layers))
///     [build_from_dict(layer).resolve(key=k) for layer, k in zip(layers,
///     keys)]
///
/// The random bits are the same, and values agree within float32 rounding; what
/// a formula cancels or a basis of eigenvectors is sensitive to differs
/// accordingly. S5's B and C differ by a sign per mode, which eigenvectors have
/// free: C's column and B's row carry the same one. BatchNorm's statistics,
/// which discretax leaves undefined, are mean 0, variance 1 and first_time.
///
/// Float32 and BOOL arrays in the order of `parameters`; an error when options
/// make a NaN or a basis that is too large, and for parameters that discretax's
/// classes do not have.
mlir::FailureOr<std::vector<Array>>
initializeModel(const ModelConfig &model,
                llvm::ArrayRef<ParameterSpec> parameters, uint32_t seed,
                const JsonDiagnostics &diagnostics);

} // namespace ssmc

#endif // SSMC_LIB_INIT_INITIALIZEMODEL_H
