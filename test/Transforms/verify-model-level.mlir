// RUN: ssm-opt %s -verify-ssm-model-level -split-input-file -verify-diagnostics

// A model in its training form passes.
func.func @model(%x: tensor<?x?x4xf32>, %k: tensor<?x2xi32>) -> tensor<?x?x4xf32> {
  %w = ssm.parameter "w" : tensor<4x4xf32>
  %m = ssm.parameter "m" : tensor<4xf32>
  %first = arith.constant dense<false> : tensor<i1>
  %n, %m1, %v1 = ssm.batch_norm_training %x, %m, %m, %first epsilon 1.0e-5 momentum 0.99
    : tensor<?x?x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<i1>
  %d = ssm.dropout %n, %k rate 0.1 : tensor<?x?x4xf32>, tensor<?x2xi32>
  %y = ssm.linear %d, %w : (tensor<?x?x4xf32>, tensor<4x4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

func.func @arithmetic(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{'arith.addf' is not part of the model level}}
  // expected-note @below {{the model level accepts builtin.module, func.func, func.return, ssm.parameter, ssm.linear,}}
  %y = arith.addf %x, %x : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @discrete_time(%f: tensor<?x?x8xf32>, %s: tensor<?x2x4xf32>, %a: tensor<4xf64>) -> tensor<?x?x8xf32> {
  // expected-error @below {{'ssm.scan' is not part of the model level}}
  // expected-note @below {{the model level accepts}}
  %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<4xf64>, tensor<4xf64>)
    : tensor<?x?x8xf32>, tensor<?x2x4xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

// expected-error @below {{has the complex type 'tensor<4xcomplex<f32>>'; expected a real plane and an imaginary plane}}
func.func @complex(%x: tensor<4xcomplex<f32>>) {
  return
}

// -----

// Elided weights parse again without their data.
func.func @elided() -> tensor<2xf32> {
  // expected-error @below {{parameter 'layers.0.linear.weight' has no data: the resource '__elided__' was elided when this IR was printed; expected IR printed with its resources}}
  %w = ssm.parameter "layers.0.linear.weight" = dense_resource<__elided__> : tensor<2xf32>
  return %w : tensor<2xf32>
}
