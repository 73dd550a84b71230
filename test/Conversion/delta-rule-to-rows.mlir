// RUN: ssm-opt %s -convert-recurrence-to-chunk=rows=24 -split-input-file -verify-diagnostics | FileCheck %s

// Two heads of 3 features: each of q, k, v gets a panel of its own in the packed
// projection, and beta comes behind them; the output's projection has zeros for
// the lanes between. The state is 2 heads x 1 panel x 3 rows of 16 lanes.
// CHECK-LABEL: func.func private @chunk.delta(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<24x16xf32> {ssm.rows}, %[[S:[a-z0-9]+]]: tensor<?x96xf32>, %[[W:[a-z0-9]+]]: tensor<19x8xf64> {ssm.parameter}, %[[O:[a-z0-9]+]]: tensor<8x6xf32> {ssm.parameter}
// CHECK:         %[[Q0:.+]] = tensor.extract_slice %[[W]][0, 0] [3, 8] [1, 1]
// CHECK:         tensor.insert_slice %[[Q0]] into %{{.+}}[0, 0] [3, 8] [1, 1] : tensor<3x8xf64> into tensor<97x8xf64>
// CHECK:         %[[K0:.+]] = tensor.extract_slice %[[W]][3, 0] [3, 8] [1, 1]
// CHECK:         tensor.insert_slice %[[K0]] into %{{.+}}[16, 0] [3, 8] [1, 1]
// CHECK:         %[[BETA:.+]] = tensor.extract_slice %[[W]][18, 0] [1, 8] [1, 1]
// CHECK:         %[[WIDE:.+]] = tensor.insert_slice %[[BETA]] into %{{.+}}[96, 0] [1, 8] [1, 1]
// CHECK:         %[[WP:.+]] = ssm.pack_panels %[[WIDE]] : tensor<97x8xf64> -> tensor<7x8x16xf32>
// CHECK:         %[[QKV:.+]] = ssm.panel_map product(%[[X]] : tensor<24x16xf32>, %[[WP]] : tensor<7x8x16xf32>) outs(%{{.+}} : tensor<24x112xf32>)
// CHECK:         %[[R:.+]]:3 = ssm.delta_rows %[[QKV]] : tensor<24x112xf32> outs(%{{.+}} : tensor<24x32xf32>, %{{.+}} : tensor<24x16xf32>, %[[S]] : tensor<?x96xf32>) heads 2 size 3 epsilon
// CHECK:         %[[O1:.+]] = tensor.extract_slice %[[O]][0, 3] [8, 3] [1, 1]
// CHECK:         %[[OW:.+]] = tensor.insert_slice %[[O1]] into %{{.+}}[0, 16] [8, 3] [1, 1] : tensor<8x3xf32> into tensor<8x32xf32>
// CHECK:         %[[OP:.+]] = ssm.pack_panels %[[OW]] : tensor<8x32xf32> -> tensor<1x32x16xf32>
// CHECK:         ssm.panel_map product(%[[R]]#0 : tensor<24x32xf32>, %[[OP]] : tensor<1x32x16xf32>)
// CHECK:         return %{{.+}}, %[[R]]#2
func.func private @delta(%x: tensor<?x?x8xf32>, %s: tensor<?x1x2x3x3xf32>, %w: tensor<19x8xf64> {ssm.parameter},
    %o: tensor<8x6xf32> {ssm.parameter}) -> (tensor<?x?x8xf32>, tensor<?x1x2x3x3xf32>) attributes {ssm.unit = "block"} {
  %f = ssm.linear %x, %w : (tensor<?x?x8xf32>, tensor<19x8xf64>) -> tensor<?x?x19xf32>
  %y, %s1 = ssm.delta_rule %f, %s epsilon 1.0e-6 : tensor<?x?x19xf32>, tensor<?x1x2x3x3xf32> -> tensor<?x?x6xf32>
  %z = ssm.linear %y, %o : (tensor<?x?x6xf32>, tensor<8x6xf32>) -> tensor<?x?x8xf32>
  return %z, %s1 : tensor<?x?x8xf32>, tensor<?x1x2x3x3xf32>
}

// -----

// Heads that fill their panels are packed as they are.
// CHECK-LABEL: func.func private @chunk.whole(
// CHECK-NOT:     tensor.insert_slice
// CHECK:         ssm.pack_panels %{{.+}} : tensor<97x8xf32> -> tensor<7x8x16xf32>
// CHECK-NOT:     tensor.insert_slice
func.func private @whole(%x: tensor<?x?x8xf32>, %s: tensor<?x1x2x16x16xf32>, %w: tensor<97x8xf32> {ssm.parameter},
    %o: tensor<8x32xf32> {ssm.parameter}) -> (tensor<?x?x8xf32>, tensor<?x1x2x16x16xf32>) attributes {ssm.unit = "block"} {
  %f = ssm.linear %x, %w : (tensor<?x?x8xf32>, tensor<97x8xf32>) -> tensor<?x?x97xf32>
  %y, %s1 = ssm.delta_rule %f, %s epsilon 1.0e-6 : tensor<?x?x97xf32>, tensor<?x1x2x16x16xf32> -> tensor<?x?x32xf32>
  %z = ssm.linear %y, %o : (tensor<?x?x32xf32>, tensor<8x32xf32>) -> tensor<?x?x8xf32>
  return %z, %s1 : tensor<?x?x8xf32>, tensor<?x1x2x16x16xf32>
}

// -----

func.func private @without_projection(%x: tensor<?x?x19xf32>, %s: tensor<?x1x2x3x3xf32>, %o: tensor<19x6xf32> {ssm.parameter})
    -> (tensor<?x?x19xf32>, tensor<?x1x2x3x3xf32>) attributes {ssm.unit = "block"} {
  // expected-error @below {{needs a projection of its own as input}}
  %y, %s1 = ssm.delta_rule %x, %s epsilon 1.0e-6 : tensor<?x?x19xf32>, tensor<?x1x2x3x3xf32> -> tensor<?x?x6xf32>
  %z = ssm.linear %y, %o : (tensor<?x?x6xf32>, tensor<19x6xf32>) -> tensor<?x?x19xf32>
  return %z, %s1 : tensor<?x?x19xf32>, tensor<?x1x2x3x3xf32>
}

// -----

func.func private @to_pointwise(%x: tensor<?x?x6xf32>, %s: tensor<?x1x2x3x3xf32>, %w: tensor<19x6xf32> {ssm.parameter})
    -> (tensor<?x?x6xf32>, tensor<?x1x2x3x3xf32>) attributes {ssm.unit = "block"} {
  %f = ssm.linear %x, %w : (tensor<?x?x6xf32>, tensor<19x6xf32>) -> tensor<?x?x19xf32>
  // expected-error @below {{has an output that 'ssm.gelu' reads; expected a projection to read it}}
  %y, %s1 = ssm.delta_rule %f, %s epsilon 1.0e-6 : tensor<?x?x19xf32>, tensor<?x1x2x3x3xf32> -> tensor<?x?x6xf32>
  %g = ssm.gelu %y : tensor<?x?x6xf32>
  return %g, %s1 : tensor<?x?x6xf32>, tensor<?x1x2x3x3xf32>
}
