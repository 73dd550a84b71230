// RUN: ssm-opt %s -convert-chunk-to-gpu=threads=64 -canonicalize -cse -split-input-file | FileCheck %s

// A thread has a feature of a row. Negative ids count from the end once, then are
// clamped: never out of bounds. Rows beyond the count read no id.
// CHECK-LABEL: func.func @lookup(
// CHECK-SAME:    %[[IDS:[a-z0-9]+]]: memref<8xi32>, %[[TABLE:[a-z0-9]+]]: memref<10x16xf32>, %[[OUT:[a-z0-9]+]]: memref<8x16xf32>, %[[COUNT:[a-z0-9]+]]: index
// CHECK:         gpu.barrier
// CHECK-NEXT:    %[[THREAD:.+]] = gpu.thread_id x
// CHECK-NEXT:    scf.for %[[ITEM:.+]] = %[[THREAD]] to %c128 step %c64 {
// CHECK-NEXT:      %[[ROW:.+]] = arith.divui %[[ITEM]], %c16
// CHECK-NEXT:      %[[INSIDE:.+]] = arith.cmpi ult, %[[ROW]], %[[COUNT]]
// CHECK-NEXT:      scf.if %[[INSIDE]] {
// CHECK-NEXT:        %[[H:.+]] = arith.remui %[[ITEM]], %c16
// CHECK-NEXT:        %[[ID32:.+]] = memref.load %[[IDS]][%[[ROW]]]
// CHECK-NEXT:        %[[ID:.+]] = arith.extsi %[[ID32]] : i32 to i64
// CHECK-NEXT:        %[[NEGATIVE:.+]] = arith.cmpi slt, %[[ID]], %c0_i64
// CHECK-NEXT:        %[[END:.+]] = arith.addi %[[ID]], %c10_i64
// CHECK-NEXT:        %[[A:.+]] = arith.select %[[NEGATIVE]], %[[END]], %[[ID]]
// CHECK-NEXT:        %[[B:.+]] = arith.maxsi %[[A]], %c0_i64
// CHECK-NEXT:        %[[C:.+]] = arith.minsi %[[B]], %c9_i64
// CHECK-NEXT:        %[[ENTRY:.+]] = arith.index_cast %[[C]]
// CHECK-NEXT:        %[[V:.+]] = memref.load %[[TABLE]][%[[ENTRY]], %[[H]]]
// CHECK-NEXT:        memref.store %[[V]], %[[OUT]][%[[ROW]], %[[H]]]
func.func @lookup(%ids: memref<8xi32>, %table: memref<10x16xf32>, %out: memref<8x16xf32>, %count: index) {
  ssm.lookup %ids : memref<8xi32> from %table : memref<10x16xf32> outs(%out : memref<8x16xf32>) count %count
  return
}

// -----

