// RUN: ssm-opt %s -ssm-discretize-s5 -canonicalize -cse -split-input-file | FileCheck %s

// Zero-order hold, clipped, one of each conjugate pair kept. The arithmetic is
// in front of the block; exp(z) - 1 is made of expm1 and sin(y/2)^2.
// CHECK-LABEL: func.func @zoh(
// CHECK-SAME:    %[[U:[a-z0-9]+]]: tensor<?x?x4xf32>, %[[S:[a-z0-9]+]]: tensor<?x2x3xf32>,
// CHECK-SAME:    %[[LRE:[a-z0-9]+]]: tensor<3xf32>
// CHECK-DAG:   %[[MINUS2:.+]] = arith.constant dense<-2.000000e+00> : tensor<4x3xf64>
// CHECK-DAG:   %[[CLIP:.+]] = arith.constant dense<-1.000000e-04> : tensor<3xf64>
// CHECK:       %[[RE:.+]] = arith.extf %[[LRE]] : tensor<3xf32> to tensor<3xf64>
// CHECK:       %[[CLIPPED:.+]] = arith.minimumf %[[RE]], %[[CLIP]]
// CHECK:       %[[STEP:.+]] = math.exp %{{.+}} : tensor<3xf64>
// CHECK:       %[[X:.+]] = arith.mulf %[[CLIPPED]], %[[STEP]]
// CHECK:       %[[GROWTH:.+]] = math.exp %[[X]]
// CHECK:       %[[COS:.+]] = math.cos
// CHECK:       %[[SIN:.+]] = math.sin
// CHECK:       %[[ARE:.+]] = arith.mulf %[[GROWTH]], %[[COS]]
// CHECK:       %[[AIM:.+]] = arith.mulf %[[GROWTH]], %[[SIN]]
// CHECK:       math.expm1 %[[X]]
// CHECK:       math.sin
// CHECK:       %[[CIM:.+]] = arith.mulf %{{.+}}, %[[MINUS2]] :
// CHECK:       %[[C:.+]] = tensor.insert_slice %[[CIM]] into %{{.+}}[0, 3] [4, 3] [1, 1]
// CHECK:       %[[BRE:.+]] = tensor.insert_slice %{{.+}} into %{{.+}}[0, 0] [3, 4] [1, 1] : tensor<3x4xf64> into tensor<6x4xf64>
// CHECK:       %[[BBAR:.+]] = tensor.insert_slice %{{.+}} into %[[BRE]][3, 0] [3, 4] [1, 1] : tensor<3x4xf64> into tensor<6x4xf64>
// CHECK:       ssm.block "blocks.0"(
// CHECK-NEXT:  ^bb0(%[[IN:.+]]: tensor<?x?x4xf32>, %[[CARRY:.+]]: tensor<?x2x3xf32>):
// CHECK-NEXT:    %[[F:.+]] = ssm.linear %[[IN]], %[[BBAR]]
// CHECK-NEXT:    %[[SCAN:.+]], %[[NEXT:.+]] = ssm.scan diagonal %[[F]], %[[CARRY]] coefficients(%[[ARE]], %[[AIM]] : tensor<3xf64>, tensor<3xf64>)
// CHECK-NEXT:    %[[OUT:.+]] = ssm.linear %[[SCAN]], %[[C]]
// CHECK-NEXT:    %[[Y:.+]] = ssm.skip %[[OUT]], %[[IN]] by %{{.+}} : tensor<?x?x4xf32>, tensor<4xf32>
// CHECK-NEXT:    ssm.yield %[[Y]], %[[NEXT]]
func.func @zoh(%u: tensor<?x?x4xf32>, %s: tensor<?x2x3xf32>, %lre: tensor<3xf32>,
    %lim: tensor<3xf32>, %b: tensor<3x4x2xf32>, %c: tensor<4x3x2xf32>, %d: tensor<4xf32>,
    %ls: tensor<3x1xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x3xf32>) {
  %r:2 = ssm.block "blocks.0" (%u, %s) : (tensor<?x?x4xf32>, tensor<?x2x3xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x3xf32>) {
  ^bb0(%in: tensor<?x?x4xf32>, %carry: tensor<?x2x3xf32>):
    %y, %s1 = ssm.s5 %in, %carry lambda(%lre, %lim) b(%b) c(%c) d(%d) log_step(%ls)
      discretization zoh {conj_sym, clip_eigs}
      : tensor<?x?x4xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x4x2xf32>,
        tensor<4x3x2xf32>, tensor<4xf32>, tensor<3x1xf32>
    ssm.yield %y, %s1 : tensor<?x?x4xf32>, tensor<?x2x3xf32>
  }
  return %r#0, %r#1 : tensor<?x?x4xf32>, tensor<?x2x3xf32>
}

// -----

// Bilinear, neither clipped nor conjugate, with a rescaled step: no exponential
// but that of log_step, no gain on C_re.
// CHECK-LABEL: func.func @bilinear
// CHECK-DAG:     arith.constant dense<5.000000e-01> : tensor<3xf64>
// CHECK-DAG:     arith.constant dense<2.500000e-01> : tensor<3xf64>
// CHECK-NOT:     arith.minimumf
// CHECK:         math.exp
// CHECK-NOT:     math.
// CHECK:         arith.negf %{{.+}} : tensor<4x3xf64>
// CHECK:         ssm.scan diagonal
func.func @bilinear(%u: tensor<?x?x4xf32>, %s: tensor<?x2x3xf32>, %lre: tensor<3xf32>,
    %lim: tensor<3xf32>, %b: tensor<3x4x2xf32>, %c: tensor<4x3x2xf32>, %d: tensor<4xf32>,
    %ls: tensor<3x1xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x3xf32>) {
  %y, %s1 = ssm.s5 %u, %s lambda(%lre, %lim) b(%b) c(%c) d(%d) log_step(%ls)
    discretization bilinear {step_rescale = 0.25}
    : tensor<?x?x4xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x4x2xf32>,
      tensor<4x3x2xf32>, tensor<4xf32>, tensor<3x1xf32>
  return %y, %s1 : tensor<?x?x4xf32>, tensor<?x2x3xf32>
}

// -----

// Without states (state_dim 2, ssm_blocks 2, conj_sym) the feed-through is left.
// CHECK-LABEL: func.func @empty_state(
// CHECK-SAME:    %[[U:[a-z0-9]+]]: tensor<?x?x4xf32>, %[[S:[a-z0-9]+]]: tensor<?x2x0xf32>
// CHECK-SAME:    %[[D:[a-z0-9]+]]: tensor<4xf32>
// CHECK-NEXT:    %[[Y:.+]] = ssm.scale %[[U]] by %[[D]]
// CHECK-NEXT:    return %[[Y]], %[[S]]
func.func @empty_state(%u: tensor<?x?x4xf32>, %s: tensor<?x2x0xf32>, %l: tensor<0xf32>,
    %b: tensor<0x4x2xf32>, %c: tensor<4x0x2xf32>, %d: tensor<4xf32>,
    %ls: tensor<1x1xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x0xf32>) {
  %y, %s1 = ssm.s5 %u, %s lambda(%l, %l) b(%b) c(%c) d(%d) log_step(%ls) discretization zoh {conj_sym}
    : tensor<?x?x4xf32>, tensor<?x2x0xf32>, tensor<0xf32>, tensor<0xf32>, tensor<0x4x2xf32>,
      tensor<4x0x2xf32>, tensor<4xf32>, tensor<1x1xf32>
  return %y, %s1 : tensor<?x?x4xf32>, tensor<?x2x0xf32>
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
