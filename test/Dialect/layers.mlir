// Layers of the model level, and epilogues, survive printing, parsing and bytecode.
// RUN: ssm-opt %s | FileCheck %s
// RUN: ssm-opt %s | ssm-opt | FileCheck %s
// RUN: ssm-opt %s --emit-bytecode | ssm-opt | FileCheck %s
// RUN: ssm-opt %s --mlir-print-op-generic | ssm-opt | FileCheck %s

// CHECK-LABEL: func @linear
func.func @linear(%x: tensor<?x?x1xf32>, %w: tensor<64x1xf32>, %b: tensor<64xf64>, %m: tensor<?x1xf32>) {
  // CHECK: ssm.linear %{{.*}}, %{{.*}} : (tensor<?x?x1xf32>, tensor<64x1xf32>) -> tensor<?x?x64xf32>
  %0 = ssm.linear %x, %w : (tensor<?x?x1xf32>, tensor<64x1xf32>) -> tensor<?x?x64xf32>
  // CHECK: ssm.linear %{{.*}}, %{{.*}} bias %{{.*}} : (tensor<?x1xf32>, tensor<64x1xf32>, tensor<64xf64>) -> tensor<?x64xf32>
  %1 = ssm.linear %m, %w bias %b : (tensor<?x1xf32>, tensor<64x1xf32>, tensor<64xf64>) -> tensor<?x64xf32>
  return
}

// CHECK-LABEL: func @embedding
func.func @embedding(%ids: tensor<?x?xi32>, %t: tensor<10x64xf32>) {
  // CHECK: ssm.embedding %{{.*}}, %{{.*}} : (tensor<?x?xi32>, tensor<10x64xf32>) -> tensor<?x?x64xf32>
  %0 = ssm.embedding %ids, %t : (tensor<?x?xi32>, tensor<10x64xf32>) -> tensor<?x?x64xf32>
  return
}

// CHECK-LABEL: func @glu
func.func @glu(%x: tensor<?x?x4xf32>, %w: tensor<4x4xf32>, %b: tensor<4xf32>, %one: tensor<1x4xf32>) {
  // CHECK: ssm.glu %{{.*}}, %{{.*}}, %{{.*}} : (tensor<?x?x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<?x?x1xf32>
  %0 = ssm.glu %x, %one, %one : (tensor<?x?x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<?x?x1xf32>
  // CHECK: ssm.glu %{{.*}}, %{{.*}}, %{{.*}} bias %{{.*}}, %{{.*}} : (tensor<?x?x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  %1 = ssm.glu %x, %w, %w bias %b, %b : (tensor<?x?x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  return
}

// CHECK-LABEL: func @pointwise
func.func @pointwise(%x: tensor<?x?x4xf32>, %one: tensor<?x?x1xf32>, %c: tensor<4xf64>) {
  // CHECK: ssm.gelu %{{.*}} : tensor<?x?x4xf32>
  %0 = ssm.gelu %x : tensor<?x?x4xf32>
  // CHECK: ssm.add %{{.*}}, %{{.*}} : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  %1 = ssm.add %x, %0 : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  // CHECK: ssm.add %{{.*}}, %{{.*}} : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %2 = ssm.add %x, %one : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  // CHECK: ssm.shift %{{.*}} by %{{.*}} : tensor<?x?x4xf32>, tensor<4xf64>
  %3 = ssm.shift %x by %c : tensor<?x?x4xf32>, tensor<4xf64>
  // CHECK: ssm.log_softmax %{{.*}} : tensor<?x?x4xf32>
  %4 = ssm.log_softmax %x : tensor<?x?x4xf32>
  return
}

// CHECK-LABEL: func @epilogues
func.func @epilogues(%x: tensor<?x?x4xf32>, %c: tensor<4xf64>) {
  // CHECK: ssm.scale %{{.*}} by %{{.*}} : tensor<?x?x4xf32>, tensor<4xf64>
  %0 = ssm.scale %x by %c : tensor<?x?x4xf32>, tensor<4xf64>
  // CHECK: ssm.skip %{{.*}}, %{{.*}} by %{{.*}} : tensor<?x?x4xf32>, tensor<4xf64>
  %1 = ssm.skip %0, %x by %c : tensor<?x?x4xf32>, tensor<4xf64>
  // CHECK: ssm.gate %{{.*}}, %{{.*}} : tensor<?x?x4xf32>
  %2 = ssm.gate %0, %1 : tensor<?x?x4xf32>
  return
}

// CHECK-LABEL: func @norms
func.func @norms(%x: tensor<?x?x4xf32>, %m: tensor<4xf32>, %v: tensor<4xf64>, %first: tensor<i1>) {
  // CHECK: ssm.batch_norm %{{.*}}, %{{.*}}, %{{.*}} epsilon 1.000000e-05 : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf64>
  %0 = ssm.batch_norm %x, %m, %v epsilon 1.0e-5 : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf64>
  // CHECK: ssm.batch_norm_training %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} epsilon 1.000000e-05 momentum 0.98999999999999999
  // CHECK-SAME: : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf64>, tensor<i1>
  %1:3 = ssm.batch_norm_training %x, %m, %v, %first epsilon 1.0e-5 momentum 0.99
    : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf64>, tensor<i1>
  return
}

// CHECK-LABEL: func @dropout
func.func @dropout(%x: tensor<?x?x4xf32>, %key: tensor<?x2xi32>) {
  // CHECK: ssm.split_key %{{.*}}[1 of 3] : tensor<?x2xi32>
  %0 = ssm.split_key %key[1 of 3] : tensor<?x2xi32>
  // CHECK: ssm.dropout %{{.*}}, %{{.*}} rate 1.000000e-01 : tensor<?x?x4xf32>, tensor<?x2xi32>
  %1 = ssm.dropout %x, %0 rate 0.1 : tensor<?x?x4xf32>, tensor<?x2xi32>
  return
}

// CHECK-LABEL: func @mean_pool
func.func @mean_pool(%x: tensor<?x?x4xf32>, %sums: tensor<?x4xf64>, %count: tensor<?xi64>) {
  // CHECK: ssm.mean_pool %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x?x4xf32>, tensor<?x4xf64>, tensor<?xi64> -> tensor<?x4xf32>
  %0:3 = ssm.mean_pool %x, %sums, %count : tensor<?x?x4xf32>, tensor<?x4xf64>, tensor<?xi64> -> tensor<?x4xf32>
  return
}

// CHECK-LABEL: func @non_linearities
func.func @non_linearities(%x: tensor<?x?x4xf32>) {
  // CHECK: ssm.relu %{{.*}} : tensor<?x?x4xf32>
  %0 = ssm.relu %x : tensor<?x?x4xf32>
  // CHECK: ssm.silu %{{.*}} : tensor<?x?x4xf32>
  %1 = ssm.silu %x : tensor<?x?x4xf32>
  // CHECK: ssm.tanh %{{.*}} : tensor<?x?x4xf32>
  %2 = ssm.tanh %x : tensor<?x?x4xf32>
  // CHECK: ssm.gate %{{.*}}, %{{.*}} {swish} : tensor<?x?x4xf32>
  %3 = ssm.gate %x, %x {swish} : tensor<?x?x4xf32>
  return
}
