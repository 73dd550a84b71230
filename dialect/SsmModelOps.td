//===- SsmModelOps.td - Layers, as the author of a model knows them -------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_DIALECT_SSMMODELOPS
#define SSMC_DIALECT_SSMMODELOPS

include "dialect/SsmBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

//===----------------------------------------------------------------------===//
// Parameters
//===----------------------------------------------------------------------===//

def Ssm_ParameterOp : Ssm_Op<"parameter", [Pure]> {
  let summary = "A trained parameter, by its path in the weights file";
  let description = [{
    The tensor `name` of the weights file. With a `value` (a `dense_resource`)
    the parameter is bound at compile time; without one it is bound when the
    compiled model is loaded.

    Constraints:
    * (C1) `value`, when present, has the type of the result.
    * (C2) the result's shape is static.
    * (C3) `name` is not empty.

    ```mlir
    %w = ssm.parameter "layers.0.linear.weight" : tensor<64x1xf32>
    %d = ssm.parameter "layers.1.blocks.0.sequence_mixer.D" = dense_resource<D> : tensor<64xf32>
    ```
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<ElementsAttr>:$value);
  let results = (outs AnyTypeOf<[Ssm_Param, RankedTensorOf<[I1]>]>:$result);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Dense layers
//===----------------------------------------------------------------------===//

def Ssm_LinearOp : Ssm_Op<"linear", [Pure,
    InferTypeOpAdaptor]> {
  let summary = "Affine map of the features: y = W x (+ b)";
  let description = [{
    `y[..., o] = sum_i weight[o, i] x[..., i] (+ bias[o])` on the last axis.
    At model level weight and bias are f32 (or f64) parameters; at recurrence
    level they may be results of f64 arithmetic on parameters.

    Constraints:
    * (C1) the weight has rank 2, and the last dimension of `x` equals its second.
    * (C2) `bias` has as many elements as the weight's first dimension.
    * (C3) `x` has rank 2 (batch, features) or 3 (batch, time, features).

    ```mlir
    %y = ssm.linear %x, %w bias %b : (tensor<?x?x1xf32>, tensor<64x1xf32>, tensor<64xf32>) -> tensor<?x?x64xf32>
    ```
  }];
  let arguments = (ins Ssm_Sequence:$x, Ssm_Param:$weight, Optional<Ssm_Param>:$bias);
  let results = (outs Ssm_Sequence:$y);
  let assemblyFormat = [{
    $x `,` $weight (`bias` $bias^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Ssm_EmbeddingOp : Ssm_Op<"embedding", [Pure,
    InferTypeOpAdaptor]> {
  let summary = "Looks tokens up in a table";
  let description = [{
    `y[b, l, :] = table[clamp(id < 0 ? id + size : id, 0, size - 1), :]` with
    `id = ids[b, l]`: negative ids count from the end once, then ids are
    clamped, as `jnp.take` of discretax's EmbeddingEncoder does.

    Constraints:
    * (C1) `table` has rank 2.

    ```mlir
    %y = ssm.embedding %ids, %table : (tensor<?x?xi32>, tensor<10x64xf32>) -> tensor<?x?x64xf32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[I32]>:$ids, Ssm_Param:$table);
  let results = (outs Ssm_Sequence:$y);
  let assemblyFormat = "$ids `,` $table attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Ssm_GluOp : Ssm_Op<"glu", [Pure, AttrSizedOperandSegments,
    InferTypeOpAdaptor]> {
  let summary = "Gated linear unit: w1(x) * sigmoid(w2(x))";
  let description = [{
    `y = (W1 x + b1) * sigmoid(W2 x + b2)`; the gate is the second map.

    Constraints:
    * (C1) both weights have the same shape (out, in), `in` as `x`'s last dimension.
    * (C2) biases, when present, have `out` elements; both are present or neither.

    ```mlir
    %y = ssm.glu %x, %w1, %w2 bias %b1, %b2 : (tensor<?x?x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
    ```
  }];
  let arguments = (ins Ssm_Sequence:$x, Ssm_Param:$w1, Ssm_Param:$w2,
                       Optional<Ssm_Param>:$b1, Optional<Ssm_Param>:$b2);
  let results = (outs Ssm_Sequence:$y);
  let assemblyFormat = [{
    $x `,` $w1 `,` $w2 (`bias` $b1^ `,` $b2)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Pointwise layers and norms
//===----------------------------------------------------------------------===//

class Ssm_UnaryOp<string mnemonic, list<Trait> traits = []>
    : Ssm_Op<mnemonic, !listconcat([Pure, SameOperandsAndResultType], traits)> {
  let arguments = (ins Ssm_Sequence:$x);
  let results = (outs Ssm_Sequence:$y);
  let assemblyFormat = "$x attr-dict `:` type($x)";
}

def Ssm_GeluOp : Ssm_UnaryOp<"gelu", [Ssm_Pointwise]> {
  let summary = "GELU in its tanh form, the default of jax.nn.gelu";
  let description = [{
    `y = x / 2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))`, elementwise.

    ```mlir
    %y = ssm.gelu %x : tensor<?x?x64xf32>
    ```
  }];
}

def Ssm_ReluOp : Ssm_UnaryOp<"relu", [Ssm_Pointwise]> {
  let summary = "The larger of x and 0; NaN stays NaN";
  let description = [{
    `y = max(x, 0)`, elementwise.

    ```mlir
    %y = ssm.relu %x : tensor<?x?x64xf32>
    ```
  }];
}

def Ssm_SiluOp : Ssm_UnaryOp<"silu", [Ssm_Pointwise]> {
  let summary = "SiLU, also called swish: x sigmoid(x)";
  let description = [{
    `y = x / (1 + exp(-x))`, elementwise.

    ```mlir
    %y = ssm.silu %x : tensor<?x?x64xf32>
    ```
  }];
}

def Ssm_TanhOp : Ssm_UnaryOp<"tanh", [Ssm_Pointwise]> {
  let summary = "Hyperbolic tangent";
  let description = [{
    `y = tanh(x)`, elementwise.

    ```mlir
    %y = ssm.tanh %x : tensor<?x?x64xf32>
    ```
  }];
}

def Ssm_AddOp : Ssm_Op<"add", [Pure, Ssm_Pointwise, InferTypeOpAdaptor]> {
  let summary = "Residual sum of two sequences";
  let description = [{
    `y = a + b`. A `b` of one feature is added to every feature of `a` (what a
    GLU or an MLPChannelMixer with `out_features=1` gives in discretax).

    Constraints:
    * (C1) `b` has `a`'s number of features, or one.

    ```mlir
    %y = ssm.add %x, %u : (tensor<?x?x64xf32>, tensor<?x?x64xf32>) -> tensor<?x?x64xf32>
    ```
  }];
  let arguments = (ins Ssm_Sequence:$a, Ssm_Sequence:$b);
  let results = (outs Ssm_Sequence:$y);
  let assemblyFormat = "$a `,` $b attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Ssm_ShiftOp : Ssm_Op<"shift", [Pure, Ssm_Pointwise, AllTypesMatch<["x", "y"]>]> {
  let summary = "Adds a constant to each feature";
  let description = [{
    `y[..., h] = x[..., h] + amount[h]`. Norm folding moves means along the
    residual stream with it; adjacent shifts merge.

    Constraints:
    * (C1) `amount` has as many elements as `x` has features.

    ```mlir
    %y = ssm.shift %x by %c : tensor<?x?x64xf32>, tensor<64xf64>
    ```
  }];
  let arguments = (ins Ssm_Sequence:$x, Ssm_Param:$amount);
  let results = (outs Ssm_Sequence:$y);
  let assemblyFormat = "$x `by` $amount attr-dict `:` type($x) `,` type($amount)";
  let hasVerifier = 1;
  let hasCanonicalizeMethod = 1;
}

def Ssm_BatchNormOp : Ssm_Op<"batch_norm", [Pure, AllTypesMatch<["x", "y"]>]> {
  let summary = "BatchNorm in inference form: running statistics only";
  let description = [{
    `y = (x - mean) / sqrt(var + epsilon)` per feature; no scale or offset.

    Constraints:
    * (C1) `mean` and `var` have as many elements as `x` has features.
    * (C2) `epsilon` is positive.

    ```mlir
    %y = ssm.batch_norm %x, %mean, %var epsilon 1.0e-5 : tensor<?x?x64xf32>, tensor<64xf32>, tensor<64xf32>
    ```
  }];
  let arguments = (ins Ssm_Sequence:$x, Ssm_Param:$mean, Ssm_Param:$var, F64Attr:$epsilon);
  let results = (outs Ssm_Sequence:$y);
  let assemblyFormat = [{
    $x `,` $mean `,` $var `epsilon` $epsilon attr-dict `:` type($x) `,` type($mean) `,` type($var)
  }];
  let hasVerifier = 1;
}

def Ssm_LayerNormOp : Ssm_Op<"layer_norm", [Pure, AllTypesMatch<["x", "y"]>]> {
  let summary = "LayerNorm: the statistics of each time step over its features";
  let description = [{
    `y = (x - m) / sqrt(v + epsilon)` with m the mean of the step's features and v
    the mean of `(x - m)^2` (Ba et al. 2016, eq. 4). A learned scale and bias are an
    `ssm.scale` and an `ssm.shift` behind it.

    Constraints:
    * (C1) `epsilon` is positive.

    ```mlir
    %y = ssm.layer_norm %x epsilon 1.0e-6 : tensor<?x?x64xf32>
    ```
  }];
  let arguments = (ins Ssm_Sequence:$x, F64Attr:$epsilon);
  let results = (outs Ssm_Sequence:$y);
  let assemblyFormat = "$x `epsilon` $epsilon attr-dict `:` type($x)";
  let hasVerifier = 1;
}

def Ssm_BatchNormTrainingOp : Ssm_Op<"batch_norm_training", [Pure,
    AllTypesMatch<["x", "y"]>, AllTypesMatch<["mean", "newMean"]>,
    AllTypesMatch<["var", "newVar"]>]> {
  let summary = "BatchNorm in training form: updates the running statistics";
  let description = [{
    Batch mean and biased variance per feature over batch and time; running
    statistics move by an exponential average (or are replaced, when
    `first_time` holds); `y` is normalised by the **new** running statistics
    (eqx.nn.BatchNorm, mode "ema"). `ssm-inference` turns it into
    `ssm.batch_norm`, `ssm-training` into `ssm.shift` and `ssm.scale`.

    Constraints:
    * (C1) `mean` and `var` have as many elements as `x` has features.
    * (C2) `epsilon` is positive and `momentum` lies in [0, 1].

    ```mlir
    %y, %m1, %v1 = ssm.batch_norm_training %x, %m, %v, %first epsilon 1.0e-5 momentum 0.99
      : tensor<?x?x64xf32>, tensor<64xf32>, tensor<64xf32>, tensor<i1>
    ```
  }];
  let arguments = (ins Ssm_Sequence:$x, Ssm_Param:$mean, Ssm_Param:$var,
                       0DTensorOf<[I1]>:$firstTime,
                       F64Attr:$epsilon, F64Attr:$momentum);
  let results = (outs Ssm_Sequence:$y, Ssm_Param:$newMean, Ssm_Param:$newVar);
  let assemblyFormat = [{
    $x `,` $mean `,` $var `,` $firstTime `epsilon` $epsilon `momentum` $momentum attr-dict
    `:` type($x) `,` type($mean) `,` type($var) `,` type($firstTime)
  }];
  let hasVerifier = 1;
}

def Ssm_SplitKeyOp : Ssm_Op<"split_key", [Pure, AllTypesMatch<["key", "result"]>]> {
  let summary = "One of the keys that jax.random.split gives";
  let description = [{
    `key_out[b] = jax.random.split(key[b], count)[index]`: threefry-2x32 keys,
    one per batch element, as two 32-bit words.

    Constraints:
    * (C1) `0 <= index < count`.

    ```mlir
    %k = ssm.split_key %key[1 of 3] : tensor<?x2xi32>
    ```
  }];
  let arguments = (ins 2DTensorOf<[I32]>:$key, I64Attr:$index, I64Attr:$count);
  let results = (outs 2DTensorOf<[I32]>:$result);
  let assemblyFormat = "$key `[` $index `of` $count `]` attr-dict `:` type($key)";
  let hasVerifier = 1;
}

def Ssm_DropoutOp : Ssm_Op<"dropout", [Pure, AllTypesMatch<["x", "y"]>]> {
  let summary = "Dropout, the training form; the identity in inference";
  let description = [{
    Keeps each element with probability `1 - rate` and divides it by that; the
    others are 0. The mask of batch element b is drawn from `key[b]` as
    jax.random.bernoulli does. `ssm-inference` removes it; `ssm-training` keeps it at the
    recurrence level, and at the chunk level it is `ssm.drop_rows`.

    Constraints:
    * (C1) `0 <= rate <= 1`.

    ```mlir
    %y = ssm.dropout %x, %key rate 0.1 : tensor<?x?x64xf32>, tensor<?x2xi32>
    ```
  }];
  let arguments = (ins Ssm_Sequence:$x, 2DTensorOf<[I32]>:$key, F64Attr:$rate);
  let results = (outs Ssm_Sequence:$y);
  let assemblyFormat = "$x `,` $key `rate` $rate attr-dict `:` type($x) `,` type($key)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Sequence mixers
//===----------------------------------------------------------------------===//

class Ssm_MixerOp<string mnemonic, list<Trait> traits = []> : Ssm_Op<mnemonic, !listconcat([Pure,
    AllTypesMatch<["u", "y"]>, AllTypesMatch<["state", "newState"]>,
    DeclareOpInterfaceMethods<Ssm_CarriedStateOpInterface>], traits)> {
  let results = (outs Ssm_Sequence:$y, Ssm_Sequence:$newState);
  let hasVerifier = 1;
}

def Ssm_S5Op : Ssm_MixerOp<"s5"> {
  let summary = "S5 sequence mixer (Smith et al. 2023, eq. 5 and 6)";
  let description = [{
    `x' = A_bar x + B_bar u`, `y = g Re(C x') + D u` with P complex modes, where
    `Lambda = min(lambda_re, -1e-4 if clip_eigs) + i lambda_im`,
    `step = step_rescale exp(log_step)` and
    * zoh: `A_bar = exp(Lambda step)`, `B_bar = (A_bar - 1) / Lambda * B`;
    * bilinear: `A_bar = (1 + step/2 Lambda) / (1 - step/2 Lambda)`,
      `B_bar = step / (1 - step/2 Lambda) * B`.
    `g` is 2 with `conj_sym` (only one of each conjugate pair is kept), else 1.
    With `dt` (batch, time) the step of time l of stream b is `dt[b, l] step`:
    irregular sampling (Smith et al. 2023, section 6.3).
    The state is (batch, [re, im], P). With `reverse` it goes through time from the
    last step to the first: x of step l follows from x of step l + 1, the state
    passed in is the one behind the last step, and the one returned is that of the first.
    A bidirectional S5 is the sum of one mixer in each direction.

    Constraints:
    * (C1) `lambda_re`, `lambda_im` have P elements, `log_step` is (P, 1) (any (n, 1) when P = 0).
    * (C2) `b` is (P, H, 2), `c` is (H, P, 2), `d` is (H), H the features of `u`.
    * (C3) the state is (batch, 2, P).
    * (C4) `step_rescale` is positive and finite.

    ```mlir
    %y, %s1 = ssm.s5 %u, %s lambda(%lre, %lim) b(%b) c(%c) d(%d) log_step(%ls) discretization zoh
        {conj_sym, clip_eigs, step_rescale = 1.0} : ...
    ```
  }];
  let arguments = (ins Ssm_Sequence:$u, Ssm_Sequence:$state,
    Ssm_Param:$lambdaRe, Ssm_Param:$lambdaIm, Ssm_Param:$b, Ssm_Param:$c,
    Ssm_Param:$d, Ssm_Param:$logStep, Optional<2DTensorOf<[F32]>>:$dt,
    Ssm_Discretization:$discretization,
    UnitAttr:$conj_sym, UnitAttr:$clip_eigs, DefaultValuedAttr<F64Attr, "1.0">:$step_rescale,
    UnitAttr:$reverse);
  let assemblyFormat = [{
    $u `,` $state `lambda` `(` $lambdaRe `,` $lambdaIm `)` `b` `(` $b `)` `c` `(` $c `)`
    `d` `(` $d `)` `log_step` `(` $logStep `)` (`dt` `(` $dt^ `:` type($dt) `)`)?
    `discretization` $discretization attr-dict
    `:` type($u) `,` type($state) `,` type($lambdaRe) `,` type($lambdaIm) `,` type($b) `,` type($c)
    `,` type($d) `,` type($logStep)
  }];
}

def Ssm_LruOp : Ssm_MixerOp<"lru"> {
  let summary = "LRU sequence mixer (Orvieto et al. 2023, eq. 7)";
  let description = [{
    `x' = lambda x + exp(gamma_log) B u`, `y = Re(C x') + D u`, with
    `lambda = exp(-exp(nu_log) + i exp(theta_log))`. The state is
    (batch, [re, im], N). Infinite parameters are legal.

    Constraints:
    * (C1) `nu_log`, `theta_log`, `gamma_log` have N elements.
    * (C2) `b_re`, `b_im` are (N, H), `c_re`, `c_im` (H, N), `d` (H), H the features of `u`.
    * (C3) the state is (batch, 2, N).

    ```mlir
    %y, %s1 = ssm.lru %u, %s nu_log(%nu) theta_log(%th) gamma_log(%g) b(%bre, %bim) c(%cre, %cim) d(%d)
      : tensor<?x?x64xf32>, tensor<?x2x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32x64xf32>,
        tensor<32x64xf32>, tensor<64x32xf32>, tensor<64x32xf32>, tensor<64xf32>
    ```
  }];
  let arguments = (ins Ssm_Sequence:$u, Ssm_Sequence:$state,
    Ssm_Param:$nuLog, Ssm_Param:$thetaLog, Ssm_Param:$gammaLog,
    Ssm_Param:$bRe, Ssm_Param:$bIm, Ssm_Param:$cRe, Ssm_Param:$cIm, Ssm_Param:$d);
  let assemblyFormat = [{
    $u `,` $state `nu_log` `(` $nuLog `)` `theta_log` `(` $thetaLog `)` `gamma_log` `(` $gammaLog `)`
    `b` `(` $bRe `,` $bIm `)` `c` `(` $cRe `,` $cIm `)` `d` `(` $d `)` attr-dict
    `:` type($u) `,` type($state) `,` type($nuLog) `,` type($thetaLog) `,` type($gammaLog)
    `,` type($bRe) `,` type($bIm) `,` type($cRe) `,` type($cIm) `,` type($d)
  }];
}

def Ssm_LinossOp : Ssm_MixerOp<"linoss", [AttrSizedOperandSegments]> {
  let summary = "LinOSS sequence mixer (Rusch and Rus 2025)";
  let description = [{
    Forced oscillators `y'' = -A y - G y' + B u` with `z = y'`, and the output
    `Re(C y) + D u`. With `dt = sigmoid(steps)` one step is
    `z' = k1 z - k2 y + k3 B u`, `y' = y + dt z'`, where `k = (1, dt a, dt) / s` and
    `s = 1 + dt^2 a` (IM), `1` (IMEX), `1 + dt g` (damped_IMEX);
    `a = relu(A_diag)`, but for damped_IMEX A_diag clamped to
    `[(g / (1 + sqrt(1 + dt g)))^2, ((1 + sqrt(1 + dt g)) / dt)^2]`, `g = relu(G_diag)`.
    With an operand `dt` (batch, time) the dt of time l of stream b is
    `dt[b, l] sigmoid(steps)`, also in the clamp.
    The state is (batch, [z, y], [re, im], N).

    Constraints:
    * (C1) `a_diag`, `steps` (and `g_diag`) have N elements.
    * (C2) `g_diag` is present exactly for damped_IMEX.
    * (C3) `b` is (N, H, 2), `c` is (H, N, 2), `d` is (H), H the features of `u`.
    * (C4) the state is (batch, 2, 2, N).

    ```mlir
    %y, %s1 = ssm.linoss damped_IMEX %u, %s a_diag(%a) steps(%st) g_diag(%g) b(%b) c(%c) d(%d)
      : (tensor<?x?x64xf32>, tensor<?x2x2x32xf32>, tensor<32xf32>, tensor<32xf32>, tensor<32xf32>,
         tensor<32x64x2xf32>, tensor<64x32x2xf32>, tensor<64xf32>) -> (tensor<?x?x64xf32>, tensor<?x2x2x32xf32>)
    ```
  }];
  let arguments = (ins Ssm_Sequence:$u, Ssm_Sequence:$state,
    Ssm_Param:$aDiag, Ssm_Param:$steps, Optional<Ssm_Param>:$gDiag,
    Ssm_Param:$b, Ssm_Param:$c, Ssm_Param:$d, Optional<2DTensorOf<[F32]>>:$dt,
    Ssm_OscillatorScheme:$scheme);
  let assemblyFormat = [{
    $scheme $u `,` $state `a_diag` `(` $aDiag `)` `steps` `(` $steps `)` (`g_diag` `(` $gDiag^ `)`)?
    `b` `(` $b `)` `c` `(` $c `)` `d` `(` $d `)` (`dt` `(` $dt^ `)`)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Ssm_DeltaNetOp : Ssm_MixerOp<"delta_net"> {
  let summary = "DeltaNet sequence mixer (Yang et al. 2024, section 2.2)";
  let description = [{
    Linear attention whose matrix state S, one per head, is corrected by the
    delta rule. With q, k, v the projections of u, split into heads of D
    features, `beta = sigmoid(beta_proj u)` (one number for all heads), and q and
    k divided by their length plus 1e-6,

        S' = S + beta (v - S k) k^T          o = S' q          y = out_proj o

    The state is (batch, 1, heads, v, k): one real plane of matrices.

    Constraints:
    * (C1) `heads` is positive and divides the rows of `q`; D is the quotient.
    * (C2) `q`, `k`, `v` are (heads D, H), `beta` is (1, H), `out` is (H, heads D),
      H the features of `u`.
    * (C3) the state is (batch, 1, heads, D, D).

    ```mlir
    %y, %s1 = ssm.delta_net %u, %s q(%wq) k(%wk) v(%wv) beta(%wb) out(%wo) heads 4
      : (tensor<?x?x64xf32>, tensor<?x1x4x16x16xf32>, tensor<64x64xf32>, tensor<64x64xf32>, tensor<64x64xf32>,
         tensor<1x64xf32>, tensor<64x64xf32>) -> (tensor<?x?x64xf32>, tensor<?x1x4x16x16xf32>)
    ```
  }];
  let arguments = (ins Ssm_Sequence:$u, Ssm_Sequence:$state,
    Ssm_Param:$q, Ssm_Param:$k, Ssm_Param:$v, Ssm_Param:$beta, Ssm_Param:$out, I64Attr:$heads);
  let assemblyFormat = [{
    $u `,` $state `q` `(` $q `)` `k` `(` $k `)` `v` `(` $v `)` `beta` `(` $beta `)`
    `out` `(` $out `)` `heads` $heads attr-dict `:` functional-type(operands, results)
  }];
}

def Ssm_S4dOp : Ssm_MixerOp<"s4d"> {
  let summary = "S4D sequence mixer (Gu et al. 2022, eq. 3 and section 3.2)";
  let description = [{
    Each channel h has N complex modes of its own: `x' = a_bar x + u_h`,
    `y_h = 2 Re(sum_n c_n x'_n)`, where `a = -exp(log_a_real) + i a_imag`,
    `a_bar = exp(a exp(log_dt_h))` and `c_n = C_n (a_bar - 1) / a`. There is no
    feed-through. The state is (batch, [re, im], 1, N, H): a matrix per plane.

    Constraints:
    * (C1) `log_dt` has H elements, H the features of `u`.
    * (C2) `log_a_real` and `a_imag` are (H, N), `c` is (H, N, 2).
    * (C3) the state is (batch, 2, 1, N, H).

    ```mlir
    %y, %s1 = ssm.s4d %u, %s log_dt(%dt) a(%log_re, %im) c(%c)
      : (tensor<?x?x64xf32>, tensor<?x2x1x32x64xf32>, tensor<64xf32>, tensor<64x32xf32>, tensor<64x32xf32>,
         tensor<64x32x2xf32>) -> (tensor<?x?x64xf32>, tensor<?x2x1x32x64xf32>)
    ```
  }];
  let arguments = (ins Ssm_Sequence:$u, Ssm_Sequence:$state,
    Ssm_Param:$logDt, Ssm_Param:$logARe, Ssm_Param:$aIm, Ssm_Param:$c);
  let assemblyFormat = [{
    $u `,` $state `log_dt` `(` $logDt `)` `a` `(` $logARe `,` $aIm `)` `c` `(` $c `)` attr-dict
    `:` functional-type(operands, results)
  }];
}

//===----------------------------------------------------------------------===//
// Heads and structure
//===----------------------------------------------------------------------===//

def Ssm_MeanPoolOp : Ssm_Op<"mean_pool", [Pure,
    AllTypesMatch<["sums", "newSums"]>, AllTypesMatch<["count", "newCount"]>,
    DeclareOpInterfaceMethods<Ssm_CarriedStateOpInterface>]> {
  let summary = "Mean over all time steps seen so far";
  let description = [{
    `sums' = sums + sum_l x[:, l, :]`, `count' = count + L`, `y = sums' / count'`.
    Sums are f64 so that an answer stays right after 10^7 steps. A count of 0
    gives NaN (the mean of nothing). With `last` it is the last step alone:
    `sums' = x[:, L - 1, :]` and `count' = 1`, or, when L = 0, what they were.

    Constraints:
    * (C1) `x` is (batch, time, H), `sums` (batch, H), `y` (batch, H), `count` (batch).

    ```mlir
    %y, %sums1, %count1 = ssm.mean_pool %x, %sums, %count
      : tensor<?x?x64xf32>, tensor<?x64xf64>, tensor<?xi64> -> tensor<?x64xf32>
    ```
  }];
  let arguments = (ins Ssm_Sequence:$x, 2DTensorOf<[F64]>:$sums, 1DTensorOf<[I64]>:$count,
                       UnitAttr:$last);
  let results = (outs Ssm_Sequence:$y, 2DTensorOf<[F64]>:$newSums, 1DTensorOf<[I64]>:$newCount);
  let assemblyFormat = [{
    $x `,` $sums `,` $count attr-dict `:` type($x) `,` type($sums) `,` type($count) `->` type($y)
  }];
  let hasVerifier = 1;
}

def Ssm_LogSoftmaxOp : Ssm_UnaryOp<"log_softmax"> {
  let summary = "Log-probabilities over the last axis, or probabilities";
  let description = [{
    `y = x - max(x) - log(sum(exp(x - max(x))))` over the features; with
    `probabilities` the exponential of that.

    ```mlir
    %y = ssm.log_softmax %x : tensor<?x10xf32>
    %p = ssm.log_softmax %x {probabilities} : tensor<?x10xf32>
    ```
  }];
  let arguments = (ins Ssm_Sequence:$x, UnitAttr:$probabilities);
}

def Ssm_BlockOp : Ssm_Op<"block", [
    DeclareOpInterfaceMethods<Ssm_CarriedStateOpInterface>,
    RecursiveMemoryEffects, SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "One residual block";
  let description = [{
    The body computes the block's output and its new carried state from its
    input and its carried state; parameters are captured from outside. Results
    are the output, the carried states, then any further values of the body
    (new statistics, in training form). Blocks of the same shape become calls of
    one function.

    Constraints:
    * (C1) the body's arguments have the types of the operands.
    * (C2) the body yields values of the results' types.
    * (C3) there are at least as many results as operands, and result i has the
      type of operand i from the first carried state on.

    ```mlir
    %y, %s1 = ssm.block "layers.1.blocks.0" (%x, %s) : (tensor<?x?x64xf32>, tensor<?x2x32xf32>) -> (tensor<?x?x64xf32>, tensor<?x2x32xf32>) {
    ^bb0(%u: tensor<?x?x64xf32>, %c: tensor<?x2x32xf32>):
      ...
      ssm.yield %v, %c1 : tensor<?x?x64xf32>, tensor<?x2x32xf32>
    }
    ```
  }];
  let arguments = (ins StrAttr:$path, Ssm_Sequence:$x, Variadic<Ssm_Sequence>:$states);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $path `(` operands `)` attr-dict `:` functional-type(operands, results) $body
  }];
  let hasVerifier = 1;
}

def Ssm_YieldOp : Ssm_Op<"yield", [Pure, Terminator, ReturnLike,
    ParentOneOf<["BlockOp", "PanelMapOp", "PerStepOp"]>]> {
  let summary = "Ends the body of a block, of a panel map or of arithmetic per step";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, ::mlir::ValueRange()); }]>];
}

#endif // SSMC_DIALECT_SSMMODELOPS
