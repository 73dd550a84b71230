// RUN: ssm-opt %s -ssm-build-run | FileCheck %s --check-prefix=SIGNATURES
// RUN: ssm-opt %s -ssm-build-run -cse | FileCheck %s
// RUN: ssm-opt %s -ssm-build-run -cse | FileCheck %s --check-prefix=ROWS

// The largest need: that of ssm_rows, 24 streams and the rows between units
// (192 + 1536 bytes) and the workspace of the largest unit (1024).
// Five blocks and the pool have states that chunks pass on.
// SIGNATURES:     module attributes {{.*}}ssm.units = 6 : i64, ssm.workspace_bytes = 2752
// Units are called from these functions only.
// SIGNATURES:     func.func private @chunk.input.full({{.*}} attributes {llvm.linkage = #llvm.linkage<internal>
// blob, record, turn, x, y, workspace.
// SIGNATURES:     func.func @ssm_chunk_full(%{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>) attributes {llvm.bareptr}
// SIGNATURES:     func.func @ssm_step(%{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>) attributes {llvm.bareptr}
// blob, states, ids, first, stride, n, turn, x, y, workspace.
// SIGNATURES:     func.func @ssm_rows(%{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: i64, %{{[a-z0-9]+}}: i64, %{{[a-z0-9]+}}: i64, %{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>) attributes {llvm.bareptr}
// blob, states, ids, first, n, y, workspace.
// SIGNATURES:     func.func @ssm_answers(%{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: i64, %{{[a-z0-9]+}}: i64, %{{[a-z0-9]+}}: memref<1xi8>, %{{[a-z0-9]+}}: memref<1xi8>) attributes {llvm.bareptr}

// CHECK-LABEL: func.func @ssm_chunk_full(
// CHECK-SAME:    %[[BLOB:[a-z0-9]+]]: memref<1xi8>, %[[RECORD:[a-z0-9]+]]: memref<1xi8>, %[[TURN:[a-z0-9]+]]: memref<1xi8>, %[[X:[a-z0-9]+]]: memref<1xi8>, %[[Y:[a-z0-9]+]]: memref<1xi8>, %[[WS:[a-z0-9]+]]: memref<1xi8>
// CHECK-DAG:     %[[BLOBS:.+]] = memref.reinterpret_cast %[[BLOB]] {{.*}} to memref<?xi8>
// CHECK-DAG:     %[[RECORDS:.+]] = memref.reinterpret_cast %[[RECORD]] {{.*}} to memref<?xi8>
// CHECK-DAG:     %[[XS:.+]] = memref.reinterpret_cast %[[X]] {{.*}} to memref<?xi8>
// CHECK-DAG:     %[[IN:.+]] = memref.view %[[XS]][%c0][] : memref<?xi8> to memref<24x3xf32>
// CHECK-DAG:     %[[STREAM:.+]] = memref.view %{{.+}}[%c0][] : memref<?xi8> to memref<24x16xf32>
// CHECK:         call @chunk.input.full(%[[IN]], %[[STREAM]],
// The blocks of one shape are one loop; their places follow from the layer.
// CHECK:         scf.for %[[LAYER:.+]] = %c0 to %c4 step %c1 {
// CHECK-DAG:       %[[BYTES:.+]] = arith.muli %[[LAYER]], %c128
// CHECK-DAG:       %[[SHIFT:.+]] = arith.addi %[[BYTES]], %c0
// CHECK-DAG:       %[[STATE:.+]] = memref.view %[[RECORDS]][%[[SHIFT]]][] : memref<?xi8> to memref<32xf32>
// The next stream's record is 832 bytes, 208 floats, further on.
// CHECK-DAG:       memref.reinterpret_cast %[[STATE]] to offset: [0], sizes: [1, 32], strides: [208, 1]
// CHECK-DAG:       %[[SCALED:.+]] = arith.muli %[[LAYER]], %c64
// CHECK-DAG:       %[[PLACE:.+]] = arith.addi %[[SCALED]], %c64
// CHECK-DAG:       %[[PARAMETERS:.+]] = memref.view %[[BLOBS]][%[[PLACE]]][] : memref<?xi8> to memref<16xf32>
// The number of the unit counts all with states before.
// CHECK-DAG:       %[[BEFORE:.+]] = arith.muli %[[LAYER]], %c1 :
// CHECK-DAG:       %[[UNIT:.+]] = arith.addi %[[BEFORE]], %c0
// CHECK:           func.call @chunk.block0.full(%[[STREAM]], %{{.+}}, %[[PARAMETERS]], %{{.+}}, %[[TURN]], %[[UNIT]])
// CHECK-NEXT:    }
// CHECK-NOT:     scf.for
// CHECK:         call @chunk.block1.full(%[[STREAM]], {{.*}}, %[[TURN]], %c4)
// CHECK-DAG:     %[[SUMS:.+]] = memref.view %[[RECORDS]][%c640][] : memref<?xi8> to memref<16xf64>
// CHECK-DAG:     %[[COUNT:.+]] = memref.view %[[RECORDS]][%c768][] : memref<?xi8> to memref<1xi64>
// CHECK:         call @chunk.pool.full(%[[STREAM]], {{.*}}, %[[TURN]], %c5)
// CHECK-NEXT:    return
// CHECK-LABEL: func.func @ssm_step(
// CHECK:         call @chunk.input.step({{.*}}) : (memref<1x3xf32>, memref<1x16xf32>
// The answers of n streams: rows of y, sums and counts of each stream's record.
// CHECK-LABEL: func.func @ssm_answers(
// CHECK-SAME:    %[[N:[a-z0-9]+]]: i64, %[[Y:[a-z0-9]+]]: memref<1xi8>
// CHECK:         %[[COUNT:.+]] = arith.index_cast %[[N]] : i64 to index
// CHECK:         %[[YS:.+]] = memref.reinterpret_cast %[[Y]]
// CHECK:         %[[OUT:.+]] = memref.view %[[YS]][%c0][] : memref<?xi8> to memref<24x10xf32>
// CHECK:         call @chunk.answer.rows(%{{.+}}, %{{.+}}, %[[OUT]], %{{.+}}, %{{.+}}, %[[COUNT]],

