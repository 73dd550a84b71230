// RUN: ssm-opt %s -ssm-scan-to-gpu -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: %if simt %{ ssm-opt %t.mlir -ssm-gpu-to-nvvm | ssm-translate --gpu-to-nvvm-ir --sm=80 -o %t.ll %}
// RUN: %if simt %{ %python %S/Inputs/check_scan.py %simt step_sizes %t.ll | FileCheck %s --check-prefix=RESULT %}

// RESULT: y: error
// RESULT: state: error
// RESULT: equal

// A step size per time step: what depends on it is computed at every step, in
// the loop; what does not, once. Buffers whose size types leave open are given
// as where they begin, and as extents at the end.
// CHECK-LABEL: gpu.module @scan_step_sizes
// CHECK-NEXT:    gpu.func @scan_step_sizes(
// CHECK-SAME:      %[[F:[a-z0-9]+]]: memref<1xf32> {llvm.noalias}, %[[S:[a-z0-9]+]]: memref<1xf32>,
// CHECK-SAME:      %[[DT:[a-z0-9]+]]: memref<1xf64> {llvm.noalias}, %[[NU:[a-z0-9]+]]: memref<5xf32> {llvm.noalias},
// CHECK-SAME:      %[[Y:[a-z0-9]+]]: memref<1xf32> {llvm.noalias}, %[[S1:[a-z0-9]+]]: memref<1xf32>,
// CHECK-SAME:      %[[BATCH:[a-z0-9]+]]: index, %[[TIME:[a-z0-9]+]]: index,
// CHECK-SAME:      %[[DT_BATCH:[a-z0-9]+]]: index, %[[DT_TIME:[a-z0-9]+]]: index)
// CHECK-SAME:    kernel attributes {known_block_size = array<i32: 32, 1, 1>}
// CHECK:           %[[B:.+]] = gpu.block_id x
// CHECK:           %[[N:.+]] = affine.apply
// CHECK:           %[[STRIDE:.+]] = arith.muli %{{.+}}, %[[DT_TIME]]
// CHECK:           %[[STEPS:.+]] = memref.reinterpret_cast %[[DT]] to offset: [0],
// CHECK-SAME:        sizes: [%[[DT_BATCH]], %[[DT_TIME]], 5], strides: [%[[STRIDE]], 5, 1]
// CHECK:           scf.if
// CHECK:             %[[LOADED:.+]] = affine.load %[[NU]][%[[N]]]
// CHECK:             %[[EXTENDED:.+]] = arith.extf %[[LOADED]] : f32 to f64
// CHECK:             %[[RATE:.+]] = math.exp %[[EXTENDED]] : f64
// CHECK:             affine.for %[[T:.+]] = 0 to %[[TIME]]
// CHECK:               %[[STEP:.+]] = affine.load %[[STEPS]][%[[B]], %[[T]], %[[N]]]
// CHECK:               arith.mulf %{{.+}}, %[[STEP]] : f64
// CHECK:               math.exp
// CHECK:               arith.truncf
// CHECK:               math.fma
// CHECK-NOT:         affine.for
// CHECK:         func.func @scan.step_sizes(
// CHECK-SAME:      %[[F:[a-z0-9]+]]: memref<?x?x10xf32>, %[[S:[a-z0-9]+]]: memref<?x2x5xf32>,
// CHECK-SAME:      %[[DT:[a-z0-9]+]]: memref<?x?x5xf64>, %[[NU:[a-z0-9]+]]: memref<5xf32>,
// CHECK:           %[[BATCH:.+]] = memref.dim %[[F]], %c0
// CHECK:           gpu.launch_func @scan_step_sizes::@scan_step_sizes

// The function itself still says what is computed.
// CHECK:         func.func @step_sizes(
// CHECK:           ssm.scan diagonal
func.func @step_sizes(%f: tensor<?x?x10xf32>, %s: tensor<?x2x5xf32>, %dt: tensor<?x?x5xf64>,
    %b: index, %l: index) -> (tensor<?x?x10xf32>, tensor<?x2x5xf32>) {
  %nu = ssm.parameter "nu" : tensor<5xf32>
  %extended = arith.extf %nu : tensor<5xf32> to tensor<5xf64>
  %rate = math.exp %extended : tensor<5xf64>
  %decay = arith.negf %rate : tensor<5xf64>
  %init = tensor.empty(%b, %l) : tensor<?x?x5xf64>
  %rates = linalg.broadcast ins(%decay : tensor<5xf64>) outs(%init : tensor<?x?x5xf64>) dimensions = [0, 1]
  %z = arith.mulf %rates, %dt : tensor<?x?x5xf64>
  %a_re = math.exp %z : tensor<?x?x5xf64>
  %a_im = math.sin %z : tensor<?x?x5xf64>
  %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a_re, %a_im : tensor<?x?x5xf64>, tensor<?x?x5xf64>)
    : tensor<?x?x10xf32>, tensor<?x2x5xf32>
  return %y, %s1 : tensor<?x?x10xf32>, tensor<?x2x5xf32>
}