// One stream: a thread has a feature, and adds up its rows in f64, in order. One
// thread counts them.
// CHECK-LABEL: func.func @pool_time(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<8x16xf32>, %[[SUMS:[a-z0-9]+]]: memref<?x10xf64>, %[[COUNTS:[a-z0-9]+]]: memref<?x1xi64>, %[[COUNT:[a-z0-9]+]]: index
// CHECK:         gpu.barrier
// CHECK-NEXT:    %[[H:.+]] = gpu.thread_id x
// CHECK-NEXT:    %[[IS_FEATURE:.+]] = arith.cmpi ult, %[[H]], %c10
// CHECK-NEXT:    scf.if %[[IS_FEATURE]] {
// CHECK-NEXT:      %[[OLD:.+]] = memref.load %[[SUMS]][%c0, %[[H]]]
// CHECK-NEXT:      %[[NEW:.+]] = scf.for %[[ROW:.+]] = %c0 to %[[COUNT]] step %c1 iter_args(%[[SUM:.+]] = %[[OLD]]) -> (f64) {
// CHECK-NEXT:        %[[V:.+]] = memref.load %[[X]][%[[ROW]], %[[H]]]
// CHECK-NEXT:        %[[WIDE:.+]] = arith.extf %[[V]] : f32 to f64
// CHECK-NEXT:        arith.addf %[[SUM]], %[[WIDE]] : f64
// CHECK:           memref.store %[[NEW]], %[[SUMS]][%c0, %[[H]]]
// CHECK:         %[[IS_FIRST:.+]] = arith.cmpi ult, %[[H]], %c1
// CHECK-NEXT:    scf.if %[[IS_FIRST]] {
// CHECK-NEXT:      %[[SEEN:.+]] = memref.load %[[COUNTS]][%c0, %c0]
// CHECK-NEXT:      %[[MORE:.+]] = arith.index_cast %[[COUNT]]
// CHECK-NEXT:      %[[ALL:.+]] = arith.addi %[[SEEN]], %[[MORE]]
// CHECK-NEXT:      memref.store %[[ALL]], %[[COUNTS]][%c0, %c0]
func.func @pool_time(%x: memref<8x16xf32>, %sums: memref<?x10xf64>, %counts: memref<?x1xi64>, %count: index) {
  ssm.pool_rows %x : memref<8x16xf32> outs(%sums : memref<?x10xf64>, %counts : memref<?x1xi64>) count %count
  return
}

// -----

// A row of each stream: a thread has a feature of a row.
// CHECK-LABEL: func.func @pool_streams(
// CHECK-SAME:    %{{[a-z0-9]+}}: memref<8x16xf32>, %[[SUMS:[a-z0-9]+]]: memref<?x10xf64>, %[[COUNTS:[a-z0-9]+]]: memref<?x1xi64>, %[[STREAMS:[a-z0-9]+]]: memref<8xindex>
// CHECK:         scf.for %[[ITEM:.+]] = %[[THREAD:.+]] to %c80 step %c64 {
// CHECK-NEXT:      %[[ROW:.+]] = arith.divui %[[ITEM]], %c10
// CHECK-NEXT:      %[[H:.+]] = arith.remui %[[ITEM]], %c10
// CHECK-NEXT:      %[[STREAM:.+]] = memref.load %[[STREAMS]][%[[ROW]]]
// CHECK-NEXT:      memref.load %[[SUMS]][%[[STREAM]], %[[H]]]
// CHECK:           memref.store %{{.+}}, %[[SUMS]][%[[STREAM]], %[[H]]]
// CHECK:         arith.cmpi ult, %[[THREAD]], %c8
// CHECK:           %[[S:.+]] = memref.load %[[STREAMS]][%[[THREAD]]]
// CHECK-NEXT:      %[[SEEN:.+]] = memref.load %[[COUNTS]][%[[S]], %c0]
// CHECK-NEXT:      %[[MORE:.+]] = arith.addi %[[SEEN]], %c1_i64
// CHECK-NEXT:      memref.store %[[MORE]], %[[COUNTS]][%[[S]], %c0]
func.func @pool_streams(%x: memref<8x16xf32>, %sums: memref<?x10xf64>, %counts: memref<?x1xi64>, %streams: memref<8xindex>) {
  ssm.pool_rows %x : memref<8x16xf32> outs(%sums : memref<?x10xf64>, %counts : memref<?x1xi64>) streams(%streams : memref<8xindex>)
  return
}

// -----

