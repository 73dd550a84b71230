// RUN: ssm-opt %s -split-input-file -verify-diagnostics

func.func @delta_net_c1(%u: tensor<?x?x4xf32>, %s: tensor<?x1x2x3x3xf32>, %p: tensor<6x4xf32>, %b: tensor<1x4xf32>, %o: tensor<4x6xf32>) {
  // expected-error @below {{(C1) has 4 heads for q of shape [6, 4]; expected a divisor of its rows}}
  %y, %s1 = ssm.delta_net %u, %s q(%p) k(%p) v(%p) beta(%b) out(%o) heads 4
    : (tensor<?x?x4xf32>, tensor<?x1x2x3x3xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<1x4xf32>, tensor<4x6xf32>) -> (tensor<?x?x4xf32>, tensor<?x1x2x3x3xf32>)
  return
}

// -----

func.func @delta_net_c2(%u: tensor<?x?x4xf32>, %s: tensor<?x1x2x3x3xf32>, %p: tensor<6x4xf32>, %b: tensor<2x4xf32>, %o: tensor<4x6xf32>) {
  // expected-error @below {{(C2) beta has shape [2, 4]; expected [1, 4]}}
  %y, %s1 = ssm.delta_net %u, %s q(%p) k(%p) v(%p) beta(%b) out(%o) heads 2
    : (tensor<?x?x4xf32>, tensor<?x1x2x3x3xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<2x4xf32>, tensor<4x6xf32>) -> (tensor<?x?x4xf32>, tensor<?x1x2x3x3xf32>)
  return
}

// -----

func.func @delta_net_c3(%u: tensor<?x?x4xf32>, %s: tensor<?x1x3x2x2xf32>, %p: tensor<6x4xf32>, %b: tensor<1x4xf32>, %o: tensor<4x6xf32>) {
  // expected-error @below {{(C3) state has shape [?, 1, 3, 2, 2]; expected [?, 1, 2, 3, 3]}}
  %y, %s1 = ssm.delta_net %u, %s q(%p) k(%p) v(%p) beta(%b) out(%o) heads 2
    : (tensor<?x?x4xf32>, tensor<?x1x3x2x2xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<1x4xf32>, tensor<4x6xf32>) -> (tensor<?x?x4xf32>, tensor<?x1x3x2x2xf32>)
  return
}

// -----

func.func @delta_rule_c1(%x: tensor<?x?x19xf32>, %s: tensor<?x1x2x3x4xf32>) {
  // expected-error @below {{(C1) state is 'tensor<?x1x2x3x4xf32>'; expected (batch, 1, heads, D, D)}}
  %y, %s1 = ssm.delta_rule %x, %s epsilon 1.0e-6 : tensor<?x?x19xf32>, tensor<?x1x2x3x4xf32> -> tensor<?x?x6xf32>
  return
}

// -----

func.func @delta_rule_c2(%x: tensor<?x?x18xf32>, %s: tensor<?x1x2x3x3xf32>) {
  // expected-error @below {{(C2) x has 18 features and y 6; expected 19 and 6}}
  %y, %s1 = ssm.delta_rule %x, %s epsilon 1.0e-6 : tensor<?x?x18xf32>, tensor<?x1x2x3x3xf32> -> tensor<?x?x6xf32>
  return
}

// -----

func.func @delta_rule_c3(%x: tensor<?x?x19xf32>, %s: tensor<?x1x2x3x3xf32>) {
  // expected-error @below {{(C3) epsilon is 0.000000e+00; expected a positive number}}
  %y, %s1 = ssm.delta_rule %x, %s epsilon 0.0 : tensor<?x?x19xf32>, tensor<?x1x2x3x3xf32> -> tensor<?x?x6xf32>
  return
}

// -----

func.func @delta_rows_c1(%x: memref<4x64xf32>, %y: memref<4x16xf32>, %s: memref<?x48xf32>) {
  // expected-error @below {{(C1) has 0 heads of 3 features}}
  ssm.delta_rows %x : memref<4x64xf32> outs(%y : memref<4x16xf32>, %y : memref<4x16xf32>, %s : memref<?x48xf32>) heads 0 size 3 epsilon 1.0e-6
  return
}

// -----

func.func @delta_rows_c2(%x: memref<4x48xf32>, %y: memref<4x16xf32>, %s: memref<?x48xf32>) {
  // expected-error @below {{(C2) x [4, 48], y [4, 16]; expected [R, at least 49] and [R, at least 16]}}
  ssm.delta_rows %x : memref<4x48xf32> outs(%y : memref<4x16xf32>, %y : memref<4x16xf32>, %s : memref<?x48xf32>) heads 1 size 3 epsilon 1.0e-6
  return
}

// -----

func.func @delta_rows_c3(%x: memref<4x64xf32>, %y: memref<4x16xf32>, %s: memref<?x32xf32>) {
  // expected-error @below {{(C3) factors [4, 16], carry [}}
  ssm.delta_rows %x : memref<4x64xf32> outs(%y : memref<4x16xf32>, %y : memref<4x16xf32>, %s : memref<?x32xf32>) heads 1 size 3 epsilon 1.0e-6
  return
}

// -----

func.func @delta_rows_c4(%x: tensor<4x64xf32>, %y: tensor<4x16xf32>, %s: tensor<?x48xf32>) {
  // expected-error @below {{(C4) results ('tensor<4x16xf32>') differ from y, factors and carry}}
  %r = ssm.delta_rows %x : tensor<4x64xf32> outs(%y : tensor<4x16xf32>, %y : tensor<4x16xf32>, %s : tensor<?x48xf32>) heads 1 size 3 epsilon 1.0e-6 -> tensor<4x16xf32>
  return
}
