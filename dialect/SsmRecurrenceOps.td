//===- SsmRecurrenceOps.td - Discrete time --------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_DIALECT_SSMRECURRENCEOPS
#define SSMC_DIALECT_SSMRECURRENCEOPS

include "dialect/SsmBase.td"

def Ssm_ScanOp : Ssm_Op<"scan", [Pure, AllTypesMatch<["state", "newState"]>,
    AllTypesMatch<["f", "y"]>,
    DeclareOpInterfaceMethods<Ssm_CarriedStateOpInterface>,
    AttrSizedOperandSegments,
    DeclareOpInterfaceMethods<Ssm_RecurrenceOpInterface>]> {
  let summary = "Linear recurrence over time of N independent complex modes";
  let description = [{
    The forcing `f` (batch, time, 2N) and the output are a real plane of N
    features followed by an imaginary one; each step of `diagonal` with
    coefficients (a_re, a_im) is

        re' = a_re re - a_im im + f_re
        im' = a_re im + a_im re + f_im          y = (re', im')

    with a state (batch, [re, im], N), and each step of `oscillator` with real
    coefficients (k1, k2, dt) is, on both planes alike,

        z' = k1 z - k2 y + f
        y' = y + dt z'                          output y'

    with a state (batch, [z, y], [re, im], N). An output already sees its own
    step's forcing. Coefficients are f64: (N), or (batch, time, N) when they
    depend on the step. Compiled code keeps each as a sum of two f32 numbers,
    so they act as if exact, and carries the state of an oscillator in f64: at
    the clamp of damped LinOSS the step has a double eigenvalue.

    With `gains` the forcing of a step is a multiple of `f`: `g f` on both planes
    with one gain, with two the complex product
    `(g_re f_re - g_im f_im, g_re f_im + g_im f_re)`. They are for coefficients
    that depend on the step: the part of the input's weight that does, too.

    With `reverse` time runs backwards: the state is passed in behind the last step,
    each step follows from the one after it, and the first step's state is returned.
    An output then sees the steps from its own to the last.

    Constraints:
    * (C1) `f` has 2N features, N from the coefficients.
    * (C2) all coefficients and gains have one type, (N) or (batch, time, N), of f64.
    * (C3) diagonal has 2 coefficients and a state (batch, 2, N).
    * (C4) oscillator has 3 coefficients and a state (batch, 2, 2, N).
    * (C5) there are no gains, 1 or 2.

    ```mlir
    %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a_re, %a_im : tensor<32xf64>)
      : tensor<?x?x64xf32>, tensor<?x2x32xf32>
    ```
  }];
  let arguments = (ins Ssm_ScanKind:$kind, 3DTensorOf<[F32]>:$f, Ssm_Sequence:$state,
                       Variadic<RankedTensorOf<[F64]>>:$coefficients,
                       Variadic<RankedTensorOf<[F64]>>:$gains, UnitAttr:$reverse);
  let results = (outs 3DTensorOf<[F32]>:$y, Ssm_Sequence:$newState);
  let assemblyFormat = [{
    $kind $f `,` $state `coefficients` `(` $coefficients `:` type($coefficients) `)`
    (`gains` `(` $gains^ `:` type($gains) `)`)? attr-dict `:` type($f) `,` type($state)
  }];
  let hasVerifier = 1;
}

def Ssm_PerStepOp : Ssm_Op<"per_step", [Pure, IsolatedFromAbove,
    SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "Arithmetic on each step's time delta, for every mode";
  let description = [{
    `results[i][b, l, n]` is what the body yields as value i for the arguments
    `dt[b, l]` and `parameters[...][n]`: the discretization of a mixer whose
    steps come with the data. The body is f64 arithmetic on scalars.

    Constraints:
    * (C1) `dt` is (batch, time), parameters are (N).
    * (C2) results are (batch, time, N), of one type.
    * (C3) the body takes an f64 for `dt` and one for each parameter, and yields
      one for each result.

    ```mlir
    // exp(lambda step dt) of real eigenvalues.
    %a = ssm.per_step %dt : tensor<?x?xf32> with(%rate : tensor<32xf64>) -> tensor<?x?x32xf64> {
    ^bb0(%t: f64, %r: f64):
      %0 = arith.mulf %r, %t : f64
      %1 = math.exp %0 : f64
      ssm.yield %1 : f64
    }
    ```
  }];
  let arguments = (ins 2DTensorOf<[F32]>:$dt, Variadic<1DTensorOf<[F64]>>:$parameters);
  let results = (outs Variadic<3DTensorOf<[F64]>>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $dt `:` type($dt) (`with` `(` $parameters^ `:` type($parameters) `)`)? attr-dict-with-keyword
    `->` type($results) $body
  }];
  let extraClassDeclaration = [{
    YieldOp getYield();
  }];
  let hasVerifier = 1;
}

