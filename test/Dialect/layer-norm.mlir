// RUN: ssm-opt %s | ssm-opt | FileCheck %s

// CHECK-LABEL: func.func @layer_norm(
func.func @layer_norm(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  // CHECK: ssm.layer_norm %{{.*}} epsilon 1.000000e-05 : tensor<?x?x4xf32>
  %y = ssm.layer_norm %x epsilon 1.0e-5 : tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// CHECK-LABEL: func.func @row_norm(
func.func @row_norm(%x: tensor<24x16xf32>, %out: tensor<24x16xf32>, %m: memref<24x16xf32>, %n: index) -> tensor<24x16xf32> {
  // CHECK: ssm.row_norm %{{.*}} : tensor<24x16xf32> outs(%{{.*}} : tensor<24x16xf32>) features 10 epsilon 1.000000e-05 -> tensor<24x16xf32>
  %y = ssm.row_norm %x : tensor<24x16xf32> outs(%out : tensor<24x16xf32>) features 10 epsilon 1.0e-5 -> tensor<24x16xf32>
  // CHECK: ssm.row_norm %{{.*}} : memref<24x16xf32> outs(%{{.*}} : memref<24x16xf32>) features 10 epsilon 1.000000e-05 count %{{.*}}
  ssm.row_norm %m : memref<24x16xf32> outs(%m : memref<24x16xf32>) features 10 epsilon 1.0e-5 count %n
  return %y : tensor<24x16xf32>
}

// What heads may do besides.
// CHECK-LABEL: func.func @heads(
func.func @heads(%x: tensor<?x?x4xf32>, %s: tensor<?x4xf64>, %n: tensor<?xi64>) -> tensor<?x4xf32> {
  // CHECK: ssm.mean_pool %{{.*}}, %{{.*}}, %{{.*}} {last} :
  %y, %s1, %n1 = ssm.mean_pool %x, %s, %n {last} : tensor<?x?x4xf32>, tensor<?x4xf64>, tensor<?xi64> -> tensor<?x4xf32>
  // CHECK: ssm.log_softmax %{{.*}} {probabilities} : tensor<?x4xf32>
  %p = ssm.log_softmax %y {probabilities} : tensor<?x4xf32>
  return %p : tensor<?x4xf32>
}
