// RUN: ssm-opt %s -convert-chunk-to-loops -cse -split-input-file | FileCheck %s

// A tile of 6 rows: 6 accumulators that start at the bias, carried by the loop
// over k, which does 4 steps per trip. k = 8 and 9 are left. The carry of a
// panel goes through all rows in registers.
// CHECK-LABEL: func.func @full(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<24x16xf32>, %[[W:[a-z0-9]+]]: memref<2x10x16xf32>, %[[BIAS:[a-z0-9]+]]: memref<2x16xf32>, %[[OUT:[a-z0-9]+]]: memref<24x32xf32>, %[[S:[a-z0-9]+]]: memref<?x32xf32
// CHECK:         affine.for %[[P:.+]] = 0 to 2 {
// CHECK:           %[[LANE:.+]] = arith.muli %[[P]], %c16
// CHECK:           %[[C0:.+]] = vector.load %[[S]][%c0, %[[LANE]]]
// CHECK:           %[[LAST:.+]] = scf.for %[[R:.+]] = %c0 to %c24 step %c6 iter_args(%[[C:.+]] = %[[C0]]) -> (vector<16xf32>) {
// CHECK:             %[[B:.+]] = vector.load %[[BIAS]][%[[P]], %c0]
// CHECK:             %[[ACC:.+]]:6 = affine.for %[[K:.+]] = 0 to 8 step 4
// CHECK-SAME:          iter_args(%[[A0:.+]] = %[[B]], %[[A1:.+]] = %[[B]], %{{.+}} = %[[B]], %{{.+}} = %[[B]], %{{.+}} = %[[B]], %{{.+}} = %[[B]])
// CHECK-NEXT:          %[[WK:.+]] = vector.load %[[W]][%[[P]], %[[K]], %c0]
// CHECK-NEXT:          %[[X0:.+]] = memref.load %[[X]][%[[R]], %[[K]]]
// CHECK-NEXT:          %[[V0:.+]] = vector.broadcast %[[X0]]
// CHECK:               math.fma %[[V0]], %[[WK]], %[[A0]]
// CHECK-NEXT:          math.fma %{{.+}}, %[[WK]], %[[A1]]
// CHECK-COUNT-22:      math.fma
// CHECK-NOT:           math.fma
// CHECK:               affine.yield
// CHECK:             math.fma %{{.+}}, %{{.+}}, %[[ACC]]#0
// CHECK-COUNT-10:    math.fma
// CHECK:             %[[SUM5:.+]] = math.fma
// CHECK-NOT:         math.fma
// Rows in order: each takes the carry that the one before it left.
// CHECK:             %[[N0:.+]] = arith.addf %{{.+}}, %[[C]]
// CHECK-NEXT:        vector.store %[[N0]], %[[OUT]][%[[R]], %[[LANE]]]
// CHECK-NEXT:        %[[N1:.+]] = arith.addf %{{.+}}, %[[N0]]
// CHECK:             %[[N5:.+]] = arith.addf %[[SUM5]],
// CHECK-NEXT:        vector.store %[[N5]], %[[OUT]]
// CHECK-NEXT:        scf.yield %[[N5]]
// CHECK:           vector.store %[[LAST]], %[[S]][%c0, %[[LANE]]]
// 24 rows are 4 tiles: no row is left.
// CHECK-NOT:     affine.for
// CHECK-NOT:     scf.for
func.func @full(%x: memref<24x16xf32>, %w: memref<2x10x16xf32>, %bias: memref<2x16xf32>, %out: memref<24x32xf32>,
    %s: memref<?x32xf32, strided<[?, 1], offset: ?>>) {
  ssm.panel_map product(%x : memref<24x16xf32>, %w : memref<2x10x16xf32>, %bias : memref<2x16xf32>) outs(%out : memref<24x32xf32>)
      carries(%s : memref<?x32xf32, strided<[?, 1], offset: ?>>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>, %c: vector<16xf32>):
    %n = arith.addf %acc, %c : vector<16xf32>
    ssm.yield %n, %n : vector<16xf32>, vector<16xf32>
  }
  return
}

// -----

