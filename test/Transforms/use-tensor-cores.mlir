// RUN: ssm-opt %s -ssm-use-tensor-cores | FileCheck %s
// RUN: ssm-opt %s -ssm-use-tensor-cores=products=tf32 | FileCheck %s --check-prefix=TF32
// RUN: not ssm-opt %s -ssm-use-tensor-cores=products=fp8 2>&1 | FileCheck %s --check-prefix=KIND
// KIND: error: products is 'fp8'; expected 'bf16x3' or 'tf32'

// Weights are packed for both products that take them, 20 rounded up to 32 deep; the
// scale, which is no product's weight, stays.
// CHECK-LABEL: func.func @products(
// TF32-LABEL: func.func @products(
func.func @products(%x: tensor<24x20xf32>, %c: tensor<16x20xf64>, %d: tensor<16xf64>, %y: tensor<24x16xf32>) -> (tensor<24x16xf32>, tensor<24x16xf32>) {
  // CHECK-NEXT: %[[W:.+]] = ssm.pack_panels %{{.+}} fragments bf16x3 {paired_out} : tensor<16x20xf64> -> tensor<1x32x16xf32>
  // TF32: ssm.pack_panels %{{.+}} fragments tf32 {paired_out}
  %w = ssm.pack_panels %c {paired_out} : tensor<16x20xf64> -> tensor<1x20x16xf32>
  // CHECK-NEXT: %[[D:.+]] = ssm.pack_panels %{{.+}} : tensor<16xf64> -> tensor<1x16xf32>
  %scale = ssm.pack_panels %d : tensor<16xf64> -> tensor<1x16xf32>
  // CHECK-NEXT: ssm.panel_map product(%{{.+}} : tensor<24x20xf32>, %[[W]] : tensor<1x32x16xf32>) tensor_cores(bf16x3 depth 20) columns(%[[D]]
  // TF32: tensor_cores(tf32 depth 20)
  %0 = ssm.panel_map product(%x : tensor<24x20xf32>, %w : tensor<1x20x16xf32>) columns(%scale : tensor<1x16xf32>) outs(%y : tensor<24x16xf32>) -> tensor<24x16xf32> {
  ^bb0(%acc: vector<16xf32>, %s: vector<16xf32>, %before: vector<16xf32>):
    %scaled = arith.mulf %acc, %s : vector<16xf32>
    ssm.yield %scaled : vector<16xf32>
  }
  // CHECK: ssm.panel_map product(%{{.+}} : tensor<24x20xf32>, %[[W]] : tensor<1x32x16xf32>) tensor_cores(bf16x3 depth 20) outs(
  %1 = ssm.panel_map product(%x : tensor<24x20xf32>, %w : tensor<1x20x16xf32>) outs(%y : tensor<24x16xf32>) -> tensor<24x16xf32> {
  ^bb0(%acc: vector<16xf32>, %before: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return %0, %1 : tensor<24x16xf32>, tensor<24x16xf32>
}

// More than half of each fragment would be empty.
// CHECK-LABEL: func.func @few_features(
// CHECK-NOT: tensor_cores
// CHECK-NOT: fragments
func.func @few_features(%x: tensor<24x7xf32>, %c: tensor<16x7xf64>, %y: tensor<24x16xf32>) -> tensor<24x16xf32> {
  %w = ssm.pack_panels %c : tensor<16x7xf64> -> tensor<1x7x16xf32>
  %0 = ssm.panel_map product(%x : tensor<24x7xf32>, %w : tensor<1x7x16xf32>) outs(%y : tensor<24x16xf32>) -> tensor<24x16xf32> {
  ^bb0(%acc: vector<16xf32>, %before: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return %0 : tensor<24x16xf32>
}

// Weights that come packed are in an order of their own.
// CHECK-LABEL: func.func @packed_elsewhere(
// CHECK-NOT: tensor_cores
func.func @packed_elsewhere(%x: tensor<24x20xf32>, %w: tensor<1x20x16xf32>, %y: tensor<24x16xf32>) -> tensor<24x16xf32> {
  %0 = ssm.panel_map product(%x : tensor<24x20xf32>, %w : tensor<1x20x16xf32>) outs(%y : tensor<24x16xf32>) -> tensor<24x16xf32> {
  ^bb0(%acc: vector<16xf32>, %before: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return %0 : tensor<24x16xf32>
}
