// S5, zero-order hold: discretization and scan are one loop nest.
//
// RUN: ssm-opt %s -ssm-discretize-s5 -ssm-scan-to-affine -symbol-dce -cse -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: ssm-opt %t.mlir -expand-math -llvm-request-c-wrappers -lower-affine -convert-scf-to-cf \
// RUN:   -convert-math-to-llvm -finalize-memref-to-llvm -convert-func-to-llvm -convert-arith-to-llvm \
// RUN:   -convert-cf-to-llvm -reconcile-unrealized-casts | mlir-translate -mlir-to-llvmir \
// RUN:   | llc -filetype=obj -relocation-model=pic -o %t.o
// RUN: %cc -shared %t.o -lm -o %t.so
// RUN: %python %S/Inputs/check_scan.py %t.so s5_zoh | FileCheck %s --check-prefix=RESULT

// RESULT: y: error
// RESULT: state: error
// RESULT: equal

// CHECK-NOT:   memref.alloc
// CHECK-LABEL: func.func @scan.s5_zoh(
// CHECK-NOT:   memref.alloc
// CHECK:       affine.for %[[N:.+]] = 0 to 5 {
// CHECK:         arith.minimumf
// CHECK:         math.exp
// CHECK:         math.cos
// CHECK:         math.sin
// CHECK:         arith.truncf
// CHECK:         affine.for %[[B:.+]] = 0 to %{{.+}} {
// CHECK:           %[[LAST:.+]]:2 = affine.for %[[T:.+]] = 0 to %{{.+}} iter_args(
// CHECK-NOT:         math.{{[a-eg-z]}}
// CHECK-COUNT-3:     math.fma
// CHECK:             affine.store %{{.+}}[%[[B]], %[[T]], %[[N]]]
// CHECK-COUNT-3:     math.fma
// CHECK:             affine.store %{{.+}}[%[[B]], %[[T]], %[[N]] + 5]
// CHECK:             affine.yield
// CHECK-COUNT-2: affine.store %[[LAST]]#
// CHECK-NOT:   affine.for
// CHECK-NOT:   memref.alloc
func.func private @s5_zoh(%u: tensor<?x?x4xf32>, %s: tensor<?x2x5xf32>, %lre: tensor<5xf32>,
    %lim: tensor<5xf32>, %b: tensor<5x4x2xf32>, %c: tensor<4x5x2xf32>, %d: tensor<4xf32>,
    %ls: tensor<5x1xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x5xf32>) {
  %y, %s1 = ssm.s5 %u, %s lambda(%lre, %lim) b(%b) c(%c) d(%d) log_step(%ls)
    discretization zoh {conj_sym, clip_eigs}
    : tensor<?x?x4xf32>, tensor<?x2x5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5x4x2xf32>,
      tensor<4x5x2xf32>, tensor<4xf32>, tensor<5x1xf32>
  return %y, %s1 : tensor<?x?x4xf32>, tensor<?x2x5xf32>
}
