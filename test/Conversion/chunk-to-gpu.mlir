// RUN: ssm-opt %s -convert-chunk-to-gpu=threads=64 -canonicalize -cse -split-input-file | FileCheck %s

// A barrier before each operation: what others wrote can be read. 64 threads are
// 8 rows x 8 lanes; each has lanes j and j + 8 of both panels, in a vector of two,
// from the bias on.
// CHECK-LABEL: func.func @gate(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<8x10xf32>, %[[W:[a-z0-9]+]]: memref<2x10x16xf32>, %[[BIAS:[a-z0-9]+]]: memref<2x16xf32>, %[[OUT:[a-z0-9]+]]: memref<8x16xf32>
// CHECK:         gpu.barrier
// CHECK-NEXT:    %[[THREAD:.+]] = gpu.thread_id x
// CHECK-NEXT:    %[[J:.+]] = arith.remui %[[THREAD]], %c8
// CHECK-NEXT:    %[[ROW:.+]] = arith.divui %[[THREAD]], %c8
// CHECK-NEXT:    %[[B0:.+]] = memref.load %[[BIAS]][%c0, %[[J]]]
// CHECK-NEXT:    %[[J8:.+]] = arith.addi %[[J]], %c8
// CHECK-NEXT:    %[[B8:.+]] = memref.load %[[BIAS]][%c0, %[[J8]]]
// CHECK-NEXT:    %[[B:.+]] = vector.from_elements %[[B0]], %[[B8]] : vector<2xf32>
// CHECK:         %{{.+}}:2 = affine.for %[[K:.+]] = 0 to 8 step 4 iter_args(%[[A:.+]] = %[[B]], %{{.+}} = %{{.+}}) -> (vector<2xf32>, vector<2xf32>) {
// CHECK-NEXT:      %[[V:.+]] = memref.load %[[X]][%[[ROW]], %[[K]]]
// CHECK-NEXT:      %[[W0:.+]] = memref.load %[[W]][%c0, %[[K]], %[[J]]]
// CHECK-NEXT:      %[[W8:.+]] = memref.load %[[W]][%c0, %[[K]], %[[J8]]]
// CHECK-NEXT:      %[[WK:.+]] = vector.from_elements %[[W0]], %[[W8]]
// CHECK:           %[[VV:.+]] = vector.broadcast %[[V]]
// CHECK-NEXT:      math.fma %[[VV]], %[[WK]], %[[A]] : vector<2xf32>
// CHECK:         }
// k = 8 and 9 are left.
// CHECK-COUNT-4: math.fma
// CHECK-NOT:     math.fma
// The halves of a panel meet in the thread: no lane of another one is needed. A
// slice that is one half is one lane.
// CHECK:         %[[OLD:.+]] = memref.load %[[OUT]][%[[ROW]], %[[J]]]
// CHECK-NEXT:    %[[O:.+]] = vector.broadcast %[[OLD]] : f32 to vector<1xf32>
// CHECK-NEXT:    %[[SWAPPED:.+]] = vector.shuffle %[[SUM:[a-z0-9_]+]], %[[SUM]] [1, 0]
// CHECK-NEXT:    %[[PRODUCT:.+]] = arith.mulf %[[SUM]], %[[SWAPPED]] : vector<2xf32>
// CHECK-NEXT:    %[[FIRST:.+]] = vector.extract_strided_slice %[[PRODUCT]] {offsets = [1], sizes = [1], strides = [1]}
// CHECK-NEXT:    %[[GATED:.+]] = arith.addf %[[FIRST]], %[[O]] : vector<1xf32>
// CHECK-NEXT:    %[[S:.+]] = vector.extract %[[GATED]][0]
// CHECK-NEXT:    memref.store %[[S]], %[[OUT]][%[[ROW]], %[[J]]]
// Panel 1 has features 8 to 15.
// CHECK-NEXT:    memref.load %[[OUT]][%[[ROW]], %[[J8]]]
// CHECK:         memref.store %{{.+}}, %[[OUT]][%[[ROW]], %[[J8]]]
// CHECK-NOT:     memref.store
func.func @gate(%x: memref<8x10xf32>, %w: memref<2x10x16xf32>, %bias: memref<2x16xf32>, %out: memref<8x16xf32>) {
  ssm.panel_map product(%x : memref<8x10xf32>, %w : memref<2x10x16xf32>, %bias : memref<2x16xf32>) outs(%out : memref<8x16xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<8xf32>):
    %swapped = vector.shuffle %acc, %acc [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7] : vector<16xf32>, vector<16xf32>
    %product = arith.mulf %acc, %swapped : vector<16xf32>
    %second = vector.extract_strided_slice %product {offsets = [8], sizes = [8], strides = [1]} : vector<16xf32> to vector<8xf32>
    %sum = arith.addf %second, %o : vector<8xf32>
    ssm.yield %sum : vector<8xf32>
  }
  return
}

