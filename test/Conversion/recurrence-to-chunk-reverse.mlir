// RUN: ssm-opt %s -convert-recurrence-to-chunk=rows=24 -split-input-file -verify-diagnostics | FileCheck %s

// A reverse unit's rows come from the last time step to the first, so a scan
// that runs backwards is one that goes through them in order. It writes other
// rows than it reads, and keeps its state.
// CHECK-LABEL: func.func private @chunk.reverse0(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<24x16xf32> {ssm.rows}, %[[OUT:[a-z0-9]+]]: tensor<24x16xf32> {ssm.rows}, %[[S:[a-z0-9]+]]: tensor<?x16xf32>,
// CHECK-SAME:    -> (tensor<24x16xf32>, tensor<?x16xf32>) attributes {ssm.kind = "reverse"}
// CHECK:         %[[SCAN:.+]]:2 = ssm.panel_map product(%[[X]] : tensor<24x16xf32>, {{.*}} carries(%[[S]] : tensor<?x16xf32>)
// CHECK:         %[[Y:.+]] = ssm.panel_map product(%[[SCAN]]#0 : tensor<24x16xf32>, {{.*}} outs(%[[OUT]] : tensor<24x16xf32>)
// CHECK:         return %[[Y]], %[[SCAN]]#1
func.func private @reverse0(%x: tensor<?x?x16xf32>, %s: tensor<?x2x8xf32>, %b: tensor<16x16xf64> {ssm.parameter},
    %a: tensor<8xf64> {ssm.parameter}, %c: tensor<16x16xf64> {ssm.parameter})
    -> (tensor<?x?x16xf32>, tensor<?x2x8xf32>) attributes {ssm.unit = "reverse"} {
  %f = ssm.linear %x, %b : (tensor<?x?x16xf32>, tensor<16x16xf64>) -> tensor<?x?x16xf32>
  %z, %s1 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<8xf64>, tensor<8xf64>) {reverse} : tensor<?x?x16xf32>, tensor<?x2x8xf32>
  %y = ssm.linear %z, %c : (tensor<?x?x16xf32>, tensor<16x16xf64>) -> tensor<?x?x16xf32>
  return %y, %s1 : tensor<?x?x16xf32>, tensor<?x2x8xf32>
}

// -----

// A contribution is rows of the workspace, in front of the states.
// CHECK-LABEL: func.func private @chunk.block0(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<24x16xf32> {ssm.rows}, %[[C:[a-z0-9]+]]: tensor<24x16xf32> {ssm.rows}, %[[S:[a-z0-9]+]]: tensor<?x16xf32>,
// CHECK:         ssm.panel_map product({{.*}} rows(%[[C]] : tensor<24x16xf32>) {{.*}}outs(%[[X]] : tensor<24x16xf32>)
func.func private @block0(%x: tensor<?x?x16xf32>, %s: tensor<?x2x8xf32>, %more: tensor<?x?x16xf32> {ssm.contribution},
    %b: tensor<16x16xf64> {ssm.parameter}, %a: tensor<8xf64> {ssm.parameter}, %c: tensor<16x16xf64> {ssm.parameter})
    -> (tensor<?x?x16xf32>, tensor<?x2x8xf32>) attributes {ssm.unit = "block"} {
  %f = ssm.linear %x, %b : (tensor<?x?x16xf32>, tensor<16x16xf64>) -> tensor<?x?x16xf32>
  %z, %s1 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<8xf64>, tensor<8xf64>) : tensor<?x?x16xf32>, tensor<?x2x8xf32>
  %y = ssm.linear %z, %c : (tensor<?x?x16xf32>, tensor<16x16xf64>) -> tensor<?x?x16xf32>
  %sum = ssm.add %y, %more : (tensor<?x?x16xf32>, tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  %r = ssm.add %x, %sum : (tensor<?x?x16xf32>, tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  return %r, %s1 : tensor<?x?x16xf32>, tensor<?x2x8xf32>
}

// -----

func.func private @block0(%x: tensor<?x?x16xf32>, %s: tensor<?x2x8xf32>, %a: tensor<8xf64> {ssm.parameter})
    -> (tensor<?x?x16xf32>, tensor<?x2x8xf32>) attributes {ssm.unit = "block"} {
  // expected-error@+1 {{runs backwards in a unit whose rows do not; run ssm-split-directions first}}
  %z, %s1 = ssm.scan diagonal %x, %s coefficients(%a, %a : tensor<8xf64>, tensor<8xf64>) {reverse} : tensor<?x?x16xf32>, tensor<?x2x8xf32>
  return %z, %s1 : tensor<?x?x16xf32>, tensor<?x2x8xf32>
}

// -----

func.func private @reverse0(%x: tensor<?x?x16xf32>, %s: tensor<?x2x8xf32>, %a: tensor<8xf64> {ssm.parameter})
    -> (tensor<?x?x16xf32>, tensor<?x2x8xf32>) attributes {ssm.unit = "reverse"} {
  // expected-error@+1 {{runs forwards in a unit whose rows do not; run ssm-split-directions first}}
  %z, %s1 = ssm.scan diagonal %x, %s coefficients(%a, %a : tensor<8xf64>, tensor<8xf64>) : tensor<?x?x16xf32>, tensor<?x2x8xf32>
  return %z, %s1 : tensor<?x?x16xf32>, tensor<?x2x8xf32>
}
