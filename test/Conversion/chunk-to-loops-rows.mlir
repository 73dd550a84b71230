// RUN: ssm-opt %s -convert-chunk-to-loops -cse -split-input-file | FileCheck %s

// Negative ids count from the end once, then are clamped: never out of bounds.
// CHECK-LABEL: func.func @lookup(
// CHECK-SAME:    %[[IDS:[a-z0-9]+]]: memref<24xi32>, %[[TABLE:[a-z0-9]+]]: memref<10x16xf32>, %[[OUT:[a-z0-9]+]]: memref<24x16xf32>, %[[COUNT:[a-z0-9]+]]: index
// CHECK:         scf.for %[[R:.+]] = %c0 to %[[COUNT]] step %c1 {
// CHECK:           %[[ID32:.+]] = memref.load %[[IDS]][%[[R]]]
// CHECK:           %[[ID:.+]] = arith.extsi %[[ID32]] : i32 to i64
// CHECK:           %[[NEGATIVE:.+]] = arith.cmpi slt, %[[ID]], %c0_i64
// CHECK:           %[[END:.+]] = arith.addi %[[ID]], %c10_i64
// CHECK:           %[[A:.+]] = arith.select %[[NEGATIVE]], %[[END]], %[[ID]]
// CHECK:           %[[B:.+]] = arith.maxsi %[[A]], %c0_i64
// CHECK:           %[[C:.+]] = arith.minsi %[[B]], %c9_i64
// CHECK:           %[[ROW:.+]] = arith.index_cast %[[C]]
// CHECK:           affine.for %[[H:.+]] = 0 to 16 {
// CHECK-NEXT:        %[[V:.+]] = memref.load %[[TABLE]][%[[ROW]], %[[H]]]
// CHECK-NEXT:        memref.store %[[V]], %[[OUT]][%[[R]], %[[H]]]
func.func @lookup(%ids: memref<24xi32>, %table: memref<10x16xf32>, %out: memref<24x16xf32>, %count: index) {
  ssm.lookup %ids : memref<24xi32> from %table : memref<10x16xf32> outs(%out : memref<24x16xf32>) count %count
  return
}

// -----

// Sums are f64, one row at a time, in order: the same whatever the vectors. 10
// features are 8 at once, and 2.
// CHECK-LABEL: func.func @pool_rows(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<24x16xf32>, %[[SUMS:[a-z0-9]+]]: memref<?x10xf64>, %[[COUNTS:[a-z0-9]+]]: memref<?x1xi64>, %[[STREAMS:[a-z0-9]+]]: memref<24xindex>
// CHECK:         scf.for %[[R:.+]] = %c0 to %c24 step %c1 {
// CHECK:           %[[S:.+]] = memref.load %[[STREAMS]][%[[R]]]
// CHECK:           %[[V:.+]] = vector.load %[[X]][%[[R]], %c0] : memref<24x16xf32>, vector<8xf32>
// CHECK:           %[[OLD:.+]] = vector.load %[[SUMS]][%[[S]], %c0] : memref<?x10xf64>, vector<8xf64>
// CHECK:           %[[WIDE:.+]] = arith.extf %[[V]] : vector<8xf32> to vector<8xf64>
// CHECK:           arith.addf %[[OLD]], %[[WIDE]]
// CHECK:           affine.for %[[H:.+]] = 8 to 10 {
// CHECK-NEXT:        memref.load %[[X]][%[[R]], %[[H]]]
// CHECK:           %[[SEEN:.+]] = memref.load %[[COUNTS]][%[[S]], %c0]
// CHECK:           %[[MORE:.+]] = arith.addi %[[SEEN]], %c1_i64
// CHECK:           memref.store %[[MORE]], %[[COUNTS]][%[[S]], %c0]
func.func @pool_rows(%x: memref<24x16xf32>, %sums: memref<?x10xf64>, %counts: memref<?x1xi64>, %streams: memref<24xindex>) {
  ssm.pool_rows %x : memref<24x16xf32> outs(%sums : memref<?x10xf64>, %counts : memref<?x1xi64>) streams(%streams : memref<24xindex>)
  return
}

