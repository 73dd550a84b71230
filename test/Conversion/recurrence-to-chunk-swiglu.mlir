// The gate of a SwiGLU: both projections in one product of paired features, whose
// weights hold -ln(2) and -log2(e), so that with t from the second half the value
// is a (t / (1 + 2^t)); then the way down, with the residual sum in its epilogue.
// RUN: ssm-opt %s -convert-recurrence-to-chunk=rows=4 | FileCheck %s

// CHECK-LABEL: func.func private @chunk.block0(
// CHECK-SAME:    %[[H:[a-z0-9]+]]: tensor<4x16xf32> {ssm.rows}
// CHECK-DAG:     arith.constant dense<-0.69314718{{[0-9]*}}> : tensor<24x8xf64>
// CHECK-DAG:     arith.constant dense<-1.44269504{{[0-9]*}}> : tensor<24x8xf64>
// CHECK:         %[[W:.+]] = ssm.pack_panels %{{.+}} {paired_out} : tensor<48x8xf32> -> tensor<3x8x16xf32>
// CHECK:         %[[G:.+]] = ssm.panel_map product(%[[H]] : tensor<4x16xf32>, %[[W]] : tensor<3x8x16xf32>)
// CHECK-NEXT:    ^bb0(%[[ACC:.+]]: vector<16xf32>, %{{.+}}: vector<8xf32>):
// CHECK-NEXT:      %[[A:.+]] = vector.extract_strided_slice %[[ACC]] {offsets = [0], sizes = [8]
// CHECK-NEXT:      %[[T:.+]] = vector.extract_strided_slice %[[ACC]] {offsets = [8], sizes = [8]
// CHECK:           %[[P:.+]] = math.exp2 %[[T]]
// CHECK:           %[[D:.+]] = arith.addf %{{.+}}, %[[P]]
// CHECK-NEXT:      %[[S:.+]] = arith.divf %[[T]], %[[D]]
// CHECK-NEXT:      %[[Y:.+]] = arith.mulf %[[A]], %[[S]]
// CHECK-NEXT:      ssm.yield %[[Y]]
// CHECK:         %[[R:.+]] = ssm.panel_map product(%[[G]] : {{.*}}) outs(%[[H]] : tensor<4x16xf32>)
// CHECK-NEXT:    ^bb0(%[[ACC:.+]]: vector<16xf32>, %[[OLD:.+]]: vector<16xf32>):
// CHECK-NEXT:      %[[SUM:.+]] = arith.addf %[[OLD]], %[[ACC]]
// CHECK-NEXT:      ssm.yield %[[SUM]]
// CHECK:         return %[[R]]
func.func private @block0(%x: tensor<?x?x8xf32>, %up: tensor<24x8xf32> {ssm.parameter},
    %gate: tensor<24x8xf32> {ssm.parameter}, %down: tensor<8x24xf32> {ssm.parameter})
    -> tensor<?x?x8xf32> attributes {ssm.unit = "block"} {
  %a = ssm.linear %x, %up : (tensor<?x?x8xf32>, tensor<24x8xf32>) -> tensor<?x?x24xf32>
  %b = ssm.linear %x, %gate : (tensor<?x?x8xf32>, tensor<24x8xf32>) -> tensor<?x?x24xf32>
  %g = ssm.gate %a, %b {swish} : tensor<?x?x24xf32>
  %d = ssm.linear %g, %down : (tensor<?x?x24xf32>, tensor<8x24xf32>) -> tensor<?x?x8xf32>
  %y = ssm.add %x, %d : (tensor<?x?x8xf32>, tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}
