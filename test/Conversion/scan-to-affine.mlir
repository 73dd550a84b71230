// RUN: ssm-opt %s -ssm-scan-to-affine -split-input-file -verify-diagnostics | FileCheck %s

// A step size per time step: what depends on it is computed at every step, in
// the innermost loop, still without a buffer; what does not, once per mode. An
// argument of the function stays one; a parameter becomes one, after them.
// CHECK-LABEL: func.func @scan.step_sizes(
// CHECK-SAME:    %[[F:[a-z0-9]+]]: memref<?x?x6xf32>, %[[S:[a-z0-9]+]]: memref<?x2x3xf32>,
// CHECK-SAME:    %[[DT:[a-z0-9]+]]: memref<?x?x3xf64>, %[[NU:[a-z0-9]+]]: memref<3xf32>,
// CHECK-SAME:    %[[Y:[a-z0-9]+]]: memref<?x?x6xf32>, %[[S1:[a-z0-9]+]]: memref<?x2x3xf32>)
// CHECK-NOT:     memref.alloc
// CHECK:         affine.for %[[N:.+]] = 0 to 3 {
// CHECK:           %[[LOADED:.+]] = affine.load %[[NU]][%[[N]]]
// CHECK:           %[[EXTENDED:.+]] = arith.extf %[[LOADED]] : f32 to f64
// CHECK:           %[[RATE:.+]] = math.exp %[[EXTENDED]] : f64
// CHECK:           affine.for %[[B:.+]] = 0 to
// CHECK:             affine.for %[[T:.+]] = 0 to
// CHECK:               %[[STEP:.+]] = affine.load %[[DT]][%[[B]], %[[T]], %[[N]]]
// CHECK:               %[[Z:.+]] = arith.mulf %[[RATE]], %[[STEP]] : f64
// CHECK:               math.exp %[[Z]] : f64
// CHECK:               arith.truncf
// CHECK:               math.fma
// CHECK-NOT:     affine.for
// CHECK-NOT:     memref.alloc
// CHECK:         return

// The function itself still says what is computed.
// CHECK:       func.func @step_sizes(
// CHECK:         ssm.scan diagonal
func.func @step_sizes(%f: tensor<?x?x6xf32>, %s: tensor<?x2x3xf32>, %dt: tensor<?x?x3xf64>,
    %b: index, %l: index) -> (tensor<?x?x6xf32>, tensor<?x2x3xf32>) {
  %nu = ssm.parameter "nu" : tensor<3xf32>
  %extended = arith.extf %nu : tensor<3xf32> to tensor<3xf64>
  %rate = math.exp %extended : tensor<3xf64>
  %init = tensor.empty(%b, %l) : tensor<?x?x3xf64>
  %rates = linalg.broadcast ins(%rate : tensor<3xf64>) outs(%init : tensor<?x?x3xf64>) dimensions = [0, 1]
  %z = arith.mulf %rates, %dt : tensor<?x?x3xf64>
  %a_re = math.exp %z : tensor<?x?x3xf64>
  %a_im = math.sin %z : tensor<?x?x3xf64>
  %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a_re, %a_im : tensor<?x?x3xf64>, tensor<?x?x3xf64>)
    : tensor<?x?x6xf32>, tensor<?x2x3xf32>
  return %y, %s1 : tensor<?x?x6xf32>, tensor<?x2x3xf32>
}

// -----

// Functions without a scan are left alone.
// CHECK-NOT:   func.func @scan.
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

// -----

func.func @scalar(%f: tensor<?x?x4xf32>, %s: tensor<?x2x2xf32>, %choice: i1, %a: tensor<2xf64>) -> tensor<?x?x4xf32> {
  // expected-error @above {{a scan's coefficient is computed from a value of type 'i1'; expected a ranked tensor}}
  %k = arith.select %choice, %a, %a : tensor<2xf64>
  %y, %s1 = ssm.scan diagonal %f, %s coefficients(%k, %a : tensor<2xf64>, tensor<2xf64>) : tensor<?x?x4xf32>, tensor<?x2x2xf32>
  return %y : tensor<?x?x4xf32>
}
