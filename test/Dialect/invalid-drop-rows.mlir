// RUN: ssm-opt %s --split-input-file --verify-diagnostics

func.func @drop_rows_c1_width(%h: memref<24x64xf32>, %key: memref<2xi32>, %t: index) {
  // expected-error@+1 {{(C1) out [24, 64], key [2]; expected [R, at least 65] and [2]}}
  ssm.drop_rows %h : memref<24x64xf32> key(%key : memref<2xi32>) from %t features 65 rate 1.000000e-01
  return
}

// -----

func.func @drop_rows_c1_key(%h: memref<24x64xf32>, %key: memref<3xi32>, %t: index) {
  // expected-error@+1 {{(C1) out [24, 64], key [3]; expected [R, at least 64] and [2]}}
  ssm.drop_rows %h : memref<24x64xf32> key(%key : memref<3xi32>) from %t features 64 rate 1.000000e-01
  return
}

// -----

func.func @drop_rows_c2_rate(%h: memref<24x64xf32>, %key: memref<2xi32>, %t: index) {
  // expected-error@+1 {{(C2) rate is 0}}
  ssm.drop_rows %h : memref<24x64xf32> key(%key : memref<2xi32>) from %t features 64 rate 0.000000e+00
  return
}
