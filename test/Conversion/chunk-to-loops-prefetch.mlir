// RUN: ssm-opt %s -convert-chunk-to-loops -cse | FileCheck %s

// 128 KiB of weights do not stay in an L1 cache of 32 KiB: while a column of
// panels computes, its tiles fetch the next one's lines, each another part.
// CHECK-LABEL: func.func @large(
// CHECK:         affine.for %[[P:.+]] = 0 to 16 {
// CHECK:           affine.for %[[R:.+]] = 0 to 24 step 6 {
// CHECK:             affine.for %[[K:.+]] = 0 to 128 step 4
// CHECK:               %[[TILE:.+]] = arith.divui %[[R]], %c6
// CHECK:               %[[TURN:.+]] = arith.remui %[[TILE]], %c4
// CHECK:               %[[NEXT:.+]] = arith.addi %[[P]], %c1
// CHECK:               memref.prefetch %{{.+}}[%{{.+}}, %{{.+}}, %c0], read, locality<2>, data
// CHECK-NOT:           memref.prefetch
func.func @large(%x: memref<24x128xf32>, %w: memref<16x128x16xf32>, %out: memref<24x256xf32>) {
  ssm.panel_map product(%x : memref<24x128xf32>, %w : memref<16x128x16xf32>) outs(%out : memref<24x256xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// 4 KiB do, and a single row reads weights once as it is.
// CHECK-LABEL: func.func @small(
// CHECK-NOT:     memref.prefetch
func.func @small(%x: memref<24x16xf32>, %w: memref<4x16x16xf32>, %out: memref<24x64xf32>) {
  ssm.panel_map product(%x : memref<24x16xf32>, %w : memref<4x16x16xf32>) outs(%out : memref<24x64xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}
func.func @step(%x: memref<1x128xf32>, %w: memref<16x128x16xf32>, %out: memref<1x256xf32>) {
  ssm.panel_map product(%x : memref<1x128xf32>, %w : memref<16x128x16xf32>) outs(%out : memref<1x256xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}
