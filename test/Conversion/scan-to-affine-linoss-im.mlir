// LinOSS, implicit: discretization and scan are one loop nest.
//
// RUN: ssm-opt %s -ssm-discretize-linoss -ssm-scan-to-affine -symbol-dce -cse -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: ssm-opt %t.mlir -expand-math -llvm-request-c-wrappers -lower-affine -convert-scf-to-cf \
// RUN:   -convert-math-to-llvm -finalize-memref-to-llvm -convert-func-to-llvm -convert-arith-to-llvm \
// RUN:   -convert-cf-to-llvm -reconcile-unrealized-casts | mlir-translate -mlir-to-llvmir \
// RUN:   | llc -filetype=obj -relocation-model=pic -o %t.o
// RUN: %cc -shared %t.o -lm -o %t.so
// RUN: %python %S/Inputs/check_scan.py %t.so linoss_im | FileCheck %s --check-prefix=RESULT

// RESULT: y: error
// RESULT: state: error
// RESULT: equal

// CHECK-NOT:   memref.alloc
// CHECK-LABEL: func.func @scan.linoss_im(
// CHECK-NOT:   memref.alloc
// CHECK:       affine.for %[[N:.+]] = 0 to 5 {
// CHECK:         math.exp
// CHECK:         arith.maximumf
// CHECK:         arith.divf
// CHECK:         arith.truncf
// CHECK:         affine.for %[[B:.+]] = 0 to %{{.+}} {
// CHECK:           %[[LAST:.+]]:4 = affine.for %[[T:.+]] = 0 to %{{.+}} iter_args(
// CHECK-NOT:         math.{{[a-eg-z]}}
// CHECK-COUNT-6:     math.fma
// CHECK:             affine.store %{{.+}}[%[[B]], %[[T]], %[[N]]]
// CHECK-COUNT-6:     math.fma
// CHECK:             affine.store %{{.+}}[%[[B]], %[[T]], %[[N]] + 5]
// CHECK:             affine.yield
// CHECK-COUNT-4: affine.store %[[LAST]]#
// CHECK-NOT:   affine.for
// CHECK-NOT:   memref.alloc
func.func private @linoss_im(%u: tensor<?x?x4xf32>, %s: tensor<?x2x2x5xf32>, %a: tensor<5xf32>, %st: tensor<5xf32>,
    %b: tensor<5x4x2xf32>, %c: tensor<4x5x2xf32>, %d: tensor<4xf32>)
    -> (tensor<?x?x4xf32>, tensor<?x2x2x5xf32>) {
  %y, %s1 = ssm.linoss IM %u, %s a_diag(%a) steps(%st) b(%b) c(%c) d(%d)
    : (tensor<?x?x4xf32>, tensor<?x2x2x5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5x4x2xf32>,
       tensor<4x5x2xf32>, tensor<4xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2x5xf32>)
  return %y, %s1 : tensor<?x?x4xf32>, tensor<?x2x2x5xf32>
}