// -----

// Four inputs of the workspace at a time; of the caller's, which may lie anywhere,
// one.
// CHECK-LABEL: func.func @aligned(
// CHECK-SAME:    %{{[a-z0-9]+}}: memref<4096xi8>, %[[X:[a-z0-9]+]]: memref<8x36xf32>
// CHECK:         %[[VIEW:.+]] = memref.view
// CHECK:         gpu.barrier
// CHECK:         affine.for %[[K:.+]] = 0 to 32 step 16
// CHECK-NEXT:      %[[FOUR:.+]] = vector.load %[[VIEW]][%{{.+}}, %[[K]]] {alignment = 16 : i64} : memref<8x36xf32>, vector<4xf32>
// CHECK-NOT:       memref.load %[[VIEW]]
// CHECK:           vector.extract %[[FOUR]][3]
// CHECK:         }
// What the first operation wrote is read by the second one.
// CHECK:         memref.store
// CHECK:         gpu.barrier
// CHECK-NOT:     vector.load
// CHECK:         memref.load %[[X]][
func.func @aligned(%workspace: memref<4096xi8>, %x: memref<8x36xf32>, %w: memref<1x36x16xf32>, %out: memref<8x16xf32>) {
  %c0 = arith.constant 0 : index
  %view = memref.view %workspace[%c0][] : memref<4096xi8> to memref<8x36xf32>
  ssm.panel_map product(%view : memref<8x36xf32>, %w : memref<1x36x16xf32>) outs(%out : memref<8x16xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  ssm.panel_map product(%x : memref<8x36xf32>, %w : memref<1x36x16xf32>) outs(%out : memref<8x16xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

// The function's tile, of its second product: 2 rows x 2 panels a thread, neighbours
// are 8 lanes, 2 groups of rows, then panels 0 and 1 of 4, then more rows. 4 groups
// of rows x 2 columns x 8 lanes are the 64 threads. The first product has another.
// CHECK-LABEL: func.func @tiles(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<8x10xf32>, %[[W:[a-z0-9]+]]: memref<4x10x16xf32>, %[[OUT:[a-z0-9]+]]: memref<8x64xf32>
// CHECK:         gpu.barrier
// CHECK:         %{{.+}}:4 = affine.for
// CHECK:         gpu.barrier
// CHECK-NEXT:    %[[LOW:.+]] = arith.remui %[[LANES:.+]], %c2
// CHECK-NEXT:    %[[REST:.+]] = arith.divui %[[LANES]], %c2
// CHECK-NEXT:    %[[PANEL:.+]] = arith.remui %[[REST]], %c2
// CHECK-NEXT:    %[[HIGH:.+]] = arith.divui %[[REST]], %c2
// CHECK-NEXT:    %[[TWICE:.+]] = arith.muli %[[HIGH]], %c2
// CHECK-NEXT:    %[[GROUP:.+]] = arith.addi %[[TWICE]], %[[LOW]]
// CHECK-NEXT:    %[[R0:.+]] = arith.muli %[[GROUP]], %c2
// CHECK-NEXT:    %[[R1:.+]] = arith.addi %[[R0]], %c1
// CHECK-NEXT:    %[[PANEL2:.+]] = arith.addi %[[PANEL]], %c2
// CHECK-NEXT:    %{{.+}}:4 = affine.for %[[K:.+]] = 0 to 8 step 4 iter_args(%[[A0:.+]] = %{{.+}}, %[[A1:.+]] = %{{.+}}, %[[A2:.+]] = %{{.+}}, %[[A3:.+]] = %{{.+}}) ->
// A weight does for all rows, an input for all panels.
// CHECK-NEXT:      %[[V0:.+]] = memref.load %[[X]][%[[R0]], %[[K]]]
// CHECK-NEXT:      %[[V1:.+]] = memref.load %[[X]][%[[R1]], %[[K]]]
// CHECK-NEXT:      memref.load %[[W]][%[[PANEL]], %[[K]],
// CHECK:           %[[P0:.+]] = vector.from_elements
// CHECK-NEXT:      memref.load %[[W]][%[[PANEL2]], %[[K]],
// CHECK:           %[[P2:.+]] = vector.from_elements
// CHECK-NEXT:      %[[VV0:.+]] = vector.broadcast %[[V0]]
// CHECK-NEXT:      math.fma %[[VV0]], %[[P0]], %[[A0]]
// CHECK-NEXT:      %[[VV1:.+]] = vector.broadcast %[[V1]]
// CHECK-NEXT:      math.fma %[[VV1]], %[[P0]], %[[A1]]
// CHECK-NEXT:      math.fma %[[VV0]], %[[P2]], %[[A2]]
// CHECK-NEXT:      math.fma %[[VV1]], %[[P2]], %[[A3]]
// CHECK:         }
// CHECK:         memref.store %{{.+}}, %[[OUT]][%[[R0]],
// CHECK:         memref.store %{{.+}}, %[[OUT]][%[[R1]],
func.func @tiles(%x: memref<8x10xf32>, %w: memref<4x10x16xf32>, %out: memref<8x64xf32>) attributes {ssm.thread_tiles = array<i64: 4, 1, 1, 1, 2, 2, 2, 1>} {
  ssm.panel_map product(%x : memref<8x10xf32>, %w : memref<4x10x16xf32>) outs(%out : memref<8x64xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  ssm.panel_map product(%x : memref<8x10xf32>, %w : memref<4x10x16xf32>) outs(%out : memref<8x64xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

// Up to two rows are shared out one panel a thread, 2 rows each; more in tiles of
// 4 rows. Rows beyond the count are computed as the last one, and not stored; a
// tile whose first row is beyond is not computed.
// CHECK-LABEL: func.func @few_rows(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<8x10xf32>, %{{.+}}: memref<4x10x16xf32>, %[[OUT:[a-z0-9]+]]: memref<8x64xf32>, %[[COUNT:[a-z0-9]+]]: index
// CHECK:         %[[FEW:.+]] = arith.cmpi ule, %[[COUNT]], %c2
// CHECK-NEXT:    scf.if %[[FEW]] {
// CHECK:           %{{.+}}:2 = affine.for
// CHECK:         } else {
// CHECK:           %[[R0:.+]] = arith.muli %{{.+}}, %c4
// CHECK-NEXT:      %[[INSIDE:.+]] = arith.cmpi ult, %[[R0]], %[[COUNT]]
// CHECK-NEXT:      scf.if %[[INSIDE]] {
// CHECK-NEXT:        %[[LAST:.+]] = arith.addi %[[COUNT]], %c-1
// CHECK-NEXT:        arith.minui %[[R0]], %[[LAST]]
// CHECK-NEXT:        %[[R1:.+]] = arith.addi %[[R0]], %c1
// CHECK-NEXT:        %[[NEAR1:.+]] = arith.minui %[[R1]], %[[LAST]]
// CHECK:             %[[R3:.+]] = arith.addi %[[R0]], %c3
// CHECK-NEXT:        %[[NEAR3:.+]] = arith.minui %[[R3]], %[[LAST]]
// CHECK-NEXT:        %{{.+}}:4 = affine.for
// CHECK:               memref.load %[[X]][%[[NEAR3]],
// CHECK:             }
// CHECK:             memref.store %{{.+}}, %[[OUT]][%[[R0]],
// CHECK:             %[[IS1:.+]] = arith.cmpi ult, %[[R1]], %[[COUNT]]
// CHECK-NEXT:        scf.if %[[IS1]] {
// CHECK:               memref.store %{{.+}}, %[[OUT]][%[[R1]],
func.func @few_rows(%x: memref<8x10xf32>, %w: memref<4x10x16xf32>, %out: memref<8x64xf32>, %count: index) attributes {ssm.thread_tiles = array<i64: 4, 1, 1, 1>} {
  ssm.panel_map product(%x : memref<8x10xf32>, %w : memref<4x10x16xf32>) outs(%out : memref<8x64xf32>) count %count {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

// 4 rows x 3 panels are tiled by 2 panels: the second of a thread may not exist, and
// is then computed as panel 2 and not stored.
// CHECK-LABEL: func.func @panels_left(
// CHECK-SAME:    %[[OUT:[a-z0-9]+]]: memref<8x48xf32>
// CHECK:         %[[P0:.+]] = arith.remui %{{.+}}, %c2
// CHECK:         %[[P1:.+]] = arith.addi %[[P0]], %c2
// CHECK-NEXT:    %[[NEAR:.+]] = arith.minui %[[P1]], %c2
// CHECK:         affine.for
// CHECK:           memref.load %{{.+}}[%[[NEAR]],
// CHECK:         }
// CHECK:         %[[EXISTS:.+]] = arith.cmpi ult, %[[P1]], %c3
// CHECK-NEXT:    scf.if %[[EXISTS]] {
// CHECK:           memref.store
func.func @panels_left(%x: memref<8x10xf32>, %w: memref<3x10x16xf32>, %out: memref<8x48xf32>) attributes {ssm.thread_tiles = array<i64: 2, 2, 1, 1>} {
  ssm.panel_map product(%x : memref<8x10xf32>, %w : memref<3x10x16xf32>) outs(%out : memref<8x48xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

// In a block of layers a thread may have four lanes side by side, here of 2 rows and
// one of 4 panels: 2 threads a panel, the 4 panels their neighbours. Weights, what
// the body reads and what it gives are 16 bytes at a time; halves of a panel, such
// as the two of a gate, are those of a vector of 8.
// CHECK-LABEL: func.func @runs(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<8x8xf32>, %[[W:[a-z0-9]+]]: memref<4x8x16xf32>, %[[OUT:[a-z0-9]+]]: memref<8x32xf32>
// CHECK:         %[[J:.+]] = arith.remui %[[THREAD:.+]], %c2
// CHECK-NEXT:    %[[REST:.+]] = arith.divui %[[THREAD]], %c2
// CHECK-NEXT:    %[[PANEL:.+]] = arith.remui %[[REST]], %c4
// CHECK:         %[[GROUP:.+]] = arith.addi
// CHECK-NEXT:    %[[R0:.+]] = arith.muli %[[GROUP]], %c2
// CHECK:         affine.for %[[K:.+]] = 0 to 8 step 4 iter_args(%[[A0:.+]] = %{{.+}}, %[[A1:.+]] = %{{.+}}) -> (vector<8xf32>, vector<8xf32>) {
// CHECK:           vector.load %[[X]][%[[R0]], %[[K]]] {alignment = 16 : i64}
// CHECK:           %[[LOW:.+]] = vector.load %[[W]][%{{.+}}, %[[K]], %[[J4:.+]]] {alignment = 16 : i64} : memref<4x8x16xf32>, vector<4xf32>
// CHECK:           %[[HIGH:.+]] = vector.load %[[W]][%{{.+}}, %[[K]], %{{.+}}] {alignment = 16 : i64} : memref<4x8x16xf32>, vector<4xf32>
// CHECK:           %[[WEIGHTS:.+]] = vector.shuffle %[[LOW]], %[[HIGH]] [0, 1, 2, 3, 4, 5, 6, 7]
// CHECK:           math.fma %{{.+}}, %[[WEIGHTS]], %[[A0]] : vector<8xf32>
// CHECK:         }
// CHECK:         %[[VALUE:.+]] = vector.extract_strided_slice %{{.+}} {offsets = [0], sizes = [4], strides = [1]} : vector<8xf32> to vector<4xf32>
// CHECK-NEXT:    %[[GATE:.+]] = vector.extract_strided_slice %{{.+}} {offsets = [4], sizes = [4], strides = [1]} : vector<8xf32> to vector<4xf32>
// CHECK-NEXT:    %[[Y:.+]] = arith.mulf %[[VALUE]], %[[GATE]] : vector<4xf32>
// CHECK:         vector.store %{{.+}}, %[[OUT]][%[[R0]], %{{.+}}] {alignment = 16 : i64}
func.func @runs(%x: memref<8x8xf32>, %w: memref<4x8x16xf32>, %out: memref<8x32xf32>) attributes {ssm.kind = "block", ssm.thread_tiles = array<i64: 2, 1, 2, 4>} {
  ssm.panel_map product(%x : memref<8x8xf32>, %w : memref<4x8x16xf32>) outs(%out : memref<8x32xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<8xf32>):
    %a = vector.extract_strided_slice %acc {offsets = [0], sizes = [8], strides = [1]} : vector<16xf32> to vector<8xf32>
    %b = vector.extract_strided_slice %acc {offsets = [8], sizes = [8], strides = [1]} : vector<16xf32> to vector<8xf32>
    %y = arith.mulf %a, %b : vector<8xf32>
    ssm.yield %y : vector<8xf32>
  }
  return
}

// -----

// Rows that are not as wide as their panels are not loaded in runs: a thread has
// lanes j and j + 8, whatever the tile says.
// CHECK-LABEL: func.func @no_runs(
// CHECK-NOT:     vector<8xf32>
// CHECK:         return
func.func @no_runs(%x: memref<8x8xf32>, %w: memref<4x8x16xf32>, %out: memref<8x60xf32>) attributes {ssm.kind = "block", ssm.thread_tiles = array<i64: 2, 1, 2, 4>} {
  ssm.panel_map product(%x : memref<8x8xf32>, %w : memref<4x8x16xf32>) outs(%out : memref<8x60xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

// A scan in time: sums wait in the output, in the layout of all rows x panels; then
// one thread per mode, 16 of 64, goes through all rows. Its carry is read once and
// written once, and its column once.
// CHECK-LABEL: func.func @scan(
// CHECK-SAME:    %{{[a-z0-9]+}}: memref<8x10xf32>, %{{[a-z0-9]+}}: memref<2x10x16xf32>, %[[LAMBDA:[a-z0-9]+]]: memref<2x16xf32>, %[[OUT:[a-z0-9]+]]: memref<8x32xf32>, %[[S:[a-z0-9]+]]: memref<?x32xf32, strided<[?, 1], offset: ?>>, %[[COUNT:[a-z0-9]+]]: index
// CHECK:         gpu.barrier
// CHECK-NEXT:    %[[THREAD:.+]] = gpu.thread_id x
// CHECK:         affine.for
// CHECK:         memref.store %{{.+}}, %[[OUT]]
// CHECK:         gpu.barrier
// CHECK-NEXT:    %[[IS_MODE:.+]] = arith.cmpi ult, %[[THREAD]], %c16
// CHECK-NEXT:    scf.if %[[IS_MODE]] {
// CHECK:           memref.load %[[LAMBDA]][
// CHECK:           memref.load %[[LAMBDA]][
// CHECK-NEXT:      %[[L:.+]] = vector.from_elements
// CHECK:           %[[C0:.+]] = memref.load %[[S]][%c0, %[[M:[a-z0-9_]+]]]
// CHECK-NEXT:      %[[M8:.+]] = arith.addi %[[M]], %c8
// CHECK-NEXT:      %[[C8:.+]] = memref.load %[[S]][%c0, %[[M8]]]
// CHECK-NEXT:      %[[C:.+]] = vector.from_elements %[[C0]], %[[C8]]
// CHECK-NEXT:      %[[LAST:.+]] = scf.for %[[ROW:.+]] = %c0 to %[[COUNT]] step %c1 iter_args(%[[CARRY:.+]] = %[[C]]) -> (vector<2xf32>) {
// CHECK-NEXT:        %[[SUM0:.+]] = memref.load %[[OUT]][%[[ROW]], %[[M]]]
// CHECK-NEXT:        %[[SUM8:.+]] = memref.load %[[OUT]][%[[ROW]], %[[M8]]]
// CHECK-NEXT:        %[[SUM:.+]] = vector.from_elements %[[SUM0]], %[[SUM8]]
// CHECK-NEXT:        %[[NEXT:.+]] = math.fma %[[L]], %[[CARRY]], %[[SUM]]
// CHECK-NEXT:        vector.extract %[[NEXT]][0]
// CHECK-NEXT:        memref.store %{{.+}}, %[[OUT]][%[[ROW]], %[[M]]]
// CHECK-NEXT:        vector.extract %[[NEXT]][1]
// CHECK-NEXT:        memref.store %{{.+}}, %[[OUT]][%[[ROW]], %[[M8]]]
// CHECK-NEXT:        scf.yield %[[NEXT]]
// CHECK-NEXT:      }
// CHECK:           memref.store %{{.+}}, %[[S]][%c0, %[[M]]]
// CHECK:           memref.store %{{.+}}, %[[S]][%c0, %[[M8]]]
func.func @scan(%x: memref<8x10xf32>, %w: memref<2x10x16xf32>, %lambda: memref<2x16xf32>, %out: memref<8x32xf32>, %s: memref<?x32xf32, strided<[?, 1], offset: ?>>, %count: index) {
  ssm.panel_map product(%x : memref<8x10xf32>, %w : memref<2x10x16xf32>) columns(%lambda : memref<2x16xf32>) outs(%out : memref<8x32xf32>)
      carries(%s : memref<?x32xf32, strided<[?, 1], offset: ?>>) count %count {
  ^bb0(%acc: vector<16xf32>, %l: vector<16xf32>, %o: vector<16xf32>, %c: vector<16xf32>):
    %n = math.fma %l, %c, %acc : vector<16xf32>
    ssm.yield %n, %n : vector<16xf32>, vector<16xf32>
  }
  return
}

// -----

// With streams every row has a carry of its own, in memory, and is a thread's.
// CHECK-LABEL: func.func @streams(
// CHECK-SAME:    %{{[a-z0-9]+}}: memref<8x16xf32>, %[[S:[a-z0-9]+]]: memref<?x16xf32{{.*}}>, %[[STREAMS:[a-z0-9]+]]: memref<8xindex>
// CHECK:         gpu.barrier
// CHECK:         %[[ROW:.+]] = arith.divui %{{.+}}, %c8
// CHECK-NEXT:    %[[STREAM:.+]] = memref.load %[[STREAMS]][%[[ROW]]]
// CHECK-NEXT:    memref.load %[[S]][%[[STREAM]], %[[J:[a-z0-9_]+]]]
// CHECK:         memref.load %[[S]][%[[STREAM]], %[[J8:[a-z0-9_]+]]]
// CHECK:         arith.addf
// CHECK:         memref.store %{{.+}}, %[[S]][%[[STREAM]], %[[J]]]
// CHECK-NEXT:    memref.store %{{.+}}, %[[S]][%[[STREAM]], %[[J8]]]
// CHECK-NOT:     scf.for
// CHECK-NOT:     gpu.barrier
func.func @streams(%x: memref<8x16xf32>, %s: memref<?x16xf32, strided<[?, 1], offset: ?>>, %streams: memref<8xindex>) {
  ssm.panel_map outs(%x : memref<8x16xf32>) carries(%s : memref<?x16xf32, strided<[?, 1], offset: ?>>)
      streams(%streams : memref<8xindex>) {
  ^bb0(%o: vector<16xf32>, %c: vector<16xf32>):
    %n = arith.addf %o, %c : vector<16xf32>
    ssm.yield %n, %n : vector<16xf32>, vector<16xf32>
  }
  return
}

// -----

// Rows of 20: lanes beyond are loaded from feature 19 and taken as 0; they are not
// stored. There are more items, 8 rows x 2 panels x 8 lanes, than threads. Rows of
// 32 need none of that.
// CHECK-LABEL: func.func @narrow(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<8x32xf32>, %[[OUT:[a-z0-9]+]]: memref<8x20xf32>
// CHECK:         %[[THREAD:.+]] = gpu.thread_id x
// CHECK-NEXT:    scf.for %{{.+}} = %[[THREAD]] to %c128 step %c64 {
// CHECK:           memref.load %[[X]][%[[ROW:[a-z0-9_]+]], %[[F0:[a-z0-9_]+]]]
// CHECK-NEXT:      %[[F8:.+]] = arith.addi %[[F0]], %c8
// CHECK-NEXT:      memref.load %[[X]][%[[ROW]], %[[F8]]]
// CHECK:           %[[IN0:.+]] = arith.cmpi ult, %[[F0]], %c20
// CHECK-NEXT:      %[[NEAR0:.+]] = arith.minui %[[F0]], %c19
// CHECK-NEXT:      %[[V0:.+]] = memref.load %[[OUT]][%[[ROW]], %[[NEAR0]]]
// CHECK-NEXT:      arith.select %[[IN0]], %[[V0]], %cst
// CHECK-NEXT:      %[[IN8:.+]] = arith.cmpi ult, %[[F8]], %c20
// CHECK:           scf.if %[[IN0]] {
// CHECK-NEXT:        memref.store %{{.+}}, %[[OUT]][%[[ROW]], %[[F0]]]
// CHECK:           scf.if %[[IN8]] {
// CHECK-NEXT:        memref.store %{{.+}}, %[[OUT]][%[[ROW]], %[[F8]]]
func.func @narrow(%x: memref<8x32xf32>, %out: memref<8x20xf32>) {
  ssm.panel_map rows(%x : memref<8x32xf32>) outs(%out : memref<8x20xf32>) {
  ^bb0(%v: vector<16xf32>, %o: vector<16xf32>):
    %s = arith.addf %v, %o : vector<16xf32>
    ssm.yield %s : vector<16xf32>
  }
  return
}
