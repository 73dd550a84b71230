// RUN: ssm-opt %s -ssm-build-run -ssm-build-kernels -canonicalize -cse -o %t
// RUN: FileCheck %s < %t
// RUN: FileCheck %s --check-prefix=BLOCK < %t

// Functions of layers are the module's own; what the host knows by name is kernels.
// CHECK:       gpu.module @kernels {
// CHECK-DAG:     func.func private @chunk.block0.linked(
// CHECK-DAG:     func.func private @layers_chunk(
// CHECK-DAG:     func.func private @layers_rows(
// CHECK-DAG:     func.func private @layers_answers(

// blob, states, ids, n, lengths, L, x, y. A thread block has every gridDim-th stream,
// and goes through chunks of 8 rows: a barrier before each. A row of x is 12 bytes.
// CHECK-LABEL:   gpu.func @ssm_time(
// CHECK-SAME:      %[[BLOB:[a-z0-9]+]]: !llvm.ptr, %[[STATES:[a-z0-9]+]]: !llvm.ptr, %[[IDS:[a-z0-9]+]]: !llvm.ptr, %[[N:[a-z0-9]+]]: i64, %[[LENGTHS:[a-z0-9]+]]: !llvm.ptr, %[[L:[a-z0-9]+]]: i64, %{{[a-z0-9]+}}: !llvm.ptr, %{{[a-z0-9]+}}: !llvm.ptr) kernel attributes {ssm.shared_bytes = 1576 : i64} {
// CHECK:           %[[FIRST:.+]] = arith.index_cast %block_id_x
// CHECK:           %[[STEP:.+]] = arith.index_cast %grid_dim_x
// CHECK:           scf.for %[[B:.+]] = %[[FIRST]] to %[[N]] step %[[STEP]]
// Without ids and lengths: the stream itself, and all time steps.
// CHECK:             %[[ID:.+]] = scf.if %{{.+}} -> (i64) {
// CHECK-NEXT:          llvm.getelementptr %[[IDS]][%[[B]]]
// CHECK:             } else {
// CHECK-NEXT:          scf.yield %[[B]]
// CHECK:             %[[GIVEN:.+]] = scf.if %{{.+}} -> (i64) {
// CHECK-NEXT:          llvm.getelementptr %[[LENGTHS]][%[[B]]]
// CHECK:             } else {
// CHECK-NEXT:          scf.yield %[[L]]
// Never more than there are.
// CHECK:             %[[LENGTH:.+]] = arith.minsi %[[GIVEN]], %[[L]]
// CHECK:             %[[PLACE:.+]] = arith.muli %[[ID]], %c448_i64
// CHECK-NEXT:        llvm.getelementptr %[[STATES]][%[[PLACE]]]
// CHECK:             scf.for %[[T:.+]] = %c0_i64 to %[[LENGTH]] step %c8_i64
// CHECK-NEXT:          %[[LEFT:.+]] = arith.subi %[[LENGTH]], %[[T]]
// CHECK-NEXT:          arith.muli %[[T]], %c12_i64
// CHECK:               %[[COUNT:.+]] = arith.minsi %[[LEFT]], %c8_i64
// CHECK:               gpu.barrier
// CHECK-NEXT:          func.call @layers_chunk(%{{.+}}, %{{.+}}, %[[COUNT]],
// The head's answer, of one stream, where y is given.
// CHECK:             scf.if
// CHECK:               gpu.barrier
// CHECK-NEXT:          func.call @layers_answers(%{{.+}}, %{{.+}}, %{{.+}}, %[[ID]], %c1_i64,
// CHECK:           gpu.return

