// RUN: ssm-opt %s -verify-ssm-recurrence-level -split-input-file -verify-diagnostics

// Scans, dense and pointwise layers, and arithmetic on parameters pass.
func.func @recurrence(%x: tensor<?x?x4xf32>, %s: tensor<?x2x2xf32>, %w: tensor<4x4xf64>) -> tensor<?x?x4xf32> {
  %nu = ssm.parameter "nu" : tensor<2xf32>
  %extended = arith.extf %nu : tensor<2xf32> to tensor<2xf64>
  %a = math.exp %extended : tensor<2xf64>
  %init = tensor.empty() : tensor<2x4xf64>
  %rows = linalg.broadcast ins(%a : tensor<2xf64>) outs(%init : tensor<2x4xf64>) dimensions = [1]
  %f = ssm.linear %x, %w : (tensor<?x?x4xf32>, tensor<4x4xf64>) -> tensor<?x?x4xf32>
  %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<2xf64>, tensor<2xf64>)
    : tensor<?x?x4xf32>, tensor<?x2x2xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

func.func @norm(%x: tensor<?x?x4xf32>, %m: tensor<4xf32>) -> tensor<?x?x4xf32> {
  // expected-error @below {{'ssm.batch_norm' is not part of the recurrence level}}
  // expected-note @below {{the recurrence level accepts builtin.module, func.func,}}
  %y = ssm.batch_norm %x, %m, %m epsilon 1.0e-5 : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

func.func @arithmetic_on_sequences(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  // expected-error @below {{'arith.addf' computes on 'tensor<?x?x4xf32>'; expected a tensor of static shape: at the recurrence level such operations compute on parameters, and sequences take ssm operations}}
  %y = arith.addf %x, %x : tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

func.func @fast_math(%x: tensor<4xf64>) -> tensor<4xf64> {
  // expected-error @below {{has the fast-math flags #arith.fastmath<reassoc>; expected none: results would depend on what the compiler makes of them}}
  %y = arith.addf %x, %x fastmath<reassoc> : tensor<4xf64>
  return %y : tensor<4xf64>
}

// -----

func.func @swallows_nan(%x: tensor<4xf64>) -> tensor<4xf64> {
  // expected-error @below {{swallows NaN; expected arith.minimumf or arith.maximumf, which hand it on}}
  %y = arith.maxnumf %x, %x : tensor<4xf64>
  return %y : tensor<4xf64>
}

// -----

// A constant's missing data is found like a parameter's.
func.func @elided_constant() -> tensor<2xf64> {
  // expected-error @below {{parameter 'value' has no data: the resource '__elided__' was elided}}
  %c = arith.constant dense_resource<__elided__> : tensor<2xf64>
  return %c : tensor<2xf64>
}
