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

    Constraints:
    * (C1) `f` has 2N features, N from the coefficients.
    * (C2) all coefficients have one type, (N) or (batch, time, N), of f64.
    * (C3) diagonal has 2 coefficients and a state (batch, 2, N).
    * (C4) oscillator has 3 coefficients and a state (batch, 2, 2, N).

    ```mlir
    %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a_re, %a_im : tensor<32xf64>)
      : tensor<?x?x64xf32>, tensor<?x2x32xf32>
    ```
  }];
  let arguments = (ins Ssm_ScanKind:$kind, 3DTensorOf<[F32]>:$f, Ssm_Sequence:$state,
                       Variadic<RankedTensorOf<[F64]>>:$coefficients);
  let results = (outs 3DTensorOf<[F32]>:$y, Ssm_Sequence:$newState);
  let assemblyFormat = [{
    $kind $f `,` $state `coefficients` `(` $coefficients `:` type($coefficients) `)` attr-dict
    `:` type($f) `,` type($state)
  }];
  let hasVerifier = 1;
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
  let summary = "Gated value: y = a sigmoid(b)";
  let description = [{
    `y = a / (1 + exp(-b))`, elementwise: the two halves of a GLU after their
    projections.

    ```mlir
    %y = ssm.gate %a, %b : tensor<?x?x64xf32>
    ```
  }];
  let arguments = (ins Ssm_Sequence:$a, Ssm_Sequence:$b);
  let results = (outs Ssm_Sequence:$y);
  let assemblyFormat = "$a `,` $b attr-dict `:` type($a)";
  let extraClassDeclaration = [{
    /// -log2(e): y = a / (1 + 2^(kExponentScale b)). Weights of b's projection
    /// can hold it.
    static constexpr double kExponentScale = -1.4426950408889634;

    /// Emits a / (1 + 2^t) on vectors of features.
    static ::mlir::Value buildLanesOfExponent(::mlir::OpBuilder &builder,
        ::mlir::Location loc, ::mlir::Value a, ::mlir::Value t);
  }];
}

#endif // SSMC_DIALECT_SSMRECURRENCEOPS
