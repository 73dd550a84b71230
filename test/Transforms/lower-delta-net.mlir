// RUN: ssm-opt %s -ssm-lower-delta-net -canonicalize -split-input-file | FileCheck %s

// Rows of q, k and v of head 0, then of head 1, then of beta; in f64. As many insertions
// for any number of heads.
// CHECK-LABEL: func.func @delta_net(
// CHECK-SAME:    %[[U:.+]]: tensor<?x?x4xf32>, %[[S:.+]]: tensor<?x1x2x3x3xf32>, %[[Q:.+]]: tensor<6x4xf32>, %[[K:.+]]: tensor<6x4xf32>, %[[V:.+]]: tensor<6x4xf32>, %[[B:.+]]: tensor<1x4xf32>, %[[O:.+]]: tensor<4x6xf32>
// CHECK-DAG:   %[[QW:.+]] = arith.extf %[[Q]]
// CHECK-DAG:   %[[KW:.+]] = arith.extf %[[K]]
// CHECK-DAG:   %[[VW:.+]] = arith.extf %[[V]]
// CHECK-DAG:   %[[BW:.+]] = arith.extf %[[B]]
// CHECK:       %[[Q0:.+]] = tensor.expand_shape %[[QW]] {{\[}}[0, 1, 2], [3]] output_shape [2, 1, 3, 4]
// CHECK:       tensor.insert_slice %[[Q0]] into %{{.+}}[0, 0, 0, 0] [2, 1, 3, 4]
// CHECK:       %[[K0:.+]] = tensor.expand_shape %[[KW]]
// CHECK:       tensor.insert_slice %[[K0]] into %{{.+}}[0, 1, 0, 0] [2, 1, 3, 4]
// CHECK:       %[[V0:.+]] = tensor.expand_shape %[[VW]]
// CHECK:       %[[QKV:.+]] = tensor.insert_slice %[[V0]] into %{{.+}}[0, 2, 0, 0] [2, 1, 3, 4]
// CHECK:       %[[HEADS:.+]] = tensor.collapse_shape %[[QKV]] {{\[}}[0, 1, 2], [3]] : tensor<2x3x3x4xf64> into tensor<18x4xf64>
// CHECK:       %[[ALL:.+]] = tensor.insert_slice %[[HEADS]] into %{{.+}}[0, 0] [18, 4]
// CHECK:       %[[W:.+]] = tensor.insert_slice %[[BW]] into %[[ALL]][18, 0] [1, 4]
// CHECK:       %[[X:.+]] = ssm.linear %[[U]], %[[W]]
// CHECK-NEXT:  %[[Y:.+]], %[[S1:.+]] = ssm.delta_rule %[[X]], %[[S]] epsilon 9.9999999999999995E-7
// CHECK-NEXT:  %[[R:.+]] = ssm.linear %[[Y]], %[[O]]
// CHECK-NEXT:  return %[[R]], %[[S1]]
func.func @delta_net(%u: tensor<?x?x4xf32>, %s: tensor<?x1x2x3x3xf32>, %q: tensor<6x4xf32>,
    %k: tensor<6x4xf32>, %v: tensor<6x4xf32>, %b: tensor<1x4xf32>, %o: tensor<4x6xf32>)
    -> (tensor<?x?x4xf32>, tensor<?x1x2x3x3xf32>) {
  %y, %s1 = ssm.delta_net %u, %s q(%q) k(%k) v(%v) beta(%b) out(%o) heads 2
    : (tensor<?x?x4xf32>, tensor<?x1x2x3x3xf32>, tensor<6x4xf32>, tensor<6x4xf32>, tensor<6x4xf32>,
       tensor<1x4xf32>, tensor<4x6xf32>) -> (tensor<?x?x4xf32>, tensor<?x1x2x3x3xf32>)
  return %y, %s1 : tensor<?x?x4xf32>, tensor<?x1x2x3x3xf32>
}

// -----

// What it does not know stays.
// CHECK-LABEL: func.func @leaves_scan
// CHECK-NEXT:    ssm.scan
func.func @leaves_scan(%f: tensor<?x?x4xf32>, %s: tensor<?x2x2xf32>, %a: tensor<2xf64>) -> tensor<?x?x4xf32> {
  %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<2xf64>, tensor<2xf64>) : tensor<?x?x4xf32>, tensor<?x2x2xf32>
  return %y : tensor<?x?x4xf32>
}
