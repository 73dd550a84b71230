// RUN: ssm-opt %s -ssm-discretize-lru -canonicalize -cse -split-input-file | FileCheck %s

// lambda = exp(-exp(nu_log) + i exp(theta_log)), selected to be 0 where its
// modulus is; gamma scales both planes of B.
// CHECK-LABEL: func.func @lru(
// CHECK:       %[[NU:.+]] = math.exp
// CHECK:       %[[NEG:.+]] = arith.negf %[[NU]]
// CHECK:       %[[MODULUS:.+]] = math.exp %[[NEG]]
// CHECK:       %[[PHASE:.+]] = math.exp
// CHECK:       math.cos %[[PHASE]]
// CHECK:       %[[ZERO:.+]] = arith.cmpf oeq, %[[MODULUS]], %[[CST:.+]] : tensor<3xf64>
// CHECK:       %[[ARE:.+]] = arith.select %[[ZERO]], %[[CST]], %{{.+}}
// CHECK:       math.sin %[[PHASE]]
// CHECK:       %[[AIM:.+]] = arith.select
// CHECK:       %[[GAMMA:.+]] = math.exp
// CHECK:       %[[ROWS:.+]] = linalg.broadcast ins(%[[GAMMA]] : tensor<3xf64>) outs(%{{.+}} : tensor<3x4xf64>) dimensions = [1]
// CHECK:       arith.mulf %[[ROWS]], %{{.+}} : tensor<3x4xf64>
// CHECK:       tensor.insert_slice %{{.+}} : tensor<3x4xf64> into tensor<6x4xf64>
// CHECK:       tensor.insert_slice %{{.+}} : tensor<4x3xf64> into tensor<4x6xf64>
// CHECK:       ssm.linear
// CHECK-NEXT:  ssm.scan diagonal {{.*}} coefficients(%[[ARE]], %[[AIM]] :
// CHECK-NEXT:  ssm.linear
// CHECK-NEXT:  ssm.skip
func.func @lru(%u: tensor<?x?x4xf32>, %s: tensor<?x2x3xf32>, %n: tensor<3xf32>, %t: tensor<3xf32>,
    %g: tensor<3xf32>, %br: tensor<3x4xf32>, %bi: tensor<3x4xf32>, %cr: tensor<4x3xf32>,
    %ci: tensor<4x3xf32>, %d: tensor<4xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x3xf32>) {
  %y, %s1 = ssm.lru %u, %s nu_log(%n) theta_log(%t) gamma_log(%g) b(%br, %bi) c(%cr, %ci) d(%d)
    : tensor<?x?x4xf32>, tensor<?x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3xf32>,
      tensor<3x4xf32>, tensor<3x4xf32>, tensor<4x3xf32>, tensor<4x3xf32>, tensor<4xf32>
  return %y, %s1 : tensor<?x?x4xf32>, tensor<?x2x3xf32>
}

// -----

// Other mixers are left alone.
// CHECK-LABEL: func.func @leaves_linoss
// CHECK-NEXT:    ssm.linoss
func.func @leaves_linoss(%u: tensor<?x?x4xf32>, %s: tensor<?x2x2x3xf32>, %a: tensor<3xf32>,
    %b: tensor<3x4x2xf32>, %c: tensor<4x3x2xf32>, %d: tensor<4xf32>)
    -> (tensor<?x?x4xf32>, tensor<?x2x2x3xf32>) {
  %y, %s1 = ssm.linoss IM %u, %s a_diag(%a) steps(%a) b(%b) c(%c) d(%d)
    : (tensor<?x?x4xf32>, tensor<?x2x2x3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<3x4x2xf32>,
       tensor<4x3x2xf32>, tensor<4xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2x3xf32>)
  return %y, %s1 : tensor<?x?x4xf32>, tensor<?x2x2x3xf32>
}
