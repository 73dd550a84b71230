// RUN: ssm-opt %s -convert-chunk-to-gpu=threads=64 -canonicalize -cse -split-input-file | FileCheck %s

// Chunks of one stream side by side: publish what the rows make of zeros, wait for
// those before, publish what enters the next group, go through the rows again from
// the state that enters. A chunk that is alone in its stream has only the last to do.
// CHECK-LABEL: func.func @complex(
// CHECK-SAME:    %[[OUT:[a-z0-9]+]]: memref<6x16xf32>, %[[RE:[a-z0-9]+]]: memref<1x16xf32>, %[[IM:[a-z0-9]+]]: memref<1x16xf32>, %[[S:[a-z0-9]+]]: memref<?x16xf32, strided<[?, 1], offset: ?>>, %[[COUNT:[a-z0-9]+]]: index,
// CHECK-SAME:    %[[PUBLISHED:[a-z0-9]+]]: memref<?x16xf32, strided<[?, 1], offset: ?>>, %[[ENTERING:[a-z0-9]+]]: memref<?x16xf32, strided<[?, 1], offset: ?>>, %[[FLAGS:[a-z0-9]+]]: !llvm.ptr, %[[CHUNK:[a-z0-9]+]]: index, %[[LAST:[a-z0-9]+]]: i1
// CHECK-DAG:     %[[ZEROS:.+]] = arith.constant dense<0.000000e+00> : vector<2xf32>
// CHECK-DAG:     %[[ZEROS64:.+]] = arith.constant dense<0.000000e+00> : vector<2xf64>
// CHECK-DAG:     %[[UNIT0:.+]] = arith.constant dense<[1.000000e+00, 0.000000e+00]> : vector<2xf64>
// CHECK-DAG:     %[[UNIT1:.+]] = arith.constant dense<[0.000000e+00, 1.000000e+00]> : vector<2xf64>
// CHECK:         affine.for
// CHECK:         gpu.barrier
// CHECK:         %[[IS_FIRST:.+]] = arith.cmpi eq, %[[CHUNK]], %c0
// CHECK:         %[[GROUP:.+]] = arith.divui %[[CHUNK]], %c16
// CHECK-NEXT:    %[[IS_ALONE:.+]] = arith.andi %[[IS_FIRST]], %[[LAST]]
// CHECK-NEXT:    %[[HAS_OTHERS:.+]] = arith.xori %[[IS_ALONE]], %true
// What enters group 0 is the stream's record.
// CHECK-NEXT:    scf.if %[[IS_FIRST]] {
// CHECK:           %[[R0:.+]] = memref.load %[[S]][%c0,
// CHECK:           %[[R8:.+]] = memref.load %[[S]][%c0,
// CHECK-NEXT:      memref.store %[[R0]], %[[ENTERING]][%c0,
// CHECK-NEXT:      memref.store %[[R8]], %[[ENTERING]][%c0,
// CHECK:         scf.if %[[HAS_OTHERS]] {
// CHECK-NEXT:      %[[IS_MODE:.+]] = arith.cmpi ult, %[[THREAD:.+]], %c8
// CHECK-NEXT:      scf.if %[[IS_MODE]] {
// CHECK:             %{{.+}} = scf.for %{{.+}} = %c0 to %[[COUNT]] step %c1 iter_args(%{{.+}} = %[[ZEROS]], %{{.+}} = %{{.+}})
// CHECK-NOT:           memref.store
// CHECK:             }
// CHECK:             memref.store %{{.+}}, %[[PUBLISHED]][%[[CHUNK]],
// CHECK:             memref.store %{{.+}}, %[[PUBLISHED]][%[[CHUNK]],

