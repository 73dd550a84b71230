// RUN: ssm-opt %s -convert-chunk-to-gpu=threads=32 -canonicalize -cse -split-input-file | FileCheck %s

// All rows of one stream: after the factors a thread has one v of one head, and a
// row of S, which it takes through the rows in registers.
// CHECK-LABEL: func.func @time(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<8x112xf32>, %[[Y:[a-z0-9]+]]: memref<8x32xf32>, %[[F:[a-z0-9]+]]: memref<8x16xf32>, %[[S:[a-z0-9]+]]: memref<1x96xf32>, %[[N:[a-z0-9]+]]: index
// CHECK:         gpu.barrier
// CHECK:         math.sqrt
// CHECK:         memref.store %{{.+}}, %[[F]]
// CHECK:         gpu.barrier
// CHECK:         %[[S0:.+]] = memref.load %[[S]][%c0,
// CHECK:         %[[S1:.+]] = memref.load %[[S]][%c0,
// CHECK:         %[[S2:.+]] = memref.load %[[S]][%c0,
// CHECK:         %[[LAST:.+]]:3 = scf.for %{{.+}} = %c0 to %[[N]] step %c1 iter_args(%{{.+}} = %[[S0]], %{{.+}} = %[[S1]], %{{.+}} = %[[S2]])
// CHECK-NOT:       %[[S]]
// CHECK:           memref.store %{{.+}}, %[[Y]]
// CHECK-NOT:       %[[S]]
// CHECK:           scf.yield
// CHECK:         memref.store %[[LAST]]#0, %[[S]]
// CHECK:         memref.store %[[LAST]]#1, %[[S]]
// CHECK:         memref.store %[[LAST]]#2, %[[S]]
func.func @time(%x: memref<8x112xf32>, %y: memref<8x32xf32>, %f: memref<8x16xf32>, %s: memref<1x96xf32>, %n: index) {
  ssm.delta_rows %x : memref<8x112xf32> outs(%y : memref<8x32xf32>, %f : memref<8x16xf32>, %s : memref<1x96xf32>)
    heads 2 size 3 epsilon 1.0e-6 count %n
  return
}

// -----

// A row of each stream: all rows at once.
// CHECK-LABEL: func.func @rows(
// CHECK:         gpu.barrier
// CHECK:         gpu.barrier
// CHECK:         scf.for %{{.+}} = %{{.+}} to %c256 step %c32
// CHECK:           scf.if
// CHECK:             %[[STREAM:.+]] = memref.load %{{.+}} : memref<8xindex>
// CHECK:             memref.load %{{.+}}[%[[STREAM]], %{{.+}}] : memref<?x96xf32>
func.func @rows(%x: memref<8x112xf32>, %y: memref<8x32xf32>, %f: memref<8x16xf32>, %s: memref<?x96xf32>, %st: memref<8xindex>, %n: index) {
  ssm.delta_rows %x : memref<8x112xf32> outs(%y : memref<8x32xf32>, %f : memref<8x16xf32>, %s : memref<?x96xf32>)
    heads 2 size 3 epsilon 1.0e-6 streams(%st : memref<8xindex>) count %n
  return
}

// -----

// Of more than 64 features S stays in memory.
// CHECK-LABEL: func.func @large(
// CHECK:         scf.for %[[R:.+]] = %c0 to %c8 step %c1 {
// CHECK:           memref.store %{{.+}}, %{{.+}} : memref<1x5200xf32>
func.func @large(%x: memref<8x256xf32>, %y: memref<8x80xf32>, %f: memref<8x16xf32>, %s: memref<1x5200xf32>) {
  ssm.delta_rows %x : memref<8x256xf32> outs(%y : memref<8x80xf32>, %f : memref<8x16xf32>, %s : memref<1x5200xf32>)
    heads 1 size 65 epsilon 1.0e-6
  return
}
