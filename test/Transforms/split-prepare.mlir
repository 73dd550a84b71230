// RUN: ssm-opt %s -ssm-split-prepare -split-input-file | FileCheck %s

// What depends on parameters only moves to a function that writes it into the
// unit's part of the blob, each value at a cache line (16 floats); the chunk
// function takes that part in place of the parameters.
// CHECK-LABEL: func.func private @prepare.input(
// CHECK-SAME:    %[[W:[a-z0-9]+]]: tensor<20x3xf64>, %[[D:[a-z0-9]+]]: tensor<3xf64>, %[[BLOB:[a-z0-9]+]]: tensor<112xf32>) -> tensor<112xf32> {
// CHECK:         %[[E:.+]] = math.exp %[[D]]
// CHECK:         %[[WP:.+]] = ssm.pack_panels %[[W]] : tensor<20x3xf64> -> tensor<2x3x16xf32>
// CHECK:         %[[EP:.+]] = ssm.pack_panels %[[E]] : tensor<3xf64> -> tensor<1x8xf32>
// CHECK:         %[[FLAT:.+]] = tensor.collapse_shape %[[WP]] {{.*}} into tensor<96xf32>
// CHECK:         %[[FIRST:.+]] = tensor.insert_slice %[[FLAT]] into %[[BLOB]][0] [96] [1]
// CHECK:         %[[FLAT1:.+]] = tensor.collapse_shape %[[EP]] {{.*}} into tensor<8xf32>
// CHECK:         %[[ALL:.+]] = tensor.insert_slice %[[FLAT1]] into %[[FIRST]][96] [8] [1]
// CHECK:         return %[[ALL]]
// CHECK-LABEL: func.func private @chunk.input(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<24x3xf32> {ssm.rows}, %[[OUT:[a-z0-9]+]]: tensor<24x32xf32> {ssm.rows}, %[[BLOB:[a-z0-9]+]]: tensor<112xf32>) -> tensor<24x32xf32> attributes {ssm.kind = "input"}
// CHECK-NOT:     math.exp
// CHECK-NOT:     ssm.pack_panels
// CHECK:         %[[WF:.+]] = tensor.extract_slice %[[BLOB]][0] [96] [1]
// CHECK:         %[[W:.+]] = tensor.expand_shape %[[WF]] {{.*}} into tensor<2x3x16xf32>
// CHECK:         %[[EF:.+]] = tensor.extract_slice %[[BLOB]][96] [8] [1]
// CHECK:         %[[E:.+]] = tensor.expand_shape %[[EF]] {{.*}} into tensor<1x8xf32>
// A place for rows depends on nothing, but is no parameter.
// CHECK:         %[[Z:.+]] = tensor.empty() : tensor<24x32xf32>
// CHECK:         ssm.panel_map product(%[[X]] : tensor<24x3xf32>, %[[W]] : tensor<2x3x16xf32>) outs(%[[Z]]
// CHECK:         columns(%[[E]] : tensor<1x8xf32>)
func.func private @chunk.input(%x: tensor<24x3xf32> {ssm.rows}, %out: tensor<24x32xf32> {ssm.rows},
    %w: tensor<20x3xf64> {ssm.parameter}, %d: tensor<3xf64> {ssm.parameter}) -> tensor<24x32xf32> attributes {ssm.kind = "input"} {
  %e = math.exp %d : tensor<3xf64>
  %wp = ssm.pack_panels %w : tensor<20x3xf64> -> tensor<2x3x16xf32>
  %ep = ssm.pack_panels %e : tensor<3xf64> -> tensor<1x8xf32>
  %z = tensor.empty() : tensor<24x32xf32>
  %y = ssm.panel_map product(%x : tensor<24x3xf32>, %wp : tensor<2x3x16xf32>) outs(%z : tensor<24x32xf32>) -> tensor<24x32xf32> {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  %r = ssm.panel_map rows(%y : tensor<24x32xf32>) columns(%ep : tensor<1x8xf32>) outs(%out : tensor<24x32xf32>) -> tensor<24x32xf32> {
  ^bb0(%v: vector<8xf32>, %c: vector<8xf32>, %o: vector<8xf32>):
    %s = arith.addf %v, %c : vector<8xf32>
    ssm.yield %s : vector<8xf32>
  }
  return %r : tensor<24x32xf32>
}

// -----

// Without parameters there is nothing to prepare.
// CHECK-NOT:   @prepare
// CHECK-LABEL: func.func private @chunk.output(
// CHECK-SAME:    %{{[a-z0-9]+}}: tensor<24x16xf32> {ssm.rows}, %{{[a-z0-9]+}}: tensor<24x4xf32> {ssm.rows}) -> tensor<24x4xf32>
// CHECK-NOT:   @prepare
func.func private @chunk.output(%x: tensor<24x16xf32> {ssm.rows}, %out: tensor<24x4xf32> {ssm.rows}) -> tensor<24x4xf32> attributes {ssm.kind = "output"} {
  %y = ssm.panel_map rows(%x : tensor<24x16xf32>) outs(%out : tensor<24x4xf32>) -> tensor<24x4xf32> {
  ^bb0(%v: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %v : vector<16xf32>
  }
  return %y : tensor<24x4xf32>
}

// -----

// A table that is read as it is becomes part of the blob, too.
// CHECK-LABEL: func.func private @prepare.input(
// CHECK-SAME:    %[[T:[a-z0-9]+]]: tensor<10x4xf32>, %[[BLOB:[a-z0-9]+]]: tensor<160xf32>)
// CHECK:         tensor.insert_slice %{{.+}} into %[[BLOB]][0] [160] [1]
// CHECK-LABEL: func.func private @chunk.input(
// CHECK-SAME:    %[[BLOB:[a-z0-9]+]]: tensor<160xf32>)
// CHECK:         %[[T:.+]] = tensor.expand_shape
// CHECK:         ssm.lookup %{{.+}} : tensor<24xi32> from %[[T]] : tensor<10x16xf32>
func.func private @chunk.input(%ids: tensor<24xi32> {ssm.rows}, %out: tensor<24x16xf32> {ssm.rows}, %t: tensor<10x4xf32> {ssm.parameter})
    -> tensor<24x16xf32> attributes {ssm.kind = "input"} {
  %zeros = arith.constant dense<0.0> : tensor<10x16xf32>
  %table = tensor.insert_slice %t into %zeros[0, 0] [10, 4] [1, 1] : tensor<10x4xf32> into tensor<10x16xf32>
  %y = ssm.lookup %ids : tensor<24xi32> from %table : tensor<10x16xf32> outs(%out : tensor<24x16xf32>) -> tensor<24x16xf32>
  return %y : tensor<24x16xf32>
}