// blob, states, ids, n, x, y: groups of 8 streams.
// CHECK-LABEL:   gpu.func @ssm_rows(
// CHECK-SAME:      !llvm.ptr, %{{[a-z0-9]+}}: !llvm.ptr, %{{[a-z0-9]+}}: !llvm.ptr, %[[N:[a-z0-9]+]]: i64, %{{[a-z0-9]+}}: !llvm.ptr, %{{[a-z0-9]+}}: !llvm.ptr) kernel attributes {ssm.shared_bytes = 1576 : i64} {
// CHECK:           %[[GRID:.+]] = gpu.grid_dim x
// CHECK:           %[[BLOCKS:.+]] = arith.index_cast %[[GRID]]
// CHECK:           %[[UP:.+]] = arith.addi %[[N]], %{{.+}}
// CHECK-NEXT:      %[[EACH:.+]] = arith.divui %[[UP]], %[[BLOCKS]]
// CHECK:           %[[ROWS:.+]] = arith.minsi %[[EACH]], %c8_i64
// CHECK:           %[[GROUPS:.+]] = arith.divui %{{.+}}, %[[ROWS]]
// CHECK:           scf.for %[[G:.+]] = %{{.+}} to %[[GROUPS]] step
// CHECK-NEXT:        %[[FIRST:.+]] = arith.muli %[[G]], %[[ROWS]]
// CHECK-NEXT:        %[[LEFT:.+]] = arith.subi %[[N]], %[[FIRST]]
// CHECK-NEXT:        %[[COUNT:.+]] = arith.minsi %[[LEFT]], %[[ROWS]]
// CHECK:             gpu.barrier
// CHECK-NEXT:        func.call @layers_rows(
// CHECK:             scf.if
// CHECK:               gpu.barrier
// CHECK-NEXT:          func.call @layers_answers(%{{.+}}, %{{.+}}, %{{.+}}, %[[FIRST]], %[[COUNT]],
// CHECK-LABEL:   gpu.func @ssm_answers(
// CHECK-NOT:       @layers_rows
// CHECK:           func.call @layers_answers(

// Units of one shape have one kernel. Chunks are drawn where nothing is carried: no
// flags, no rows of its own in shared memory, for what is read once.
// CHECK-LABEL:   gpu.func @ssm_unit_input(
// CHECK-SAME:      kernel attributes {ssm.by_chunk, ssm.link_bytes = 0 : i64, ssm.shared_bytes = 128 : i64} {
// CHECK:           llvm.atomicrmw add
// CHECK:           func.call @chunk.input.time(
// CHECK-LABEL:   gpu.func @ssm_unit_block0(
// CHECK-NOT:     gpu.func @ssm_unit_block0(
// A pool's sums go from row to row: a thread block per stream, chunk after chunk. Two
// carries, of 448 bytes = 56 numbers a record.
// CHECK-LABEL:   gpu.func @ssm_unit_pool(
// CHECK-SAME:      %[[STATES:[a-z0-9]+]]: !llvm.ptr, %{{[a-z0-9]+}}: !llvm.ptr, %[[N:[a-z0-9]+]]: i64, %{{[a-z0-9]+}}: !llvm.ptr, %{{[a-z0-9]+}}: i64, %{{[a-z0-9]+}}: i64, %[[CHUNKS:[a-z0-9]+]]: i64,
// CHECK-SAME:      %[[SUMS:[a-z0-9]+]]: i64, %[[COUNTED:[a-z0-9]+]]: i64) kernel attributes {ssm.link_bytes = 0 : i64, ssm.shared_bytes = 64 : i64} {
// CHECK-NOT:       llvm.atomicrmw
// CHECK:           scf.for %{{.+}} = %{{.+}} to %[[N]] step
// CHECK-NEXT:        scf.for %{{.+}} = %c0_i64 to %[[CHUNKS]] step %c1_i64
// CHECK-DAG:           llvm.getelementptr %[[RECORD:.+]][%[[SUMS]]]
// CHECK-DAG:           llvm.getelementptr %{{.+}}[%[[COUNTED]]]
// CHECK-DAG:           llvm.insertvalue %c56_i64, %{{.+}}[4, 0]
// CHECK:               gpu.barrier
// CHECK-NEXT:          func.call @chunk.pool.time(
// CHECK-NOT:     @ssm_unit_answer

