// Folders and canonicalizations of the dialect, and what they leave alone.
// RUN: ssm-opt %s --canonicalize | FileCheck %s

// At rate 0 nothing is drawn.
// CHECK-LABEL: func @dropout_at_rate_zero
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x4xf32>
func.func @dropout_at_rate_zero(%x: tensor<?x?x4xf32>, %key: tensor<?x2xi32>) -> tensor<?x?x4xf32> {
  // CHECK-NEXT: return %[[X]]
  %0 = ssm.split_key %key[1 of 3] : tensor<?x2xi32>
  %1 = ssm.dropout %x, %0 rate 0.0 : tensor<?x?x4xf32>, tensor<?x2xi32>
  return %1 : tensor<?x?x4xf32>
}

// CHECK-LABEL: func @dropout_at_another_rate
func.func @dropout_at_another_rate(%x: tensor<?x?x4xf32>, %key: tensor<?x2xi32>) -> tensor<?x?x4xf32> {
  // CHECK: ssm.dropout
  %0 = ssm.dropout %x, %key rate 1.0 : tensor<?x?x4xf32>, tensor<?x2xi32>
  return %0 : tensor<?x?x4xf32>
}

// CHECK-LABEL: func @adjacent_shifts
// CHECK-SAME: (%[[X:.*]]: tensor<?x?x4xf32>, %[[A:.*]]: tensor<4xf64>, %[[B:.*]]: tensor<4xf64>)
func.func @adjacent_shifts(%x: tensor<?x?x4xf32>, %a: tensor<4xf64>, %b: tensor<4xf64>) -> tensor<?x?x4xf32> {
  // CHECK-NEXT: %[[SUM:.*]] = arith.addf %[[A]], %[[B]] : tensor<4xf64>
  // CHECK-NEXT: %[[Y:.*]] = ssm.shift %[[X]] by %[[SUM]]
  // CHECK-NEXT: return %[[Y]]
  %0 = ssm.shift %x by %a : tensor<?x?x4xf32>, tensor<4xf64>
  %1 = ssm.shift %0 by %b : tensor<?x?x4xf32>, tensor<4xf64>
  return %1 : tensor<?x?x4xf32>
}

// Amounts of different precision are not added.
// CHECK-LABEL: func @shifts_of_different_types
func.func @shifts_of_different_types(%x: tensor<?x?x4xf32>, %a: tensor<4xf64>, %b: tensor<4xf32>) -> tensor<?x?x4xf32> {
  // CHECK-COUNT-2: ssm.shift
  %0 = ssm.shift %x by %a : tensor<?x?x4xf32>, tensor<4xf64>
  %1 = ssm.shift %0 by %b : tensor<?x?x4xf32>, tensor<4xf32>
  return %1 : tensor<?x?x4xf32>
}

// What nobody uses goes, a block with its body.
// CHECK-LABEL: func @unused
func.func @unused(%x: tensor<?x?x4xf32>) {
  // CHECK-NEXT: return
  %0 = ssm.block "layers.0" (%x) : (tensor<?x?x4xf32>) -> (tensor<?x?x4xf32>) {
  ^bb0(%u: tensor<?x?x4xf32>):
    %v = ssm.gelu %u : tensor<?x?x4xf32>
    ssm.yield %v : tensor<?x?x4xf32>
  }
  return
}
