// RUN: ssm-opt %s -ssm-link-chunks -convert-chunk-to-gpu=threads=64 -canonicalize -cse -split-input-file | FileCheck %s

// A pool whose chunks run side by side. A chunk publishes its own sum, from zero, of
// rows loaded 8 at a time; its first one what the record holds, too.
// CHECK-LABEL: func.func @chunk.pool.linked(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<16x64xf32>, %[[SUMS:[a-z0-9]+]]: memref<?x64xf64, strided<[?, 1], offset: ?>>, %[[COUNTS:[a-z0-9]+]]: memref<?x1xi64, strided<[?, 1], offset: ?>>, %[[COUNT:[a-z0-9]+]]: index,
// CHECK-SAME:    %[[OWN:[a-z0-9]+]]: memref<?x64xf64, strided<[?, 1], offset: ?>>, %{{[a-z0-9]+}}: memref<?x1xi64, strided<[?, 1], offset: ?>>,
// CHECK-SAME:    %[[ENTERING:[a-z0-9]+]]: memref<?x64xf64, strided<[?, 1], offset: ?>>, %{{[a-z0-9]+}}: memref<?x1xi64, strided<[?, 1], offset: ?>>,
// CHECK-SAME:    %[[FLAGS:[a-z0-9]+]]: !llvm.ptr, %[[CHUNK:[a-z0-9]+]]: index, %[[LAST:[a-z0-9]+]]: i1)
// CHECK:         %[[H:.+]] = gpu.thread_id x
// CHECK:         %[[SUM:.+]] = scf.for %{{.+}} = %c0 to %[[COUNT]] step %c8 iter_args(%{{.+}} = %[[ZERO:.+]]) -> (f64) {
// CHECK-COUNT-8:   memref.load %[[X]][
// CHECK-COUNT-8:   arith.addf
// CHECK:           scf.yield
// CHECK:         memref.store %[[SUM]], %[[OWN]][%[[CHUNK]], %[[H]]]
// CHECK:         %[[RECORD:.+]] = memref.load %[[SUMS]][%c0, %[[H]]]
// CHECK-NEXT:    memref.store %[[RECORD]], %[[ENTERING]][%c0, %[[H]]]
// CHECK:         llvm.store {{.+}} release
// CHECK:         llvm.load {{.+}} acquire
// The last chunk of a group passes on what enters it and the sums of its chunks, in
// their order.
// CHECK:         memref.load %[[ENTERING]][%{{.+}}, %[[H]]]
// CHECK:         scf.for %{{.+}} to %[[CHUNK]] step %c4
// CHECK:           memref.load %[[OWN]][
// CHECK:         memref.load %[[OWN]][%[[CHUNK]], %[[H]]]
// CHECK:         memref.store %{{.+}}, %[[ENTERING]][
// The stream's last one leaves them in the record, and the number of all rows.
// CHECK:         scf.if %[[LAST]] {
// CHECK:           memref.store %{{.+}}, %[[SUMS]][%c0, %[[H]]]
// CHECK:           %[[BEFORE:.+]] = arith.muli %[[CHUNK]], %c16
// CHECK-NEXT:      %[[ALL:.+]] = arith.addi %[[BEFORE]], %[[COUNT]]
// CHECK:           memref.load %[[COUNTS]][%c0, %c0]
// CHECK:           memref.store %{{.+}}, %[[COUNTS]][%c0, %c0]
// One stream after the other has the sums to itself.
// CHECK-LABEL: func.func @chunk.pool.time(
// CHECK-NOT:     atomic
// CHECK:         return
func.func @chunk.pool.time(%x: memref<16x64xf32>, %sums: memref<?x64xf64, strided<[?, 1], offset: ?>>, %counts: memref<?x1xi64, strided<[?, 1], offset: ?>>, %count: index)
    attributes {ssm.kind = "pool", ssm.variant = "time"} {
  ssm.pool_rows %x : memref<16x64xf32> outs(%sums : memref<?x64xf64, strided<[?, 1], offset: ?>>, %counts : memref<?x1xi64, strided<[?, 1], offset: ?>>) count %count
  return
}

// -----

// Of a stream's last row nothing is added up.
// CHECK-LABEL: func.func @chunk.pool.linked(
// CHECK-NOT:     arith.addf
// CHECK:         return
func.func @chunk.pool.time(%x: memref<16x64xf32>, %sums: memref<?x64xf64, strided<[?, 1], offset: ?>>, %counts: memref<?x1xi64, strided<[?, 1], offset: ?>>, %count: index)
    attributes {ssm.kind = "pool", ssm.variant = "time"} {
  ssm.pool_rows %x : memref<16x64xf32> outs(%sums : memref<?x64xf64, strided<[?, 1], offset: ?>>, %counts : memref<?x1xi64, strided<[?, 1], offset: ?>>) count %count {last}
  return
}
