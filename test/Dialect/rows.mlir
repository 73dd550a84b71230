// Operations on rows, on tensors and on memrefs, survive printing, parsing and
// bytecode.
// RUN: ssm-opt %s | FileCheck %s
// RUN: ssm-opt %s | ssm-opt | FileCheck %s
// RUN: ssm-opt %s --emit-bytecode | ssm-opt | FileCheck %s
// RUN: ssm-opt %s --mlir-print-op-generic | ssm-opt | FileCheck %s

// CHECK-LABEL: func @product
func.func @product(%x: tensor<24x3xf32>, %w: tensor<2x3x16xf32>, %bias: tensor<2x16xf32>,
                   %skip: tensor<24x32xf32>, %out: tensor<24x32xf32>) -> tensor<24x32xf32> {
  // CHECK: ssm.panel_map product(%{{.*}} : tensor<24x3xf32>, %{{.*}} : tensor<2x3x16xf32>, %{{.*}} : tensor<2x16xf32>)
  // CHECK-SAME: rows(%{{.*}} : tensor<24x32xf32>) outs(%{{.*}} : tensor<24x32xf32>) -> tensor<24x32xf32> {
  // CHECK-NEXT: ^bb0(%{{.*}}: vector<16xf32>, %{{.*}}: vector<16xf32>, %{{.*}}: vector<16xf32>):
  %0 = ssm.panel_map product(%x : tensor<24x3xf32>, %w : tensor<2x3x16xf32>, %bias : tensor<2x16xf32>)
      rows(%skip : tensor<24x32xf32>) outs(%out : tensor<24x32xf32>) -> tensor<24x32xf32> {
  ^bb0(%acc: vector<16xf32>, %s: vector<16xf32>, %o: vector<16xf32>):
    %sum = arith.addf %acc, %s : vector<16xf32>
    ssm.yield %sum : vector<16xf32>
  }
  return %0 : tensor<24x32xf32>
}

// CHECK-LABEL: func @scan
func.func @scan(%f: memref<24x16xf32>, %a: memref<1x16xf32>, %out: memref<24x16xf32>, %state: memref<4x16xf32>,
                %streams: memref<24xindex>, %n: index) {
  // CHECK: ssm.panel_map rows(%{{.*}} : memref<24x16xf32>) columns(%{{.*}} : memref<1x16xf32>)
  // CHECK-SAME: outs(%{{.*}} : memref<24x16xf32>) carries(%{{.*}} : memref<4x16xf32>)
  // CHECK-SAME: streams(%{{.*}} : memref<24xindex>) count %{{.*}} {
  ssm.panel_map rows(%f : memref<24x16xf32>) columns(%a : memref<1x16xf32>)
      outs(%out : memref<24x16xf32>) carries(%state : memref<4x16xf32>)
      streams(%streams : memref<24xindex>) count %n {
  ^bb0(%force: vector<16xf32>, %k: vector<16xf32>, %o: vector<16xf32>, %c: vector<16xf32>):
    %next = math.fma %k, %c, %force : vector<16xf32>
    ssm.yield %next, %next : vector<16xf32>, vector<16xf32>
  }
  return
}

// Carries may be wider than the lanes they meet.
// CHECK-LABEL: func @wide_carry
func.func @wide_carry(%f: memref<24x16xf32>, %out: memref<24x16xf32>, %state: memref<1x16xf64>) {
  // CHECK: ssm.panel_map {{.*}} carries(%{{.*}} : memref<1x16xf64>) {
  // CHECK-NEXT: ^bb0({{.*}}, %{{.*}}: vector<16xf64>):
  ssm.panel_map rows(%f : memref<24x16xf32>) outs(%out : memref<24x16xf32>) carries(%state : memref<1x16xf64>) {
  ^bb0(%force: vector<16xf32>, %o: vector<16xf32>, %c: vector<16xf64>):
    %wide = arith.extf %force : vector<16xf32> to vector<16xf64>
    %next = arith.addf %wide, %c : vector<16xf64>
    ssm.yield %force, %next : vector<16xf32>, vector<16xf64>
  }
  return
}

// CHECK-LABEL: func @half_panels
func.func @half_panels(%x: memref<24x3xf32>, %w: memref<2x3x16xf32>, %out: memref<24x13xf32>) {
  // CHECK: ssm.panel_map product(%{{.*}} : memref<24x3xf32>, %{{.*}} : memref<2x3x16xf32>) outs(%{{.*}} : memref<24x13xf32>) {
  ssm.panel_map product(%x : memref<24x3xf32>, %w : memref<2x3x16xf32>) outs(%out : memref<24x13xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<8xf32>):
    ssm.yield %o : vector<8xf32>
  }
  return
}