// -----

// CHECK-LABEL: func.func @pool_mean(
// CHECK-SAME:    %[[SUMS:[a-z0-9]+]]: memref<?x10xf64>, %[[COUNTS:[a-z0-9]+]]: memref<?x1xi64>, %[[OUT:[a-z0-9]+]]: memref<1x16xf32>
// CHECK:         %[[N:.+]] = memref.load %[[COUNTS]][%c0, %c0]
// CHECK:         %[[D:.+]] = arith.sitofp %[[N]] : i64 to f64
// CHECK:         %[[SCALE:.+]] = arith.divf %{{.+}}, %[[D]]
// CHECK:         %[[SCALES:.+]] = vector.broadcast %[[SCALE]] : f64 to vector<8xf64>
// CHECK:         %[[SUM8:.+]] = vector.load %[[SUMS]][%c0, %c0] : memref<?x10xf64>, vector<8xf64>
// CHECK-NEXT:    %[[MEAN8:.+]] = arith.mulf %[[SUM8]], %[[SCALES]]
// CHECK-NEXT:    %[[V8:.+]] = arith.truncf %[[MEAN8]] : vector<8xf64> to vector<8xf32>
// CHECK-NEXT:    vector.store %[[V8]], %[[OUT]][%{{.+}}, %c0]
// CHECK:         affine.for %[[H:.+]] = 8 to 10 {
// CHECK-NEXT:      %[[SUM:.+]] = memref.load %[[SUMS]][%c0, %[[H]]]
// CHECK-NEXT:      %[[MEAN:.+]] = arith.mulf %[[SUM]], %[[SCALE]]
// CHECK-NEXT:      %[[V:.+]] = arith.truncf %[[MEAN]] : f64 to f32
// CHECK-NEXT:      memref.store %[[V]], %[[OUT]]
func.func @pool_mean(%sums: memref<?x10xf64>, %counts: memref<?x1xi64>, %out: memref<1x16xf32>) {
  ssm.pool_mean %sums : memref<?x10xf64>, %counts : memref<?x1xi64> outs(%out : memref<1x16xf32>)
  return
}

// -----

// One row: over the features of the output, not of the padded input: 8 classes,
// then 2 lanes of 8. The maximum hands NaN on.
// CHECK-LABEL: func.func @row_log_softmax(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<1x16xf32>, %[[OUT:[a-z0-9]+]]: memref<1x10xf32>
// CHECK:         %[[LEAST:.+]] = arith.constant dense<0xFFF0000000000000> : vector<8xf64>
// CHECK:         arith.maximumf %[[LEAST]],
// CHECK:         %[[INSIDE:.+]] = arith.constant dense<[true, true, false, false, false, false, false, false]>
// CHECK:         %[[LAST:.+]] = vector.load %[[X]][%{{.+}}, %c8]
// CHECK:         %[[WIDE:.+]] = arith.extf %[[LAST]]
// CHECK:         %[[REST:.+]] = arith.select %[[INSIDE]], %[[WIDE]], %[[LEAST]]
// CHECK:         %[[M8:.+]] = arith.maximumf %{{.+}}, %[[REST]]
// Eight lanes become one.
// CHECK-NEXT:    %[[S4:.+]] = vector.shuffle %[[M8]], %[[M8]] [4, 5, 6, 7, 0, 1, 2, 3]
// CHECK-NEXT:    %[[M4:.+]] = arith.maximumf %[[M8]], %[[S4]]
// CHECK-COUNT-2: arith.maximumf
// CHECK:         %[[MAX:.+]] = vector.broadcast %{{.+}} : f64 to vector<8xf64>
// CHECK:         %[[D:.+]] = arith.subf %{{.+}}, %[[MAX]]
// CHECK-NEXT:    math.exp %[[D]] : vector<8xf64>
// CHECK:         arith.select %[[INSIDE]],
// CHECK:         %[[LOG:.+]] = math.log %{{.+}} : f64
// CHECK:         %[[LOGS:.+]] = vector.broadcast %[[LOG]]
// CHECK:         arith.subf %{{.+}}, %[[LOGS]]
// CHECK:         vector.maskedstore %[[OUT]]
func.func @row_log_softmax(%x: memref<1x16xf32>, %out: memref<1x10xf32>) {
  ssm.row_log_softmax %x : memref<1x16xf32> outs(%out : memref<1x10xf32>)
  return
}