// ROWS-LABEL:  func.func @ssm_rows(
// ROWS-SAME:     %[[IDS:[a-z0-9]+]]: memref<1xi8>, %[[FIRST:[a-z0-9]+]]: i64, %[[STRIDE:[a-z0-9]+]]: i64, %[[N:[a-z0-9]+]]: i64, %[[TURN:[a-z0-9]+]]: memref<1xi8>
// ROWS-DAG:      %[[FROM:.+]] = arith.index_cast %[[FIRST]] : i64 to index
// ROWS-DAG:      %[[DISTANCE:.+]] = arith.index_cast %[[STRIDE]] : i64 to index
// ROWS-DAG:      %[[COUNT:.+]] = arith.index_cast %[[N]] : i64 to index
// ROWS-DAG:      %[[STREAMS:.+]] = memref.view %{{.+}}[%c0][] : memref<?xi8> to memref<24xindex>
// ROWS-DAG:      %[[POINTER:.+]] = memref.extract_aligned_pointer_as_index %[[IDS]]
// ROWS-DAG:      %[[GIVEN:.+]] = arith.cmpi ne, %[[POINTER]], %c0
// ROWS:          scf.for %[[ROW:.+]] = %c0 to %[[COUNT]] step %c1 {
// ROWS-NEXT:       %[[ID:.+]] = scf.if %[[GIVEN]] -> (index) {
// ROWS:              memref.load %{{.+}}[%[[ROW]]] : memref<24xi64>
// ROWS:            } else {
// ROWS-NEXT:         %[[SHIFT:.+]] = arith.muli %[[ROW]], %[[DISTANCE]]
// ROWS-NEXT:         arith.addi %[[FROM]], %[[SHIFT]]
// ROWS:            memref.store %[[ID]], %[[STREAMS]][%[[ROW]]]
// Rows between units come after the streams.
// ROWS:          %[[STREAM:.+]] = memref.view %{{.+}}[%c192][] : memref<?xi8> to memref<24x16xf32>
// ROWS:          call @chunk.input.rows(%{{.+}}, %[[STREAM]], %{{.+}}, %[[STREAMS]], %[[COUNT]], %{{.+}}) :
// ROWS:          call @chunk.pool.rows({{.*}}, %[[STREAMS]], %[[COUNT]], %{{.+}}, %[[TURN]], %c5)
// The streams of answers follow one another.
// ROWS-LABEL:  func.func @ssm_answers(
// ROWS-SAME:     %[[FIRST:[a-z0-9]+]]: i64, %[[N:[a-z0-9]+]]: i64
// ROWS:          %[[FROM:.+]] = arith.index_cast %[[FIRST]] : i64 to index
// ROWS:          %[[SHIFT:.+]] = arith.muli %{{.+}}, %c1
// ROWS-NEXT:     arith.addi %[[FROM]], %[[SHIFT]]

