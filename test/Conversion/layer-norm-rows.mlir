// RUN: ssm-opt %s -convert-chunk-to-loops -cse -split-input-file | FileCheck %s --check-prefix=LOOPS
// RUN: ssm-opt %s -convert-chunk-to-gpu=threads=64 -cse -split-input-file | FileCheck %s --check-prefix=GPU

// Eight lanes of f64: 10 features are 8 and 2. Squares are of what differs from the
// mean, so that nothing cancels.
// LOOPS-LABEL: func.func @row_norm(
// LOOPS-SAME:    %[[X:[a-z0-9]+]]: memref<8x16xf32>, %[[OUT:[a-z0-9]+]]: memref<8x16xf32>, %[[COUNT:[a-z0-9]+]]: index
// LOOPS:         scf.for %[[R:.+]] = %c0 to %[[COUNT]] step %c1 {
// LOOPS:           arith.extf %{{.+}} : vector<8xf32> to vector<8xf64>
// LOOPS:           arith.select %{{.+}} : vector<8xi1>, vector<8xf64>
// LOOPS-COUNT-3:   vector.shuffle
// LOOPS:           %[[MEAN:.+]] = arith.divf %{{.+}}, %{{.+}} : f64
// LOOPS:           %[[MEANS:.+]] = vector.broadcast %[[MEAN]] : f64 to vector<8xf64>
// LOOPS:           %[[D:.+]] = arith.subf %{{.+}}, %[[MEANS]] : vector<8xf64>
// LOOPS:           math.fma %[[D]], %[[D]],
// LOOPS-COUNT-3:   vector.shuffle
// LOOPS:           math.sqrt %{{.+}} : f64
// LOOPS:           arith.truncf %{{.+}} : vector<8xf64> to vector<8xf32>
// A row is a thread's.
// GPU-LABEL: func.func @row_norm(
// GPU-SAME:    %[[X:[a-z0-9]+]]: memref<8x16xf32>, %[[OUT:[a-z0-9]+]]: memref<8x16xf32>, %[[COUNT:[a-z0-9]+]]: index
// GPU:         arith.cmpi ult, %[[ROW:.+]], %[[COUNT]]
// GPU:         memref.load %[[X]][%[[ROW]],
// GPU:         math.fma
// GPU:         math.sqrt
// GPU:         memref.store %{{.+}}, %[[OUT]][%[[ROW]],
func.func @row_norm(%x: memref<8x16xf32>, %out: memref<8x16xf32>, %count: index) {
  ssm.row_norm %x : memref<8x16xf32> outs(%out : memref<8x16xf32>) features 10 epsilon 1.0e-6 count %count
  return
}

// -----

// Of one stream only the last row is read, and none if there is none.
// LOOPS-LABEL: func.func @pool_last(
// LOOPS-SAME:    %[[X:[a-z0-9]+]]: memref<8x16xf32>, %[[SUMS:[a-z0-9]+]]: memref<?x8xf64>, %[[COUNTS:[a-z0-9]+]]: memref<?x1xi64>, %[[COUNT:[a-z0-9]+]]: index
// LOOPS:         %[[ONE:.+]] = arith.minui %[[COUNT]], %c1
// LOOPS:         %[[FROM:.+]] = arith.subi %[[COUNT]], %[[ONE]]
// LOOPS:         scf.for %[[R:.+]] = %[[FROM]] to %[[COUNT]]
// LOOPS-NOT:       addf
// LOOPS:           vector.store %{{.+}}, %[[SUMS]][%c0, %c0]
// LOOPS:           memref.store %c1_i64, %[[COUNTS]][%c0, %c0]
// GPU-LABEL: func.func @pool_last(
// GPU-NOT:     arith.addf
// GPU:         %[[ANY:.+]] = arith.minui %{{.+}}, %c1_i64
// GPU:         arith.maxui %{{.+}}, %[[ANY]]
func.func @pool_last(%x: memref<8x16xf32>, %sums: memref<?x8xf64>, %counts: memref<?x1xi64>, %count: index) {
  ssm.pool_rows %x : memref<8x16xf32> outs(%sums : memref<?x8xf64>, %counts : memref<?x1xi64>) count %count {last}
  return
}

// -----

// LOOPS-LABEL: func.func @probabilities(
// LOOPS:         math.log
// LOOPS:         math.exp
// LOOPS:         arith.truncf
// GPU-LABEL: func.func @probabilities(
// GPU:         math.log
// GPU:         math.exp
// GPU:         arith.truncf
func.func @probabilities(%x: memref<1x16xf32>, %out: memref<1x10xf32>) {
  ssm.row_log_softmax %x : memref<1x16xf32> outs(%out : memref<1x10xf32>) {probabilities}
  return
}
