// RUN: ssm-opt %s -convert-recurrence-to-chunk -split-input-file -verify-diagnostics
// RUN: not ssm-opt %s -convert-recurrence-to-chunk=rows=-1 2>&1 | FileCheck %s
// CHECK: error: a chunk has -1 rows; expected 1 to 4096

func.func private @scan_alone(%x: tensor<?x?x16xf32>, %s: tensor<?x2x8xf32>, %a: tensor<8xf64> {ssm.parameter}, %w: tensor<16x16xf32> {ssm.parameter})
    -> (tensor<?x?x16xf32>, tensor<?x2x8xf32>) attributes {ssm.unit = "block"} {
  // expected-error @below {{needs a projection of its own as forcing}}
  %y, %s1 = ssm.scan diagonal %x, %s coefficients(%a, %a : tensor<8xf64>, tensor<8xf64>) : tensor<?x?x16xf32>, tensor<?x2x8xf32>
  %z = ssm.linear %y, %w : (tensor<?x?x16xf32>, tensor<16x16xf32>) -> tensor<?x?x16xf32>
  return %z, %s1 : tensor<?x?x16xf32>, tensor<?x2x8xf32>
}

// -----

func.func private @coefficients_of_the_step(%x: tensor<?x?x16xf32>, %s: tensor<?x2x8xf32>, %a: tensor<?x?x8xf64>, %w: tensor<16x16xf32> {ssm.parameter})
    -> (tensor<?x?x16xf32>, tensor<?x2x8xf32>) attributes {ssm.unit = "block"} {
  %f = ssm.linear %x, %w : (tensor<?x?x16xf32>, tensor<16x16xf32>) -> tensor<?x?x16xf32>
  // expected-error @below {{has coefficients that depend on the step; expected an 'ssm.per_step' to compute them}}
  %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<?x?x8xf64>, tensor<?x?x8xf64>) : tensor<?x?x16xf32>, tensor<?x2x8xf32>
  %z = ssm.linear %y, %w : (tensor<?x?x16xf32>, tensor<16x16xf32>) -> tensor<?x?x16xf32>
  return %z, %s1 : tensor<?x?x16xf32>, tensor<?x2x8xf32>
}

// -----

func.func private @norm(%x: tensor<?x?x16xf32>, %m: tensor<16xf32> {ssm.parameter}) -> tensor<?x?x16xf32> attributes {ssm.unit = "block"} {
  // expected-error @below {{has no form on rows; expected a linear map, a scan, a channel scan, a delta rule, a pointwise layer, a layer norm, pooling or a softmax}}
  %y = ssm.batch_norm %x, %m, %m epsilon 1.0e-5 : tensor<?x?x16xf32>, tensor<16xf32>, tensor<16xf32>
  return %y : tensor<?x?x16xf32>
}

// -----

// The features of a scan's output are in paired order: only packed weights undo it.
func.func private @scan_to_pointwise(%x: tensor<?x?x16xf32>, %s: tensor<?x2x8xf32>, %a: tensor<8xf64> {ssm.parameter}, %w: tensor<16x16xf32> {ssm.parameter})
    -> (tensor<?x?x16xf32>, tensor<?x2x8xf32>) attributes {ssm.unit = "block"} {
  %f = ssm.linear %x, %w : (tensor<?x?x16xf32>, tensor<16x16xf32>) -> tensor<?x?x16xf32>
  // expected-error @below {{has an output that 'ssm.gelu' reads; expected a projection to read it}}
  %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<8xf64>, tensor<8xf64>) : tensor<?x?x16xf32>, tensor<?x2x8xf32>
  %g = ssm.gelu %y : tensor<?x?x16xf32>
  return %g, %s1 : tensor<?x?x16xf32>, tensor<?x2x8xf32>
}

// -----

func.func private @scan_returned(%x: tensor<?x?x16xf32>, %s: tensor<?x2x8xf32>, %a: tensor<8xf64> {ssm.parameter}, %w: tensor<16x16xf32> {ssm.parameter})
    -> (tensor<?x?x16xf32>, tensor<?x2x8xf32>) attributes {ssm.unit = "block"} {
  %f = ssm.linear %x, %w : (tensor<?x?x16xf32>, tensor<16x16xf32>) -> tensor<?x?x16xf32>
  // expected-error @below {{has an output that 'func.return' reads; expected a projection to read it}}
  %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a, %a : tensor<8xf64>, tensor<8xf64>) : tensor<?x?x16xf32>, tensor<?x2x8xf32>
  return %y, %s1 : tensor<?x?x16xf32>, tensor<?x2x8xf32>
}

// -----

// One feature added to many would need the projection repeated, as a GLU's are.
func.func private @broadcast(%x: tensor<?x?x16xf32>, %w: tensor<1x16xf32> {ssm.parameter}) -> tensor<?x?x16xf32> attributes {ssm.unit = "dense"} {
  %y = ssm.linear %x, %w : (tensor<?x?x16xf32>, tensor<1x16xf32>) -> tensor<?x?x1xf32>
  // expected-error @below {{has an operand of 1 features; expected 16: only a GLU's output is broadcast}}
  %z = ssm.add %x, %y : (tensor<?x?x16xf32>, tensor<?x?x1xf32>) -> tensor<?x?x16xf32>
  return %z : tensor<?x?x16xf32>
}
