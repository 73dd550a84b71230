// RUN: ssm-opt %s -convert-chunk-to-loops -verify-diagnostics

func.func @tensors(%x: tensor<24x16xf32>, %out: tensor<24x10xf32>) -> tensor<24x10xf32> {
  // expected-error @below {{is on tensors; loops need memrefs}}
  %y = ssm.row_log_softmax %x : tensor<24x16xf32> outs(%out : tensor<24x10xf32>) -> tensor<24x10xf32>
  return %y : tensor<24x10xf32>
}
