// RUN: ssm-opt %s -ssm-plan-workspace -allow-unregistered-dialect -split-input-file | FileCheck %s

// %a is dead when %c is written: they share a place. %b is alive with both.
// Places are multiples of 64 bytes: 40 floats of %b take 192.
// CHECK-LABEL: func.func private @chunk.block0(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<24x16xf32>, %[[WS:[a-z0-9]+]]: memref<?xi8>)
// CHECK-SAME:    ssm.workspace_bytes = 1728
// CHECK-NOT:     memref.alloc
// CHECK-DAG:     %[[A:.+]] = memref.view %[[WS]][%[[A0:.+]]][] : memref<?xi8> to memref<24x16xf32>
// CHECK-DAG:     %[[A0]] = arith.constant 0 : index
// CHECK-DAG:     %[[B:.+]] = memref.view %[[WS]][%[[B0:.+]]][] : memref<?xi8> to memref<40xf32>
// CHECK-DAG:     %[[B0]] = arith.constant 1536 : index
// CHECK:         %[[C0:.+]] = arith.constant 0 : index
// CHECK:         %[[C:.+]] = memref.view %[[WS]][%[[C0]]][] : memref<?xi8> to memref<24x16xf32>
// CHECK:         "test.use"(%[[B]], %[[C]])
func.func private @chunk.block0(%x: memref<24x16xf32>) attributes {ssm.kind = "block"} {
  %a = memref.alloc() : memref<24x16xf32>
  "test.use"(%x, %a) : (memref<24x16xf32>, memref<24x16xf32>) -> ()
  %b = memref.alloc() : memref<40xf32>
  "test.use"(%a, %b) : (memref<24x16xf32>, memref<40xf32>) -> ()
  %c = memref.alloc() : memref<24x16xf32>
  "test.use"(%b, %c) : (memref<40xf32>, memref<24x16xf32>) -> ()
  return
}

// -----

// A use through a view, or by an operation that reads one and writes the other,
// keeps a buffer alive.
// CHECK-LABEL: func.func private @chunk.alive(
// CHECK-SAME:    ssm.workspace_bytes = 4608
// CHECK:         %[[A0:.+]] = arith.constant 0 : index
// CHECK:         memref.view %{{.+}}[%[[A0]]][]
// CHECK:         %[[B0:.+]] = arith.constant 1536 : index
// CHECK:         memref.view %{{.+}}[%[[B0]]][]
// CHECK:         %[[C0:.+]] = arith.constant 3072 : index
// CHECK:         memref.view %{{.+}}[%[[C0]]][]
func.func private @chunk.alive() attributes {ssm.kind = "block"} {
  %a = memref.alloc() : memref<24x16xf32>
  %view = memref.subview %a[0, 0] [1, 16] [1, 1] : memref<24x16xf32> to memref<1x16xf32, strided<[16, 1]>>
  %b = memref.alloc() : memref<24x16xf32>
  "test.use"(%b) : (memref<24x16xf32>) -> ()
  %c = memref.alloc() : memref<24x16xf32>
  "test.use"(%b, %c) : (memref<24x16xf32>, memref<24x16xf32>) -> ()
  "test.use"(%view) : (memref<1x16xf32, strided<[16, 1]>>) -> ()
  return
}

// -----

// Chunk functions without buffers take a workspace like the others; what is not
// a chunk function keeps its own.
// CHECK-LABEL: func.func private @chunk.none(
// CHECK-SAME:    %{{[a-z0-9]+}}: memref<?xi8>) attributes {ssm.kind = "pool", ssm.workspace_bytes = 0 : i64}
// CHECK-LABEL: func.func @prepare(
// CHECK-SAME:    ) {
// CHECK:         memref.alloc
func.func private @chunk.none() attributes {ssm.kind = "pool"} {
  return
}
func.func @prepare() {
  %a = memref.alloc() : memref<24x16xf32>
  return
}
