// RUN: ssm-opt %s -ssm-build-run -ssm-build-kernels -canonicalize -cse | FileCheck %s

// Rows of 32 floats, of which 16 are features: four loads of four floats a row, and what
// lies between rows stays where it is, on the way back, too.
// CHECK-LABEL: gpu.func @ssm_unit_block0(
// CHECK:         %[[FOURS:.+]] = arith.muli %{{.+}}, %c4_i64
// CHECK-NEXT:    scf.for %[[I:.+]] = %{{.+}} to %[[FOURS]]
// CHECK-NEXT:      %[[ROW:.+]] = arith.divui %[[I]], %c4_i64
// CHECK-NEXT:      %[[FIRST:.+]] = arith.muli %[[ROW]], %c8_i64
// CHECK-NEXT:      %[[REST:.+]] = arith.remui %[[I]], %c4_i64
// CHECK-NEXT:      %[[PLACE:.+]] = arith.addi %[[FIRST]], %[[REST]]
// CHECK-NEXT:      llvm.getelementptr %{{.+}}[%[[PLACE]]] : (!llvm.ptr, i64) -> !llvm.ptr, vector<4xf32>
// CHECK-NEXT:      llvm.load
// CHECK-NEXT:      llvm.getelementptr %{{.+}}[%[[PLACE]]]
// CHECK-NEXT:      llvm.store
// CHECK:         func.call @chunk.block0.linked(
// CHECK-NEXT:    gpu.barrier
// CHECK-NEXT:    scf.for %[[J:.+]] = %{{.+}} to %[[FOURS]]
// CHECK-NEXT:      arith.divui %[[J]], %c4_i64
!carry = memref<?x16xf32, strided<[?, 1], offset: ?>>
module attributes {ssm.chunk_rows = 8 : i64, ssm.plan = {blob_bytes = 1024 : i64, input_features = 3 : i64, output_features = 10 : i64, pooled = false,
  state_bytes = 64 : i64, tokens = false, weight_bytes = 0 : i64, weights = [], states = [],
  steps = [{blob = 0 : i64, carries = array<i64>, kind = "input", path = "", unit = "input"},
           {blob = 64 : i64, carries = array<i64: 0>, kind = "block", path = "layers.1.blocks.0", unit = "block0"}]}} {
  func.func private @chunk.input.time(memref<8x3xf32>, memref<8x32xf32>, memref<16xf32>, index, memref<?xi8>) attributes {ssm.kind = "input", ssm.variant = "time"}
  func.func private @chunk.input.rows(memref<8x3xf32>, memref<8x32xf32>, memref<16xf32>, memref<8xindex>, index, memref<?xi8>) attributes {ssm.kind = "input", ssm.variant = "rows"}
  func.func private @chunk.block0.linked(memref<8x32xf32> {ssm.row_floats = 16 : i64}, !carry, memref<128xf32>, index, memref<?xi8>, !carry, !carry, !llvm.ptr, index, i1) attributes {ssm.kind = "block", ssm.variant = "linked"}
  func.func private @chunk.block0.time(memref<8x32xf32> {ssm.row_floats = 16 : i64}, !carry, memref<128xf32>, index, memref<?xi8>) attributes {ssm.kind = "block", ssm.variant = "time"}
  func.func private @chunk.block0.rows(memref<8x32xf32> {ssm.row_floats = 16 : i64}, !carry, memref<128xf32>, memref<8xindex>, index, memref<?xi8>) attributes {ssm.kind = "block", ssm.variant = "rows"}
}
