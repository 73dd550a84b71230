//===- SsmDialect.td - The ssm dialect, its enums and attributes ----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_DIALECT_SSMDIALECT
#define SSMC_DIALECT_SSMDIALECT

include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Ssm_Dialect : Dialect {
  let name = "ssm";
  let cppNamespace = "::ssmc";
  let summary = "State-space sequence models, from layers to register tiles";
  let description = [{
    The dialect describes causal sequence models in state-passing form: every
    stateful operation takes a carried state and returns the next one, so that
    a whole model is one function of an input and a state, and one time step, a
    chunk and a sequence are that function at different lengths.

    Its operations live at three levels:

    * **model level**: layers with continuous-time parameters, as the author of
      a model knows them (`ssm.s5`, `ssm.batch_norm`, `ssm.glu`, ...);
    * **recurrence level**: discrete time; mixers have become `ssm.linear`,
      `ssm.scan` and pointwise layers (`ssm.skip`, `ssm.gate`, `ssm.shift`, ...),
      norms are folded into the projections;
    * **chunk level**: static row counts; products over packed panels with
      their epilogues (`ssm.panel_map`).

    Sequences are tensors `(batch, time, features)`. There are no complex types:
    a complex quantity of N elements is a real plane followed by an imaginary
    plane.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect"];
  let extraClassDeclaration = [{
    /// Name of the string attribute that says where a value comes from in
    /// model.json (`layers[1].blocks[0]`), used by diagnostics.
    static constexpr llvm::StringLiteral kPathAttr = "ssm.path";
    /// Marks a function's argument that is the time delta of every step,
    /// (batch, time) or one per row.
    static constexpr llvm::StringLiteral kTimeStepsAttr = "ssm.time_steps";
  }];
}

def Ssm_Discretization : I32EnumAttr<"Discretization",
    "how a continuous-time system becomes a recurrence", [
      I32EnumAttrCase<"zoh", 0>, I32EnumAttrCase<"bilinear", 1>]> {
  let cppNamespace = "::ssmc";
}

def Ssm_OscillatorScheme : I32EnumAttr<"OscillatorScheme",
    "LinOSS integration scheme", [
      I32EnumAttrCase<"IM", 0>, I32EnumAttrCase<"IMEX", 1>,
      I32EnumAttrCase<"damped_IMEX", 2>]> {
  let cppNamespace = "::ssmc";
}

def Ssm_ScanKind : I32EnumAttr<"ScanKind", "form of one step of a scan", [
      I32EnumAttrCase<"diagonal", 0>, I32EnumAttrCase<"oscillator", 1>]> {
  let cppNamespace = "::ssmc";
}

def Ssm_TensorProducts : I32EnumAttr<"TensorProducts",
    "how tensor cores multiply f32 numbers", [
      I32EnumAttrCase<"bf16x3", 0>, I32EnumAttrCase<"tf32", 1>]> {
  let cppNamespace = "::ssmc";
}

#endif // SSMC_DIALECT_SSMDIALECT
