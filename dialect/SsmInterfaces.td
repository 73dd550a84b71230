//===- SsmInterfaces.td - What generic passes ask of operations -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_DIALECT_SSMINTERFACES
#define SSMC_DIALECT_SSMINTERFACES

include "mlir/IR/OpBase.td"

def Ssm_CarriedStateOpInterface : OpInterface<"CarriedStateOpInterface"> {
  let cppNamespace = "::ssmc";
  let description = [{
    An operation that reads a carried state and returns the next one. Operand
    `getCarriedOperands()[i]` and result `getCarriedResults()[i]` have the same
    type; their leading dimension is the batch (one state per stream).
  }];
  let methods = [
    InterfaceMethod<"The operands that hold the state before the first step.",
      "::mlir::MutableOperandRange", "getCarriedOperands">,
    InterfaceMethod<"The results that hold the state after the last step.",
      "::mlir::ResultRange", "getCarriedResults">
  ];
}

def Ssm_RecurrenceOpInterface : OpInterface<"RecurrenceOpInterface", [
    Ssm_CarriedStateOpInterface]> {
  let cppNamespace = "::ssmc";
  let description = [{
    A carried state whose N modes advance independently of each other: the
    operation can be built on any group of modes and any number of steps.
    A mode is complex; its real and imaginary planes advance alike.
  }];
  let methods = [
    InterfaceMethod<"Number N of modes.", "int64_t", "getNumModes">,
    InterfaceMethod<"How many values per plane a mode carries (1 or 2).",
      "int64_t", "getStatesPerMode">,
    InterfaceMethod<"The coefficients of one step: f64, (N) or (B, L, N).",
      "::mlir::OperandRange", "getStepCoefficients">,
    InterfaceMethod<[{
        The coefficient that multiplies the other plane, or -1: for complex
        multiplication it is subtracted on the real plane and added on the
        imaginary one.
      }], "int64_t", "getCrossPlaneCoefficient">,
    InterfaceMethod<[{
        What the forcing is multiplied by, of the coefficients' type: nothing, a
        number, or the planes of a complex one.
      }], "::mlir::OperandRange", "getForcingGains">,
    InterfaceMethod<[{
        Emits one step on vectors (or scalars). `forcing`, `states[i]`,
        `coefficients[i]` and `corrections[i]` (what rounding the coefficient
        to f32 lost; empty when the coefficients are exact) have one type.
        `swapPlanes` exchanges the real and imaginary parts of a value. Returns
        the output followed by the new states. Every multiply-add is a
        `math.fma`, in a fixed order.
      }],
      "::llvm::SmallVector<::mlir::Value>", "buildStep",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::Value":$forcing, "::mlir::ValueRange":$states,
           "::mlir::ValueRange":$coefficients, "::mlir::ValueRange":$corrections,
           "::llvm::function_ref<::mlir::Value(::mlir::Value)>":$swapPlanes)>,
    InterfaceMethod<[{
        Whether compiled code carries the state in f64: the recurrence may have
        a double eigenvalue near the unit circle, which turns one rounding of
        the state into thousands.
      }], "bool", "needsWideState">,
    InterfaceMethod<"Multiply-adds per step for all modes.", "int64_t",
      "getFmasPerStep">
  ];
}

def Ssm_PointwiseOpInterface : OpInterface<"PointwiseOpInterface"> {
  let cppNamespace = "::ssmc";
  let description = [{
    A layer that computes each feature of its output from the same feature of
    its sequence operands and of its per-feature parameters: it can run in the
    epilogue of the product that makes its input.
  }];
  let methods = [
    InterfaceMethod<"The operands that are sequences.",
      "::mlir::OperandRange", "getSequenceOperands">,
    InterfaceMethod<"The operands that are per-feature parameters.",
      "::mlir::OperandRange", "getFeatureOperands">,
    InterfaceMethod<[{
        Emits the layer on vectors of features, one per operand.
      }],
      "::mlir::Value", "buildLanes",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::Location":$loc,
           "::mlir::ValueRange":$sequences, "::mlir::ValueRange":$features)>
  ];
}

#endif // SSMC_DIALECT_SSMINTERFACES
