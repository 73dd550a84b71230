// RUN: ssm-opt %s | ssm-opt | FileCheck %s

// Round trips of what time deltas per step are made of.

// CHECK-LABEL: @mixers
func.func @mixers(%u: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>, %o: tensor<?x2x2x3xf32>, %dt: tensor<?x?xf32>, %p: tensor<3xf32>,
                  %b: tensor<3x2x2xf32>, %c: tensor<2x3x2xf32>, %d: tensor<2xf32>, %ls: tensor<3x1xf32>) {
  // CHECK: ssm.s5 {{.*}} log_step(%{{.*}}) dt(%{{.*}} : tensor<?x?xf32>) discretization zoh :
  %0:2 = ssm.s5 %u, %s lambda(%p, %p) b(%b) c(%c) d(%d) log_step(%ls) dt(%dt : tensor<?x?xf32>) discretization zoh
    : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>, tensor<3x1xf32>
  // CHECK: ssm.linoss IMEX {{.*}} d(%{{.*}}) dt(%{{.*}}) : ({{.*}}, tensor<?x?xf32>) ->
  %1:2 = ssm.linoss IMEX %u, %o a_diag(%p) steps(%p) b(%b) c(%c) d(%d) dt(%dt)
    : (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>, tensor<?x?xf32>)
    -> (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>)
  return
}

// CHECK-LABEL: @scan
func.func @scan(%f: tensor<?x?x6xf32>, %s: tensor<?x2x3xf32>, %o: tensor<?x2x2x3xf32>, %dt: tensor<?x?xf32>, %rate: tensor<3xf64>) {
  // CHECK: %[[A:.+]]:2 = ssm.per_step %{{.*}} : tensor<?x?xf32> with(%{{.*}} : tensor<3xf64>) -> tensor<?x?x3xf64>, tensor<?x?x3xf64> {
  // CHECK-NEXT: ^bb0(%{{.*}}: f64, %{{.*}}: f64):
  // CHECK: ssm.yield %{{.*}}, %{{.*}} : f64, f64
  %a:2 = ssm.per_step %dt : tensor<?x?xf32> with(%rate : tensor<3xf64>) -> tensor<?x?x3xf64>, tensor<?x?x3xf64> {
  ^bb0(%t: f64, %r: f64):
    %x = arith.mulf %t, %r : f64
    %e = math.exp %x : f64
    ssm.yield %e, %x : f64, f64
  }
  // CHECK: ssm.scan diagonal {{.*}} coefficients(%[[A]]#0, %[[A]]#1 : {{.*}}) gains(%[[A]]#0, %[[A]]#1 : tensor<?x?x3xf64>, tensor<?x?x3xf64>) :
  %0:2 = ssm.scan diagonal %f, %s coefficients(%a#0, %a#1 : tensor<?x?x3xf64>, tensor<?x?x3xf64>)
    gains(%a#0, %a#1 : tensor<?x?x3xf64>, tensor<?x?x3xf64>) : tensor<?x?x6xf32>, tensor<?x2x3xf32>
  // CHECK: ssm.scan oscillator {{.*}} gains(%[[A]]#1 : tensor<?x?x3xf64>) :
  %1:2 = ssm.scan oscillator %f, %o coefficients(%a#0, %a#1, %a#1 : tensor<?x?x3xf64>, tensor<?x?x3xf64>, tensor<?x?x3xf64>)
    gains(%a#1 : tensor<?x?x3xf64>) : tensor<?x?x6xf32>, tensor<?x2x2x3xf32>
  return
}

// CHECK-LABEL: @rows
func.func @rows(%dt: memref<4xf32>, %rate: memref<1x8xf32>, %out: memref<4x8xf32>) {
  // CHECK: ssm.panel_map scalars(%{{.*}} : memref<4xf32>) columns(%{{.*}} : memref<1x8xf32>) outs(%{{.*}} : memref<4x8xf32>) {
  ssm.panel_map scalars(%dt : memref<4xf32>) columns(%rate : memref<1x8xf32>) outs(%out : memref<4x8xf32>) {
  ^bb0(%t: vector<8xf32>, %r: vector<8xf32>, %before: vector<8xf32>):
    %x = arith.mulf %t, %r : vector<8xf32>
    ssm.yield %x : vector<8xf32>
  }
  return
}
