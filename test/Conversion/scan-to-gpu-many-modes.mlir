// RUN: ssm-opt %s -ssm-scan-to-gpu -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: %if simt %{ ssm-opt %t.mlir -ssm-gpu-to-nvvm | ssm-translate --gpu-to-nvvm-ir --sm=80 -o %t.ll %}
// RUN: %if simt %{ %python %S/Inputs/check_scan.py %simt many_modes %t.ll | FileCheck %s --check-prefix=RESULT %}

// RESULT: y: error
// RESULT: state: error
// RESULT: equal

// Of many modes, 128 are one block; threads beyond the last mode do nothing.
// CHECK-DAG:   #[[MODE:.+]] = affine_map<(d0, d1) -> (d0 * 128 + d1)>
// CHECK-LABEL: gpu.module @scan_many_modes
// CHECK:         kernel attributes {known_block_size = array<i32: 128, 1, 1>}
// CHECK-DAG:       %[[B:.+]] = gpu.block_id x
// CHECK-DAG:       %[[BLOCK:.+]] = gpu.block_id y
// CHECK-DAG:       %[[THREAD:.+]] = gpu.thread_id x
// CHECK:           %[[N:.+]] = affine.apply #[[MODE]](%[[BLOCK]], %[[THREAD]])
// CHECK:           %[[IS_MODE:.+]] = arith.cmpi ult, %[[N]], %c200
// CHECK:           scf.if %[[IS_MODE]]
// CHECK:             affine.for %[[T:.+]] = 0 to
// CHECK:               affine.load %{{.+}}[%[[B]], %[[T]], %[[N]]]
// CHECK:         func.func @scan.many_modes(
// CHECK-DAG:       %[[BLOCKS:.+]] = arith.constant 2 : index
// CHECK-DAG:       %[[THREADS:.+]] = arith.constant 128 : index
// CHECK:           gpu.launch_func @scan_many_modes::@scan_many_modes
// CHECK-SAME:        blocks in (%{{.+}}, %[[BLOCKS]], %{{.+}}) threads in (%[[THREADS]], %{{.+}}, %{{.+}})
func.func @many_modes(%f: tensor<?x?x400xf32>, %s: tensor<?x2x200xf32>, %re: tensor<200xf64>, %im: tensor<200xf64>)
    -> (tensor<?x?x400xf32>, tensor<?x2x200xf32>) {
  %y, %s1 = ssm.scan diagonal %f, %s coefficients(%re, %im : tensor<200xf64>, tensor<200xf64>)
    : tensor<?x?x400xf32>, tensor<?x2x200xf32>
  return %y, %s1 : tensor<?x?x400xf32>, tensor<?x2x200xf32>
}
