// RUN: ssm-opt %s -ssm-bufferize-chunks -split-input-file | FileCheck %s

// Carries lie inside records: any stride, any offset. Rows and the blob are
// contiguous. The only buffer is that of the rows between the two products;
// what is returned was written in place, so nothing is returned.
// CHECK-LABEL: func.func private @chunk.block0(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<24x16xf32> {ssm.rows}, %[[S:[a-z0-9]+]]: memref<?x16xf32, strided<[?, 1], offset: ?>>, %[[BLOB:[a-z0-9]+]]: memref<272xf32>) attributes
// CHECK-NEXT:    %[[PART:.+]] = memref.subview %[[BLOB]][16] [256] [1]
// CHECK-NEXT:    %[[W:.+]] = memref.expand_shape %[[PART]]
// CHECK-NEXT:    %[[Z:.+]] = memref.alloc() {alignment = 64 : i64} : memref<24x16xf32>
// CHECK-NEXT:    ssm.panel_map product(%[[X]] : memref<24x16xf32>, %[[W]] : {{.*}}) outs(%[[Z]] : memref<24x16xf32>) carries(%[[S]] : memref<?x16xf32, strided<[?, 1], offset: ?>>) {
// CHECK-NEXT:    ^bb0
// CHECK-NEXT:      math.fma
// CHECK-NEXT:      ssm.yield
// CHECK-NEXT:    }
// The body asks for the old value of its output: still in place.
// CHECK-NEXT:    ssm.panel_map rows(%[[Z]] : memref<24x16xf32>) outs(%[[X]] : memref<24x16xf32>) {
// CHECK-NEXT:    ^bb0
// CHECK-NEXT:      arith.addf
// CHECK-NEXT:      ssm.yield
// CHECK-NEXT:    }
// CHECK-NEXT:    return{{$}}
func.func private @chunk.block0(%x: tensor<24x16xf32> {ssm.rows}, %s: tensor<?x16xf32>, %blob: tensor<272xf32>)
    -> (tensor<24x16xf32>, tensor<?x16xf32>) attributes {ssm.kind = "block"} {
  %part = tensor.extract_slice %blob[16] [256] [1] : tensor<272xf32> to tensor<256xf32>
  %w = tensor.expand_shape %part [[0, 1, 2]] output_shape [1, 16, 16] : tensor<256xf32> into tensor<1x16x16xf32>
  %z = tensor.empty() : tensor<24x16xf32>
  %y:2 = ssm.panel_map product(%x : tensor<24x16xf32>, %w : tensor<1x16x16xf32>) outs(%z : tensor<24x16xf32>)
      carries(%s : tensor<?x16xf32>) -> tensor<24x16xf32>, tensor<?x16xf32> {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>, %c: vector<16xf32>):
    %n = math.fma %acc, %acc, %c : vector<16xf32>
    ssm.yield %n, %n : vector<16xf32>, vector<16xf32>
  }
  %r = ssm.panel_map rows(%y#0 : tensor<24x16xf32>) outs(%x : tensor<24x16xf32>) -> tensor<24x16xf32> {
  ^bb0(%v: vector<16xf32>, %o: vector<16xf32>):
    %sum = arith.addf %v, %o : vector<16xf32>
    ssm.yield %sum : vector<16xf32>
  }
  return %r, %y#1 : tensor<24x16xf32>, tensor<?x16xf32>
}

// -----

// The other operations on rows work in place, too.
// CHECK-LABEL: func.func private @chunk.head(
// CHECK-SAME:    %[[IDS:[a-z0-9]+]]: memref<24xi32>, %[[TABLE:[a-z0-9]+]]: memref<10x16xf32>, %[[OUT:[a-z0-9]+]]: memref<24x10xf32>, %[[SUMS:[a-z0-9]+]]: memref<?x16xf64, strided<[?, 1], offset: ?>>, %[[COUNTS:[a-z0-9]+]]: memref<?x1xi64, strided<[?, 1], offset: ?>>, %[[MEAN:[a-z0-9]+]]: memref<1x16xf32>)
// CHECK-NEXT:    %[[Z:.+]] = memref.alloc()
// CHECK-NEXT:    ssm.lookup %[[IDS]] : memref<24xi32> from %[[TABLE]] : memref<10x16xf32> outs(%[[Z]] : memref<24x16xf32>)
// CHECK-NEXT:    ssm.pool_rows %[[Z]] : memref<24x16xf32> outs(%[[SUMS]] : {{.*}}, %[[COUNTS]]
// CHECK-NEXT:    ssm.pool_mean %[[SUMS]] : {{.*}}, %[[COUNTS]] : {{.*}} outs(%[[MEAN]] : memref<1x16xf32>)
// CHECK-NEXT:    ssm.row_log_softmax %[[Z]] : memref<24x16xf32> outs(%[[OUT]] : memref<24x10xf32>)
// CHECK-NEXT:    return{{$}}
func.func private @chunk.head(%ids: tensor<24xi32>, %table: tensor<10x16xf32>, %out: tensor<24x10xf32>,
    %sums: tensor<?x16xf64>, %counts: tensor<?x1xi64>, %mean: tensor<1x16xf32>)
    -> (tensor<24x10xf32>, tensor<?x16xf64>, tensor<?x1xi64>, tensor<1x16xf32>) {
  %z = tensor.empty() : tensor<24x16xf32>
  %y = ssm.lookup %ids : tensor<24xi32> from %table : tensor<10x16xf32> outs(%z : tensor<24x16xf32>) -> tensor<24x16xf32>
  %p:2 = ssm.pool_rows %y : tensor<24x16xf32> outs(%sums : tensor<?x16xf64>, %counts : tensor<?x1xi64>) -> tensor<?x16xf64>, tensor<?x1xi64>
  %m = ssm.pool_mean %p#0 : tensor<?x16xf64>, %p#1 : tensor<?x1xi64> outs(%mean : tensor<1x16xf32>) -> tensor<1x16xf32>
  %l = ssm.row_log_softmax %y : tensor<24x16xf32> outs(%out : tensor<24x10xf32>) -> tensor<24x10xf32>
  return %l, %p#0, %p#1, %m : tensor<24x10xf32>, tensor<?x16xf64>, tensor<?x1xi64>, tensor<1x16xf32>
}

// -----

// A product must not write over the rows that it reads: here, and only here, a
// buffer is in between.
// CHECK-LABEL: func.func private @chunk.conflict(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: memref<24x16xf32>, %[[W:[a-z0-9]+]]: memref<1x16x16xf32>)
// CHECK:         %[[COPY:.+]] = memref.alloc()
// CHECK:         ssm.panel_map {{.*}} outs(%[[COPY]] : memref<24x16xf32>)
// CHECK:         ssm.panel_map rows(%[[X]] : memref<24x16xf32>) outs(%[[COPY]] :
func.func private @chunk.conflict(%x: tensor<24x16xf32>, %w: tensor<1x16x16xf32>) -> tensor<24x16xf32> {
  %y = ssm.panel_map product(%x : tensor<24x16xf32>, %w : tensor<1x16x16xf32>) outs(%x : tensor<24x16xf32>) -> tensor<24x16xf32> {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  %r = ssm.panel_map rows(%x : tensor<24x16xf32>) outs(%y : tensor<24x16xf32>) -> tensor<24x16xf32> {
  ^bb0(%v: vector<16xf32>, %o: vector<16xf32>):
    %s = arith.addf %v, %o : vector<16xf32>
    ssm.yield %s : vector<16xf32>
  }
  return %r : tensor<24x16xf32>
}
