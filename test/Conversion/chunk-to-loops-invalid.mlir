// RUN: ssm-opt %s -convert-chunk-to-loops -split-input-file -verify-diagnostics

func.func @tensors(%x: tensor<24x16xf32>, %out: tensor<24x10xf32>) -> tensor<24x10xf32> {
  // expected-error @below {{is on tensors; loops need memrefs}}
  %y = ssm.row_log_softmax %x : tensor<24x16xf32> outs(%out : tensor<24x10xf32>) -> tensor<24x10xf32>
  return %y : tensor<24x10xf32>
}

// -----

// A loop over rows that nobody counted would do nothing.
func.func @rows(%x: memref<?x16xf32>, %out: memref<?x10xf32>) {
  // expected-error @below {{works on 'memref<?x16xf32>'; loops need static rows and features}}
  ssm.row_log_softmax %x : memref<?x16xf32> outs(%out : memref<?x10xf32>)
  return
}

// -----

// Streams are not counted, features are.
func.func @features(%x: memref<24x16xf32>, %sums: memref<?x?xf64>, %counts: memref<?x1xi64>) {
  // expected-error @below {{works on 'memref<?x?xf64>'; loops need static rows and features}}
  ssm.pool_rows %x : memref<24x16xf32> outs(%sums : memref<?x?xf64>, %counts : memref<?x1xi64>)
  return
}

// -----

func.func @tensor_cores(%x: memref<8x20xf32>, %w: memref<1x32x16xf32>, %out: memref<8x16xf32>) {
  // expected-error @below {{is for tensor cores of a GPU; loops need weights that are not in fragments}}
  ssm.panel_map product(%x : memref<8x20xf32>, %w : memref<1x32x16xf32>) tensor_cores(bf16x3 depth 20) outs(%out : memref<8x16xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}
