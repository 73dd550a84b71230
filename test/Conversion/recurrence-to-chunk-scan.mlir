// RUN: ssm-opt %s -convert-recurrence-to-chunk=rows=24 -split-input-file | FileCheck %s

// A residual block: the scan runs in the body of the projection that forces it,
// skip, gelu and the sum in the epilogue of the next, which writes over the
// stream that the block was given.
// CHECK-LABEL: func.func private @chunk.s5(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<24x16xf32> {ssm.rows}, %[[S:[a-z0-9]+]]: tensor<?x32xf32>, %[[B:[a-z0-9]+]]: tensor<24x16xf64> {ssm.parameter}
// CHECK-SAME:    -> (tensor<24x16xf32>, tensor<?x32xf32>) attributes {ssm.kind = "block"}
// 12 modes: two groups of 8 re, 8 im, of which the last holds 4.
// CHECK-DAG:     %[[Z:.+]] = tensor.empty() : tensor<24x32xf32>
// CHECK-DAG:     %[[BP:.+]] = ssm.pack_panels %[[B]] {paired_out} : tensor<24x16xf64> -> tensor<2x16x16xf32>
// CHECK:         %[[SCAN:.+]]:2 = ssm.panel_map product(%[[X]] : tensor<24x16xf32>, %[[BP]] : tensor<2x16x16xf32>)
// CHECK-SAME:      columns(%{{[0-9]+}}, %{{[0-9]+}}, %{{[0-9]+}}, %{{[0-9]+}} : {{.*}}) outs(%[[Z]] : tensor<24x32xf32>) carries(%[[S]] : tensor<?x32xf32>)
// CHECK-NEXT:    ^bb0(%[[F:.+]]: vector<16xf32>, %[[RE:.+]]: vector<16xf32>, %[[RELO:.+]]: vector<16xf32>, %[[IM:.+]]: vector<16xf32>, %[[IMLO:.+]]: vector<16xf32>, %{{.+}}: vector<16xf32>, %[[C:.+]]: vector<16xf32>):
// CHECK-NEXT:      %[[SWAPPED:.+]] = vector.shuffle %[[C]], %[[C]] [8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7]
// CHECK-NEXT:      %[[OWN1:.+]] = math.fma %[[RELO]], %[[C]], %[[F]]
// CHECK-NEXT:      %[[OWN2:.+]] = math.fma %[[RE]], %[[C]], %[[OWN1]]
// CHECK-NEXT:      %[[OTHER1:.+]] = arith.mulf %[[IMLO]], %[[SWAPPED]]
// CHECK-NEXT:      %[[OTHER2:.+]] = math.fma %[[IM]], %[[SWAPPED]], %[[OTHER1]]
// CHECK-NEXT:      %[[V4:.+]] = arith.addf %[[OWN2]], %[[OTHER2]]
// CHECK-NEXT:      ssm.yield %[[V4]], %[[V4]]
// CHECK:         %[[CP:.+]] = ssm.pack_panels %{{.+}} {paired_in} : tensor<16x24xf64> -> tensor<1x32x16xf32>
// CHECK:         %[[D:.+]] = ssm.pack_panels %{{.+}} : tensor<16xf64> -> tensor<1x16xf32>
// CHECK:         %[[OUT:.+]] = ssm.panel_map product(%[[SCAN]]#0 : tensor<24x32xf32>, %[[CP]] : tensor<1x32x16xf32>)
// CHECK-SAME:      columns(%[[D]] : tensor<1x16xf32>) outs(%[[X]] : tensor<24x16xf32>)
// CHECK-NEXT:    ^bb0(%[[ACC:.+]]: vector<16xf32>, %[[DL:.+]]: vector<16xf32>, %[[OLD:.+]]: vector<16xf32>):
// CHECK-NEXT:      %[[SKIP:.+]] = math.fma %[[DL]], %[[OLD]], %[[ACC]]
// CHECK:           math.exp2
// CHECK:           %[[GELU:.+]] = arith.divf %[[SKIP]],
// CHECK-NEXT:      %[[R:.+]] = arith.addf %[[OLD]], %[[GELU]]
// CHECK-NEXT:      ssm.yield %[[R]]
// CHECK:         return %[[OUT]], %[[SCAN]]#1
func.func private @s5(%x: tensor<?x?x16xf32>, %s: tensor<?x2x12xf32>, %b: tensor<24x16xf64> {ssm.parameter},
    %re: tensor<12xf64> {ssm.parameter}, %im: tensor<12xf64> {ssm.parameter}, %c: tensor<16x24xf64> {ssm.parameter},
    %d: tensor<16xf64> {ssm.parameter}) -> (tensor<?x?x16xf32>, tensor<?x2x12xf32>) attributes {ssm.unit = "block"} {
  %f = ssm.linear %x, %b : (tensor<?x?x16xf32>, tensor<24x16xf64>) -> tensor<?x?x24xf32>
  %z, %s1 = ssm.scan diagonal %f, %s coefficients(%re, %im : tensor<12xf64>, tensor<12xf64>) : tensor<?x?x24xf32>, tensor<?x2x12xf32>
  %y = ssm.linear %z, %c : (tensor<?x?x24xf32>, tensor<16x24xf64>) -> tensor<?x?x16xf32>
  %k = ssm.skip %y, %x by %d : tensor<?x?x16xf32>, tensor<16xf64>
  %g = ssm.gelu %k : tensor<?x?x16xf32>
  %r = ssm.add %x, %g : (tensor<?x?x16xf32>, tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  return %r, %s1 : tensor<?x?x16xf32>, tensor<?x2x12xf32>
}

// -----

// The coefficient that multiplies the other plane has the opposite sign on the
// real one; both halves of a coefficient do.
// CHECK-LABEL: func.func private @chunk.coefficients(
// CHECK-SAME:    %[[RE:[a-z0-9]+]]: tensor<8xf64> {ssm.parameter}, %[[IM:[a-z0-9]+]]: tensor<8xf64> {ssm.parameter}
// CHECK:         %[[REHI:.+]] = arith.truncf %[[RE]] : tensor<8xf64> to tensor<8xf32>
// CHECK:         %[[REWIDE:.+]] = arith.extf %[[REHI]]
// CHECK:         %[[RELO:.+]] = arith.subf %[[RE]], %[[REWIDE]]
// CHECK:         tensor.insert_slice %[[REWIDE]] into %{{.+}}[0] [8] [1]
// CHECK:         tensor.insert_slice %[[REWIDE]] into %{{.+}}[8] [8] [1]
// CHECK:         tensor.insert_slice %[[RELO]] into %{{.+}}[0] [8] [1]
// CHECK:         tensor.insert_slice %[[RELO]] into %{{.+}}[8] [8] [1]
// CHECK:         %[[IMWIDE:.+]] = arith.extf
// CHECK:         %[[IMLO:.+]] = arith.subf %[[IM]], %[[IMWIDE]]
// CHECK:         %[[MINUS:.+]] = arith.negf %[[IMWIDE]]
// CHECK:         tensor.insert_slice %[[MINUS]] into %{{.+}}[0] [8] [1]
// CHECK:         tensor.insert_slice %[[IMWIDE]] into %{{.+}}[8] [8] [1]
// CHECK:         %[[MINUSLO:.+]] = arith.negf %[[IMLO]]
// CHECK:         tensor.insert_slice %[[MINUSLO]] into %{{.+}}[0] [8] [1]
// CHECK:         tensor.insert_slice %[[IMLO]] into %{{.+}}[8] [8] [1]
func.func private @coefficients(%x: tensor<?x?x16xf32>, %s: tensor<?x2x8xf32>, %re: tensor<8xf64> {ssm.parameter},
    %im: tensor<8xf64> {ssm.parameter}, %w: tensor<16x16xf64> {ssm.parameter})
    -> (tensor<?x?x16xf32>, tensor<?x2x8xf32>) attributes {ssm.unit = "block"} {
  %f = ssm.linear %x, %w : (tensor<?x?x16xf32>, tensor<16x16xf64>) -> tensor<?x?x16xf32>
  %z, %s1 = ssm.scan diagonal %f, %s coefficients(%re, %im : tensor<8xf64>, tensor<8xf64>) : tensor<?x?x16xf32>, tensor<?x2x8xf32>
  %y = ssm.linear %z, %w : (tensor<?x?x16xf32>, tensor<16x16xf64>) -> tensor<?x?x16xf32>
  return %y, %s1 : tensor<?x?x16xf32>, tensor<?x2x8xf32>
}

// -----

// An oscillator carries z and y, in f64; its output is y.
// CHECK-LABEL: func.func private @chunk.linoss(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<24x16xf32> {ssm.rows}, %[[ZS:[a-z0-9]+]]: tensor<?x16xf64>, %[[YS:[a-z0-9]+]]: tensor<?x16xf64>
// CHECK:         %[[SCAN:.+]]:3 = ssm.panel_map product
// CHECK-SAME:      carries(%[[ZS]], %[[YS]] : tensor<?x16xf64>, tensor<?x16xf64>)
// CHECK-NEXT:    ^bb0({{.*}}, %[[OLDZ:.+]]: vector<16xf64>, %[[OLDY:.+]]: vector<16xf64>):
// CHECK-NOT:       vector.shuffle
// CHECK:           math.fma %{{.+}}, %[[OLDZ]], %{{.+}} : vector<16xf64>
// CHECK:           %[[MINUS:.+]] = arith.negf %[[OLDY]]
// CHECK:           %[[NEWZ:.+]] = math.fma %{{.+}}, %[[MINUS]], %{{.+}} : vector<16xf64>
// CHECK-NEXT:      %[[NEWY:.+]] = math.fma %{{.+}}, %[[NEWZ]], %[[OLDY]] : vector<16xf64>
// CHECK-NEXT:      %[[OUT:.+]] = arith.truncf %[[NEWY]] : vector<16xf64> to vector<16xf32>
// CHECK-NEXT:      ssm.yield %[[OUT]], %[[NEWZ]], %[[NEWY]]
// CHECK:         return %{{.+}}, %[[SCAN]]#1, %[[SCAN]]#2
func.func private @linoss(%x: tensor<?x?x16xf32>, %s: tensor<?x2x2x8xf32>, %b: tensor<16x16xf64> {ssm.parameter},
    %k: tensor<8xf64> {ssm.parameter}, %c: tensor<16x16xf64> {ssm.parameter}) -> (tensor<?x?x16xf32>, tensor<?x2x2x8xf32>) attributes {ssm.unit = "block"} {
  %f = ssm.linear %x, %b : (tensor<?x?x16xf32>, tensor<16x16xf64>) -> tensor<?x?x16xf32>
  %z, %s1 = ssm.scan oscillator %f, %s coefficients(%k, %k, %k : tensor<8xf64>, tensor<8xf64>, tensor<8xf64>) : tensor<?x?x16xf32>, tensor<?x2x2x8xf32>
  %y = ssm.linear %z, %c : (tensor<?x?x16xf32>, tensor<16x16xf64>) -> tensor<?x?x16xf32>
  return %y, %s1 : tensor<?x?x16xf32>, tensor<?x2x2x8xf32>
}