// All threads have published when one raises the flag, at 2 c; of group 0, at 1.
// CHECK:         gpu.barrier
// CHECK-NEXT:    scf.if %[[HAS_OTHERS]] {
// CHECK-NEXT:    %[[IS_ONE:.+]] = arith.cmpi ult, %[[THREAD]], %c1
// CHECK-NEXT:    scf.if %[[IS_ONE]] {
// CHECK-NEXT:      %[[TWICE:.+]] = arith.muli %[[CHUNK]], %c2
// CHECK-NEXT:      %[[PLACE:.+]] = arith.index_cast %[[TWICE]]
// CHECK-NEXT:      %[[MINE:.+]] = llvm.getelementptr %[[FLAGS]][%[[PLACE]]] : (!llvm.ptr, i64) -> !llvm.ptr, i32
// CHECK-NEXT:      llvm.store %c1_i32, %[[MINE]] atomic syncscope("device") release {alignment = 4 : i64}
// CHECK-NEXT:      scf.if %[[IS_FIRST]] {
// CHECK-NEXT:        %[[GROUP0:.+]] = llvm.getelementptr %[[FLAGS]][1]
// CHECK-NEXT:        llvm.store %c1_i32, %[[GROUP0]] atomic syncscope("device") release
// A thread waits for the group, at 2 g + 1, and one for each chunk before in it.
// CHECK:         arith.cmpi ult, %[[THREAD]], %c16
// CHECK:           %[[START:.+]] = arith.muli %[[GROUP]], %c16
// CHECK-NEXT:      %[[BEFORE:.+]] = arith.addi %[[START]], %[[THREAD]]
// CHECK:           %[[TWICE_G:.+]] = arith.muli %[[GROUP]], %c2
// CHECK-NEXT:      %[[ODD:.+]] = arith.addi %[[TWICE_G]], %c1
// CHECK-NEXT:      %[[PLACE_G:.+]] = arith.index_cast %[[ODD]]
// CHECK-NEXT:      %[[OF_GROUP:.+]] = llvm.getelementptr %[[FLAGS]][%[[PLACE_G]]]
// CHECK-NEXT:      scf.while
// CHECK-NEXT:        %[[SEEN_G:.+]] = llvm.load %[[OF_GROUP]] atomic syncscope("device") acquire {alignment = 4 : i64}
// CHECK-NEXT:        %[[DOWN_G:.+]] = arith.cmpi eq, %[[SEEN_G]], %c0_i32
// CHECK-NEXT:        scf.condition(%[[DOWN_G]])
// CHECK:           %[[IS_BEFORE:.+]] = arith.cmpi ult, %[[BEFORE]], %[[CHUNK]]
// CHECK-NEXT:      scf.if %[[IS_BEFORE]] {
// CHECK-NEXT:        %[[TWICE_B:.+]] = arith.muli %[[BEFORE]], %c2
// CHECK-NEXT:        %[[PLACE_B:.+]] = arith.index_cast %[[TWICE_B]]
// CHECK-NEXT:        %[[OF_BEFORE:.+]] = llvm.getelementptr %[[FLAGS]][%[[PLACE_B]]]
// CHECK-NEXT:        scf.while
// CHECK-NEXT:          llvm.load %[[OF_BEFORE]] atomic syncscope("device") acquire
// What the flags promise is read after this.
// CHECK-NOT:     memref.load %[[PUBLISHED]]
// CHECK-NOT:     memref.load %[[ENTERING]]
// CHECK:         gpu.barrier

// The last chunk of a group publishes what enters the next one, unless none follows.
// CHECK-NEXT:    }
// CHECK-NEXT:    %[[NEXT:.+]] = arith.addi %[[CHUNK]], %c1
// CHECK-NEXT:    %[[REST:.+]] = arith.remui %[[NEXT]], %c16
// CHECK-NEXT:    %[[ENDS:.+]] = arith.cmpi eq, %[[REST]], %c0
// CHECK-NEXT:    %[[PUBLISHES:.+]] = arith.select %[[LAST]], %false, %[[ENDS]]
// CHECK-NEXT:    scf.if %[[PUBLISHES]] {
// CHECK-NEXT:      %[[NEXT_GROUP:.+]] = arith.divui %[[NEXT]], %c16
// CHECK:             memref.load %[[ENTERING]][%[[GROUP]],
// CHECK:             scf.for %{{.+}} = %{{.+}} to %[[CHUNK]] step %c4
// CHECK:               memref.load %[[PUBLISHED]][
// CHECK:             memref.load %[[PUBLISHED]][%[[CHUNK]],
// CHECK:             memref.store %{{.+}}, %[[ENTERING]][%[[NEXT_GROUP]],
// CHECK:           gpu.barrier
// CHECK-NEXT:      arith.cmpi ult, %[[THREAD]], %c1
// CHECK-NEXT:      scf.if
// CHECK-NEXT:        %[[TWICE_N:.+]] = arith.muli %[[NEXT_GROUP]], %c2
// CHECK-NEXT:        %[[ODD_N:.+]] = arith.addi %[[TWICE_N]], %c1
// CHECK-NEXT:        %[[PLACE_N:.+]] = arith.index_cast %[[ODD_N]]
// CHECK-NEXT:        %[[OF_NEXT:.+]] = llvm.getelementptr %[[FLAGS]][%[[PLACE_N]]]
// CHECK-NEXT:        llvm.store %c1_i32, %[[OF_NEXT]] atomic syncscope("device") release

