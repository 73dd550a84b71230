//===- Passes.td - Transformations of the ssm dialect ---------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TRANSFORMS_PASSES
#define SSMC_LIB_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def InferenceMode : Pass<"ssm-inference", "::mlir::ModuleOp"> {
  let summary = "Take a model from its training form to inference";
  let description = [{
    Dropout becomes the identity, `ssm.batch_norm_training` becomes
    `ssm.batch_norm` on the running statistics; the argument `ssm.keys` and the
    results `ssm.statistic` leave the signature.

    ```mlir
    %n, %m1, %v1 = ssm.batch_norm_training %x, %m, %v, %first epsilon 1.0e-05 momentum 0.99 : ...
    %d = ssm.dropout %n, %key rate 0.1 : ...
    // becomes
    %d = ssm.batch_norm %x, %m, %v epsilon 1.0e-05 : ...
    ```
  }];
  let dependentDialects = ["ssmc::SsmDialect"];
}

def ExpandMath : Pass<"expand-math"> {
  let summary = "Replace elementary functions of f32 and f64 by polynomials";
  let description = [{
    `math.exp`, `exp2`, `expm1`, `log`, `log1p`, `sin`, `cos`, `sincos` and
    `tanh` on scalars, vectors and static tensors become straight-line
    arithmetic with `math.fma`: no call of a math library, and the same bits at
    every vector width and on every CPU. docs/accuracy.md has the errors.

    `math.exp2` on f32 is the form for hot loops: its argument is clamped to
    [-126, 126] (NaN stays NaN), and a sum with the power becomes one FMA:

    ```mlir
    %e = math.exp2 %t : vector<16xf32>
    %s = arith.addf %e, %one : vector<16xf32>
    // becomes
    ...
    %s = math.fma %mantissa, %power, %one : vector<16xf32>
    ```

    f16 and bf16 stay, and what CPUs compute natively (`sqrt`, `absf`, `fma`,
    `floor`...). Any other function of f32 or f64 is an error. Run it before
    folding: upstream's folders of `math` operations ask the host's library.
  }];
  let statistics = [
    Statistic<"numExpanded", "num-expanded", "functions replaced">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

#endif // SSMC_LIB_TRANSFORMS_PASSES