// Four blocks of one shape, whose parts of the blob are 64 bytes apart and whose
// carries 128, then one of another.
module attributes {ssm.plan = {blob_bytes = 384 : i64, input_features = 3 : i64, output_features = 10 : i64, pooled = true,
  state_bytes = 832 : i64, tokens = false, weight_bytes = 0 : i64, weights = [], states = [],
  steps = [{blob = 0 : i64, carries = array<i64>, kind = "input", path = "", unit = "input"},
           {blob = 64 : i64, carries = array<i64: 0>, kind = "block", path = "layers.1.blocks.0", unit = "block0"},
           {blob = 128 : i64, carries = array<i64: 128>, kind = "block", path = "layers.1.blocks.1", unit = "block0"},
           {blob = 192 : i64, carries = array<i64: 256>, kind = "block", path = "layers.1.blocks.2", unit = "block0"},
           {blob = 256 : i64, carries = array<i64: 384>, kind = "block", path = "layers.1.blocks.3", unit = "block0"},
           {blob = 320 : i64, carries = array<i64: 512>, kind = "block", path = "layers.2.blocks.0", unit = "block1"},
           {blob = 384 : i64, carries = array<i64: 640, 768>, kind = "pool", path = "", unit = "pool"},
           {blob = 384 : i64, carries = array<i64: 640, 768>, kind = "answer", path = "", unit = "answer"}]}} {
  func.func private @chunk.input.full(memref<24x3xf32>, memref<24x16xf32>, memref<16xf32>, memref<?xi8>) attributes {ssm.kind = "input", ssm.workspace_bytes = 64 : i64}
  func.func private @chunk.input.step(memref<1x3xf32>, memref<1x16xf32>, memref<16xf32>, memref<?xi8>) attributes {ssm.kind = "input", ssm.workspace_bytes = 64 : i64}
  func.func private @chunk.input.rows(memref<24x3xf32>, memref<24x16xf32>, memref<16xf32>, memref<24xindex>, index, memref<?xi8>) attributes {ssm.kind = "input", ssm.workspace_bytes = 64 : i64}
  func.func private @chunk.block0.full(memref<24x16xf32>, memref<?x32xf32, strided<[?, 1], offset: ?>>, memref<16xf32>, memref<?xi8>, memref<1xi8>, index) attributes {ssm.ordered, ssm.kind = "block", ssm.workspace_bytes = 1024 : i64}
  func.func private @chunk.block0.step(memref<1x16xf32>, memref<?x32xf32, strided<[?, 1], offset: ?>>, memref<16xf32>, memref<?xi8>) attributes {ssm.kind = "block", ssm.workspace_bytes = 64 : i64}
  func.func private @chunk.block0.rows(memref<24x16xf32>, memref<?x32xf32, strided<[?, 1], offset: ?>>, memref<16xf32>, memref<24xindex>, index, memref<?xi8>, memref<1xi8>, index) attributes {ssm.ordered, ssm.kind = "block", ssm.workspace_bytes = 1024 : i64}
  func.func private @chunk.block1.full(memref<24x16xf32>, memref<?x32xf32, strided<[?, 1], offset: ?>>, memref<16xf32>, memref<?xi8>, memref<1xi8>, index) attributes {ssm.ordered, ssm.kind = "block"}
  func.func private @chunk.block1.step(memref<1x16xf32>, memref<?x32xf32, strided<[?, 1], offset: ?>>, memref<16xf32>, memref<?xi8>) attributes {ssm.kind = "block"}
  func.func private @chunk.block1.rows(memref<24x16xf32>, memref<?x32xf32, strided<[?, 1], offset: ?>>, memref<16xf32>, memref<24xindex>, index, memref<?xi8>, memref<1xi8>, index) attributes {ssm.ordered, ssm.kind = "block"}
  func.func private @chunk.pool.full(memref<24x16xf32>, memref<?x16xf64, strided<[?, 1], offset: ?>>, memref<?x1xi64, strided<[?, 1], offset: ?>>, memref<?xi8>, memref<1xi8>, index) attributes {ssm.ordered, ssm.kind = "pool"}
  func.func private @chunk.pool.step(memref<1x16xf32>, memref<?x16xf64, strided<[?, 1], offset: ?>>, memref<?x1xi64, strided<[?, 1], offset: ?>>, memref<?xi8>) attributes {ssm.kind = "pool"}
  func.func private @chunk.pool.rows(memref<24x16xf32>, memref<?x16xf64, strided<[?, 1], offset: ?>>, memref<?x1xi64, strided<[?, 1], offset: ?>>, memref<24xindex>, index, memref<?xi8>, memref<1xi8>, index) attributes {ssm.ordered, ssm.kind = "pool"}
  func.func private @chunk.answer.rows(memref<?x16xf64, strided<[?, 1], offset: ?>>, memref<?x1xi64, strided<[?, 1], offset: ?>>, memref<24x10xf32>, memref<16xf32>, memref<24xindex>, index, memref<?xi8>) attributes {ssm.kind = "answer", ssm.workspace_bytes = 64 : i64}
}
