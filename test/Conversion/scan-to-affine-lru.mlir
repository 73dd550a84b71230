// LRU: discretization and scan are one loop nest.
//
// RUN: ssm-opt %s -ssm-discretize-lru -ssm-scan-to-affine -symbol-dce -cse -o %t.mlir
// RUN: FileCheck %s < %t.mlir
// RUN: ssm-opt %t.mlir -expand-math -llvm-request-c-wrappers -lower-affine -convert-scf-to-cf \
// RUN:   -convert-math-to-llvm -finalize-memref-to-llvm -convert-func-to-llvm -convert-arith-to-llvm \
// RUN:   -convert-cf-to-llvm -reconcile-unrealized-casts | mlir-translate -mlir-to-llvmir \
// RUN:   | llc -filetype=obj -relocation-model=pic -o %t.o
// RUN: %cc -shared %t.o -lm -o %t.so
// RUN: %python %S/Inputs/check_scan.py %t.so lru | FileCheck %s --check-prefix=RESULT

// RESULT: y: error
// RESULT: state: error
// RESULT: equal

// CHECK-NOT:   memref.alloc
// CHECK-LABEL: func.func @scan.lru(
// CHECK-NOT:   memref.alloc
// CHECK:       affine.for %[[N:.+]] = 0 to 5 {
// CHECK:         math.exp
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
func.func private @lru(%u: tensor<?x?x4xf32>, %s: tensor<?x2x5xf32>, %n: tensor<5xf32>, %t: tensor<5xf32>,
    %g: tensor<5xf32>, %br: tensor<5x4xf32>, %bi: tensor<5x4xf32>, %cr: tensor<4x5xf32>,
    %ci: tensor<4x5xf32>, %d: tensor<4xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x5xf32>) {
  %y, %s1 = ssm.lru %u, %s nu_log(%n) theta_log(%t) gamma_log(%g) b(%br, %bi) c(%cr, %ci) d(%d)
    : tensor<?x?x4xf32>, tensor<?x2x5xf32>, tensor<5xf32>, tensor<5xf32>, tensor<5xf32>,
      tensor<5x4xf32>, tensor<5x4xf32>, tensor<4x5xf32>, tensor<4x5xf32>, tensor<4xf32>
  return %y, %s1 : tensor<?x?x4xf32>, tensor<?x2x5xf32>
}