// What a step makes of a state, from that of (1, 0) and of (0, 1), in f64: a matrix
// of the planes, here what swapped planes are multiplied by and planes as they are. To
// the power of 6 rows: its square, and the square's square times that. The first chunk of
// a group does without.
// CHECK:           memref.load %[[RE]][
// CHECK:           memref.load %[[IM]][
// CHECK:           memref.load %[[ENTERING]][%[[GROUP]],
// CHECK:           %[[START:.+]] = arith.muli %[[GROUP]], %c16
// CHECK-NEXT:      %[[HAS_BEFORE:.+]] = arith.cmpi ult, %[[START]], %[[CHUNK]]
// CHECK-NEXT:      %[[STATE:.+]]:2 = scf.if %[[HAS_BEFORE]] -> (f64, f64) {
// CHECK-NEXT:      %[[RE64:.+]] = arith.extf %{{.+}} : vector<2xf32> to vector<2xf64>
// CHECK-NEXT:      %[[IM64:.+]] = arith.extf %{{.+}} : vector<2xf32> to vector<2xf64>
// CHECK-NEXT:      %[[FORCED0:.+]] = math.fma %[[IM64]], %[[UNIT1]], %[[ZEROS64]]
// CHECK-NEXT:      %[[COLUMN0:.+]] = math.fma %[[RE64]], %[[UNIT0]], %[[FORCED0]]
// CHECK-NEXT:      %[[A:.+]] = vector.extract %[[COLUMN0]][0]
// CHECK-NEXT:      %[[C:.+]] = vector.extract %[[COLUMN0]][1]
// CHECK-NEXT:      %[[FORCED1:.+]] = math.fma %[[IM64]], %[[UNIT0]], %[[ZEROS64]]
// CHECK-NEXT:      %[[COLUMN1:.+]] = math.fma %[[RE64]], %[[UNIT1]], %[[FORCED1]]
// CHECK-NEXT:      %[[B:.+]] = vector.extract %[[COLUMN1]][0]
// CHECK-NEXT:      %[[D:.+]] = vector.extract %[[COLUMN1]][1]
// CHECK-NEXT:      %[[AA:.+]] = arith.mulf %[[A]], %[[A]] : f64
// CHECK-NEXT:      %[[A2:.+]] = math.fma %[[B]], %[[C]], %[[AA]]
// CHECK-NEXT:      %[[CA:.+]] = arith.mulf %[[C]], %[[A]]
// CHECK-NEXT:      %[[C2:.+]] = math.fma %[[D]], %[[C]], %[[CA]]
// CHECK-NEXT:      %[[AB:.+]] = arith.mulf %[[A]], %[[B]]
// CHECK-NEXT:      %[[B2:.+]] = math.fma %[[B]], %[[D]], %[[AB]]
// CHECK-NEXT:      %[[CB:.+]] = arith.mulf %[[C]], %[[B]]
// CHECK-NEXT:      %[[D2:.+]] = math.fma %[[D]], %[[D]], %[[CB]]
// CHECK-NEXT:      %[[AA2:.+]] = arith.mulf %[[A2]], %[[A2]]
// CHECK-NEXT:      %[[A4:.+]] = math.fma %[[B2]], %[[C2]], %[[AA2]]
// CHECK-NEXT:      %[[CA2:.+]] = arith.mulf %[[C2]], %[[A2]]
// CHECK-NEXT:      %[[C4:.+]] = math.fma %[[D2]], %[[C2]], %[[CA2]]
// CHECK-NEXT:      %[[AB2:.+]] = arith.mulf %[[A2]], %[[B2]]
// CHECK-NEXT:      %[[B4:.+]] = math.fma %[[B2]], %[[D2]], %[[AB2]]
// CHECK-NEXT:      %[[CB2:.+]] = arith.mulf %[[C2]], %[[B2]]
// CHECK-NEXT:      %[[D4:.+]] = math.fma %[[D2]], %[[D2]], %[[CB2]]
// CHECK-NEXT:      %[[AA6:.+]] = arith.mulf %[[A2]], %[[A4]]
// CHECK-NEXT:      %[[A6:.+]] = math.fma %[[B2]], %[[C4]], %[[AA6]]
// CHECK-NEXT:      %[[CA6:.+]] = arith.mulf %[[C2]], %[[A4]]
// CHECK-NEXT:      %[[C6:.+]] = math.fma %[[D2]], %[[C4]], %[[CA6]]
// CHECK-NEXT:      %[[AB6:.+]] = arith.mulf %[[A2]], %[[B4]]
// CHECK-NEXT:      %[[B6:.+]] = math.fma %[[B2]], %[[D4]], %[[AB6]]
// CHECK-NEXT:      %[[CB6:.+]] = arith.mulf %[[C2]], %[[B4]]
// CHECK-NEXT:      %[[D6:.+]] = math.fma %[[D2]], %[[D4]], %[[CB6]]
// From what entered the group, through the chunks between, in their order.
// CHECK-NEXT:      scf.for %[[B:.+]] = %{{.+}} to %[[CHUNK]] step %c4 iter_args(%[[X:.+]] = %{{.+}}, %[[Y:.+]] = %{{.+}}) -> (f64, f64) {
// CHECK:             %[[EXISTS:.+]] = arith.cmpi ult, %[[B]], %[[CHUNK]]
// CHECK-COUNT-8:     memref.load %[[PUBLISHED]][
// CHECK:             %[[P0:.+]] = vector.extract %[[P:.+]][0] : f64
// CHECK-NEXT:        %[[P1:.+]] = vector.extract %[[P]][1] : f64
// CHECK-NEXT:        %[[X1:.+]] = math.fma %[[A6]], %[[X]], %[[P0]]
// CHECK-NEXT:        %[[X2:.+]] = math.fma %[[B6]], %[[Y]], %[[X1]]
// CHECK-NEXT:        %[[Y1:.+]] = math.fma %[[C6]], %[[X]], %[[P1]]
// CHECK-NEXT:        %[[Y2:.+]] = math.fma %[[D6]], %[[Y]], %[[Y1]]
// CHECK-NEXT:        arith.select %[[EXISTS]], %[[X2]], %[[X]]
// CHECK-NEXT:        arith.select %[[EXISTS]], %[[Y2]], %[[Y]]
// CHECK-COUNT-6:     arith.select
// CHECK:             scf.yield
// CHECK:           } else {
// CHECK-NEXT:        scf.yield
// CHECK:           %[[WIDE:.+]] = vector.from_elements %[[STATE]]#0, %[[STATE]]#1 : vector<2xf64>
// CHECK-NEXT:      %[[ENTERS:.+]] = arith.truncf %[[WIDE]] : vector<2xf64> to vector<2xf32>
// CHECK:           scf.for %{{.+}} = %c0 to %[[COUNT]] step %c1 iter_args(%{{.+}} = %[[ENTERS]], %{{.+}} = %{{.+}})
// CHECK:             memref.store %{{.+}}, %[[OUT]][
// The stream's record changes once, when its last chunk is through.
// CHECK:           scf.if %[[LAST]] {
// CHECK:             memref.store %{{.+}}, %[[S]][%c0,
// CHECK:             memref.store %{{.+}}, %[[S]][%c0,
// CHECK-NOT:     memref.store
!carry = memref<?x16xf32, strided<[?, 1], offset: ?>>
func.func @complex(%x: memref<6x10xf32>, %w: memref<1x10x16xf32>, %out: memref<6x16xf32>, %re: memref<1x16xf32>, %im: memref<1x16xf32>, %s: !carry, %count: index,
    %published: !carry, %entering: !carry, %flags: !llvm.ptr, %chunk: index, %last: i1) attributes {ssm.variant = "linked", ssm.linked_carries = 1 : i64} {
  ssm.panel_map product(%x : memref<6x10xf32>, %w : memref<1x10x16xf32>) columns(%re, %im : memref<1x16xf32>, memref<1x16xf32>) outs(%out : memref<6x16xf32>)
      carries(%s : !carry) count %count {
  ^bb0(%acc: vector<16xf32>, %a: vector<16xf32>, %b: vector<16xf32>, %o: vector<16xf32>, %c: vector<16xf32>):
    %swapped = vector.shuffle %c, %c [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7] : vector<16xf32>, vector<16xf32>
    %1 = math.fma %b, %swapped, %acc : vector<16xf32>
    %2 = math.fma %a, %c, %1 : vector<16xf32>
    ssm.yield %2, %2 : vector<16xf32>, vector<16xf32>
  }
  return
}

