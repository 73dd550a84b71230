// RUN: ssm-opt %s -ssm-scan-to-gpu -split-input-file -verify-diagnostics | FileCheck %s

// What types say is no argument of the kernel.
// CHECK-LABEL: gpu.module @scan_static_shapes
// CHECK-NEXT:    gpu.func @scan_static_shapes(%{{[a-z0-9]+}}: memref<3x7x64xf32> {llvm.noalias}, %{{[a-z0-9]+}}: memref<3x2x32xf32>,
// CHECK-SAME:      %{{[a-z0-9]+}}: memref<32xf64> {llvm.noalias}, %{{[a-z0-9]+}}: memref<3x7x64xf32> {llvm.noalias},
// CHECK-SAME:      %{{[a-z0-9]+}}: memref<3x2x32xf32>) kernel
// CHECK:             affine.for %[[T:.+]] = 0 to 7
// CHECK:         func.func @scan.static_shapes(
// CHECK:           gpu.launch_func @scan_static_shapes::@scan_static_shapes
func.func @static_shapes(%f: tensor<3x7x64xf32>, %s: tensor<3x2x32xf32>, %a: tensor<32xf64>)
    -> (tensor<3x7x64xf32>, tensor<3x2x32xf32>) {
  %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<32xf64>, tensor<32xf64>)
    : tensor<3x7x64xf32>, tensor<3x2x32xf32>
  return %y, %s1 : tensor<3x7x64xf32>, tensor<3x2x32xf32>
}

// -----

// Functions without a scan are left alone.
// CHECK-NOT:   gpu.
// CHECK-LABEL: func.func @no_scan
// CHECK-NEXT:    ssm.gelu
// CHECK-NEXT:    return
func.func @no_scan(%x: tensor<?x?x6xf32>) -> tensor<?x?x6xf32> {
  %y = ssm.gelu %x : tensor<?x?x6xf32>
  return %y : tensor<?x?x6xf32>
}

// -----

func.func @not_elementwise(%f: tensor<?x?x6xf32>, %s: tensor<?x2x3xf32>, %w: tensor<3x3xf64>,
    %v: tensor<3xf64>) -> tensor<?x?x6xf32> {
  // expected-error @below {{'linalg.matvec' computes a scan's coefficient; expected elementwise operations, splat constants, static slices or broadcasts of function arguments and parameters}}
  %a = linalg.matvec ins(%w, %v : tensor<3x3xf64>, tensor<3xf64>) outs(%v : tensor<3xf64>) -> tensor<3xf64>
  %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a, %v : tensor<3xf64>, tensor<3xf64>)
    : tensor<?x?x6xf32>, tensor<?x2x3xf32>
  return %y : tensor<?x?x6xf32>
}