// Sums times the reciprocal of the count, as on CPUs.
// CHECK-LABEL: func.func @pool_mean(
// CHECK-SAME:    %[[SUMS:[a-z0-9]+]]: memref<?x10xf64>, %[[COUNTS:[a-z0-9]+]]: memref<?x1xi64>, %[[OUT:[a-z0-9]+]]: memref<8x16xf32>, %[[STREAMS:[a-z0-9]+]]: memref<8xindex>
// CHECK:         gpu.barrier
// CHECK:           %[[STREAM:.+]] = memref.load %[[STREAMS]][%[[ROW:[a-z0-9_]+]]]
// CHECK-NEXT:      %[[N:.+]] = memref.load %[[COUNTS]][%[[STREAM]], %c0]
// CHECK-NEXT:      %[[D:.+]] = arith.sitofp %[[N]] : i64 to f64
// CHECK-NEXT:      %[[SCALE:.+]] = arith.divf %cst, %[[D]]
// CHECK-NEXT:      %[[SUM:.+]] = memref.load %[[SUMS]][%[[STREAM]], %[[H:[a-z0-9_]+]]]
// CHECK-NEXT:      %[[MEAN:.+]] = arith.mulf %[[SUM]], %[[SCALE]]
// CHECK-NEXT:      %[[V:.+]] = arith.truncf %[[MEAN]] : f64 to f32
// CHECK-NEXT:      memref.store %[[V]], %[[OUT]][%[[ROW]], %[[H]]]
func.func @pool_mean(%sums: memref<?x10xf64>, %counts: memref<?x1xi64>, %out: memref<8x16xf32>, %streams: memref<8xindex>) {
  ssm.pool_mean %sums : memref<?x10xf64>, %counts : memref<?x1xi64> outs(%out : memref<8x16xf32>) streams(%streams : memref<8xindex>)
  return
}

// -----

// A row is a thread's: over the 10 classes of the output, not of the padded input,
// in f64. The maximum hands NaN on.
// CHECK-LABEL: func.func @row_log_softmax(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<11x16xf32>, %[[OUT:[a-z0-9]+]]: memref<11x10xf32>, %[[COUNT:[a-z0-9]+]]: index
// CHECK-DAG:     %[[LEAST:.+]] = arith.constant 0xFFF0000000000000 : f64
// CHECK-DAG:     %[[ZERO:.+]] = arith.constant 0.000000e+00 : f64
// CHECK:         gpu.barrier
// CHECK-NEXT:    %[[ROW:.+]] = gpu.thread_id x
// CHECK-NEXT:    arith.cmpi ult, %[[ROW]], %c11
// CHECK:         %[[INSIDE:.+]] = arith.cmpi ult, %[[ROW]], %[[COUNT]]
// CHECK-NEXT:    scf.if %[[INSIDE]] {
// CHECK-NEXT:      %[[MAX:.+]] = affine.for %[[C:.+]] = 0 to 10 iter_args(%[[M:.+]] = %[[LEAST]]) -> (f64) {
// CHECK-NEXT:        memref.load %[[X]][%[[ROW]], %[[C]]]
// CHECK:             arith.maximumf %[[M]],
// CHECK:           %[[SUM:.+]] = affine.for %{{.+}} = 0 to 10 iter_args(%[[S:.+]] = %[[ZERO]]) -> (f64) {
// CHECK:             %[[D:.+]] = arith.subf %{{.+}}, %[[MAX]]
// CHECK-NEXT:        %[[E:.+]] = math.exp %[[D]] : f64
// CHECK-NEXT:        arith.addf %[[S]], %[[E]]
// CHECK:           %[[LOG:.+]] = math.log %[[SUM]] : f64
// CHECK-NEXT:      affine.for %[[K:.+]] = 0 to 10 {
// CHECK:             %[[A:.+]] = arith.subf %{{.+}}, %[[MAX]]
// CHECK-NEXT:        %[[B:.+]] = arith.subf %[[A]], %[[LOG]]
// CHECK-NEXT:        %[[V:.+]] = arith.truncf %[[B]] : f64 to f32
// CHECK-NEXT:        memref.store %[[V]], %[[OUT]][%[[ROW]], %[[K]]]
func.func @row_log_softmax(%x: memref<11x16xf32>, %out: memref<11x10xf32>, %count: index) {
  ssm.row_log_softmax %x : memref<11x16xf32> outs(%out : memref<11x10xf32>) count %count
  return
}
