// RUN: ssm-opt %s -convert-recurrence-to-chunk=rows=8 -split-input-file | FileCheck %s

// Both projections of a GLU are one product, whose panels hold 8 features of
// each; its epilogue gives 8 features. -log2(e), by which the gate's exponent is
// scaled, is in the second projection's parameters, multiplied in f64.
// CHECK-LABEL: func.func private @chunk.glu(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<8x16xf32> {ssm.rows}, %[[OUT:[a-z0-9]+]]: tensor<8x32xf32> {ssm.rows}, %[[W1:[a-z0-9]+]]: tensor<20x16xf32> {ssm.parameter}, %[[W2:[a-z0-9]+]]: tensor<20x16xf32> {ssm.parameter}, %[[B1:[a-z0-9]+]]: tensor<20xf32>
// A missing bias is zero.
// CHECK:         %[[ZERO:.+]] = arith.constant dense<0.000000e+00> : tensor<20xf32>
// CHECK:         %[[ZERO64:.+]] = arith.extf %[[ZERO]]
// CHECK:         %[[B2SCALED:.+]] = arith.mulf %[[ZERO64]],
// CHECK:         %[[B2:.+]] = arith.truncf %[[B2SCALED]]
// CHECK:         tensor.insert_slice %[[B1]] into %{{.+}}[0] [20] [1]
// CHECK:         %[[B:.+]] = tensor.insert_slice %[[B2]] into %{{.+}}[20] [20] [1]
// CHECK:         %[[W2EXACT:.+]] = arith.extf %[[W2]]
// CHECK:         %[[SCALE:.+]] = arith.constant dense<-1.4426950408889634> : tensor<20x16xf64>
// CHECK:         %[[W2SCALED:.+]] = arith.mulf %[[W2EXACT]], %[[SCALE]]
// CHECK:         %[[W2ROUNDED:.+]] = arith.truncf %[[W2SCALED]]
// CHECK:         tensor.insert_slice %[[W1]] into %{{.+}}[0, 0] [20, 16] [1, 1]
// CHECK:         %[[W:.+]] = tensor.insert_slice %[[W2ROUNDED]] into %{{.+}}[20, 0] [20, 16] [1, 1]
// CHECK:         %[[WP:.+]] = ssm.pack_panels %[[W]] {paired_out} : tensor<40x16xf32> -> tensor<3x16x16xf32>
// CHECK:         %[[BP:.+]] = ssm.pack_panels %[[B]] {paired_out} : tensor<40xf32> -> tensor<3x16xf32>
// CHECK:         ssm.panel_map product(%[[X]] : tensor<8x16xf32>, %[[WP]] : tensor<3x16x16xf32>, %[[BP]] : tensor<3x16xf32>) outs(%[[OUT]]
// CHECK-NEXT:    ^bb0(%[[ACC:.+]]: vector<16xf32>, %{{.+}}: vector<8xf32>):
// CHECK-NEXT:      %[[A:.+]] = vector.extract_strided_slice %[[ACC]] {offsets = [0], sizes = [8]
// CHECK-NEXT:      %[[G:.+]] = vector.extract_strided_slice %[[ACC]] {offsets = [8], sizes = [8]
// CHECK-NEXT:      math.exp2 %[[G]]
// CHECK:           %[[Y:.+]] = arith.divf %[[A]],
// CHECK-NEXT:      ssm.yield %[[Y]] : vector<8xf32>
func.func private @glu(%x: tensor<?x?x16xf32>, %w1: tensor<20x16xf32> {ssm.parameter}, %w2: tensor<20x16xf32> {ssm.parameter},
    %b1: tensor<20xf32> {ssm.parameter}) -> tensor<?x?x20xf32> attributes {ssm.unit = "dense"} {
  %a = ssm.linear %x, %w1 bias %b1 : (tensor<?x?x16xf32>, tensor<20x16xf32>, tensor<20xf32>) -> tensor<?x?x20xf32>
  %b = ssm.linear %x, %w2 : (tensor<?x?x16xf32>, tensor<20x16xf32>) -> tensor<?x?x20xf32>
  %y = ssm.gate %a, %b : tensor<?x?x20xf32>
  return %y : tensor<?x?x20xf32>
}

// -----