// The first `count` rows: whole tiles, then the rows left one by one, with the
// panels side by side: 4 accumulators, without a loop over panels, and 12
// multiply-adds per trip.
// CHECK-LABEL: func.func @tail(
// CHECK-SAME:    %[[COUNT:[a-z0-9]+]]: index)
// CHECK:         %[[REST:.+]] = arith.remui %[[COUNT]], %c6
// CHECK:         %[[FULL:.+]] = arith.subi %[[COUNT]], %[[REST]]
// CHECK:         affine.for %{{.+}} = 0 to 4 {
// CHECK:           scf.for %{{.+}} = %c0 to %[[FULL]] step %c6 {
// CHECK:             affine.for {{.*}} -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>)
// CHECK:         scf.for %[[R:.+]] = %[[FULL]] to %[[COUNT]] step %c1 {
// CHECK-NOT:       affine.for %{{.+}} = 0 to 4 {
// CHECK:           affine.for %[[K:.+]] = 0 to 15 step 3 iter_args({{.*}}) -> (vector<16xf32>, vector<16xf32>, vector<16xf32>, vector<16xf32>) {
// One lane of x serves all panels.
// CHECK:             memref.load %{{.+}}[%[[R]], %[[K]]]
// CHECK-NOT:         memref.load
// CHECK-COUNT-4:     math.fma
// CHECK:             memref.load
// CHECK:           vector.store %{{.+}}, %{{.+}}[%[[R]], %{{.+}}]
func.func @tail(%x: memref<24x16xf32>, %w: memref<4x16x16xf32>, %out: memref<24x64xf32>, %count: index) {
  ssm.panel_map product(%x : memref<24x16xf32>, %w : memref<4x16x16xf32>) outs(%out : memref<24x64xf32>) count %count {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

// A step has one row; 8 panels are 6 side by side, and 2.
// CHECK-LABEL: func.func @step(
// CHECK-NOT:     scf.for
// CHECK:         %{{.+}}:6 = affine.for %{{.+}} = 0 to 16 step 2
// CHECK:         %{{.+}}:2 = affine.for %{{.+}} = 0 to 16 step 4
func.func @step(%x: memref<1x16xf32>, %w: memref<8x16x16xf32>, %out: memref<1x128xf32>) {
  ssm.panel_map product(%x : memref<1x16xf32>, %w : memref<8x16x16xf32>) outs(%out : memref<1x128xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

// With streams every row has a carry of its own, in memory.
// CHECK-LABEL: func.func @streams(
// CHECK-SAME:    %{{[a-z0-9]+}}: memref<24x16xf32>, %[[S:[a-z0-9]+]]: memref<?x16xf32{{.*}}>, %[[STREAMS:[a-z0-9]+]]: memref<24xindex>
// CHECK:         scf.for %[[R:.+]] = %c0 to %{{.+}} step %c6 {
// CHECK:           %[[STREAM:.+]] = memref.load %[[STREAMS]][%[[R]]]
// CHECK:           %[[C:.+]] = vector.load %[[S]][%[[STREAM]],
// CHECK:           %[[N:.+]] = arith.addf %{{.+}}, %[[C]]
// CHECK:           vector.store %[[N]], %[[S]][%[[STREAM]],
// CHECK:           %[[NEXT:.+]] = arith.addi %[[R]], %c1
// CHECK:           memref.load %[[STREAMS]][%[[NEXT]]]
func.func @streams(%x: memref<24x16xf32>, %s: memref<?x16xf32, strided<[?, 1], offset: ?>>, %streams: memref<24xindex>, %count: index) {
  ssm.panel_map outs(%x : memref<24x16xf32>) carries(%s : memref<?x16xf32, strided<[?, 1], offset: ?>>)
      streams(%streams : memref<24xindex>) count %count {
  ^bb0(%o: vector<16xf32>, %c: vector<16xf32>):
    %n = arith.addf %o, %c : vector<16xf32>
    ssm.yield %n, %n : vector<16xf32>, vector<16xf32>
  }
  return
}

// -----

// Rows of 20: the last panel's lanes beyond are read as 0 and not written. Rows
// that are whole panels need no mask.
// CHECK-LABEL: func.func @mask(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<24x32xf32>, %[[OUT:[a-z0-9]+]]: memref<24x20xf32>
// CHECK:         vector.load %[[X]]
// CHECK:         %[[LEFT:.+]] = arith.subi %c20,
// CHECK:         %[[MASK:.+]] = vector.create_mask %[[LEFT]] : vector<16xi1>
// CHECK:         vector.maskedload %[[OUT]][%{{.+}}, %{{.+}}], %[[MASK]], %{{.+}}
// CHECK:         vector.maskedstore %[[OUT]]
func.func @mask(%x: memref<24x32xf32>, %out: memref<24x20xf32>) {
  ssm.panel_map rows(%x : memref<24x32xf32>) outs(%out : memref<24x20xf32>) {
  ^bb0(%v: vector<16xf32>, %o: vector<16xf32>):
    %s = arith.addf %v, %o : vector<16xf32>
    ssm.yield %s : vector<16xf32>
  }
  return
}

// -----

// Panels of 8 features lie 8 lanes apart; columns are read once per panel.
// CHECK-LABEL: func.func @half(
// CHECK-SAME:    %[[COLUMNS:[a-z0-9]+]]: memref<3x8xf32>, %[[OUT:[a-z0-9]+]]: memref<24x24xf32>
// CHECK:         affine.for %[[P:.+]] = 0 to 3 {
// CHECK:           scf.for %[[R:.+]] = %c0 to %c24 step %c6
// CHECK:             vector.load %[[COLUMNS]][%[[P]], %c0] : memref<3x8xf32>, vector<8xf32>
// CHECK:             %[[LANE:.+]] = arith.muli %[[P]], %c8
// CHECK:             vector.store %{{.+}}, %[[OUT]][%[[R]], %[[LANE]]] : memref<24x24xf32>, vector<8xf32>
func.func @half(%columns: memref<3x8xf32>, %out: memref<24x24xf32>) {
  ssm.panel_map columns(%columns : memref<3x8xf32>) outs(%out : memref<24x24xf32>) {
  ^bb0(%c: vector<8xf32>, %o: vector<8xf32>):
    ssm.yield %c : vector<8xf32>
  }
  return
}

// -----

// What is no operation on rows stays.
// CHECK-LABEL: func.func @other(
// CHECK-NEXT:    memref.load
// CHECK-NEXT:    return
func.func @other(%x: memref<f32>) -> f32 {
  %v = memref.load %x[] : memref<f32>
  return %v : f32
}
