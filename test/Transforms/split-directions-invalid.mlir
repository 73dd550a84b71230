// RUN: ssm-opt %s -ssm-split-directions -split-input-file -verify-diagnostics
// RUN: not ssm-opt %s -split-input-file "-ssm-split-directions=refused-by=training" 2>&1 | FileCheck %s --check-prefix=REFUSED

// Two results of what runs backwards are read.
// REFUSED: error: 'layers.0' is bidirectional, and training cannot go through a sequence backwards; inference on CPUs can
func.func @model(%x: tensor<?x?x4xf32>, %t: tensor<?x2x2xf32>, %a: tensor<2xf64>) -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>) {
  // expected-error@+1 {{reads 2 results of scans that run backwards; expected 1, their sum}}
  %y, %t1 = ssm.block "layers.0" (%x, %t) : (tensor<?x?x4xf32>, tensor<?x2x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>) {
  ^bb0(%u: tensor<?x?x4xf32>, %w: tensor<?x2x2xf32>):
    %q, %w1 = ssm.scan diagonal %u, %w coefficients(%a, %a : tensor<2xf64>, tensor<2xf64>) {reverse} : tensor<?x?x4xf32>, tensor<?x2x2xf32>
    %g = ssm.gelu %q : tensor<?x?x4xf32>
    %r = ssm.add %u, %q : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    %z = ssm.add %r, %g : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    ssm.yield %z, %w1 : tensor<?x?x4xf32>, tensor<?x2x2xf32>
  }
  return %y, %t1 : tensor<?x?x4xf32>, tensor<?x2x2xf32>
}

// -----

// What runs backwards reads what runs forwards.
func.func @model(%x: tensor<?x?x4xf32>, %s: tensor<?x2x2xf32>, %t: tensor<?x2x2xf32>, %a: tensor<2xf64>)
    -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>) {
  %y, %s1, %t1 = ssm.block "layers.0" (%x, %s, %t)
    : (tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>) {
  ^bb0(%u: tensor<?x?x4xf32>, %v: tensor<?x2x2xf32>, %w: tensor<?x2x2xf32>):
    // expected-error@+1 {{gives what a scan that runs backwards reads; expected nothing with a carried state in front of it in its block}}
    %p, %v1 = ssm.scan diagonal %u, %v coefficients(%a, %a : tensor<2xf64>, tensor<2xf64>) : tensor<?x?x4xf32>, tensor<?x2x2xf32>
    %q, %w1 = ssm.scan diagonal %p, %w coefficients(%a, %a : tensor<2xf64>, tensor<2xf64>) {reverse} : tensor<?x?x4xf32>, tensor<?x2x2xf32>
    %r = ssm.add %u, %q : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    ssm.yield %r, %v1, %w1 : tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>
  }
  return %y, %s1, %t1 : tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>
}

// -----

func.func @model(%x: tensor<?x?x4xf32>, %t: tensor<?x2x2xf32>, %a: tensor<2xf64>) -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>) {
  // expected-error@+1 {{does not return the next value of carried state 1 as operand 1}}
  %y, %t1 = ssm.block "layers.0" (%x, %t) : (tensor<?x?x4xf32>, tensor<?x2x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>) {
  ^bb0(%u: tensor<?x?x4xf32>, %w: tensor<?x2x2xf32>):
    %q, %w1 = ssm.scan diagonal %u, %w coefficients(%a, %a : tensor<2xf64>, tensor<2xf64>) {reverse} : tensor<?x?x4xf32>, tensor<?x2x2xf32>
    %r = ssm.add %u, %q : (tensor<?x?x4xf32>, tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
    ssm.yield %r, %w : tensor<?x?x4xf32>, tensor<?x2x2xf32>
  }
  return %y, %t1 : tensor<?x?x4xf32>, tensor<?x2x2xf32>
}