// A product that reads the rows which its epilogue would overwrite goes through
// rows of its own.
// CHECK-LABEL: func.func private @chunk.in_place(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<8x16xf32>
// CHECK:         %[[TEMPORARY:.+]] = tensor.empty() : tensor<8x16xf32>
// CHECK:         %[[Y:.+]] = ssm.panel_map product(%[[X]] : {{.*}}) rows(%[[X]] : tensor<8x16xf32>) outs(%[[TEMPORARY]]
// CHECK:         %[[R:.+]] = ssm.panel_map rows(%[[Y]] : tensor<8x16xf32>) outs(%[[X]]
// CHECK-NEXT:    ^bb0(%[[NEW:.+]]: vector<16xf32>, %{{.+}}: vector<16xf32>):
// CHECK-NEXT:      ssm.yield %[[NEW]]
// CHECK:         return %[[R]]
func.func private @in_place(%x: tensor<?x?x16xf32>, %w: tensor<16x16xf32> {ssm.parameter}) -> tensor<?x?x16xf32> attributes {ssm.unit = "block"} {
  %y = ssm.linear %x, %w : (tensor<?x?x16xf32>, tensor<16x16xf32>) -> tensor<?x?x16xf32>
  %r = ssm.add %x, %y : (tensor<?x?x16xf32>, tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  return %r : tensor<?x?x16xf32>
}

// -----

// Rows between units are whole panels wide, and so are those of a table; the
// rows of the user's output are not.
// CHECK-LABEL: func.func private @chunk.embedding(
// CHECK-SAME:    %[[IDS:[a-z0-9]+]]: tensor<8xi32> {ssm.rows}, %[[OUT:[a-z0-9]+]]: tensor<8x16xf32> {ssm.rows}, %[[TABLE:[a-z0-9]+]]: tensor<10x4xf32>
// CHECK:         %[[ZEROS:.+]] = arith.constant dense<0.000000e+00> : tensor<10x16xf32>
// CHECK:         %[[PADDED:.+]] = tensor.insert_slice %[[TABLE]] into %[[ZEROS]][0, 0] [10, 4] [1, 1]
// CHECK:         ssm.lookup %[[IDS]] : tensor<8xi32> from %[[PADDED]] : tensor<10x16xf32> outs(%[[OUT]]
// CHECK-LABEL: func.func private @chunk.output(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<8x16xf32> {ssm.rows}, %[[OUT:[a-z0-9]+]]: tensor<8x4xf32> {ssm.rows})
// CHECK-NEXT:    ssm.panel_map rows(%[[X]] : tensor<8x16xf32>) outs(%[[OUT]] : tensor<8x4xf32>)
// CHECK-NEXT:    ^bb0(%[[LANES:.+]]: vector<16xf32>, %{{.+}}: vector<16xf32>):
// CHECK-NEXT:      ssm.yield %[[LANES]]
func.func private @embedding(%x: tensor<?x?xi32>, %t: tensor<10x4xf32> {ssm.parameter}) -> tensor<?x?x4xf32> attributes {ssm.unit = "input"} {
  %y = ssm.embedding %x, %t : (tensor<?x?xi32>, tensor<10x4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}
func.func private @output(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> attributes {ssm.unit = "output"} {
  return %x : tensor<?x?x4xf32>
}
func.func @model(%x: tensor<?x?xi32>, %t: tensor<10x4xf32>) -> tensor<?x?x4xf32> {
  %e = call @embedding(%x, %t) : (tensor<?x?xi32>, tensor<10x4xf32>) -> tensor<?x?x4xf32>
  %o = call @output(%e) : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %o : tensor<?x?x4xf32>
}

// -----

// A width of a multiple of 1 KB would put rows into the same sets of a cache.
// CHECK-LABEL: func.func private @chunk.wide(
// CHECK-SAME:    tensor<8x4xf32> {ssm.rows}, %{{.+}}: tensor<8x272xf32> {ssm.rows}
func.func private @wide(%x: tensor<?x?x4xf32>, %w: tensor<256x4xf32> {ssm.parameter}) -> tensor<?x?x256xf32> attributes {ssm.unit = "input"} {
  %y = ssm.linear %x, %w : (tensor<?x?x4xf32>, tensor<256x4xf32>) -> tensor<?x?x256xf32>
  return %y : tensor<?x?x256xf32>
}
// What reads such rows is told how much of them is features.
// CHECK-LABEL: func.func private @chunk.narrow(
// CHECK-SAME:    tensor<8x272xf32> {ssm.row_floats = 256 : i64, ssm.rows}
func.func private @narrow(%x: tensor<?x?x250xf32>, %w: tensor<4x250xf32> {ssm.parameter}) -> tensor<?x?x4xf32> attributes {ssm.unit = "output"} {
  %y = ssm.linear %x, %w : (tensor<?x?x250xf32>, tensor<4x250xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

// A pooled head: rows go into the sums; an answer is a row of their mean, and
// its rows are streams.
// CHECK-LABEL: func.func private @chunk.pool(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<8x16xf32> {ssm.rows}, %[[SUMS:[a-z0-9]+]]: tensor<?x4xf64>, %[[COUNTS:[a-z0-9]+]]: tensor<?x1xi64>)
// CHECK-NEXT:    %[[NEW:.+]]:2 = ssm.pool_rows %[[X]] : {{.*}} outs(%[[SUMS]] : tensor<?x4xf64>, %[[COUNTS]] : tensor<?x1xi64>)
// CHECK-NEXT:    return %[[NEW]]#0, %[[NEW]]#1
// CHECK-LABEL: func.func private @chunk.answer(
// CHECK-SAME:    %[[SUMS:[a-z0-9]+]]: tensor<?x4xf64>, %[[COUNTS:[a-z0-9]+]]: tensor<?x1xi64>, %[[OUT:[a-z0-9]+]]: tensor<8x10xf32> {ssm.rows}
// CHECK:         %[[MEAN:.+]] = ssm.pool_mean %[[SUMS]] : tensor<?x4xf64>, %[[COUNTS]] : tensor<?x1xi64>
// CHECK:         %[[Y:.+]] = ssm.panel_map product(%[[MEAN]] : tensor<8x16xf32>
// CHECK:         ssm.row_log_softmax %[[Y]] : tensor<8x16xf32> outs(%[[OUT]] : tensor<8x10xf32>)
func.func private @pool(%x: tensor<?x?x4xf32>, %s: tensor<?x4xf64>, %n: tensor<?xi64>) -> (tensor<?x4xf32>, tensor<?x4xf64>, tensor<?xi64>) attributes {ssm.unit = "pool"} {
  %p, %s1, %n1 = ssm.mean_pool %x, %s, %n : tensor<?x?x4xf32>, tensor<?x4xf64>, tensor<?xi64> -> tensor<?x4xf32>
  return %p, %s1, %n1 : tensor<?x4xf32>, tensor<?x4xf64>, tensor<?xi64>
}
func.func private @answer(%p: tensor<?x4xf32>, %w: tensor<10x4xf32> {ssm.parameter}) -> tensor<?x10xf32> attributes {ssm.unit = "answer"} {
  %y = ssm.linear %p, %w : (tensor<?x4xf32>, tensor<10x4xf32>) -> tensor<?x10xf32>
  %l = ssm.log_softmax %y : tensor<?x10xf32>
  return %l : tensor<?x10xf32>
}
func.func @model(%x: tensor<?x?x4xf32>, %s: tensor<?x4xf64>, %n: tensor<?xi64>, %w: tensor<10x4xf32>) -> tensor<?x10xf32> {
  %p:3 = call @pool(%x, %s, %n) : (tensor<?x?x4xf32>, tensor<?x4xf64>, tensor<?xi64>) -> (tensor<?x4xf32>, tensor<?x4xf64>, tensor<?xi64>)
  %y = call @answer(%p#0, %w) : (tensor<?x4xf32>, tensor<10x4xf32>) -> tensor<?x10xf32>
  return %y : tensor<?x10xf32>
}

// -----

// A softmax between blocks: over its classes, without the padding of the stream.
// CHECK-LABEL: func.func private @chunk.dense(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<8x16xf32> {ssm.rows}, %[[OUT:[a-z0-9]+]]: tensor<8x16xf32> {ssm.rows})
// CHECK:         %[[CLASSES:.+]] = tensor.empty() : tensor<8x5xf32>
// CHECK:         %[[L:.+]] = ssm.row_log_softmax %[[X]] : tensor<8x16xf32> outs(%[[CLASSES]] : tensor<8x5xf32>)
// CHECK:         %[[Y:.+]] = ssm.panel_map rows(%[[L]] : tensor<8x5xf32>) outs(%[[OUT]] : tensor<8x16xf32>)
// CHECK:         return %[[Y]]
func.func private @dense(%x: tensor<?x?x5xf32>) -> tensor<?x?x5xf32> attributes {ssm.unit = "dense"} {
  %y = ssm.log_softmax %x : tensor<?x?x5xf32>
  return %y : tensor<?x?x5xf32>
}

// -----

// What is no unit is left alone.
// CHECK-LABEL: func.func private @other(
// CHECK-NEXT:    ssm.gelu
// CHECK-NOT:   @chunk.other
func.func private @other(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %y = ssm.gelu %x : tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}
