// RUN: ssm-opt %s -ssm-remove-head -split-input-file | FileCheck %s

// The pool's sums and count leave the signature with the head; the state of the
// mixer stays.
// CHECK-LABEL: func.func @pooled(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x?x4xf32>, %[[S:[a-z0-9]+]]: tensor<?x2x2xf32> {ssm.state = "layers.0"}) -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>)
// CHECK-NEXT:    %[[Y:.+]]:2 = ssm.block
// CHECK-NOT:     ssm.mean_pool
// CHECK-NOT:     ssm.parameter
// CHECK:         return %[[Y]]#0, %[[Y]]#1
func.func @pooled(%x: tensor<?x?x4xf32>, %s: tensor<?x2x2xf32> {ssm.state = "layers.0"},
    %sums: tensor<?x4xf64> {ssm.state = "layers.1", ssm.pool = "sums"}, %count: tensor<?xi64> {ssm.state = "layers.1", ssm.pool = "count"})
    -> (tensor<?x10xf32>, tensor<?x2x2xf32>, tensor<?x4xf64>, tensor<?xi64>) {
  %w = ssm.parameter "layers.1.linear.weight" : tensor<10x4xf32>
  %y, %s1 = ssm.block "layers.0" (%x, %s) : (tensor<?x?x4xf32>, tensor<?x2x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>) {
  ^bb0(%u: tensor<?x?x4xf32>, %c: tensor<?x2x2xf32>):
    %g = ssm.gelu %u : tensor<?x?x4xf32>
    ssm.yield %g, %c : tensor<?x?x4xf32>, tensor<?x2x2xf32>
  }
  %p, %sums1, %count1 = ssm.mean_pool %y, %sums, %count : tensor<?x?x4xf32>, tensor<?x4xf64>, tensor<?xi64> -> tensor<?x4xf32>
  %z = ssm.linear %p, %w : (tensor<?x4xf32>, tensor<10x4xf32>) -> tensor<?x10xf32>
  %l = ssm.log_softmax %z : tensor<?x10xf32>
  return %l, %s1, %sums1, %count1 : tensor<?x10xf32>, tensor<?x2x2xf32>, tensor<?x4xf64>, tensor<?xi64>
}

// -----

// A head per step.
// CHECK-LABEL: func.func @per_step(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x?x4xf32>, %{{.+}}) -> tensor<?x?x4xf32>
// CHECK-NEXT:    %[[Y:.+]] = ssm.gelu %[[X]]
// CHECK-NEXT:    return %[[Y]]
func.func @per_step(%x: tensor<?x?x4xf32>, %w: tensor<10x4xf32>) -> tensor<?x?x10xf32> {
  %y = ssm.gelu %x : tensor<?x?x4xf32>
  %z = ssm.linear %y, %w : (tensor<?x?x4xf32>, tensor<10x4xf32>) -> tensor<?x?x10xf32>
  return %z : tensor<?x?x10xf32>
}

// -----

// A linear layer that nothing precedes is an encoder.
// CHECK-LABEL: func.func @encoder(
// CHECK-NEXT:    %[[Y:.+]] = ssm.linear
// CHECK-NEXT:    return %[[Y]] : tensor<?x?x10xf32>
func.func @encoder(%x: tensor<?x?x4xf32>, %w: tensor<10x4xf32>) -> tensor<?x?x10xf32> {
  %z = ssm.linear %x, %w : (tensor<?x?x4xf32>, tensor<10x4xf32>) -> tensor<?x?x10xf32>
  return %z : tensor<?x?x10xf32>
}

// -----

// CHECK-LABEL: func.func @no_head(
// CHECK-NEXT:    %[[Y:.+]] = ssm.gelu
// CHECK-NEXT:    return %[[Y]] : tensor<?x?x4xf32>
func.func @no_head(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %y = ssm.gelu %x : tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}
