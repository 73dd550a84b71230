// RUN: ssm-opt %s -ssm-order-chunks -cse -split-input-file | FileCheck %s

// A block: its states are released before the products that follow the scan.
// CHECK-DAG:     func.func private @ssm_await(memref<1xi8>, index) attributes {llvm.bareptr}
// CHECK-DAG:     func.func private @ssm_release(memref<1xi8>, index) attributes {llvm.bareptr}
// CHECK-LABEL:   func.func private @chunk.block0.full(
// CHECK-SAME:      %[[X:[a-z0-9]+]]: memref<24x16xf32>, %[[S:[a-z0-9]+]]: memref<?x16xf32, {{.*}}>, %[[W:[a-z0-9]+]]: memref<1x16x16xf32>, %[[WS:[a-z0-9]+]]: memref<?xi8>, %[[TURN:[a-z0-9]+]]: memref<1xi8>, %[[UNIT:[a-z0-9]+]]: index)
// CHECK-SAME:      ssm.ordered
// CHECK:           memref.view
// The states are in another thread's cache, a line of 16 floats after the other.
// CHECK:           %[[LINE:.+]] = arith.constant 16 : index
// CHECK-NEXT:      scf.for %[[I:.+]] = %{{.+}} to %{{.+}} step %[[LINE]] {
// CHECK-NEXT:        memref.prefetch %[[S]][%{{.+}}, %[[I]]], read, locality<3>, data
// CHECK-NEXT:      }
// CHECK-NEXT:      call @ssm_await(%[[TURN]], %[[UNIT]])
// CHECK:           memref.prefetch %[[S]]
// CHECK-NEXT:      }
// CHECK-NEXT:      ssm.panel_map product(%[[X]] {{.*}} carries(%[[S]]
// CHECK:           }
// CHECK-NEXT:      call @ssm_release(%[[TURN]], %[[UNIT]])
// CHECK-NEXT:      ssm.panel_map product(%
// CHECK-NOT:       ssm_
// CHECK:           return

// Rows can be those of one stream, which the first names.
// CHECK-LABEL:   func.func private @chunk.block0.rows(
// CHECK-SAME:      %[[S:[a-z0-9]+]]: memref<?x16xf32, {{.*}}>, %[[STREAMS:[a-z0-9]+]]: memref<24xindex>, {{.*}}, %[[TURN:[a-z0-9]+]]: memref<1xi8>, %[[UNIT:[a-z0-9]+]]: index)
// CHECK:           %[[STREAM:.+]] = memref.load %[[STREAMS]][%c0]
// CHECK:           memref.prefetch %[[S]][%[[STREAM]], %{{.+}}], read
// CHECK:           call @ssm_await(%[[TURN]], %[[UNIT]])
// CHECK:           ssm.panel_map
// CHECK:           call @ssm_release(%[[TURN]], %[[UNIT]])

// A step stands alone, and answers only read states that nobody changes.
// CHECK-LABEL:   func.func private @chunk.block0.step(
// CHECK-NOT:       ssm_
// CHECK-LABEL:   func.func private @chunk.answer.rows(
// CHECK-NOT:       ssm_

// From the first to the last use, views and loops included; a view alone is none.
// CHECK-LABEL:   func.func private @chunk.two.full(
// CHECK:           memref.subview
// CHECK-NEXT:      ssm.panel_map rows
// CHECK:           call @ssm_await
// CHECK:           memref.load
// CHECK:           ssm.panel_map rows
// CHECK:           ssm.pool_rows
// CHECK-NEXT:      call @ssm_release
// CHECK-NEXT:      return

// Without states there is nothing to pass on.
// CHECK-LABEL:   func.func private @chunk.input.full(
// CHECK-SAME:      %{{[a-z0-9]+}}: memref<24x16xf32>, %{{[a-z0-9]+}}: memref<?xi8>) attributes {ssm.kind
// CHECK-NOT:       ssm_