// CHECK-LABEL: func @tensors
func.func @tensors(%ids: tensor<24xi32>, %table: tensor<10x4xf32>, %out: tensor<24x4xf32>,
                   %sums: tensor<2x4xf64>, %counts: tensor<2x1xi64>, %streams: tensor<24xindex>, %n: index) {
  // CHECK: ssm.lookup %{{.*}} : tensor<24xi32> from %{{.*}} : tensor<10x4xf32> outs(%{{.*}} : tensor<24x4xf32>) -> tensor<24x4xf32>
  %0 = ssm.lookup %ids : tensor<24xi32> from %table : tensor<10x4xf32> outs(%out : tensor<24x4xf32>) -> tensor<24x4xf32>
  // CHECK: ssm.pool_rows %{{.*}} : tensor<24x4xf32> outs(%{{.*}} : tensor<2x4xf64>, %{{.*}} : tensor<2x1xi64>) streams(%{{.*}} : tensor<24xindex>) count %{{.*}} -> tensor<2x4xf64>, tensor<2x1xi64>
  %1:2 = ssm.pool_rows %0 : tensor<24x4xf32> outs(%sums : tensor<2x4xf64>, %counts : tensor<2x1xi64>)
      streams(%streams : tensor<24xindex>) count %n -> tensor<2x4xf64>, tensor<2x1xi64>
  // CHECK: ssm.pool_mean %{{.*}} : tensor<2x4xf64>, %{{.*}} : tensor<2x1xi64> outs(%{{.*}} : tensor<24x4xf32>) -> tensor<24x4xf32>
  %2 = ssm.pool_mean %1#0 : tensor<2x4xf64>, %1#1 : tensor<2x1xi64> outs(%out : tensor<24x4xf32>) -> tensor<24x4xf32>
  // CHECK: ssm.row_log_softmax %{{.*}} : tensor<24x4xf32> outs(%{{.*}} : tensor<24x4xf32>) -> tensor<24x4xf32>
  %3 = ssm.row_log_softmax %2 : tensor<24x4xf32> outs(%out : tensor<24x4xf32>) -> tensor<24x4xf32>
  return
}

// CHECK-LABEL: func @memrefs
func.func @memrefs(%ids: memref<24xi32>, %table: memref<10x4xf32>, %out: memref<24x4xf32>,
                   %sums: memref<2x4xf64>, %counts: memref<2x1xi64>, %n: index) {
  // CHECK: ssm.lookup {{.*}} count %{{.*}}
  ssm.lookup %ids : memref<24xi32> from %table : memref<10x4xf32> outs(%out : memref<24x4xf32>) count %n
  // CHECK: ssm.pool_rows %{{.*}} : memref<24x4xf32> outs(%{{.*}} : memref<2x4xf64>, %{{.*}} : memref<2x1xi64>)
  ssm.pool_rows %out : memref<24x4xf32> outs(%sums : memref<2x4xf64>, %counts : memref<2x1xi64>)
  // CHECK: ssm.pool_mean {{.*}} count %{{.*}}
  ssm.pool_mean %sums : memref<2x4xf64>, %counts : memref<2x1xi64> outs(%out : memref<24x4xf32>) count %n
  // CHECK: ssm.row_log_softmax {{.*}} count %{{.*}}
  ssm.row_log_softmax %out : memref<24x4xf32> outs(%out : memref<24x4xf32>) count %n
  return
}

// CHECK-LABEL: func @pack
func.func @pack(%w: tensor<10x6xf64>, %b: tensor<10xf32>) {
  // CHECK: ssm.pack_panels %{{.*}} : tensor<10x6xf64> -> tensor<1x6x16xf32>
  %0 = ssm.pack_panels %w : tensor<10x6xf64> -> tensor<1x6x16xf32>
  // CHECK: ssm.pack_panels %{{.*}} {paired_in, paired_out} : tensor<10x6xf64> -> tensor<1x16x16xf32>
  %1 = ssm.pack_panels %w {paired_in, paired_out} : tensor<10x6xf64> -> tensor<1x16x16xf32>
  // CHECK: ssm.pack_panels %{{.*}} : tensor<10xf32> -> tensor<1x16xf32>
  %2 = ssm.pack_panels %b : tensor<10xf32> -> tensor<1x16xf32>
  // CHECK: ssm.pack_panels %{{.*}} fragments bf16x3 {paired_out} : tensor<10x6xf64> -> tensor<1x16x16xf32>
  %3 = ssm.pack_panels %w fragments bf16x3 {paired_out} : tensor<10x6xf64> -> tensor<1x16x16xf32>
  return
}

// CHECK-LABEL: func @tensor_cores
func.func @tensor_cores(%x: memref<24x20xf32>, %w: memref<2x32x16xf32>, %out: memref<24x32xf32>) {
  // CHECK: ssm.panel_map product(%{{.*}} : memref<24x20xf32>, %{{.*}} : memref<2x32x16xf32>) tensor_cores(tf32 depth 20) outs(
  ssm.panel_map product(%x : memref<24x20xf32>, %w : memref<2x32x16xf32>) tensor_cores(tf32 depth 20) outs(%out : memref<24x32xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// Writing operations on memrefs stay, though they have no results.
// CHECK-LABEL: func @effects
func.func @effects(%x: memref<24x4xf32>) {
  // CHECK: ssm.row_log_softmax
  ssm.row_log_softmax %x : memref<24x4xf32> outs(%x : memref<24x4xf32>)
  return
}
