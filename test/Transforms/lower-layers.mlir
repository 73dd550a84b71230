// RUN: ssm-opt %s -ssm-lower-layers -split-input-file | FileCheck %s

// CHECK-LABEL: func.func @glu(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x?x4xf32>, %[[W1:[a-z0-9]+]]: tensor<4x4xf32>, %[[W2:[a-z0-9]+]]: tensor<4x4xf32>, %[[B1:[a-z0-9]+]]: tensor<4xf32>, %[[B2:[a-z0-9]+]]: tensor<4xf32>
// CHECK-NEXT:    %[[A:.+]] = ssm.linear %[[X]], %[[W1]] bias %[[B1]]
// CHECK-NEXT:    %[[G:.+]] = ssm.linear %[[X]], %[[W2]] bias %[[B2]]
// CHECK-NEXT:    %[[Y:.+]] = ssm.gate %[[A]], %[[G]]
// CHECK-NEXT:    return %[[Y]]
func.func @glu(%x: tensor<?x?x4xf32>, %w1: tensor<4x4xf32>, %w2: tensor<4x4xf32>,
    %b1: tensor<4xf32>, %b2: tensor<4xf32>) -> tensor<?x?x4xf32> {
  %y = ssm.glu %x, %w1, %w2 bias %b1, %b2
    : (tensor<?x?x4xf32>, tensor<4x4xf32>, tensor<4x4xf32>, tensor<4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

// One gate for all features (out_features 1): its rows are repeated in front of
// the block, and the sum has operands of one width.
// CHECK-LABEL: func.func @broadcast(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x?x4xf32>, %[[W1:[a-z0-9]+]]: tensor<1x4xf32>, %{{[a-z0-9]+}}: tensor<1x4xf32>, %[[B1:[a-z0-9]+]]: tensor<1xf32>
// CHECK:         %[[ROW:.+]] = tensor.extract_slice %[[W1]][0, 0] [1, 4] [1, 1] : tensor<1x4xf32> to tensor<4xf32>
// CHECK:         %[[W:.+]] = linalg.broadcast ins(%[[ROW]] : tensor<4xf32>) outs(%{{.+}} : tensor<4x4xf32>) dimensions = [0]
// CHECK:         %[[ELEMENT:.+]] = tensor.extract_slice %[[B1]][0] [1] [1] : tensor<1xf32> to tensor<f32>
// CHECK:         %[[B:.+]] = linalg.broadcast ins(%[[ELEMENT]] : tensor<f32>) outs(%{{.+}} : tensor<4xf32>) dimensions = [0]
// CHECK:         ssm.block
// CHECK-NEXT:    ^bb0(%[[U:.+]]: tensor<?x?x4xf32>):
// CHECK-NEXT:      ssm.linear %[[U]], %[[W]] bias %[[B]] : (tensor<?x?x4xf32>, tensor<4x4xf32>, tensor<4xf32>) -> tensor<?x?x4xf32>
// CHECK-NEXT:      ssm.linear
// CHECK-NEXT:      %[[Y:.+]] = ssm.gate
// CHECK-NEXT:      ssm.add %[[U]], %[[Y]] : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
func.func @broadcast(%x: tensor<?x?x4xf32>, %w1: tensor<1x4xf32>, %w2: tensor<1x4xf32>,
    %b1: tensor<1xf32>, %b2: tensor<1xf32>) -> tensor<?x?x4xf32> {
  %r = ssm.block "b" (%x) : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  ^bb0(%u: tensor<?x?x4xf32>):
    %y = ssm.glu %u, %w1, %w2 bias %b1, %b2
      : (tensor<?x?x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>, tensor<1xf32>, tensor<1xf32>) -> tensor<?x?x1xf32>
    %z = ssm.add %u, %y : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
    ssm.yield %z : tensor<?x?x4xf32>
  }
  return %r : tensor<?x?x4xf32>
}

// -----

// One feature that is not a summand stays one; other layers stay.
// CHECK-LABEL: func.func @one_feature(
// CHECK-NEXT:    ssm.linear {{.*}} -> tensor<?x?x1xf32>
// CHECK-NEXT:    ssm.linear {{.*}} -> tensor<?x?x1xf32>
// CHECK-NEXT:    ssm.gate {{.*}} : tensor<?x?x1xf32>
// CHECK-NEXT:    ssm.gelu
// CHECK-NEXT:    return
func.func @one_feature(%x: tensor<?x?x4xf32>, %w1: tensor<1x4xf32>, %w2: tensor<1x4xf32>)
    -> tensor<?x?x1xf32> {
  %y = ssm.glu %x, %w1, %w2 : (tensor<?x?x4xf32>, tensor<1x4xf32>, tensor<1x4xf32>) -> tensor<?x?x1xf32>
  %z = ssm.gelu %y : tensor<?x?x1xf32>
  return %z : tensor<?x?x1xf32>
}

// -----

// An MLP of one feature: the product behind the non-linearity repeats its row.
// CHECK-LABEL: func.func @broadcast_mlp(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x?x4xf32>, %[[W:[a-z0-9]+]]: tensor<1x4xf32>
// CHECK:         %[[ROW:.+]] = tensor.extract_slice %[[W]][0, 0] [1, 4] [1, 1] : tensor<1x4xf32> to tensor<4xf32>
// CHECK:         %[[ROWS:.+]] = linalg.broadcast ins(%[[ROW]] : tensor<4xf32>) outs(%{{.+}} : tensor<4x4xf32>) dimensions = [0]
// CHECK:         %[[Y:.+]] = ssm.linear %[[X]], %[[ROWS]] : (tensor<?x?x4xf32>, tensor<4x4xf32>) -> tensor<?x?x4xf32>
// CHECK-NEXT:    %[[T:.+]] = ssm.tanh %[[Y]] : tensor<?x?x4xf32>
// CHECK-NEXT:    ssm.add %[[X]], %[[T]] : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
func.func @broadcast_mlp(%x: tensor<?x?x4xf32>, %w: tensor<1x4xf32>) -> tensor<?x?x4xf32> {
  %y = ssm.linear %x, %w : (tensor<?x?x4xf32>, tensor<1x4xf32>) -> tensor<?x?x1xf32>
  %t = ssm.tanh %y : tensor<?x?x1xf32>
  %z = ssm.add %x, %t : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  return %z : tensor<?x?x4xf32>
}

// -----

// Dropout of the one feature that all get: they are dropped together, which the
// levels below must hear of.
// CHECK-LABEL: func.func @broadcast_dropout(
// CHECK:         %[[V:.+]] = ssm.linear {{.*}} -> tensor<?x?x4xf32>
// CHECK-NEXT:    %[[D:.+]] = ssm.dropout %[[V]], %{{.+}} rate 1.000000e-01 {ssm.one_mask} : tensor<?x?x4xf32>
// CHECK-NEXT:    ssm.add %{{.+}}, %[[D]]
// CHECK-NEXT:    ssm.dropout %{{.+}}, %{{.+}} rate 1.000000e-01 : tensor<?x?x4xf32>
func.func @broadcast_dropout(%x: tensor<?x?x4xf32>, %w: tensor<1x4xf32>, %key: tensor<?x2xi32>) -> tensor<?x?x4xf32> {
  %v = ssm.linear %x, %w : (tensor<?x?x4xf32>, tensor<1x4xf32>) -> tensor<?x?x1xf32>
  %d = ssm.dropout %v, %key rate 0.1 : tensor<?x?x1xf32>, tensor<?x2xi32>
  %y = ssm.add %x, %d : (tensor<?x?x4xf32>, tensor<?x?x1xf32>) -> tensor<?x?x4xf32>
  %z = ssm.dropout %y, %key rate 0.1 : tensor<?x?x4xf32>, tensor<?x2xi32>
  return %z : tensor<?x?x4xf32>
}
