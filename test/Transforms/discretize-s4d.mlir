// RUN: ssm-opt %s -ssm-discretize-s4d -canonicalize -cse -split-input-file | FileCheck %s

// a = -exp(log_a_real) + i a_imag, a_bar = exp(a dt); a_bar - 1 by expm1, and
// 2 C (a_bar - 1) / a as [Re, -Im]. dt is one of each channel.
// CHECK-LABEL: func.func @s4d(
// CHECK-SAME:    %[[U:.+]]: tensor<?x?x4xf32>, %[[S:.+]]: tensor<?x2x1x3x4xf32>,
// CHECK:       %[[DT:.+]] = math.exp %{{.+}} : tensor<4xf64>
// CHECK:       %[[STEP:.+]] = linalg.broadcast ins(%[[DT]] : tensor<4xf64>) outs(%{{.+}} : tensor<4x3xf64>) dimensions = [1]
// CHECK:       %[[RATE:.+]] = math.exp %{{.+}} : tensor<4x3xf64>
// CHECK:       %[[ARE:.+]] = arith.negf %[[RATE]]
// CHECK:       %[[X:.+]] = arith.mulf %[[ARE]], %[[STEP]]
// CHECK:       %[[Y:.+]] = arith.mulf %{{.+}}, %[[STEP]]
// CHECK:       %[[GROWTH:.+]] = math.exp %[[X]]
// CHECK:       %[[COS:.+]] = math.cos %[[Y]]
// CHECK:       %[[SIN:.+]] = math.sin %[[Y]]
// CHECK:       %[[RE:.+]] = arith.mulf %[[GROWTH]], %[[COS]]
// CHECK:       %[[IM:.+]] = arith.mulf %[[GROWTH]], %[[SIN]]
// CHECK:       math.expm1 %[[X]]
// CHECK-NOT:   ssm.linear
// CHECK:       ssm.channel_scan %[[U]], %[[S]] coefficients(%[[RE]], %[[IM]]) readout(%{{.+}}, %{{.+}} : tensor<4x3xf64>)
func.func @s4d(%u: tensor<?x?x4xf32>, %s: tensor<?x2x1x3x4xf32>, %dt: tensor<4xf32>, %lre: tensor<4x3xf32>,
    %im: tensor<4x3xf32>, %c: tensor<4x3x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x1x3x4xf32>) {
  %y, %s1 = ssm.s4d %u, %s log_dt(%dt) a(%lre, %im) c(%c)
    : (tensor<?x?x4xf32>, tensor<?x2x1x3x4xf32>, tensor<4xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<4x3x2xf32>)
      -> (tensor<?x?x4xf32>, tensor<?x2x1x3x4xf32>)
  return %y, %s1 : tensor<?x?x4xf32>, tensor<?x2x1x3x4xf32>
}

// -----

// Without modes (state_dim 1) the mixer answers zeros.
// CHECK-LABEL: func.func @no_modes(
// CHECK:         %[[ZERO:.+]] = arith.constant dense<0.000000e+00> : tensor<4xf64>
// CHECK-NEXT:    %[[Y:.+]] = ssm.scale %{{.+}} by %[[ZERO]]
// CHECK-NEXT:    return %[[Y]]
func.func @no_modes(%u: tensor<?x?x4xf32>, %s: tensor<?x2x1x0x4xf32>, %dt: tensor<4xf32>, %a: tensor<4x0xf32>,
    %c: tensor<4x0x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x1x0x4xf32>) {
  %y, %s1 = ssm.s4d %u, %s log_dt(%dt) a(%a, %a) c(%c)
    : (tensor<?x?x4xf32>, tensor<?x2x1x0x4xf32>, tensor<4xf32>, tensor<4x0xf32>, tensor<4x0xf32>, tensor<4x0x2xf32>)
      -> (tensor<?x?x4xf32>, tensor<?x2x1x0x4xf32>)
  return %y, %s1 : tensor<?x?x4xf32>, tensor<?x2x1x0x4xf32>
}

// -----

// Other mixers are left alone.
// CHECK-LABEL: func.func @leaves_lru
// CHECK-NEXT:    ssm.lru
func.func @leaves_lru(%u: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>, %p: tensor<3xf32>, %b: tensor<3x2xf32>,
    %c: tensor<2x3xf32>, %d: tensor<2xf32>) -> (tensor<?x?x2xf32>, tensor<?x2x3xf32>) {
  %y, %s1 = ssm.lru %u, %s nu_log(%p) theta_log(%p) gamma_log(%p) b(%b, %b) c(%c, %c) d(%d)
    : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2xf32>
  return %y, %s1 : tensor<?x?x2xf32>, tensor<?x2x3xf32>
}
