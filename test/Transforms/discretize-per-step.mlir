// RUN: ssm-opt %s -ssm-discretize-s5 -ssm-discretize-linoss -canonicalize -cse -split-input-file | FileCheck %s
// RUN: ssm-opt %s -ssm-discretize-s5 -ssm-discretize-linoss -split-input-file | ssm-opt -split-input-file -verify-ssm-recurrence-level -o /dev/null

// With time deltas what multiplies the states, and the input, is of each step; B
// and what does not depend on the delta is computed once.

// CHECK-LABEL: @zoh
// CHECK:       math.exp %{{.*}} : tensor<3xf64>
// CHECK:       %[[K:.+]]:4 = ssm.per_step %{{.*}} : tensor<?x?xf32> with(
// CHECK:         ^bb0(%[[T:.+]]: f64, %[[X:.+]]: f64, %[[Y:.+]]: f64, %{{.*}}: f64, %{{.*}}: f64):
// CHECK-DAG:     %[[XT:.+]] = arith.mulf %[[X]], %[[T]] : f64
// CHECK-DAG:     %[[YT:.+]] = arith.mulf %[[Y]], %[[T]] : f64
// CHECK:         math.expm1 %[[XT]] : f64
// CHECK:         math.sincos %[[YT]] : f64
// CHECK:       %[[F:.+]] = ssm.linear %{{.*}} : (tensor<?x?x2xf32>, tensor<6x2xf64>) -> tensor<?x?x6xf32>
// CHECK:       ssm.scan diagonal %[[F]], %{{.*}} coefficients(%[[K]]#0, %[[K]]#1 : {{.*}}) gains(%[[K]]#2, %[[K]]#3 :
func.func @zoh(%u: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>, %dt: tensor<?x?xf32>, %p: tensor<3xf32>,
               %b: tensor<3x2x2xf32>, %c: tensor<2x3x2xf32>, %d: tensor<2xf32>, %ls: tensor<3x1xf32>) -> tensor<?x?x2xf32> {
  %0:2 = ssm.s5 %u, %s lambda(%p, %p) b(%b) c(%c) d(%d) log_step(%ls) dt(%dt : tensor<?x?xf32>) discretization zoh
    : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>, tensor<3x1xf32>
  return %0#0 : tensor<?x?x2xf32>
}

// -----

// The clamp of damped LinOSS depends on the step.
// CHECK-LABEL: @damped
// CHECK:       %[[K:.+]]:4 = ssm.per_step %{{.*}} : tensor<?x?xf32> with(
// CHECK:         math.sqrt
// CHECK:         arith.maximumf
// CHECK:         arith.minimumf
// CHECK:       ssm.scan oscillator %{{.*}} coefficients(%[[K]]#0, %[[K]]#1, %[[K]]#2 : {{.*}}) gains(%[[K]]#3 :
func.func @damped(%u: tensor<?x?x2xf32>, %s: tensor<?x2x2x3xf32>, %dt: tensor<?x?xf32>, %p: tensor<3xf32>,
                  %b: tensor<3x2x2xf32>, %c: tensor<2x3x2xf32>, %d: tensor<2xf32>) -> tensor<?x?x2xf32> {
  %0:2 = ssm.linoss damped_IMEX %u, %s a_diag(%p) steps(%p) g_diag(%p) b(%b) c(%c) d(%d) dt(%dt)
    : (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>, tensor<?x?xf32>)
    -> (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>)
  return %0#0 : tensor<?x?x2xf32>
}
