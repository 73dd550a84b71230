// RUN: ssm-opt %s -ssm-discretize-linoss -canonicalize -cse -split-input-file | FileCheck %s

// k = (1, dt a, dt) / (1 + dt^2 a), dt = 1 / (1 + exp(-steps)), a = max(A, 0).
// CHECK-LABEL: func.func @im(
// CHECK-DAG:   %[[ONE:.+]] = arith.constant dense<1.000000e+00> : tensor<3xf64>
// CHECK-DAG:   %[[ZERO:.+]] = arith.constant dense<0.000000e+00> : tensor<3xf64>
// CHECK:       %[[NEG:.+]] = arith.negf
// CHECK:       %[[EXP:.+]] = math.exp %[[NEG]]
// CHECK:       %[[SUM:.+]] = arith.addf %[[EXP]], %[[ONE]]
// CHECK:       %[[DT:.+]] = arith.divf %[[ONE]], %[[SUM]]
// CHECK:       %[[A:.+]] = arith.maximumf %{{.+}}, %[[ZERO]]
// CHECK:       %[[DT2:.+]] = arith.mulf %[[DT]], %[[DT]]
// CHECK:       %[[DT2A:.+]] = arith.mulf %[[DT2]], %[[A]]
// CHECK:       %[[S:.+]] = arith.addf %[[DT2A]], %[[ONE]]
// CHECK:       %[[K1:.+]] = arith.divf %[[ONE]], %[[S]]
// CHECK:       %[[DTA:.+]] = arith.mulf %[[DT]], %[[A]]
// CHECK:       %[[K2:.+]] = arith.divf %[[DTA]], %[[S]]
// CHECK:       %[[K3:.+]] = arith.divf %[[DT]], %[[S]]
// CHECK:       linalg.broadcast ins(%[[K3]]
// CHECK:       ssm.scan oscillator {{.*}} coefficients(%[[K1]], %[[K2]], %[[DT]] :
func.func @im(%u: tensor<?x?x4xf32>, %s: tensor<?x2x2x3xf32>, %a: tensor<3xf32>, %st: tensor<3xf32>,
    %b: tensor<3x4x2xf32>, %c: tensor<4x3x2xf32>, %d: tensor<4xf32>)
    -> (tensor<?x?x4xf32>, tensor<?x2x2x3xf32>) {
  %y, %s1 = ssm.linoss IM %u, %s a_diag(%a) steps(%st) b(%b) c(%c) d(%d)
    : (tensor<?x?x4xf32>, tensor<?x2x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x4x2xf32>,
       tensor<4x3x2xf32>, tensor<4xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2x3xf32>)
  return %y, %s1 : tensor<?x?x4xf32>, tensor<?x2x2x3xf32>
}

// -----

// s = 1: k1 is 1, k3 is dt.
// CHECK-LABEL: func.func @imex(
// CHECK-DAG:   %[[ONE:.+]] = arith.constant dense<1.000000e+00> : tensor<3xf64>
// CHECK:       %[[DT:.+]] = arith.divf
// CHECK:       %[[K2:.+]] = arith.mulf %[[DT]]
// CHECK-NOT:   arith.divf
// CHECK:       linalg.broadcast ins(%[[DT]]
// CHECK:       ssm.scan oscillator {{.*}} coefficients(%[[ONE]], %[[K2]], %[[DT]] :
func.func @imex(%u: tensor<?x?x4xf32>, %s: tensor<?x2x2x3xf32>, %a: tensor<3xf32>, %st: tensor<3xf32>,
    %b: tensor<3x4x2xf32>, %c: tensor<4x3x2xf32>, %d: tensor<4xf32>)
    -> (tensor<?x?x4xf32>, tensor<?x2x2x3xf32>) {
  %y, %s1 = ssm.linoss IMEX %u, %s a_diag(%a) steps(%st) b(%b) c(%c) d(%d)
    : (tensor<?x?x4xf32>, tensor<?x2x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x4x2xf32>,
       tensor<4x3x2xf32>, tensor<4xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2x3xf32>)
  return %y, %s1 : tensor<?x?x4xf32>, tensor<?x2x2x3xf32>
}

// -----

// A is clamped between (g / r)^2 and (r / dt)^2, r = 1 + sqrt(1 + dt g).
// CHECK-LABEL: func.func @damped(
// CHECK:       %[[A:.+]] = arith.extf %arg2
// CHECK:       %[[G:.+]] = arith.maximumf
// CHECK:       %[[ROOT:.+]] = math.sqrt
// CHECK:       %[[R:.+]] = arith.addf %[[ROOT]]
// CHECK:       %[[L:.+]] = arith.divf %[[G]], %[[R]]
// CHECK:       %[[LOW:.+]] = arith.mulf %[[L]], %[[L]]
// CHECK:       %[[H:.+]] = arith.divf %[[R]]
// CHECK:       %[[HIGH:.+]] = arith.mulf %[[H]], %[[H]]
// CHECK:       %[[RAISED:.+]] = arith.maximumf %[[A]], %[[LOW]]
// CHECK:       arith.minimumf %[[RAISED]], %[[HIGH]]
// CHECK:       ssm.scan oscillator
func.func @damped(%u: tensor<?x?x4xf32>, %s: tensor<?x2x2x3xf32>, %a: tensor<3xf32>, %st: tensor<3xf32>,
    %g: tensor<3xf32>, %b: tensor<3x4x2xf32>, %c: tensor<4x3x2xf32>, %d: tensor<4xf32>)
    -> (tensor<?x?x4xf32>, tensor<?x2x2x3xf32>) {
  %y, %s1 = ssm.linoss damped_IMEX %u, %s a_diag(%a) steps(%st) g_diag(%g) b(%b) c(%c) d(%d)
    : (tensor<?x?x4xf32>, tensor<?x2x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>,
       tensor<3x4x2xf32>, tensor<4x3x2xf32>, tensor<4xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2x3xf32>)
  return %y, %s1 : tensor<?x?x4xf32>, tensor<?x2x2x3xf32>
}

// -----

// Other mixers are left alone.
// CHECK-LABEL: func.func @leaves_lru
// CHECK-NEXT:    ssm.lru
func.func @leaves_lru(%u: tensor<?x?x4xf32>, %s: tensor<?x2x3xf32>, %n: tensor<3xf32>,
    %b: tensor<3x4xf32>, %c: tensor<4x3xf32>, %d: tensor<4xf32>)
    -> (tensor<?x?x4xf32>, tensor<?x2x3xf32>) {
  %y, %s1 = ssm.lru %u, %s nu_log(%n) theta_log(%n) gamma_log(%n) b(%b, %b) c(%c, %c) d(%d)
    : tensor<?x?x4xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>,
      tensor<3x4xf32>, tensor<3x4xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<4xf32>
  return %y, %s1 : tensor<?x?x4xf32>, tensor<?x2x3xf32>
}
