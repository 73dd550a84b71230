// RUN: ssm-opt %s -convert-chunk-to-loops -cse -split-input-file | FileCheck %s

// A tile of 6 rows: 6 accumulators that start at the bias, carried by the loop
// over k, which does 4 steps per trip. k = 8 and 9 are left. Bias and carry are
// read for each tile, from a panel that the optimizer knows nothing of: they
// would take registers from the accumulators.
// CHECK-LABEL: func.func @full(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<24x16xf32>, %[[W:[a-z0-9]+]]: memref<2x10x16xf32>, %[[BIAS:[a-z0-9]+]]: memref<2x16xf32>, %[[OUT:[a-z0-9]+]]: memref<24x32xf32>, %[[S:[a-z0-9]+]]: memref<?x32xf32
// CHECK:         affine.for %[[P:.+]] = 0 to 2 {
// CHECK-NEXT:      affine.for %[[R:.+]] = 0 to 24 step 6 {
// CHECK:             %[[NUMBER:.+]] = llvm.inline_asm has_side_effects "", "=r,0"
// CHECK:             %[[OPAQUE:.+]] = arith.index_cast %[[NUMBER]] : i64 to index
// CHECK:             %[[B:.+]] = vector.load %[[BIAS]][%[[OPAQUE]], %c0]
// CHECK:             %[[ACC:.+]]:6 = affine.for %[[K:.+]] = 0 to 8 step 4
// CHECK-SAME:          iter_args(%[[A0:.+]] = %[[B]], %[[A1:.+]] = %[[B]], %{{.+}} = %[[B]], %{{.+}} = %[[B]], %{{.+}} = %[[B]], %{{.+}} = %[[B]])
// Weights stay in registers, an input is loaded where it is used.
// CHECK-NEXT:          %[[WK:.+]] = vector.load %[[W]][%[[P]], %[[K]], %c0]
// CHECK-NEXT:          %[[X0:.+]] = memref.load %[[X]][%[[R]], %[[K]]]
// CHECK-NEXT:          %[[V0:.+]] = vector.broadcast %[[X0]]
// CHECK-NEXT:          math.fma %[[V0]], %[[WK]], %[[A0]]
// CHECK:               %[[V1:.+]] = vector.broadcast
// CHECK-NEXT:          math.fma %[[V1]], %[[WK]], %[[A1]]
// CHECK-COUNT-22:      math.fma
// CHECK-NOT:           math.fma
// CHECK:               affine.yield
// CHECK:             math.fma %{{.+}}, %{{.+}}, %[[ACC]]#0
// CHECK-COUNT-10:    math.fma
// CHECK:             %[[SUM5:.+]] = math.fma
// CHECK-NOT:         math.fma
// Rows in order: each takes the carry that the one before it left.
// CHECK:             %[[LANE:.+]] = arith.muli %[[OPAQUE]], %c16
// CHECK:             %[[C:.+]] = vector.load %[[S]][%c0, %[[LANE]]]
// CHECK:             %[[N0:.+]] = arith.addf %{{.+}}, %[[C]]
// CHECK-NEXT:        vector.store %[[N0]], %[[OUT]][%[[R]], %[[LANE]]]
// CHECK-NEXT:        %[[N1:.+]] = arith.addf %{{.+}}, %[[N0]]
// CHECK:             %[[N5:.+]] = arith.addf %[[SUM5]],
// CHECK-NEXT:        vector.store %[[N5]], %[[OUT]]
// CHECK-NEXT:        vector.store %[[N5]], %[[S]][%c0, %[[LANE]]]
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

// The first `count` rows: whole tiles of 6, of 3 rows, of 2, of a single one. A
// row has as many panels side by side as registers hold.
// CHECK-LABEL: func.func @tail(
// CHECK-SAME:    %[[COUNT:[a-z0-9]+]]: index)
// CHECK:         %[[ALL:.+]] = arith.subi %[[COUNT]], %c0
// CHECK:         %[[REST:.+]] = arith.remui %[[ALL]], %c6
// CHECK:         %[[SIXES:.+]] = arith.subi %[[COUNT]], %[[REST]]
// CHECK:         scf.for %{{.+}} = %c0 to %[[SIXES]] step %c6 {
// CHECK:           %{{.+}}:6 = affine.for
// CHECK:         %[[LEFT:.+]] = arith.subi %[[COUNT]], %[[SIXES]]
// CHECK:         %[[REST3:.+]] = arith.remui %[[LEFT]], %c3
// CHECK:         %[[THREES:.+]] = arith.subi %[[COUNT]], %[[REST3]]
// CHECK:         scf.for %{{.+}} = %[[SIXES]] to %[[THREES]] step %c3 {
// CHECK:         %[[LEFT3:.+]] = arith.subi %[[COUNT]], %[[THREES]]
// CHECK:         %[[TWOS:.+]] = arith.subi %[[COUNT]],
// CHECK:         scf.for %{{.+}} = %[[THREES]] to %[[TWOS]] step %c2 {
// CHECK:         scf.for %[[R:.+]] = %[[TWOS]] to %{{.+}} step %c1 {
// One lane of x serves all panels.
// CHECK:           %{{.+}}:[[PANELS:[2-9]]] = affine.for %[[K:.+]] = 0 to
// CHECK:             memref.load %{{.+}}[%[[R]], %[[K]]]
// CHECK-NOT:         memref.load
// CHECK-COUNT-2:     math.fma
func.func @tail(%x: memref<24x16xf32>, %w: memref<4x16x16xf32>, %out: memref<24x64xf32>, %count: index) {
  ssm.panel_map product(%x : memref<24x16xf32>, %w : memref<4x16x16xf32>) outs(%out : memref<24x64xf32>) count %count {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

// A step has one row; 8 panels are twice 4 side by side: an input stays in its
// register, weights are loaded where they are used.
// CHECK-LABEL: func.func @step(
// CHECK-NOT:     scf.for
// CHECK:         affine.for %[[P:.+]] = 0 to 8 step 4 {
// CHECK:           %{{.+}}:4 = affine.for %[[K:.+]] = 0 to 15 step 3
// CHECK:             %[[V:.+]] = vector.broadcast
// CHECK-NEXT:        %[[W:.+]] = vector.load %{{.+}}[%[[P]], %[[K]], %c0]
// CHECK-NEXT:        math.fma %[[V]], %[[W]]
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
// CHECK:         scf.for %[[R:.+]] = %c0 to %{{.+}} step %c1 {
// CHECK:           %[[STREAM:.+]] = memref.load %[[STREAMS]][%[[R]]]
// CHECK:           %[[C:.+]] = vector.load %[[S]][%[[STREAM]],
// CHECK:           %[[N:.+]] = arith.addf %{{.+}}, %[[C]]
// CHECK:           vector.store %[[N]], %[[S]][%[[STREAM]],
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

// Panels of 8 features lie 8 lanes apart.
// CHECK-LABEL: func.func @half(
// CHECK-SAME:    %[[COLUMNS:[a-z0-9]+]]: memref<3x8xf32>, %[[OUT:[a-z0-9]+]]: memref<24x24xf32>
// CHECK:         affine.for %[[P:.+]] = 0 to 3 {
// CHECK:           vector.load %[[COLUMNS]][%[[P]], %c0] : memref<3x8xf32>, vector<8xf32>
// CHECK:           affine.for %[[R:.+]] = 0 to 24 {
// CHECK:             %[[OPAQUE:.+]] = arith.index_cast %{{.+}} : i64 to index
// CHECK:             %[[LANE:.+]] = arith.muli %[[OPAQUE]], %c8
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
