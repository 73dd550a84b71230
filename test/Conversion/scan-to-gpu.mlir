// RUN: ssm-opt %s -ssm-scan-to-gpu -split-input-file -verify-diagnostics | FileCheck %s

// Of many modes, 128 are one block; what types say is no argument.
// CHECK-DAG:   #[[MODE:.+]] = affine_map<(d0, d1) -> (d0 * 128 + d1)>
// CHECK-LABEL: gpu.module @scan_many_modes
// CHECK-NEXT:    gpu.func @scan_many_modes(%{{[a-z0-9]+}}: memref<3x7x400xf32> {llvm.noalias}, %{{[a-z0-9]+}}: memref<3x2x200xf32>,
// CHECK-SAME:      %{{[a-z0-9]+}}: memref<200xf64> {llvm.noalias}, %{{[a-z0-9]+}}: memref<3x7x400xf32> {llvm.noalias},
// CHECK-SAME:      %{{[a-z0-9]+}}: memref<3x2x200xf32>) kernel attributes {known_block_size = array<i32: 128, 1, 1>}
// CHECK-DAG:       %[[B:.+]] = gpu.block_id x
// CHECK-DAG:       %[[BLOCK:.+]] = gpu.block_id y
// CHECK-DAG:       %[[THREAD:.+]] = gpu.thread_id x
// CHECK:           %[[N:.+]] = affine.apply #[[MODE]](%[[BLOCK]], %[[THREAD]])
// CHECK:           %[[IS_MODE:.+]] = arith.cmpi ult, %[[N]], %c200
// CHECK:           scf.if %[[IS_MODE]]
// CHECK:             affine.for %[[T:.+]] = 0 to 7
// CHECK:               affine.load %{{.+}}[%[[B]], %[[T]], %[[N]]]
// CHECK:         func.func @scan.many_modes(
// CHECK:           gpu.launch_func @scan_many_modes::@scan_many_modes
// CHECK-SAME:        blocks in (%{{.+}}, %c2, %c1) threads in (%c128, %{{.+}}, %{{.+}})
func.func @many_modes(%f: tensor<3x7x400xf32>, %s: tensor<3x2x200xf32>, %a: tensor<200xf64>)
    -> (tensor<3x7x400xf32>, tensor<3x2x200xf32>) {
  %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<200xf64>, tensor<200xf64>)
    : tensor<3x7x400xf32>, tensor<3x2x200xf32>
  return %y, %s1 : tensor<3x7x400xf32>, tensor<3x2x200xf32>
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
