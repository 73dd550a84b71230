// RUN: ssm-opt %s -convert-recurrence-to-chunk=rows=24 -split-input-file -verify-diagnostics | FileCheck %s

// Two heads of 3 features: each of q, k, v gets a panel of its own in the packed
// projection, and beta comes behind them; the output's projection has zeros for
// the lanes between. The state is 2 heads x 1 panel x 3 rows of 16 lanes.
// CHECK-LABEL: func.func private @chunk.delta(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<24x16xf32> {ssm.rows}, %[[S:[a-z0-9]+]]: tensor<?x96xf32>, %[[W:[a-z0-9]+]]: tensor<19x8xf64> {ssm.parameter}, %[[O:[a-z0-9]+]]: tensor<8x6xf32> {ssm.parameter}
// CHECK:         %[[QKV0:.+]] = tensor.extract_slice %[[W]][0, 0] [18, 8] [1, 1]
// CHECK:         %[[GROUPS:.+]] = tensor.expand_shape %[[QKV0]] {{\[}}[0, 1], [2]] output_shape [6, 3, 8]
// CHECK:         %[[GAPS:.+]] = tensor.insert_slice %[[GROUPS]] into %{{.+}}[0, 0, 0] [6, 3, 8] [1, 1, 1] : tensor<6x3x8xf64> into tensor<6x16x8xf64>
// CHECK:         %[[FLAT:.+]] = tensor.collapse_shape %[[GAPS]] {{\[}}[0, 1], [2]]
// CHECK:         %[[BETA:.+]] = tensor.extract_slice %[[W]][18, 0] [1, 8] [1, 1]
// CHECK:         %[[HEADS:.+]] = tensor.insert_slice %[[FLAT]] into %{{.+}}[0, 0] [96, 8] [1, 1]
// CHECK:         %[[WIDE:.+]] = tensor.insert_slice %[[BETA]] into %[[HEADS]][96, 0] [1, 8] [1, 1]
// CHECK:         %[[WP:.+]] = ssm.pack_panels %[[WIDE]] : tensor<97x8xf64> -> tensor<7x8x16xf32>
// CHECK:         %[[QKV:.+]] = ssm.panel_map product(%[[X]] : tensor<24x16xf32>, %[[WP]] : tensor<7x8x16xf32>) outs(%{{.+}} : tensor<24x112xf32>)
// CHECK:         %[[R:.+]]:3 = ssm.delta_rows %[[QKV]] : tensor<24x112xf32> outs(%{{.+}} : tensor<24x32xf32>, %{{.+}} : tensor<24x16xf32>, %[[S]] : tensor<?x96xf32>) heads 2 size 3 epsilon
// CHECK:         %[[OG:.+]] = tensor.expand_shape %[[O]] {{\[}}[0], [1, 2]] output_shape [8, 2, 3]
// CHECK:         %[[OI:.+]] = tensor.insert_slice %[[OG]] into %{{.+}}[0, 0, 0] [8, 2, 3] [1, 1, 1] : tensor<8x2x3xf32> into tensor<8x2x16xf32>
// CHECK:         %[[OW:.+]] = tensor.collapse_shape %[[OI]]
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
