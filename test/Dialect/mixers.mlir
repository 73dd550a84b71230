// Sequence mixers, blocks and scans survive printing, parsing and bytecode.
// RUN: ssm-opt %s | FileCheck %s
// RUN: ssm-opt %s | ssm-opt | FileCheck %s
// RUN: ssm-opt %s --emit-bytecode | ssm-opt | FileCheck %s
// RUN: ssm-opt %s --mlir-print-op-generic | ssm-opt | FileCheck %s

// CHECK-LABEL: func @s5
func.func @s5(%u: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>, %l: tensor<3xf32>, %b: tensor<3x2x2xf32>,
              %c: tensor<2x3x2xf32>, %d: tensor<2xf32>, %ls: tensor<3x1xf32>) {
  // CHECK: ssm.s5 %{{.*}}, %{{.*}} lambda(%{{.*}}, %{{.*}}) b(%{{.*}}) c(%{{.*}}) d(%{{.*}}) log_step(%{{.*}})
  // CHECK-SAME: discretization zoh {clip_eigs, conj_sym, step_rescale = 2.000000e+00 : f64}
  // CHECK-SAME: : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>, tensor<3x1xf32>
  %0:2 = ssm.s5 %u, %s lambda(%l, %l) b(%b) c(%c) d(%d) log_step(%ls) discretization zoh
      {conj_sym, clip_eigs, step_rescale = 2.0}
    : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>, tensor<3x1xf32>
  // The default of step_rescale is not printed.
  // CHECK: ssm.s5 {{.*}} discretization bilinear :
  %1:2 = ssm.s5 %u, %s lambda(%l, %l) b(%b) c(%c) d(%d) log_step(%ls) discretization bilinear
    : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>, tensor<3x1xf32>
  return
}

// An empty state keeps one log_step, as discretax makes it.
// CHECK-LABEL: func @s5_without_modes
func.func @s5_without_modes(%u: tensor<?x?x2xf32>, %s: tensor<?x2x0xf32>, %l: tensor<0xf32>, %b: tensor<0x2x2xf32>,
              %c: tensor<2x0x2xf32>, %d: tensor<2xf32>, %ls: tensor<1x1xf32>) {
  // CHECK: ssm.s5 {{.*}} tensor<1x1xf32>
  %0:2 = ssm.s5 %u, %s lambda(%l, %l) b(%b) c(%c) d(%d) log_step(%ls) discretization zoh
    : tensor<?x?x2xf32>, tensor<?x2x0xf32>, tensor<0xf32>, tensor<0xf32>, tensor<0x2x2xf32>, tensor<2x0x2xf32>, tensor<2xf32>, tensor<1x1xf32>
  return
}

// CHECK-LABEL: func @lru
func.func @lru(%u: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>, %p: tensor<3xf32>, %b: tensor<3x2xf32>,
               %c: tensor<2x3xf32>, %d: tensor<2xf32>) {
  // CHECK: ssm.lru %{{.*}}, %{{.*}} nu_log(%{{.*}}) theta_log(%{{.*}}) gamma_log(%{{.*}}) b(%{{.*}}, %{{.*}}) c(%{{.*}}, %{{.*}}) d(%{{.*}})
  // CHECK-SAME: : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2xf32>
  %0:2 = ssm.lru %u, %s nu_log(%p) theta_log(%p) gamma_log(%p) b(%b, %b) c(%c, %c) d(%d)
    : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2xf32>, tensor<3x2xf32>, tensor<2x3xf32>, tensor<2x3xf32>, tensor<2xf32>
  return
}

