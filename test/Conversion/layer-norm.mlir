// RUN: ssm-opt %s -convert-recurrence-to-chunk=rows=8 | FileCheck %s --check-prefix=CHUNK

// Over the features, not the padding of the rows; scale and bias come with the next
// product, or a map of their own.
// CHUNK-LABEL: func.func private @chunk.dense(
// CHUNK-SAME:    %[[X:[a-z0-9]+]]: tensor<8x16xf32> {ssm.rows}, %[[OUT:[a-z0-9]+]]: tensor<8x10xf32> {ssm.rows}
// CHUNK:         %[[ROWS:.+]] = tensor.empty() : tensor<8x16xf32>
// CHUNK:         %[[N:.+]] = ssm.row_norm %[[X]] : tensor<8x16xf32> outs(%[[ROWS]] : tensor<8x16xf32>) features 10 epsilon 1.000000e-05
// CHUNK:         ssm.panel_map rows(%[[N]] : tensor<8x16xf32>) {{.*}} outs(%[[OUT]] : tensor<8x10xf32>)
func.func private @dense(%x: tensor<?x?x10xf32>, %s: tensor<10xf64> {ssm.parameter}) -> tensor<?x?x10xf32> attributes {ssm.unit = "dense"} {
  %n = ssm.layer_norm %x epsilon 1.0e-5 : tensor<?x?x10xf32>
  %y = ssm.scale %n by %s : tensor<?x?x10xf32>, tensor<10xf64>
  return %y : tensor<?x?x10xf32>
}
func.func @model(%x: tensor<?x?x10xf32>, %s: tensor<10xf64>) -> tensor<?x?x10xf32> {
  %y = call @dense(%x, %s) : (tensor<?x?x10xf32>, tensor<10xf64>) -> tensor<?x?x10xf32>
  return %y : tensor<?x?x10xf32>
}