// -----

// Eight rows at a time: a lane is a row, and one logarithm does for all. 11
// rows leave 3. There are 10 exponentials for 10 classes, the last two of them
// added to the first two, then value i to i + 4, + 2, + 1, as lanes of one row.
// CHECK-LABEL: func.func @rows_log_softmax(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<11x16xf32>, %[[OUT:[a-z0-9]+]]: memref<11x10xf32>, %[[COUNT:[a-z0-9]+]]: index
// CHECK:         %[[REST:.+]] = arith.remui %[[COUNT]], %c8
// CHECK:         %[[WHOLE:.+]] = arith.subi %[[COUNT]], %[[REST]]
// CHECK:         scf.for %[[R:.+]] = %c0 to %[[WHOLE]] step %c8 {
// CHECK:           %[[A:.+]] = vector.load %[[X]][%[[R]], %c0] : memref<11x16xf32>, vector<8xf32>
// CHECK:           %[[R1:.+]] = arith.addi %[[R]], %c1
// CHECK:           %[[B:.+]] = vector.load %[[X]][%[[R1]], %c0] : memref<11x16xf32>, vector<8xf32>
// CHECK:           vector.shuffle %[[A]], %[[B]] [0, 8, 1, 9, 4, 12, 5, 13]
// CHECK-COUNT-9:   arith.maximumf %{{.+}} : vector<8xf64>
// CHECK-NOT:       arith.maximumf
// CHECK:           %[[E0:.+]] = math.exp
// CHECK:           %[[E1:.+]] = math.exp
// CHECK:           %[[E2:.+]] = math.exp
// CHECK:           %[[E3:.+]] = math.exp
// CHECK:           %[[E4:.+]] = math.exp
// CHECK:           %[[E5:.+]] = math.exp
// CHECK:           %[[E6:.+]] = math.exp
// CHECK:           %[[E7:.+]] = math.exp
// CHECK:           %[[E8:.+]] = math.exp
// CHECK:           %[[F0:.+]] = arith.addf %[[E0]], %[[E8]]
// CHECK:           %[[E9:.+]] = math.exp
// CHECK:           %[[F1:.+]] = arith.addf %[[E1]], %[[E9]]
// CHECK-NEXT:      %[[G0:.+]] = arith.addf %[[F0]], %[[E4]]
// CHECK-NEXT:      %[[G1:.+]] = arith.addf %[[F1]], %[[E5]]
// CHECK-NEXT:      %[[G2:.+]] = arith.addf %[[E2]], %[[E6]]
// CHECK-NEXT:      %[[G3:.+]] = arith.addf %[[E3]], %[[E7]]
// CHECK-NEXT:      %[[H0:.+]] = arith.addf %[[G0]], %[[G2]]
// CHECK-NEXT:      %[[H1:.+]] = arith.addf %[[G1]], %[[G3]]
// CHECK-NEXT:      %[[SUM:.+]] = arith.addf %[[H0]], %[[H1]]
// CHECK-NEXT:      %[[LOG:.+]] = math.log %[[SUM]] : vector<8xf64>
// CHECK:           vector.shuffle %[[LOG]], %[[LOG]] [0, 0, 0, 0, 0, 0, 0, 0]
// CHECK:           vector.shuffle %[[LOG]], %[[LOG]] [7, 7, 7, 7, 7, 7, 7, 7]
// CHECK:         scf.for %{{.+}} = %[[WHOLE]] to %[[COUNT]] step %c1 {
// CHECK:           math.log %{{.+}} : f64
func.func @rows_log_softmax(%x: memref<11x16xf32>, %out: memref<11x10xf32>, %count: index) {
  ssm.row_log_softmax %x : memref<11x16xf32> outs(%out : memref<11x10xf32>) count %count
  return
}
