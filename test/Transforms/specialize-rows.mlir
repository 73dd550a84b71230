// RUN: ssm-opt %s -ssm-specialize-rows -split-input-file | FileCheck %s

// All rows are time steps of one stream.
// CHECK-LABEL: func.func private @chunk.block0.full(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<24x16xf32> {ssm.rows}, %[[S:[a-z0-9]+]]: tensor<?x16xf32>, %[[BLOB:[a-z0-9]+]]: tensor<256xf32>) ->
// CHECK-SAME:    attributes {ssm.kind = "block", ssm.variant = "full"}
// CHECK:         tensor.empty() : tensor<24x16xf32>
// CHECK:         ssm.panel_map {{.*}} carries(%[[S]] : tensor<?x16xf32>) ->
// CHECK:         ssm.panel_map {{.*}} outs(%[[X]] : tensor<24x16xf32>) ->

// One row everywhere, also in places of its own and in results.
// CHECK-LABEL: func.func private @chunk.block0.step(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<1x16xf32> {ssm.rows}, %{{[a-z0-9]+}}: tensor<?x16xf32>, %{{[a-z0-9]+}}: tensor<256xf32>) -> (tensor<1x16xf32>, tensor<?x16xf32>)
// CHECK-SAME:    ssm.variant = "step"
// CHECK:         %[[Z:.+]] = tensor.empty() : tensor<1x16xf32>
// CHECK:         ssm.panel_map {{.*}} outs(%[[Z]] : tensor<1x16xf32>) {{.*}} -> tensor<1x16xf32>, tensor<?x16xf32> {
// CHECK:         ssm.panel_map {{.*}} outs(%[[X]] : tensor<1x16xf32>) -> tensor<1x16xf32> {

// The first rows only, each a time step of the stream that it names.
// CHECK-LABEL: func.func private @chunk.block0.rows(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<24x16xf32> {ssm.rows}, {{.*}}: tensor<256xf32>, %[[STREAMS:[a-z0-9]+]]: tensor<24xindex>, %[[COUNT:[a-z0-9]+]]: index) ->
// CHECK-SAME:    ssm.variant = "rows"
// CHECK:         ssm.panel_map {{.*}} streams(%[[STREAMS]] : tensor<24xindex>) count %[[COUNT]] ->
// CHECK:         ssm.panel_map {{.*}} outs(%[[X]] : tensor<24x16xf32>) streams(%[[STREAMS]] : tensor<24xindex>) count %[[COUNT]] ->

// CHECK-NOT:   func.func private @chunk.block0(
func.func private @chunk.block0(%x: tensor<24x16xf32> {ssm.rows}, %s: tensor<?x16xf32>, %blob: tensor<256xf32>)
    -> (tensor<24x16xf32>, tensor<?x16xf32>) attributes {ssm.kind = "block"} {
  %w = tensor.expand_shape %blob [[0, 1, 2]] output_shape [1, 16, 16] : tensor<256xf32> into tensor<1x16x16xf32>
  %z = tensor.empty() : tensor<24x16xf32>
  %y:2 = ssm.panel_map product(%x : tensor<24x16xf32>, %w : tensor<1x16x16xf32>) outs(%z : tensor<24x16xf32>)
      carries(%s : tensor<?x16xf32>) -> tensor<24x16xf32>, tensor<?x16xf32> {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>, %c: vector<16xf32>):
    %n = math.fma %acc, %acc, %c : vector<16xf32>
    ssm.yield %n, %n : vector<16xf32>, vector<16xf32>
  }
  %r = ssm.panel_map rows(%y#0 : tensor<24x16xf32>) outs(%x : tensor<24x16xf32>) -> tensor<24x16xf32> {
  ^bb0(%v: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %v : vector<16xf32>
  }
  return %r, %y#1 : tensor<24x16xf32>, tensor<?x16xf32>
}

// -----

// Tokens and the sums of a pooled head take part.
// CHECK-LABEL: func.func private @chunk.input.step(
// CHECK:         ssm.lookup %{{.+}} : tensor<1xi32> {{.*}} -> tensor<1x16xf32>
// CHECK-LABEL: func.func private @chunk.input.rows(
// CHECK:         ssm.lookup %{{.+}} : tensor<8xi32> {{.*}} count %{{.+}} ->
// CHECK-LABEL: func.func private @chunk.pool.rows(
// CHECK:         ssm.pool_rows {{.*}} streams(%{{.+}} : tensor<8xindex>) count %{{.+}} ->
func.func private @chunk.input(%ids: tensor<8xi32> {ssm.rows}, %out: tensor<8x16xf32> {ssm.rows}, %table: tensor<10x16xf32>)
    -> tensor<8x16xf32> attributes {ssm.kind = "input"} {
  %y = ssm.lookup %ids : tensor<8xi32> from %table : tensor<10x16xf32> outs(%out : tensor<8x16xf32>) -> tensor<8x16xf32>
  return %y : tensor<8x16xf32>
}
func.func private @chunk.pool(%x: tensor<8x16xf32> {ssm.rows}, %s: tensor<?x16xf64>, %n: tensor<?x1xi64>)
    -> (tensor<?x16xf64>, tensor<?x1xi64>) attributes {ssm.kind = "pool"} {
  %y:2 = ssm.pool_rows %x : tensor<8x16xf32> outs(%s : tensor<?x16xf64>, %n : tensor<?x1xi64>) -> tensor<?x16xf64>, tensor<?x1xi64>
  return %y#0, %y#1 : tensor<?x16xf64>, tensor<?x1xi64>
}

// -----

// Rows of an answer are streams, and @prepare has no rows.
// CHECK-NOT:   @chunk.answer.{{full|step}}
// CHECK:       func.func private @chunk.answer.rows(
// CHECK-SAME:    %[[STREAMS:[a-z0-9]+]]: tensor<8xindex>, %[[COUNT:[a-z0-9]+]]: index)
// CHECK:         ssm.pool_mean {{.*}} streams(%[[STREAMS]] : tensor<8xindex>) count %[[COUNT]] ->
// CHECK-NOT:   @chunk.answer
// CHECK:       func.func private @prepare.answer(
// CHECK-NOT:   func.func
func.func private @chunk.answer(%s: tensor<?x10xf64>, %n: tensor<?x1xi64>, %out: tensor<8x10xf32> {ssm.rows})
    -> tensor<8x10xf32> attributes {ssm.kind = "answer"} {
  %y = ssm.pool_mean %s : tensor<?x10xf64>, %n : tensor<?x1xi64> outs(%out : tensor<8x10xf32>) -> tensor<8x10xf32>
  return %y : tensor<8x10xf32>
}
func.func private @prepare.answer(%x: tensor<4xf32>) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}