// blob, states, ids, n, lengths, L, start, chunks, in, inRows, inFirst, out, outRows,
// outFirst, link, carry0. A chunk leaves 128 bytes for others, and as many for the
// group's state. Shared memory: the ticket (64 bytes), 8 rows of 16 floats, the
// workspace of 1000 bytes, rounded up to 1024, and 128 weights from 1600 on.
// BLOCK-LABEL: gpu.func @ssm_unit_block0(
// BLOCK-SAME:    %[[BLOB:[a-z0-9]+]]: !llvm.ptr, %[[STATES:[a-z0-9]+]]: !llvm.ptr, %{{[a-z0-9]+}}: !llvm.ptr, %[[N:[a-z0-9]+]]: i64, %{{[a-z0-9]+}}: !llvm.ptr, %[[L:[a-z0-9]+]]: i64, %[[START:[a-z0-9]+]]: i64, %[[CHUNKS:[a-z0-9]+]]: i64, %[[IN:[a-z0-9]+]]: !llvm.ptr, %[[ROWS:[a-z0-9]+]]: i64, %[[FIRST:[a-z0-9]+]]: i64, %{{[a-z0-9]+}}: !llvm.ptr, %{{[a-z0-9]+}}: i64, %{{[a-z0-9]+}}: i64, %[[LINK:[a-z0-9]+]]: !llvm.ptr, %[[CARRY:[a-z0-9]+]]: i64)
// BLOCK-SAME:    kernel attributes {ssm.by_chunk, ssm.link_bytes = 256 : i64, ssm.shared_bytes = 2112 : i64} {
// BLOCK:         %[[SHARED:.+]] = llvm.extractvalue %{{.+}}[1]
// Weights are copied once, before the first chunk: 32 times four.
// BLOCK-NEXT:    %[[STAGED:.+]] = llvm.getelementptr %[[SHARED]][1600] {{.+}} i8
// BLOCK:         scf.for %[[I:.+]] = %[[THREAD:.+]] to %c32_i64 step %[[THREADS:[^ ]+]]
// BLOCK-NEXT:      %[[FROM:.+]] = llvm.getelementptr %[[BLOB]][%[[I]]] {{.+}} vector<4xf32>
// BLOCK-NEXT:      %[[FOUR:.+]] = llvm.load %[[FROM]] {alignment = 16 : i64}
// BLOCK-NEXT:      %[[TO:.+]] = llvm.getelementptr %[[STAGED]][%[[I]]] {{.+}} vector<4xf32>
// BLOCK-NEXT:      llvm.store %[[FOUR]], %[[TO]] {alignment = 16 : i64}
// A thread draws a number; all read it, after a barrier, and before another one is
// drawn. Streams come first, then time: those before a chunk run already.
// BLOCK:         %[[ALL:.+]] = arith.muli %[[N]], %[[CHUNKS]]
// BLOCK-NEXT:    %[[IS_FIRST:.+]] = arith.cmpi eq, %[[THREAD]], %c0_i64
// BLOCK-NEXT:    scf.while
// BLOCK-NEXT:      gpu.barrier
// BLOCK-NEXT:      scf.if %[[IS_FIRST]] {
// BLOCK-NEXT:        %[[DRAWN:.+]] = llvm.atomicrmw add %[[LINK]], %c1_i32 syncscope("device") monotonic
// BLOCK-NEXT:        llvm.store %[[DRAWN]], %[[SHARED]]
// BLOCK:           gpu.barrier
// BLOCK-NEXT:      %[[TICKET32:.+]] = llvm.load %[[SHARED]]
// BLOCK-NEXT:      %[[TICKET:.+]] = arith.extui %[[TICKET32]]
// BLOCK-NEXT:      %[[MORE:.+]] = arith.cmpi slt, %[[TICKET]], %[[ALL]]
// BLOCK-NEXT:      scf.condition(%[[MORE]]) %[[TICKET]]
// BLOCK:         ^bb0(%[[T:.+]]: i64):
// BLOCK-NEXT:      %[[B:.+]] = arith.remui %[[T]], %[[N]]
// BLOCK-NEXT:      %[[CHUNK:.+]] = arith.divui %[[T]], %[[N]]
// BLOCK-NEXT:      %[[SHIFT:.+]] = arith.muli %[[CHUNK]], %c8_i64
// BLOCK-NEXT:      %[[TIME:.+]] = arith.addi %[[START]], %[[SHIFT]]
// A chunk beyond the stream's length is none.
// BLOCK:           %[[GIVEN:.+]] = scf.if
// BLOCK:           %[[LENGTH:.+]] = arith.minsi %[[GIVEN]], %[[L]]
// BLOCK:           %[[BEGINS:.+]] = arith.cmpi slt, %[[TIME]], %[[LENGTH]]
// BLOCK-NEXT:      scf.if %[[BEGINS]] {
// BLOCK-NEXT:        %[[LEFT:.+]] = arith.subi %[[LENGTH]], %[[TIME]]
// BLOCK-NEXT:        %[[COUNT:.+]] = arith.minsi %[[LEFT]], %c8_i64
// Row b inRows + inFirst + 8 chunk of 64 bytes; as many rows as there are.
// BLOCK-NEXT:        %[[OF_B:.+]] = arith.muli %[[B]], %[[ROWS]]
// BLOCK-NEXT:        %[[FROM_FIRST:.+]] = arith.addi %[[OF_B]], %[[FIRST]]
// BLOCK-NEXT:        %[[ROW:.+]] = arith.addi %[[FROM_FIRST]], %[[SHIFT]]
// BLOCK-NEXT:        %[[BYTES:.+]] = arith.muli %[[ROW]], %c64_i64
// BLOCK-NEXT:        llvm.getelementptr %[[IN]][%[[BYTES]]]
// BLOCK:             %[[TILE:.+]] = llvm.getelementptr %[[SHARED]][64]
// BLOCK-NEXT:        %[[FOURS:.+]] = arith.muli %[[COUNT]], %c4_i64
// BLOCK-NEXT:        scf.for %{{.+}} = %[[THREAD]] to %[[FOURS]] step %[[THREADS]]
// BLOCK:             llvm.getelementptr %{{.+}}[%[[CARRY]]]
// BLOCK:             llvm.insertvalue %[[STAGED]],
// BLOCK:             %[[INDEX:.+]] = arith.index_cast %[[COUNT]]
// BLOCK-NEXT:        llvm.getelementptr %[[SHARED]][576]
// The last chunk: of the launch, or the one that reaches the length.
// BLOCK:             %[[NEXT:.+]] = arith.addi %[[CHUNK]], %c1_i64
// BLOCK-NEXT:        %[[END:.+]] = arith.addi %[[TIME]], %c8_i64
// BLOCK-NEXT:        %[[GOES_ON:.+]] = arith.cmpi slt, %[[END]], %[[LENGTH]]
// BLOCK-NEXT:        %[[FOLLOWS:.+]] = arith.cmpi slt, %[[NEXT]], %[[CHUNKS]]
// BLOCK-NEXT:        %[[BOTH:.+]] = arith.andi %[[GOES_ON]], %[[FOLLOWS]]
// BLOCK-NEXT:        %[[LAST:.+]] = arith.xori %[[BOTH]], %true
// Behind the counter, 64 bytes: two flags for each chunk; then whole cache lines of
// them, and 256 bytes for each chunk.
// BLOCK-NEXT:        %[[BEFORE:.+]] = arith.muli %[[B]], %[[CHUNKS]]
// BLOCK-NEXT:        %[[FLAG_BYTES:.+]] = arith.muli %[[BEFORE]], %c8_i64
// BLOCK-NEXT:        %[[FLAG_PLACE:.+]] = arith.addi %[[FLAG_BYTES]], %c64_i64
// BLOCK-NEXT:        llvm.getelementptr %[[LINK]][%[[FLAG_PLACE]]]
// BLOCK:             %[[FLAGS:.+]] = llvm.select
// BLOCK-NEXT:        %[[ALL_FLAGS:.+]] = arith.muli %[[ALL]], %c8_i64
// BLOCK-NEXT:        %[[UP:.+]] = arith.addi %[[ALL_FLAGS]], %c63_i64
// BLOCK-NEXT:        %[[LINES:.+]] = arith.divui %[[UP]], %c64_i64
// BLOCK-NEXT:        %[[WITH_COUNTER:.+]] = arith.addi %[[LINES]], %c1_i64
// BLOCK-NEXT:        %[[BEHIND:.+]] = arith.muli %[[WITH_COUNTER]], %c64_i64
// BLOCK-NEXT:        llvm.getelementptr %[[LINK]][%[[BEHIND]]]
// BLOCK:             arith.muli %[[BEFORE]], %c256_i64
// BLOCK:             %[[OF_STREAM:.+]] = arith.index_cast %[[CHUNK]]
// BLOCK-NEXT:        gpu.barrier
// BLOCK-NEXT:        func.call @chunk.block0.linked(%{{.+}}, %{{.+}}, %{{.+}}, %[[INDEX]], %{{.+}}, %{{.+}}, %{{.+}}, %[[FLAGS]], %[[OF_STREAM]], %[[LAST]])
// Back to memory, in place, when all threads are through.
// BLOCK-NEXT:        gpu.barrier
// BLOCK-NEXT:        scf.for %{{.+}} = %[[THREAD]] to %[[FOURS]] step %[[THREADS]]
// BLOCK:               llvm.load
// BLOCK:         gpu.return