def Ssm_DeltaRuleOp : Ssm_Op<"delta_rule", [Pure, AllTypesMatch<["state", "newState"]>,
    DeclareOpInterfaceMethods<Ssm_CarriedStateOpInterface>]> {
  let summary = "Delta rule over time on matrix states, one per head";
  let description = [{
    The features of `x` are, for each head, q, k and v of D features each, in this
    order, and at the very end one number b for all heads. With
    `q^ = q / (|q| + epsilon)`, `k^ = k / (|k| + epsilon)`, `beta = 1 / (1 + exp(-b))`
    each step of a head is

        S' = S + beta (v - S k^) transpose(k^)          y = S' q^

    with a state (batch, 1, heads, v, k). An output already sees its own step's
    input. Compiled code carries the state in f32.

    Constraints:
    * (C1) the state is (batch, 1, heads, D, D), heads and D positive.
    * (C2) `x` has 3 heads D + 1 features, `y` has heads D.
    * (C3) `epsilon` is positive.

    ```mlir
    %y, %s1 = ssm.delta_rule %x, %s epsilon 1.0e-6
      : tensor<?x?x193xf32>, tensor<?x1x4x16x16xf32> -> tensor<?x?x64xf32>
    ```
  }];
  let arguments = (ins 3DTensorOf<[F32]>:$x, Ssm_Sequence:$state, F64Attr:$epsilon);
  let results = (outs 3DTensorOf<[F32]>:$y, Ssm_Sequence:$newState);
  let assemblyFormat = [{
    $x `,` $state `epsilon` $epsilon attr-dict `:` type($x) `,` type($state) `->` type($y)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    int64_t getNumHeads();
    /// D: features of a head.
    int64_t getHeadFeatures();
  }];
}

def Ssm_ChannelScanOp : Ssm_Op<"channel_scan", [Pure, AllTypesMatch<["state", "newState"]>,
    AllTypesMatch<["x", "y"]>, AllTypesMatch<["aRe", "aIm", "cRe", "cIm"]>,
    DeclareOpInterfaceMethods<Ssm_CarriedStateOpInterface>]> {
  let summary = "Linear recurrence over time, with modes of each channel's own";
  let description = [{
    Channel h of `x` (batch, time, H) drives N complex modes, which no other
    channel touches, and its output is a weighted sum of them:

        re'[n] = a_re[h, n] re[n] - a_im[h, n] im[n] + x[h]
        im'[n] = a_re[h, n] im[n] + a_im[h, n] re[n]
        y[h]   = sum_n c_re[h, n] re'[n] + c_im[h, n] im'[n]

    with a state (batch, [re, im], 1, N, H). An output already sees its own
    step's input. Compiled code keeps `a` as a sum of two f32 numbers, as
    `ssm.scan` does.

    Constraints:
    * (C1) `a_re`, `a_im`, `c_re`, `c_im` are (H, N), f64, H the features of `x`, N positive.
    * (C2) the state is (batch, 2, 1, N, H).

    ```mlir
    %y, %s1 = ssm.channel_scan %x, %s coefficients(%a_re, %a_im) readout(%c_re, %c_im : tensor<64x32xf64>)
      : tensor<?x?x64xf32>, tensor<?x2x1x32x64xf32>
    ```
  }];
  let arguments = (ins 3DTensorOf<[F32]>:$x, Ssm_Sequence:$state,
    2DTensorOf<[F64]>:$aRe, 2DTensorOf<[F64]>:$aIm, 2DTensorOf<[F64]>:$cRe, 2DTensorOf<[F64]>:$cIm);
  let results = (outs 3DTensorOf<[F32]>:$y, Ssm_Sequence:$newState);
  let assemblyFormat = [{
    $x `,` $state `coefficients` `(` $aRe `,` $aIm `)` `readout` `(` $cRe `,` $cIm `:` type($aRe) `)`
    attr-dict `:` type($x) `,` type($state)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// N: modes of a channel.
    int64_t getNumModes();
  }];
}

