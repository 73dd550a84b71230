// Parameters, bound and unbound, survive printing, parsing and bytecode.
// RUN: ssm-opt %s | FileCheck %s
// RUN: ssm-opt %s | ssm-opt | FileCheck %s
// RUN: ssm-opt %s --emit-bytecode | ssm-opt | FileCheck %s
// RUN: ssm-opt %s --mlir-print-op-generic | ssm-opt | FileCheck %s

// CHECK-LABEL: func @parameters
func.func @parameters() -> (tensor<64x1xf32>, tensor<2xf64>, tensor<i1>, tensor<0xf32>) {
  // CHECK: ssm.parameter "layers.0.linear.weight" : tensor<64x1xf32>
  %w = ssm.parameter "layers.0.linear.weight" : tensor<64x1xf32>
  // CHECK: ssm.parameter "layers.1.D" = dense_resource<D> : tensor<2xf64>
  %d = ssm.parameter "layers.1.D" = dense_resource<D> : tensor<2xf64>
  // CHECK: ssm.parameter "first" = dense<true> : tensor<i1>
  %f = ssm.parameter "first" = dense<true> : tensor<i1>
  // CHECK: ssm.parameter "none" {ssm.path = "layers[1]"} : tensor<0xf32>
  %n = ssm.parameter "none" {ssm.path = "layers[1]"} : tensor<0xf32>
  return %w, %d, %f, %n : tensor<64x1xf32>, tensor<2xf64>, tensor<i1>, tensor<0xf32>
}

// The blob comes along.
// CHECK: D: "0x08000000000000000000F03F0000000000000040"
{-# dialect_resources: { builtin: {
  D: "0x08000000000000000000F03F0000000000000040"
} } #-}
