// RUN: ssm-opt %s -ssm-build-run -cse | FileCheck %s

// Two layers in both directions, one after them that runs forwards. Per time
// step, rows of the stream and contributions are kept: 64 bytes each. The
// workspace: streams (192), rows of a chunk that are turned around, in and out
// (1536 each), and the largest unit's (1024).
// CHECK:       module attributes {{.*}}ssm.sequence_bytes = 128 : i64, ssm.units = 0 : i64, ssm.workspace_bytes = 4288 : i64
// No chunk, no step: a sequence is run as a whole.
// CHECK-NOT:   func.func @ssm_{{chunk|step|rows}}
// blob, record, n, x, store, y, workspace.
// CHECK-LABEL: func.func @ssm_sequence(
// CHECK-SAME:    %{{[a-z0-9]+}}: memref<1xi8>, %[[RECORD:[a-z0-9]+]]: memref<1xi8>, %[[N:[a-z0-9]+]]: i64, %[[X:[a-z0-9]+]]: memref<1xi8>, %[[STORE:[a-z0-9]+]]: memref<1xi8>, %[[Y:[a-z0-9]+]]: memref<1xi8>, %[[WS:[a-z0-9]+]]: memref<1xi8>
// CHECK-DAG:     %[[RECORDS:.+]] = memref.reinterpret_cast %[[RECORD]]
// CHECK-DAG:     %[[TOTAL:.+]] = arith.index_cast %[[N]] : i64 to index
// CHECK-DAG:     %[[XS:.+]] = memref.reinterpret_cast %[[X]]
// CHECK-DAG:     %[[STORES:.+]] = memref.reinterpret_cast %[[STORE]]
// CHECK-DAG:     %[[YS:.+]] = memref.reinterpret_cast %[[Y]]
// CHECK:         %[[CHUNKS:.+]] = arith.divui %[[TOTAL]], %c24
// CHECK:         %[[WHOLE:.+]] = arith.muli %[[CHUNKS]], %c24
// CHECK:         %[[TAIL:.+]] = arith.subi %[[TOTAL]], %[[WHOLE]]
// The first pass: rows of x to rows of the store, chunk by chunk, then the rest.
// CHECK:         scf.for %[[CHUNK:.+]] = %c0 to %[[CHUNKS]] step %c1 {
// CHECK:           %[[FIRST:.+]] = arith.muli %[[CHUNK]], %c24
// CHECK:           %[[BYTES:.+]] = arith.muli %[[FIRST]], %c12
// CHECK:           %[[IN:.+]] = memref.view %[[XS]][%[[BYTES]]][] : memref<?xi8> to memref<24x3xf32>
// CHECK:           %[[PLACE:.+]] = arith.muli %[[FIRST]], %c64
// CHECK:           %[[OUT:.+]] = memref.view %[[STORES]][%[[PLACE]]][] : memref<?xi8> to memref<24x16xf32>
// CHECK:           func.call @chunk.input.full(%[[IN]], %[[OUT]],
// CHECK:         %[[LEFT:.+]] = arith.cmpi ne, %[[TAIL]], %c0
// CHECK-NEXT:    scf.if %[[LEFT]] {
// CHECK:           func.call @chunk.input.rows({{.*}}, %[[TAIL]], %{{.+}})
// Layers in both directions are one loop: all chunks backwards, then forwards.
// CHECK:         scf.for %[[LAYER:.+]] = %c0 to %c2 step %c1 {
// CHECK-NEXT:      scf.for %[[CHUNK:.+]] = %c0 to %[[CHUNKS]] step %c1 {
// CHECK-NEXT:        %[[FIRST:.+]] = arith.muli %[[CHUNK]], %c24
// CHECK:             %[[END:.+]] = arith.subi %[[TOTAL]], %c1
// CHECK-NEXT:        %[[LAST:.+]] = arith.subi %[[END]], %[[FIRST]]
// CHECK-NEXT:        scf.for %[[ROW:.+]] = %c0 to %c24 step %c1 {
// CHECK-NEXT:          %[[TIME:.+]] = arith.subi %[[LAST]], %[[ROW]]
// CHECK:               vector.load
// CHECK-NEXT:          vector.store %{{.+}}[%[[ROW]], %
// CHECK:             %[[BYTES:.+]] = arith.muli %[[LAYER]], %c128
// CHECK:             %[[SHIFT:.+]] = arith.addi %[[BYTES]], %c64
// CHECK:             memref.view %[[RECORDS]][%[[SHIFT]]][] : memref<?xi8> to memref<16xf32>
// CHECK:             func.call @chunk.reverse0.full(
// CHECK:             scf.for %[[ROW:.+]] = %c0 to %c24 step %c1 {
// CHECK-NEXT:          %[[TIME:.+]] = arith.subi %[[LAST]], %[[ROW]]
// Contributions are behind the rows of all time steps.
// CHECK:               arith.muli %[[TOTAL]], %c64
// CHECK:               vector.load %{{.+}}[%[[ROW]], %
// CHECK-NEXT:          vector.store
// CHECK:           scf.if %[[LEFT]] {
// CHECK:             func.call @chunk.reverse0.rows(
// CHECK:           scf.for %{{.+}} = %c0 to %[[CHUNKS]] step %c1 {
// CHECK:             func.call @chunk.block0.full(
// CHECK:           scf.if %[[LEFT]] {
// CHECK:             func.call @chunk.block0.rows(
// What is left goes through the units behind, one after the other, and to y.
// CHECK:         scf.for %{{.+}} = %c0 to %[[CHUNKS]] step %c1 {
// CHECK:           func.call @chunk.block1.full(
// CHECK:           memref.view %[[YS]][%{{.+}}][] : memref<?xi8> to memref<24x5xf32>
// CHECK:           func.call @chunk.dense.full(
// CHECK:         scf.if %[[LEFT]] {
// CHECK:           func.call @chunk.block1.rows(
// CHECK:           func.call @chunk.dense.rows(
// CHECK:         return
module attributes {ssm.chunk_rows = 24 : i64, ssm.plan = {blob_bytes = 448 : i64, input_features = 3 : i64, output_features = 5 : i64, pooled = false,
  state_bytes = 320 : i64, tokens = false, weight_bytes = 0 : i64,
  states = [], weights = [],
  steps = [{blob = 0 : i64, carries = array<i64>, kind = "input", path = "", unit = "input"},
           {blob = 64 : i64, carries = array<i64: 64>, kind = "reverse", path = "layers.1.blocks.0", unit = "reverse0"},
           {blob = 128 : i64, carries = array<i64: 0>, kind = "block", path = "layers.1.blocks.0", unit = "block0"},
           {blob = 192 : i64, carries = array<i64: 192>, kind = "reverse", path = "layers.1.blocks.1", unit = "reverse0"},
           {blob = 256 : i64, carries = array<i64: 128>, kind = "block", path = "layers.1.blocks.1", unit = "block0"},
           {blob = 320 : i64, carries = array<i64: 256>, kind = "block", path = "layers.2", unit = "block1"},
           {blob = 384 : i64, carries = array<i64>, kind = "dense", path = "", unit = "dense"}]}} {
  func.func private @chunk.input.full(memref<24x3xf32>, memref<24x16xf32>, memref<16xf32>, memref<?xi8>) attributes {ssm.kind = "input", ssm.workspace_bytes = 64 : i64}
  func.func private @chunk.input.rows(memref<24x3xf32>, memref<24x16xf32>, memref<16xf32>, memref<24xindex>, index, memref<?xi8>) attributes {ssm.kind = "input", ssm.workspace_bytes = 64 : i64}
  func.func private @chunk.reverse0.full(memref<24x16xf32>, memref<24x16xf32>, memref<?x16xf32, strided<[?, 1], offset: ?>>, memref<16xf32>, memref<?xi8>) attributes {ssm.kind = "reverse", ssm.workspace_bytes = 1024 : i64}
  func.func private @chunk.reverse0.rows(memref<24x16xf32>, memref<24x16xf32>, memref<?x16xf32, strided<[?, 1], offset: ?>>, memref<16xf32>, memref<24xindex>, index, memref<?xi8>) attributes {ssm.kind = "reverse", ssm.workspace_bytes = 1024 : i64}
  func.func private @chunk.block0.full(memref<24x16xf32>, memref<24x16xf32>, memref<?x16xf32, strided<[?, 1], offset: ?>>, memref<16xf32>, memref<?xi8>) attributes {ssm.kind = "block"}
  func.func private @chunk.block0.rows(memref<24x16xf32>, memref<24x16xf32>, memref<?x16xf32, strided<[?, 1], offset: ?>>, memref<16xf32>, memref<24xindex>, index, memref<?xi8>) attributes {ssm.kind = "block"}
  func.func private @chunk.block1.full(memref<24x16xf32>, memref<?x16xf32, strided<[?, 1], offset: ?>>, memref<16xf32>, memref<?xi8>) attributes {ssm.kind = "block"}
  func.func private @chunk.block1.rows(memref<24x16xf32>, memref<?x16xf32, strided<[?, 1], offset: ?>>, memref<16xf32>, memref<24xindex>, index, memref<?xi8>) attributes {ssm.kind = "block"}
  func.func private @chunk.dense.full(memref<24x16xf32>, memref<24x5xf32>, memref<16xf32>, memref<?xi8>) attributes {ssm.kind = "dense"}
  func.func private @chunk.dense.rows(memref<24x16xf32>, memref<24x5xf32>, memref<16xf32>, memref<24xindex>, index, memref<?xi8>) attributes {ssm.kind = "dense"}
}
