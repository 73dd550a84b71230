// RUN: ssm-opt %s -convert-recurrence-to-chunk=rows=8 | FileCheck %s

// A dropout is one of rows, of the feature's own masks, or of one mask for all.
// CHECK-LABEL: func.func private @chunk.unit(
// CHECK:         ssm.drop_rows {{.*}} features 16 rate 1.000000e-01 count %{{[a-z0-9]+}} ->
// CHECK:         ssm.drop_rows {{.*}} features 16 rate 2.000000e-01 count %{{[a-z0-9]+}} {ssm.one_mask} ->
func.func private @unit(%x: tensor<?x?x16xf32>, %w: tensor<16x16xf32> {ssm.parameter},
    %k: tensor<?x2xi32> {ssm.key = array<i64: 1>}) -> tensor<?x?x16xf32> attributes {ssm.unit = "unit"} {
  %y = ssm.linear %x, %w : (tensor<?x?x16xf32>, tensor<16x16xf32>) -> tensor<?x?x16xf32>
  %d = ssm.dropout %y, %k rate 0.1 : tensor<?x?x16xf32>, tensor<?x2xi32>
  %z = ssm.linear %d, %w : (tensor<?x?x16xf32>, tensor<16x16xf32>) -> tensor<?x?x16xf32>
  %e = ssm.dropout %z, %k rate 0.2 {ssm.one_mask} : tensor<?x?x16xf32>, tensor<?x2xi32>
  return %e : tensor<?x?x16xf32>
}