// CHECK-LABEL: func @linoss
func.func @linoss(%u: tensor<?x?x2xf32>, %s: tensor<?x2x2x3xf32>, %p: tensor<3xf32>, %b: tensor<3x2x2xf32>,
                  %c: tensor<2x3x2xf32>, %d: tensor<2xf32>) {
  // CHECK: ssm.linoss IM %{{.*}}, %{{.*}} a_diag(%{{.*}}) steps(%{{.*}}) b(%{{.*}}) c(%{{.*}}) d(%{{.*}}) :
  %0:2 = ssm.linoss IM %u, %s a_diag(%p) steps(%p) b(%b) c(%c) d(%d)
    : (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>)
    -> (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>)
  // CHECK: ssm.linoss IMEX %
  %1:2 = ssm.linoss IMEX %u, %s a_diag(%p) steps(%p) b(%b) c(%c) d(%d)
    : (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>)
    -> (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>)
  // CHECK: ssm.linoss damped_IMEX %{{.*}}, %{{.*}} a_diag(%{{.*}}) steps(%{{.*}}) g_diag(%{{.*}}) b(%{{.*}}) c(%{{.*}}) d(%{{.*}}) :
  // CHECK-SAME: -> (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>)
  %2:2 = ssm.linoss damped_IMEX %u, %s a_diag(%p) steps(%p) g_diag(%p) b(%b) c(%c) d(%d)
    : (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>)
    -> (tensor<?x?x2xf32>, tensor<?x2x2x3xf32>)
  return
}

// A block may return more than it carries: new statistics, in training form.
// CHECK-LABEL: func @block
func.func @block(%x: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>, %m: tensor<2xf32>) {
  // CHECK: %{{.*}}:3 = ssm.block "layers.1.blocks.0"(%{{.*}}, %{{.*}}) :
  // CHECK-SAME: (tensor<?x?x2xf32>, tensor<?x2x3xf32>) -> (tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<2xf32>) {
  // CHECK-NEXT: ^bb0(%{{.*}}: tensor<?x?x2xf32>, %{{.*}}: tensor<?x2x3xf32>):
  %0:3 = ssm.block "layers.1.blocks.0" (%x, %s) : (tensor<?x?x2xf32>, tensor<?x2x3xf32>) -> (tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<2xf32>) {
  ^bb0(%u: tensor<?x?x2xf32>, %c: tensor<?x2x3xf32>):
    %v = ssm.gelu %u : tensor<?x?x2xf32>
    // CHECK: ssm.yield %{{.*}}, %{{.*}}, %{{.*}} : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<2xf32>
    ssm.yield %v, %c, %m : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<2xf32>
  }
  return
}

// CHECK-LABEL: func @scan
func.func @scan(%f: tensor<?x?x6xf32>, %s: tensor<?x2x3xf32>, %o: tensor<?x2x2x3xf32>,
                %a: tensor<3xf64>, %k: tensor<?x?x3xf64>) {
  // CHECK: ssm.scan diagonal %{{.*}}, %{{.*}} coefficients(%{{.*}}, %{{.*}} : tensor<3xf64>, tensor<3xf64>) : tensor<?x?x6xf32>, tensor<?x2x3xf32>
  %0:2 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<3xf64>, tensor<3xf64>) : tensor<?x?x6xf32>, tensor<?x2x3xf32>
  // CHECK: ssm.scan oscillator %{{.*}}, %{{.*}} coefficients(%{{.*}}, %{{.*}}, %{{.*}} : tensor<?x?x3xf64>, tensor<?x?x3xf64>, tensor<?x?x3xf64>) : tensor<?x?x6xf32>, tensor<?x2x2x3xf32>
  %1:2 = ssm.scan oscillator %f, %o coefficients(%k, %k, %k : tensor<?x?x3xf64>, tensor<?x?x3xf64>, tensor<?x?x3xf64>) : tensor<?x?x6xf32>, tensor<?x2x2x3xf32>
  return
}

// Backwards through time.
// CHECK-LABEL: func @reverse
func.func @reverse(%u: tensor<?x?x2xf32>, %s: tensor<?x2x3xf32>, %l: tensor<3xf32>, %b: tensor<3x2x2xf32>,
              %c: tensor<2x3x2xf32>, %d: tensor<2xf32>, %ls: tensor<3x1xf32>, %f: tensor<?x?x6xf32>, %a: tensor<3xf64>) {
  // CHECK: ssm.s5 {{.*}} discretization zoh {reverse}
  %0:2 = ssm.s5 %u, %s lambda(%l, %l) b(%b) c(%c) d(%d) log_step(%ls) discretization zoh {reverse}
    : tensor<?x?x2xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x2x2xf32>, tensor<2x3x2xf32>, tensor<2xf32>, tensor<3x1xf32>
  // CHECK: ssm.scan diagonal {{.*}} {reverse} : tensor<?x?x6xf32>
  %1:2 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<3xf64>, tensor<3xf64>) {reverse} : tensor<?x?x6xf32>, tensor<?x2x3xf32>
  return
}
