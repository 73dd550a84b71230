// RUN: ssm-opt %s -ssm-split-directions -split-input-file | FileCheck %s
// RUN: ssm-opt %s -ssm-split-directions -ssm-outline-units -split-input-file | FileCheck %s --check-prefix=UNITS

// What runs backwards gets a block of its own: with what it reads, up to what
// the rest of the block reads of it. The rest keeps what both read.
// CHECK-LABEL: func.func @model(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x?x4xf32>, %[[S:[a-z0-9]+]]: tensor<?x2x2xf32>, %[[T:[a-z0-9]+]]: tensor<?x2x2xf32>
// CHECK:         %[[BACK:.+]]:2 = ssm.block "layers.1.blocks.0"(%[[X]], %[[T]])
// CHECK-NEXT:    ^bb0(%[[U:.+]]: tensor<?x?x4xf32>, %[[C:.+]]: tensor<?x2x2xf32>):
// CHECK-NEXT:      %[[F:.+]] = ssm.linear %[[U]], %[[B:.+]] :
// CHECK-NEXT:      %[[Q:.+]], %[[NEXT:.+]] = ssm.scan diagonal %[[F]], %[[C]] coefficients({{.*}}) {reverse}
// CHECK-NEXT:      %[[OUT:.+]] = ssm.linear %[[Q]], %[[C2:.+]] :
// CHECK-NEXT:      ssm.yield %[[OUT]], %[[NEXT]] :
// CHECK:         %[[REST:.+]]:2 = ssm.block "layers.1.blocks.0"(%[[X]], %[[S]])
// CHECK-NEXT:    ^bb0(%[[U:.+]]: tensor<?x?x4xf32>, %[[C:.+]]: tensor<?x2x2xf32>):
// CHECK-NEXT:      %[[F:.+]] = ssm.linear %[[U]], %[[B]] :
// CHECK-NEXT:      %[[P:.+]], %[[NEXT:.+]] = ssm.scan diagonal %[[F]], %[[C]] coefficients(%{{[a-z0-9]+}}, %{{[a-z0-9]+}} : tensor<2xf64>, tensor<2xf64>) :
// CHECK-NEXT:      %[[Y1:.+]] = ssm.linear %[[P]],
// CHECK-NEXT:      %[[SUM:.+]] = ssm.add %[[Y1]], %[[BACK]]#0
// CHECK-NEXT:      %[[R:.+]] = ssm.add %[[U]], %[[SUM]]
// CHECK-NEXT:      ssm.yield %[[R]], %[[NEXT]]
// CHECK:         return %[[REST]]#0, %[[REST]]#1, %[[BACK]]#1
// Units: what the reverse one gives is marked where the block takes it.
// UNITS:         func.func private @reverse0({{.*}}) -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>) attributes {ssm.unit = "reverse"}
// UNITS:         func.func private @block0(%{{[a-z0-9]+}}: tensor<?x?x4xf32>, %{{[a-z0-9]+}}: tensor<?x2x2xf32>, %{{[a-z0-9]+}}: tensor<?x?x4xf32> {ssm.contribution},
// UNITS:         %[[E:.+]] = call @input(
// UNITS:         %[[BACK:.+]]:2 = call @reverse0(%[[E]], %{{[a-z0-9]+}}, {{.*}}ssm.path = "layers.1.blocks.0"
// UNITS:         call @block0(%[[E]], %{{[a-z0-9]+}}, %[[BACK]]#0,
func.func @model(%x: tensor<?x?x4xf32>, %s: tensor<?x2x2xf32>, %t: tensor<?x2x2xf32>)
    -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>) {
  %a = ssm.parameter "a" : tensor<2xf64>
  %b = ssm.parameter "b" : tensor<4x4xf64>
  %c1 = ssm.parameter "c1" : tensor<4x4xf64>
  %c2 = ssm.parameter "c2" : tensor<4x4xf64>
  %y, %s1, %t1 = ssm.block "layers.1.blocks.0" (%x, %s, %t)
    : (tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>) {
  ^bb0(%u: tensor<?x?x4xf32>, %v: tensor<?x2x2xf32>, %w: tensor<?x2x2xf32>):
    %f = ssm.linear %u, %b : (tensor<?x?x4xf32>, tensor<4x4xf64>) -> tensor<?x?x4xf32>
    %p, %v1 = ssm.scan diagonal %f, %v coefficients(%a, %a : tensor<2xf64>, tensor<2xf64>) : tensor<?x?x4xf32>, tensor<?x2x2xf32>
    %q, %w1 = ssm.scan diagonal %f, %w coefficients(%a, %a : tensor<2xf64>, tensor<2xf64>) {reverse} : tensor<?x?x4xf32>, tensor<?x2x2xf32>
    %y1 = ssm.linear %p, %c1 : (tensor<?x?x4xf32>, tensor<4x4xf64>) -> tensor<?x?x4xf32>
    %y2 = ssm.linear %q, %c2 : (tensor<?x?x4xf32>, tensor<4x4xf64>) -> tensor<?x?x4xf32>
    %z = ssm.add %y1, %y2 : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    %r = ssm.add %u, %z : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    ssm.yield %r, %v1, %w1 : tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>
  }
  return %y, %s1, %t1 : tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>
}