!state = memref<?x16xf32, strided<[?, 1], offset: ?>>
func.func private @chunk.block0.full(%x: memref<24x16xf32>, %s: !state, %w: memref<1x16x16xf32>, %ws: memref<?xi8>) attributes {ssm.kind = "block", ssm.variant = "full"} {
  %c0 = arith.constant 0 : index
  %z = memref.view %ws[%c0][] : memref<?xi8> to memref<24x16xf32>
  ssm.panel_map product(%x : memref<24x16xf32>, %w : memref<1x16x16xf32>) outs(%z : memref<24x16xf32>) carries(%s : !state) {
  ^bb0(%acc: vector<16xf32>, %old: vector<16xf32>, %carry: vector<16xf32>):
    %sum = arith.addf %acc, %carry : vector<16xf32>
    ssm.yield %sum, %sum : vector<16xf32>, vector<16xf32>
  }
  ssm.panel_map product(%z : memref<24x16xf32>, %w : memref<1x16x16xf32>) outs(%x : memref<24x16xf32>) {
  ^bb0(%acc: vector<16xf32>, %old: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

func.func private @chunk.block0.rows(%x: memref<24x16xf32>, %s: !state, %streams: memref<24xindex>, %count: index, %ws: memref<?xi8>) attributes {ssm.kind = "block", ssm.variant = "rows"} {
  ssm.panel_map rows(%x : memref<24x16xf32>) carries(%s : !state) streams(%streams : memref<24xindex>) count %count {
  ^bb0(%row: vector<16xf32>, %carry: vector<16xf32>):
    %sum = arith.addf %row, %carry : vector<16xf32>
    ssm.yield %sum : vector<16xf32>
  }
  return
}

func.func private @chunk.block0.step(%x: memref<1x16xf32>, %s: !state, %ws: memref<?xi8>) attributes {ssm.kind = "block", ssm.variant = "step"} {
  ssm.panel_map rows(%x : memref<1x16xf32>) carries(%s : !state) {
  ^bb0(%row: vector<16xf32>, %carry: vector<16xf32>):
    %sum = arith.addf %row, %carry : vector<16xf32>
    ssm.yield %sum : vector<16xf32>
  }
  return
}

func.func private @chunk.answer.rows(%sums: memref<?x16xf64, strided<[?, 1], offset: ?>>, %counts: memref<?x1xi64, strided<[?, 1], offset: ?>>, %out: memref<24x16xf32>, %streams: memref<24xindex>, %count: index, %ws: memref<?xi8>) attributes {ssm.kind = "answer", ssm.variant = "rows"} {
  ssm.pool_mean %sums : memref<?x16xf64, strided<[?, 1], offset: ?>>, %counts : memref<?x1xi64, strided<[?, 1], offset: ?>> outs(%out : memref<24x16xf32>) streams(%streams : memref<24xindex>) count %count
  return
}

func.func private @chunk.two.full(%x: memref<24x16xf32>, %s: !state, %sums: memref<?x16xf64, strided<[?, 1], offset: ?>>, %counts: memref<?x1xi64, strided<[?, 1], offset: ?>>, %ws: memref<?xi8>) attributes {ssm.kind = "block", ssm.variant = "full"} {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %v = memref.subview %s[0, 0] [1, 16] [1, 1] : !state to memref<1x16xf32, strided<[?, 1], offset: ?>>
  ssm.panel_map rows(%x : memref<24x16xf32>) outs(%x : memref<24x16xf32>) {
  ^bb0(%row: vector<16xf32>, %old: vector<16xf32>):
    ssm.yield %row : vector<16xf32>
  }
  scf.for %i = %c0 to %c16 step %c1 {
    %a = memref.load %v[%c0, %i] : memref<1x16xf32, strided<[?, 1], offset: ?>>
    memref.store %a, %x[%c0, %i] : memref<24x16xf32>
  }
  ssm.panel_map rows(%x : memref<24x16xf32>) outs(%x : memref<24x16xf32>) {
  ^bb0(%row: vector<16xf32>, %old: vector<16xf32>):
    ssm.yield %row : vector<16xf32>
  }
  ssm.pool_rows %x : memref<24x16xf32> outs(%sums : memref<?x16xf64, strided<[?, 1], offset: ?>>, %counts : memref<?x1xi64, strided<[?, 1], offset: ?>>)
  return
}

func.func private @chunk.input.full(%x: memref<24x16xf32>, %ws: memref<?xi8>) attributes {ssm.kind = "input", ssm.variant = "full"} {
  return
}

// -----

// No states at all: no declarations either.
// CHECK-LABEL: module
// CHECK-NOT:   ssm_
func.func private @chunk.head.full(%x: memref<24x16xf32>, %ws: memref<?xi8>) attributes {ssm.kind = "head", ssm.variant = "full"} {
  return
}
