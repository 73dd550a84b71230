// RUN: ssm-opt %s -split-input-file -verify-diagnostics

func.func @layer_norm_c1(%x: tensor<?x?x3xf32>) {
  // expected-error @+1 {{(C1) epsilon is 0.000000e+00; expected a positive number}}
  %0 = ssm.layer_norm %x epsilon 0.0 : tensor<?x?x3xf32>
  return
}

// -----

func.func @row_norm_c1(%x: memref<24x4xf32>, %out: memref<24x16xf32>) {
  // expected-error @+1 {{(C1) x [24, 4], out [24, 16], features 5; expected [R, W] with W at least features, and at least one of these}}
  ssm.row_norm %x : memref<24x4xf32> outs(%out : memref<24x16xf32>) features 5 epsilon 1.0e-5
  return
}

// -----

func.func @row_norm_of_nothing_c1(%x: memref<24x4xf32>) {
  // expected-error @+1 {{(C1) x [24, 4], out [24, 4], features 0}}
  ssm.row_norm %x : memref<24x4xf32> outs(%x : memref<24x4xf32>) features 0 epsilon 1.0e-5
  return
}

// -----

func.func @row_norm_c2(%x: memref<24x4xf32>) {
  // expected-error @+1 {{(C2) epsilon is -1.000000e+00; expected a positive number}}
  ssm.row_norm %x : memref<24x4xf32> outs(%x : memref<24x4xf32>) features 4 epsilon -1.0
  return
}
