// RUN: ssm-opt %s | ssm-opt | FileCheck %s

// CHECK-LABEL: func.func @on_tensors
// CHECK: ssm.drop_rows %{{.*}} : tensor<24x64xf32> key(%{{.*}} : tensor<2xi32>) from %{{.*}} features 60 rate 1.000000e-01 -> tensor<24x64xf32>
func.func @on_tensors(%h: tensor<24x64xf32>, %key: tensor<2xi32>, %t: index) -> tensor<24x64xf32> {
  %y = ssm.drop_rows %h : tensor<24x64xf32> key(%key : tensor<2xi32>) from %t features 60 rate 1.000000e-01 -> tensor<24x64xf32>
  return %y : tensor<24x64xf32>
}

// CHECK-LABEL: func.func @on_memrefs
// CHECK: ssm.drop_rows %{{.*}} : memref<24x64xf32> key(%{{.*}} : memref<2xi32>) from %{{.*}} features 64 rate 1.000000e+00 count %{{.*}}
func.func @on_memrefs(%h: memref<24x64xf32>, %key: memref<2xi32>, %t: index, %n: index) {
  ssm.drop_rows %h : memref<24x64xf32> key(%key : memref<2xi32>) from %t features 64 rate 1.000000e+00 count %n
  return
}
