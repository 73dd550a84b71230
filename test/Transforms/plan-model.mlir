// RUN: ssm-opt %s -ssm-plan-model -split-input-file | FileCheck %s

// Blob, weights and states in bytes. Each carry of a record starts at a cache
// line; the oscillator's two carries are f64.
// CHECK-LABEL: module attributes {ssm.plan = {
// The packed parameters of each call: 128 floats for the input, then 64 per block.
// CHECK-SAME:    blob_bytes = 1024
// CHECK-SAME:    input_features = 3
// CHECK-SAME:    output_features = 16
// CHECK-SAME:    pooled = false
// 2 x (8 modes: 16 lanes of f32), then 2 x 16 lanes of f64.
// CHECK-SAME:    state_bytes = 384
// CHECK-SAME:    states = [
// CHECK-SAME:      {kind = "diagonal", offset = 0 : i64, path = "layers.1.blocks.0", size = 8 : i64},
// CHECK-SAME:      {kind = "diagonal", offset = 64 : i64, path = "layers.1.blocks.1", size = 8 : i64},
// CHECK-SAME:      {kind = "oscillator", offset = 128 : i64, path = "layers.2", size = 8 : i64}]
// CHECK-SAME:    steps = [
// CHECK-SAME:      {blob = 0 : i64, carries = array<i64>, kind = "input", path = "", unit = "input"},
// CHECK-SAME:      {blob = 512 : i64, carries = array<i64: 0>, kind = "block", path = "layers.1.blocks.0", unit = "block0"},
// CHECK-SAME:      {blob = 768 : i64, carries = array<i64: 64>, kind = "block", path = "layers.1.blocks.1", unit = "block0"},
// CHECK-SAME:      {blob = 1024 : i64, carries = array<i64: 128, 256>, kind = "block", path = "layers.2", unit = "block1"}]
// CHECK-SAME:    tokens = false
// A weight starts at a cache line.
// CHECK-SAME:    weight_bytes = 128
// CHECK-SAME:    weights = [{name = "a", offset = 0 : i64}, {name = "b", offset = 64 : i64}]
// The recurrence level is gone.
// CHECK-NOT:   func.func {{.*}}@model(
// CHECK-NOT:   func.func {{.*}}@block0(
// CHECK-LABEL: func.func @prepare(
// CHECK-SAME:    %[[WEIGHTS:.+]]: memref<?xi8>, %[[BLOB:.+]]: memref<?xi8>)
// CHECK:         %[[BAT:.+]] = arith.constant 64 : index
// CHECK:         %[[BVIEW:.+]] = memref.view %[[WEIGHTS]][%[[BAT]]][] : memref<?xi8> to memref<4xf64>
// CHECK:         %[[B:.+]] = bufferization.to_tensor %[[BVIEW]] restrict
// What is computed between units is computed here.
// CHECK:         %[[E:.+]] = math.exp %[[B]]
// CHECK:         %[[AT:.+]] = arith.constant 512 : index
// CHECK:         %[[PART:.+]] = memref.view %[[BLOB]][%[[AT]]][] : memref<?xi8> to memref<64xf32>
// CHECK:         %[[OLD:.+]] = bufferization.to_tensor %[[PART]] restrict writable
// CHECK:         %[[NEW:.+]] = call @prepare.block0(%[[E]], %[[OLD]])
// CHECK:         bufferization.materialize_in_destination %[[NEW]] in restrict writable %[[PART]]
// CHECK:         %[[AT:.+]] = arith.constant 768 : index
// CHECK:         memref.view %[[BLOB]][%[[AT]]]
func.func private @input(%x: tensor<?x?x3xf32>, %a: tensor<3xf32> {ssm.parameter}) -> tensor<?x?x16xf32> attributes {ssm.unit = "input"}
func.func private @block0(%x: tensor<?x?x16xf32>, %s: tensor<?x2x8xf32>, %b: tensor<4xf64> {ssm.parameter})
    -> (tensor<?x?x16xf32>, tensor<?x2x8xf32>) attributes {ssm.unit = "block"}
