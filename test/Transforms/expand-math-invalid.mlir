// RUN: ssm-opt %s --expand-math --split-input-file --verify-diagnostics

func.func @no_expansion(%x: vector<4xf32>) -> vector<4xf32> {
  // expected-error @+1 {{'math.erf' op on 'vector<4xf32>' would become a call of the host's math library, whose bits differ between machines; expand-math knows exp, exp2, expm1, log, log1p, sin, cos, sincos and tanh}}
  %y = math.erf %x : vector<4xf32>
  return %y : vector<4xf32>
}

// -----

func.func @dynamic_shape(%x: tensor<?xf64>) -> tensor<?xf64> {
  // expected-error @+1 {{'math.exp' op on 'tensor<?xf64>' has no static shape; make it elementwise on scalars or vectors before expand-math}}
  %y = math.exp %x : tensor<?xf64>
  return %y : tensor<?xf64>
}