!carry = memref<?x32xf32, strided<[?, 1], offset: ?>>
!sums = memref<?x16xf64, strided<[?, 1], offset: ?>>
!count = memref<?x1xi64, strided<[?, 1], offset: ?>>
module attributes {ssm.chunk_rows = 8 : i64, ssm.plan = {blob_bytes = 1216 : i64, input_features = 3 : i64, output_features = 10 : i64, pooled = true,
  state_bytes = 448 : i64, tokens = false, weight_bytes = 0 : i64, weights = [], states = [],
  steps = [{blob = 0 : i64, carries = array<i64>, kind = "input", path = "", unit = "input"},
           {blob = 64 : i64, carries = array<i64: 0>, kind = "block", path = "layers.1.blocks.0", unit = "block0"},
           {blob = 576 : i64, carries = array<i64: 128>, kind = "block", path = "layers.1.blocks.1", unit = "block0"},
           {blob = 1088 : i64, carries = array<i64: 256, 384>, kind = "pool", path = "", unit = "pool"},
           {blob = 1088 : i64, carries = array<i64: 256, 384>, kind = "answer", path = "", unit = "answer"}]}} {
  func.func private @chunk.input.time(memref<8x3xf32>, memref<8x16xf32>, memref<16xf32>, index, memref<?xi8>) attributes {ssm.kind = "input", ssm.variant = "time", ssm.workspace_bytes = 64 : i64}
  func.func private @chunk.input.rows(memref<8x3xf32>, memref<8x16xf32>, memref<16xf32>, memref<8xindex>, index, memref<?xi8>) attributes {ssm.kind = "input", ssm.variant = "rows", ssm.workspace_bytes = 64 : i64}
  func.func private @chunk.block0.linked(memref<8x16xf32>, !carry, memref<128xf32>, index, memref<?xi8>, !carry, !carry, !llvm.ptr, index, i1) attributes {ssm.kind = "block", ssm.stage_weights, ssm.variant = "linked", ssm.workspace_bytes = 1000 : i64}
  func.func private @chunk.block0.time(memref<8x16xf32>, !carry, memref<128xf32>, index, memref<?xi8>) attributes {ssm.kind = "block", ssm.stage_weights, ssm.variant = "time", ssm.workspace_bytes = 1000 : i64}
  func.func private @chunk.block0.rows(memref<8x16xf32>, !carry, memref<128xf32>, memref<8xindex>, index, memref<?xi8>) attributes {ssm.kind = "block", ssm.variant = "rows", ssm.workspace_bytes = 1000 : i64}
  func.func private @chunk.pool.time(memref<8x16xf32>, !sums, !count, index, memref<?xi8>) attributes {ssm.kind = "pool", ssm.variant = "time"}
  func.func private @chunk.pool.rows(memref<8x16xf32>, !sums, !count, memref<8xindex>, index, memref<?xi8>) attributes {ssm.kind = "pool", ssm.variant = "rows"}
  func.func private @chunk.answer.rows(!sums, !count, memref<8x10xf32>, memref<16xf32>, memref<8xindex>, index, memref<?xi8>) attributes {ssm.kind = "answer", ssm.variant = "rows", ssm.workspace_bytes = 64 : i64}
}