func.func private @block1(%x: tensor<?x?x16xf32>, %s: tensor<?x2x2x8xf32>) -> (tensor<?x?x16xf32>, tensor<?x2x2x8xf32>) attributes {ssm.unit = "block"}
func.func private @chunk.input(tensor<24x3xf32>, tensor<24x16xf32>, tensor<128xf32>) -> tensor<24x16xf32> attributes {ssm.kind = "input"}
func.func private @prepare.input(tensor<3xf32>, tensor<128xf32>) -> tensor<128xf32>
func.func private @chunk.block0(tensor<24x16xf32>, tensor<?x16xf32>, tensor<64xf32>) -> (tensor<24x16xf32>, tensor<?x16xf32>) attributes {ssm.kind = "block"}
func.func private @prepare.block0(tensor<4xf64>, tensor<64xf32>) -> tensor<64xf32>
func.func private @chunk.block1(tensor<24x16xf32>, tensor<?x16xf64>, tensor<?x16xf64>) -> (tensor<24x16xf32>, tensor<?x16xf64>, tensor<?x16xf64>) attributes {ssm.kind = "block"}
func.func @model(%x: tensor<?x?x3xf32>, %s: tensor<?x2x8xf32> {ssm.state = "layers.1.blocks.0"}, %t: tensor<?x2x8xf32> {ssm.state = "layers.1.blocks.1"},
    %u: tensor<?x2x2x8xf32> {ssm.state = "layers.2"}) -> (tensor<?x?x16xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x2x8xf32>) {
  %a = ssm.parameter "a" : tensor<3xf32>
  %b = ssm.parameter "b" : tensor<4xf64>
  %e = math.exp %b : tensor<4xf64>
  %i = call @input(%x, %a) : (tensor<?x?x3xf32>, tensor<3xf32>) -> tensor<?x?x16xf32>
  %y:2 = call @block0(%i, %s, %e) {ssm.path = "layers.1.blocks.0"} : (tensor<?x?x16xf32>, tensor<?x2x8xf32>, tensor<4xf64>) -> (tensor<?x?x16xf32>, tensor<?x2x8xf32>)
  %z:2 = call @block0(%y#0, %t, %b) {ssm.path = "layers.1.blocks.1"} : (tensor<?x?x16xf32>, tensor<?x2x8xf32>, tensor<4xf64>) -> (tensor<?x?x16xf32>, tensor<?x2x8xf32>)
  %o:2 = call @block1(%z#0, %u) {ssm.path = "layers.2"} : (tensor<?x?x16xf32>, tensor<?x2x2x8xf32>) -> (tensor<?x?x16xf32>, tensor<?x2x2x8xf32>)
  return %o#0, %y#1, %z#1, %o#1 : tensor<?x?x16xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x2x8xf32>
}

// -----

// 128 modes of re and im would be 1 KB, which maps neighbouring streams to the same sets
// of a cache: a record is a line longer.
// CHECK-LABEL: module attributes {ssm.plan =
// CHECK-SAME:    state_bytes = 1088
func.func @model(%x: tensor<?x?x16xf32>, %s: tensor<?x2x128xf32> {ssm.state = "layers.0"}) -> (tensor<?x?x16xf32>, tensor<?x2x128xf32>) {
  return %x, %s : tensor<?x?x16xf32>, tensor<?x2x128xf32>
}

// -----

// Streams differ even where nothing is carried; tokens have one feature.
// CHECK-LABEL: module attributes {ssm.plan =
// CHECK-SAME:    input_features = 1
// CHECK-SAME:    state_bytes = 64
// CHECK-SAME:    tokens = true
func.func private @input(%x: tensor<?x?xi32>) -> tensor<?x?x16xf32> attributes {ssm.unit = "input"}
func.func private @chunk.input(tensor<24xi32>, tensor<24x16xf32>) -> tensor<24x16xf32> attributes {ssm.kind = "input"}
func.func @model(%x: tensor<?x?xi32>) -> tensor<?x?x16xf32> {
  %y = call @input(%x) : (tensor<?x?xi32>) -> tensor<?x?x16xf32>
  return %y : tensor<?x?x16xf32>
}

// -----

// The sums and the count of a pooled head; its answer reads both.
// CHECK-LABEL: module attributes {ssm.plan =
// CHECK-SAME:    output_features = 10
// CHECK-SAME:    pooled = true
// CHECK-SAME:    state_bytes = 192
// CHECK-SAME:    {kind = "sums", offset = 0 : i64, path = "layers.1", size = 16 : i64}, {kind = "count", offset = 128 : i64, path = "layers.1", size = 1 : i64}
// CHECK-SAME:    {blob = 0 : i64, carries = array<i64: 0, 128>, kind = "pool", path = "", unit = "pool"}
// CHECK-SAME:    {blob = 0 : i64, carries = array<i64: 0, 128>, kind = "answer", path = "", unit = "answer"}
func.func private @pool(%x: tensor<?x?x16xf32>, %s: tensor<?x16xf64>, %n: tensor<?xi64>) -> (tensor<?x16xf32>, tensor<?x16xf64>, tensor<?xi64>) attributes {ssm.unit = "pool"}
func.func private @answer(%p: tensor<?x16xf32>) -> tensor<?x10xf32> attributes {ssm.unit = "answer"}
func.func private @chunk.pool(tensor<24x16xf32>, tensor<?x16xf64>, tensor<?x1xi64>) -> (tensor<?x16xf64>, tensor<?x1xi64>) attributes {ssm.kind = "pool"}
func.func private @chunk.answer(tensor<?x16xf64>, tensor<?x1xi64>, tensor<1x10xf32>) -> tensor<1x10xf32> attributes {ssm.kind = "answer"}
func.func @model(%x: tensor<?x?x16xf32>, %s: tensor<?x16xf64> {ssm.state = "layers.1", ssm.pool = "sums"}, %n: tensor<?xi64> {ssm.state = "layers.1", ssm.pool = "count"})
    -> (tensor<?x10xf32>, tensor<?x16xf64>, tensor<?xi64>) {
  %p:3 = call @pool(%x, %s, %n) : (tensor<?x?x16xf32>, tensor<?x16xf64>, tensor<?xi64>) -> (tensor<?x16xf32>, tensor<?x16xf64>, tensor<?xi64>)
  %y = call @answer(%p#0) : (tensor<?x16xf32>) -> tensor<?x10xf32>
  return %y, %p#1, %p#2 : tensor<?x10xf32>, tensor<?x16xf64>, tensor<?xi64>
}
