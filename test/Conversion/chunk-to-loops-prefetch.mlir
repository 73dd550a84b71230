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

// States of streams are asked for while the product in front of their scan runs:
// those of the tile's rows, each line once. A block of 16 numbers in f32 is a
// line, one in f64 two.
// CHECK-LABEL: func.func @states(
// CHECK-SAME:    %[[F32:[a-z0-9]+]]: memref<?x16xf32{{.*}}>, %[[F64:[a-z0-9]+]]: memref<?x16xf64{{.*}}>, %[[STREAMS:[a-z0-9]+]]: memref<24xindex>
// CHECK:         scf.for %[[R:.+]] = %c0 to %{{.+}} step %c6 {
// CHECK:           %[[S0:.+]] = memref.load %[[STREAMS]][%[[R]]]
// CHECK:           memref.prefetch %[[F32]][%[[S0]], %{{.+}}], read, locality<3>, data
// CHECK:           memref.prefetch %[[F64]][%[[S0]], %[[H:.+]]], read, locality<3>, data
// CHECK:           %[[NEXT:.+]] = arith.addi %[[H]], %c8
// CHECK-NEXT:      memref.prefetch %[[F64]][%[[S0]], %[[NEXT]]], read, locality<3>, data
// CHECK:           %[[R5:.+]] = arith.addi %[[R]], %c5
// CHECK:           %[[S5:.+]] = memref.load %[[STREAMS]][%[[R5]]]
// CHECK:           memref.prefetch %[[F32]][%[[S5]],
// CHECK-COUNT-2:   memref.prefetch %[[F64]][%[[S5]],
// CHECK-NOT:       memref.prefetch
// CHECK:           affine.for %{{.+}} = 0 to 16
func.func @states(%f32: memref<?x16xf32, strided<[?, 1], offset: ?>>, %f64: memref<?x16xf64, strided<[?, 1], offset: ?>>,
                  %streams: memref<24xindex>, %x: memref<24x16xf32>, %w: memref<1x16x16xf32>, %out: memref<24x16xf32>, %count: index) {
  ssm.panel_map product(%x : memref<24x16xf32>, %w : memref<1x16x16xf32>) outs(%out : memref<24x16xf32>)
      carries(%f32, %f64 : memref<?x16xf32, strided<[?, 1], offset: ?>>, memref<?x16xf64, strided<[?, 1], offset: ?>>)
      streams(%streams : memref<24xindex>) count %count {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>, %c: vector<16xf32>, %d: vector<16xf64>):
    %n = arith.addf %acc, %c : vector<16xf32>
    %m = arith.extf %n : vector<16xf32> to vector<16xf64>
    %l = arith.addf %m, %d : vector<16xf64>
    ssm.yield %n, %n, %l : vector<16xf32>, vector<16xf32>, vector<16xf64>
  }
  return
}

// A pool has nothing to compute meanwhile: it asks four rows ahead, at most for
// the last row's.
// CHECK-LABEL: func.func @pool(
// CHECK-SAME:    %{{[a-z0-9]+}}: memref<24x16xf32>, %[[SUMS:[a-z0-9]+]]: memref<?x16xf64>, %[[COUNTS:[a-z0-9]+]]: memref<?x1xi64>, %[[STREAMS:[a-z0-9]+]]: memref<24xindex>, %[[COUNT:[a-z0-9]+]]: index
// CHECK:         scf.for %[[R:.+]] = %c0 to %[[COUNT]] step %c1 {
// CHECK:           %[[LAST:.+]] = arith.subi %[[COUNT]], %c1
// CHECK:           %[[R4:.+]] = arith.addi %[[R]], %c4
// CHECK:           %[[LATER:.+]] = arith.minui %[[R4]], %[[LAST]]
// CHECK:           %[[S:.+]] = memref.load %[[STREAMS]][%[[LATER]]]
// CHECK:           memref.prefetch %[[SUMS]][%[[S]], %c0]
// CHECK:           %[[H8:.+]] = arith.addi %c0, %c8
// CHECK-NEXT:      memref.prefetch %[[SUMS]][%[[S]], %[[H8]]]
// CHECK-NEXT:      memref.prefetch %[[COUNTS]][%[[S]], %c0]
// CHECK-NOT:       memref.prefetch
func.func @pool(%x: memref<24x16xf32>, %sums: memref<?x16xf64>, %counts: memref<?x1xi64>, %streams: memref<24xindex>, %count: index) {
  ssm.pool_rows %x : memref<24x16xf32> outs(%sums : memref<?x16xf64>, %counts : memref<?x1xi64>) streams(%streams : memref<24xindex>) count %count
  return
}

// What lies behind a unit's states, here two lines, is needed next: the unit's last
// product asks for it, each of its four panels for a line of each row.
// CHECK-LABEL: func.func @behind(
// CHECK-SAME:    %[[S:[a-z0-9]+]]: memref<?x32xf32{{.*}}>, %[[STREAMS:[a-z0-9]+]]: memref<24xindex>
// CHECK-NOT:     memref.prefetch
// CHECK:         scf.for %{{.+}} = %{{.+}} to %{{.+}} step %c1 {
// CHECK-NOT:     memref.prefetch
// CHECK:         affine.for %[[P:.+]] = 0 to 4 {
// CHECK-NEXT:      scf.for %[[R:.+]] = %c0 to %{{.+}} step %c6 {
// CHECK:             %[[TWICE:.+]] = arith.muli %[[P]], %c2
// CHECK:             %[[LINE:.+]] = arith.divui %[[TWICE]], %c4
// CHECK:             %[[LANES:.+]] = arith.muli %[[LINE]], %c16
// CHECK:             %[[BEHIND:.+]] = arith.addi %[[LANES]], %c32
// CHECK:             %[[STREAM:.+]] = memref.load %[[STREAMS]][%[[R]]]
// CHECK-NEXT:        memref.prefetch %[[S]][%[[STREAM]], %[[BEHIND]]], read, locality<3>, data
// CHECK-COUNT-5:     memref.prefetch %[[S]][%{{.+}}, %[[BEHIND]]]
// CHECK-NOT:         memref.prefetch
// CHECK:             affine.for %{{.+}} = 0 to 16
func.func @behind(%s: memref<?x32xf32, strided<[?, 1], offset: ?>>, %streams: memref<24xindex>, %x: memref<24x16xf32>,
                  %w: memref<4x16x16xf32>, %out: memref<24x64xf32>, %count: index) {
  ssm.panel_map product(%x : memref<24x16xf32>, %w : memref<4x16x16xf32>) outs(%out : memref<24x64xf32>)
      streams(%streams : memref<24xindex>) count %count {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  ssm.panel_map product(%x : memref<24x16xf32>, %w : memref<4x16x16xf32>) outs(%out : memref<24x64xf32>)
      streams(%streams : memref<24xindex>) count %count {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}
