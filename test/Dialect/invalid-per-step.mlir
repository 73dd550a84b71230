// RUN: ssm-opt %s -split-input-file -verify-diagnostics

func.func @per_step_c1_modes(%dt: tensor<?x?xf32>, %rate: tensor<4xf64>) {
  // expected-error @below {{'ssm.per_step' op (C1) a parameter is 'tensor<4xf64>'; expected 3 modes, as results}}
  %a = ssm.per_step %dt : tensor<?x?xf32> with(%rate : tensor<4xf64>) -> tensor<?x?x3xf64> {
  ^bb0(%t: f64, %r: f64):
    ssm.yield %t : f64
  }
  return
}

// -----

func.func @per_step_c2_results(%dt: tensor<?x?xf32>) {
  // expected-error @below {{'ssm.per_step' op (C2) results differ in type: 'tensor<?x?x3xf64>' and 'tensor<?x?x4xf64>'}}
  %a:2 = ssm.per_step %dt : tensor<?x?xf32> -> tensor<?x?x3xf64>, tensor<?x?x4xf64> {
  ^bb0(%t: f64):
    ssm.yield %t, %t : f64, f64
  }
  return
}

// -----

func.func @per_step_c3_body(%dt: tensor<?x?xf32>) {
  // expected-error @below {{'ssm.per_step' op (C3) body takes ('f64') and yields ('f64', 'f64'); expected ('f64') and ('f64')}}
  %a = ssm.per_step %dt : tensor<?x?xf32> -> tensor<?x?x3xf64> {
  ^bb0(%t: f64):
    ssm.yield %t, %t : f64, f64
  }
  return
}

// -----

func.func @scan_c5_gains(%f: tensor<?x?x6xf32>, %s: tensor<?x2x3xf32>, %a: tensor<?x?x3xf64>) {
  // expected-error @below {{'ssm.scan' op (C5) has 3 gains; expected 0, 1 or 2}}
  %0:2 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<?x?x3xf64>, tensor<?x?x3xf64>)
    gains(%a, %a, %a : tensor<?x?x3xf64>, tensor<?x?x3xf64>, tensor<?x?x3xf64>) : tensor<?x?x6xf32>, tensor<?x2x3xf32>
  return
}

// -----

func.func @scan_c2_gain(%f: tensor<?x?x6xf32>, %s: tensor<?x2x3xf32>, %a: tensor<?x?x3xf64>, %g: tensor<3xf64>) {
  // expected-error @below {{'ssm.scan' op (C2) coefficients differ in type: 'tensor<?x?x3xf64>' and 'tensor<3xf64>'}}
  %0:2 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<?x?x3xf64>, tensor<?x?x3xf64>)
    gains(%g : tensor<3xf64>) : tensor<?x?x6xf32>, tensor<?x2x3xf32>
  return
}

// -----

func.func @panel_map_c4_scalars(%dt: memref<3xf32>, %out: memref<4x8xf32>) {
  // expected-error @below {{'ssm.panel_map' op (C4) scalar operand 'memref<3xf32>'; expected a number for each of 4 rows}}
  ssm.panel_map scalars(%dt : memref<3xf32>) outs(%out : memref<4x8xf32>) {
  ^bb0(%t: vector<8xf32>, %before: vector<8xf32>):
    ssm.yield %t : vector<8xf32>
  }
  return
}