// -----

// Two carries that the body mixes, but not their planes: a matrix of vectors, column
// by column from the states (1, 0) and (0, 1), without what a row brings. To the power
// of 3 rows: itself times its square. Carries in f64 need no rounding.
// CHECK-LABEL: func.func @oscillator(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<3x16xf32>, %[[COLUMN:[a-z0-9]+]]: memref<1x16xf32>, %[[OUT:[a-z0-9]+]]: memref<3x16xf32>,
// CHECK-SAME:    %[[PZ:[a-z0-9]+]]: memref<?x16xf64, strided<[?, 1], offset: ?>>, %[[PY:[a-z0-9]+]]: memref<?x16xf64, strided<[?, 1], offset: ?>>, %[[EZ:[a-z0-9]+]]: memref<?x16xf64, strided<[?, 1], offset: ?>>, %[[EY:[a-z0-9]+]]: memref<?x16xf64, strided<[?, 1], offset: ?>>, %{{[a-z0-9]+}}: !llvm.ptr, %[[CHUNK:[a-z0-9]+]]: index, %[[LAST:[a-z0-9]+]]: i1
// CHECK-DAG:     %[[ONE:.+]] = arith.constant dense<1.000000e+00> : vector<2xf64>
// CHECK-DAG:     %[[HALF:.+]] = arith.constant dense<5.000000e-01> : vector<2xf64>
// CHECK-DAG:     %[[ZERO:.+]] = arith.constant dense<0.000000e+00> : vector<2xf64>
// CHECK:         memref.store %{{.+}}, %[[PZ]][%[[CHUNK]],
// CHECK:         memref.store %{{.+}}, %[[PY]][%[[CHUNK]],
// CHECK-COUNT-3: atomic syncscope("device") release
// CHECK:         memref.load %[[COLUMN]]
// CHECK:         memref.load %[[EZ]][
// CHECK:         memref.load %[[EY]][
// CHECK:         %[[STATE:.+]]:2 = scf.if %{{.+}} -> (vector<2xf64>, vector<2xf64>) {
// CHECK-NEXT:    %[[V:.+]] = arith.extf %{{.+}} : vector<2xf32> to vector<2xf64>
// CHECK-NEXT:    %[[A:.+]] = math.fma %[[V]], %[[ZERO]], %[[ONE]]
// CHECK-NEXT:    %[[C:.+]] = math.fma %[[HALF]], %[[A]], %[[ZERO]]
// CHECK-NEXT:    %[[B:.+]] = math.fma %[[V]], %[[ONE]], %[[ZERO]]
// CHECK-NEXT:    %[[D:.+]] = math.fma %[[HALF]], %[[B]], %[[ONE]]
// CHECK-NEXT:    %[[AA:.+]] = arith.mulf %[[A]], %[[A]] : vector<2xf64>
// CHECK-NEXT:    %[[A2:.+]] = math.fma %[[B]], %[[C]], %[[AA]]
// CHECK-NEXT:    %[[CA:.+]] = arith.mulf %[[C]], %[[A]]
// CHECK-NEXT:    %[[C2:.+]] = math.fma %[[D]], %[[C]], %[[CA]]
// CHECK-NEXT:    %[[AB:.+]] = arith.mulf %[[A]], %[[B]]
// CHECK-NEXT:    %[[B2:.+]] = math.fma %[[B]], %[[D]], %[[AB]]
// CHECK-NEXT:    %[[CB:.+]] = arith.mulf %[[C]], %[[B]]
// CHECK-NEXT:    %[[D2:.+]] = math.fma %[[D]], %[[D]], %[[CB]]
// CHECK-NEXT:    %[[AA3:.+]] = arith.mulf %[[A]], %[[A2]]
// CHECK-NEXT:    %[[A3:.+]] = math.fma %[[B]], %[[C2]], %[[AA3]]
// CHECK-NEXT:    %[[CA3:.+]] = arith.mulf %[[C]], %[[A2]]
// CHECK-NEXT:    %[[C3:.+]] = math.fma %[[D]], %[[C2]], %[[CA3]]
// CHECK-NEXT:    %[[AB3:.+]] = arith.mulf %[[A]], %[[B2]]
// CHECK-NEXT:    %[[B3:.+]] = math.fma %[[B]], %[[D2]], %[[AB3]]
// CHECK-NEXT:    %[[CB3:.+]] = arith.mulf %[[C]], %[[B2]]
// CHECK-NEXT:    %[[D3:.+]] = math.fma %[[D]], %[[D2]], %[[CB3]]
// Four chunks at a time, whose loads are under way together; those that are not before
// this one change nothing.
// CHECK-NEXT:    scf.for %[[BEFORE:.+]] = %{{.+}} to %[[CHUNK]] step %c4 iter_args(%[[Z:.+]] = %{{.+}}, %[[Y:.+]] = %{{.+}}) -> (vector<2xf64>, vector<2xf64>) {
// CHECK:           %[[EXISTS:.+]] = arith.cmpi ult, %[[BEFORE]], %[[CHUNK]]
// CHECK:           memref.load %[[PZ]][
// CHECK:           %[[ADDED_Z:.+]] = vector.from_elements
// CHECK:           memref.load %[[PY]][
// CHECK:           %[[ADDED_Y:.+]] = vector.from_elements
// CHECK:           %[[Z1:.+]] = math.fma %[[A3]], %[[Z]], %[[ADDED_Z]]
// CHECK-NEXT:      %[[Z2:.+]] = math.fma %[[B3]], %[[Y]], %[[Z1]]
// CHECK-NEXT:      %[[Y1:.+]] = math.fma %[[C3]], %[[Z]], %[[ADDED_Y]]
// CHECK-NEXT:      %[[Y2:.+]] = math.fma %[[D3]], %[[Y]], %[[Y1]]
// CHECK-NEXT:      arith.select %[[EXISTS]], %[[Z2]], %[[Z]]
// CHECK-NEXT:      arith.select %[[EXISTS]], %[[Y2]], %[[Y]]
// CHECK-COUNT-6:   arith.select
// CHECK:           scf.yield
// CHECK:         } else {
// CHECK-NEXT:      scf.yield
// CHECK-NEXT:    }
// CHECK-NEXT:    scf.for %{{.+}} = %c0 to %c3 step %c1 iter_args(%{{.+}} = %[[STATE]]#0, %{{.+}} = %[[STATE]]#1)
// CHECK:           memref.store %{{.+}}, %[[OUT]][
// CHECK:         scf.if %[[LAST]]
!carry = memref<?x16xf64, strided<[?, 1], offset: ?>>
!published = memref<?x16xf64, strided<[?, 1], offset: ?>>
func.func @oscillator(%x: memref<3x16xf32>, %a: memref<1x16xf32>, %out: memref<3x16xf32>, %z: !carry, %y: !carry,
    %pz: !published, %py: !published, %ez: !carry, %ey: !carry, %flags: !llvm.ptr, %chunk: index, %last: i1) attributes {ssm.variant = "linked", ssm.linked_carries = 2 : i64} {
  %half = arith.constant dense<5.0e-01> : vector<16xf64>
  ssm.panel_map rows(%x : memref<3x16xf32>) columns(%a : memref<1x16xf32>) outs(%out : memref<3x16xf32>)
      carries(%z, %y : !carry, !carry) {
  ^bb0(%f: vector<16xf32>, %column: vector<16xf32>, %o: vector<16xf32>, %cz: vector<16xf64>, %cy: vector<16xf64>):
    %wide = arith.extf %column : vector<16xf32> to vector<16xf64>
    %forcing = arith.extf %f : vector<16xf32> to vector<16xf64>
    %forced = arith.addf %cz, %forcing : vector<16xf64>
    %nz = math.fma %wide, %cy, %forced : vector<16xf64>
    %ny = math.fma %half, %nz, %cy : vector<16xf64>
    %narrow = arith.truncf %ny : vector<16xf64> to vector<16xf32>
    ssm.yield %narrow, %nz, %ny : vector<16xf32>, vector<16xf64>, vector<16xf64>
  }
  return
}