//===----------------------------------------------------------------------===//
// Epilogues
//===----------------------------------------------------------------------===//

def Ssm_ScaleOp : Ssm_Op<"scale", [Pure, Ssm_Pointwise, AllTypesMatch<["x", "y"]>]> {
  let summary = "Multiplies each feature by a constant";
  let description = [{
    `y[..., h] = x[..., h] amount[h]`: what is left of a norm that no projection
    can absorb.

    Constraints:
    * (C1) `amount` has as many elements as `x` has features.

    ```mlir
    %y = ssm.scale %x by %s : tensor<?x?x64xf32>, tensor<64xf64>
    ```
  }];
  let arguments = (ins Ssm_Sequence:$x, Ssm_Param:$amount);
  let results = (outs Ssm_Sequence:$y);
  let assemblyFormat = "$x `by` $amount attr-dict `:` type($x) `,` type($amount)";
  let hasVerifier = 1;
}

def Ssm_SkipOp : Ssm_Op<"skip", [Pure, Ssm_Pointwise, AllTypesMatch<["x", "u", "y"]>]> {
  let summary = "Adds a mixer's feed-through: y = x + d u";
  let description = [{
    `y[..., h] = x[..., h] + d[h] u[..., h]`, one fused multiply-add.

    Constraints:
    * (C1) `d` has as many elements as `x` has features.

    ```mlir
    %y = ssm.skip %x, %u by %d : tensor<?x?x64xf32>, tensor<64xf64>
    ```
  }];
  let arguments = (ins Ssm_Sequence:$x, Ssm_Sequence:$u, Ssm_Param:$d);
  let results = (outs Ssm_Sequence:$y);
  let assemblyFormat = "$x `,` $u `by` $d attr-dict `:` type($x) `,` type($d)";
  let hasVerifier = 1;
}

def Ssm_GateOp : Ssm_Op<"gate", [Pure, Ssm_Pointwise, SameOperandsAndResultType]> {
  let summary = "Gated value: y = a sigmoid(b), or a b sigmoid(b)";
  let description = [{
    `y = a / (1 + exp(-b))`, elementwise: the two halves of a GLU after their
    projections. With `swish` `y = a b / (1 + exp(-b))`: those of a SwiGLU,
    `a` from `up_proj` and `b` from `gate_proj`.

    ```mlir
    %y = ssm.gate %a, %b : tensor<?x?x64xf32>
    %z = ssm.gate %a, %b {swish} : tensor<?x?x64xf32>
    ```
  }];
  let arguments = (ins Ssm_Sequence:$a, Ssm_Sequence:$b, UnitAttr:$swish);
  let results = (outs Ssm_Sequence:$y);
  let assemblyFormat = "$a `,` $b attr-dict `:` type($a)";
  let extraClassDeclaration = [{
    /// -log2(e): exp(-b) = 2^(kExponentScale b). Weights of b's projection can
    /// hold it.
    static constexpr double kExponentScale = -1.4426950408889634;

    /// What weights of a's projection hold then: 1, or -ln(2) to undo the scale
    /// of the `b` that swish multiplies by.
    double getValueScale();

    /// Emits y on vectors of features from a and b with both scales.
    ::mlir::Value buildLanesOfExponent(::mlir::OpBuilder &builder,
        ::mlir::Location loc, ::mlir::Value a, ::mlir::Value t);
  }];
}

#endif // SSMC_DIALECT_SSMRECURRENCEOPS
