// RUN: ssm-opt %s -ssm-link-chunks -split-input-file -verify-diagnostics | FileCheck %s

// A unit with a scan gets a copy: the same operations, and behind its arguments what
// chunks publish of each carry, what enters groups of them, flags, the chunk, and
// whether it is the last one. Its tiles are its own.
// CHECK-LABEL: func.func @chunk.block0.linked(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<8x16xf32>, %[[Z:[a-z0-9]+]]: memref<?x16xf32, strided<[?, 1], offset: ?>>, %[[Y:[a-z0-9]+]]: memref<?x16xf64, strided<[?, 1], offset: ?>>, %[[COUNT:[a-z0-9]+]]: index,
// CHECK-SAME:    %{{[a-z0-9]+}}: memref<?x16xf32, strided<[?, 1], offset: ?>>, %{{[a-z0-9]+}}: memref<?x16xf64, strided<[?, 1], offset: ?>>,
// CHECK-SAME:    %{{[a-z0-9]+}}: memref<?x16xf32, strided<[?, 1], offset: ?>>, %{{[a-z0-9]+}}: memref<?x16xf64, strided<[?, 1], offset: ?>>,
// CHECK-SAME:    %{{[a-z0-9]+}}: !llvm.ptr, %{{[a-z0-9]+}}: index, %{{[a-z0-9]+}}: i1)
// CHECK-SAME:    attributes {ssm.kind = "block", ssm.linked_carries = 2 : i64, ssm.thread_tiles = array<i64: 4, 2, 1, 1>, ssm.variant = "linked"}
// CHECK-NEXT:    ssm.panel_map outs(%[[X]] : {{.+}}) carries(%[[Z]], %[[Y]] : {{.+}}) count %[[COUNT]]
// The scan on its own, for streams that have a thread block each.
// CHECK-LABEL: func.func @chunk.block0.time(
// CHECK-SAME:    index) attributes {ssm.kind = "block", ssm.linked_tiles = array<i64: 4, 2, 1, 1>, ssm.thread_tiles = array<i64: 2, 1, 1, 1>, ssm.variant = "time"}
// One row of each of many streams: nothing to pass on.
// CHECK-LABEL: func.func @chunk.block0.rows(
// Without carries there is none, either.
// CHECK-LABEL: func.func @chunk.input.time(
// CHECK-NOT:   .linked
func.func @chunk.block0.time(%x: memref<8x16xf32>, %z: memref<?x16xf32, strided<[?, 1], offset: ?>>, %y: memref<?x16xf64, strided<[?, 1], offset: ?>>, %count: index)
    attributes {ssm.kind = "block", ssm.linked_tiles = array<i64: 4, 2, 1, 1>, ssm.thread_tiles = array<i64: 2, 1, 1, 1>, ssm.variant = "time"} {
  ssm.panel_map outs(%x : memref<8x16xf32>) carries(%z, %y : memref<?x16xf32, strided<[?, 1], offset: ?>>, memref<?x16xf64, strided<[?, 1], offset: ?>>) count %count {
  ^bb0(%o: vector<16xf32>, %a: vector<16xf32>, %b: vector<16xf64>):
    %n = arith.addf %o, %a : vector<16xf32>
    ssm.yield %n, %n, %b : vector<16xf32>, vector<16xf32>, vector<16xf64>
  }
  return
}
func.func @chunk.block0.rows(%x: memref<8x16xf32>, %z: memref<?x16xf32, strided<[?, 1], offset: ?>>, %streams: memref<8xindex>, %count: index)
    attributes {ssm.kind = "block", ssm.variant = "rows"} {
  ssm.panel_map outs(%x : memref<8x16xf32>) carries(%z : memref<?x16xf32, strided<[?, 1], offset: ?>>) streams(%streams : memref<8xindex>) count %count {
  ^bb0(%o: vector<16xf32>, %a: vector<16xf32>):
    %n = arith.addf %o, %a : vector<16xf32>
    ssm.yield %n, %n : vector<16xf32>, vector<16xf32>
  }
  return
}
func.func @chunk.input.time(%x: memref<8x16xf32>, %count: index) attributes {ssm.kind = "input", ssm.variant = "time"} {
  ssm.panel_map outs(%x : memref<8x16xf32>) count %count {
  ^bb0(%o: vector<16xf32>):
    %n = arith.addf %o, %o : vector<16xf32>
    ssm.yield %n : vector<16xf32>
  }
  return
}

// -----

func.func @chunk.block0.time(%x: memref<8x16xf32>, %z: memref<?x16xf32, strided<[?, 1], offset: ?>>) attributes {ssm.variant = "time"} {
  ssm.panel_map outs(%x : memref<8x16xf32>) carries(%z : memref<?x16xf32, strided<[?, 1], offset: ?>>) {
  ^bb0(%o: vector<16xf32>, %a: vector<16xf32>):
    %n = arith.addf %o, %a : vector<16xf32>
    ssm.yield %n, %n : vector<16xf32>, vector<16xf32>
  }
  // expected-error @below {{is a second scan of its unit; a thread block passes on the carries of one}}
  ssm.panel_map outs(%x : memref<8x16xf32>) carries(%z : memref<?x16xf32, strided<[?, 1], offset: ?>>) {
  ^bb0(%o: vector<16xf32>, %a: vector<16xf32>):
    %n = arith.addf %o, %a : vector<16xf32>
    ssm.yield %n, %n : vector<16xf32>, vector<16xf32>
  }
  return
}
