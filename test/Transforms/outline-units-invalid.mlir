// RUN: ssm-opt %s -ssm-outline-units -split-input-file -verify-diagnostics

// expected-error @below {{has no function 'model'}}
module {
  func.func @other(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
    return %x : tensor<?x?x4xf32>
  }
}

// -----

func.func private @helper(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
func.func @model(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  // expected-error @below {{calls in a model that is not outlined yet are not supported}}
  %y = call @helper(%x) : (tensor<?x?x4xf32>) -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// -----

// expected-error @below {{'model' is of type '() -> ()'; expected a body that takes a sequence and carried states, tensors, and returns an output and the next states}}
func.func @model() {
  return
}

// -----

// expected-error @below {{without a body; expected a body that takes a sequence}}
func.func private @model(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32>

// -----

// A record is updated in place: what is returned must be the state's next value.
func.func @model(%x: tensor<?x?x4xf32>, %s: tensor<?x2x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>) {
  %a = ssm.parameter "a" : tensor<2xf64>
  %y, %s1 = ssm.scan diagonal %x, %s coefficients(%a, %a : tensor<2xf64>, tensor<2xf64>) : tensor<?x?x4xf32>, tensor<?x2x2xf32>
  // expected-error @below {{does not return the next value of carried state 1 as operand 1}}
  return %y, %s : tensor<?x?x4xf32>, tensor<?x2x2xf32>
}

// -----

func.func @model(%x: tensor<?x?x4xf32>, %s: tensor<?x2x2xf32>, %t: tensor<?x2x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>) {
  %a = ssm.parameter "a" : tensor<2xf64>
  %y, %s1, %t1 = ssm.block "layers.0" (%x, %s, %t) : (tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>) -> (tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>) {
  ^bb0(%v: tensor<?x?x4xf32>, %c: tensor<?x2x2xf32>, %d: tensor<?x2x2xf32>):
    %m, %c1 = ssm.scan diagonal %v, %c coefficients(%a, %a : tensor<2xf64>, tensor<2xf64>) : tensor<?x?x4xf32>, tensor<?x2x2xf32>
    %n, %d1 = ssm.scan diagonal %m, %d coefficients(%a, %a : tensor<2xf64>, tensor<2xf64>) : tensor<?x?x4xf32>, tensor<?x2x2xf32>
    // expected-error @below {{does not return the next value of carried state 1 as operand 1}}
    ssm.yield %n, %d1, %c1 : tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>
  }
  return %y, %s1, %t1 : tensor<?x?x4xf32>, tensor<?x2x2xf32>, tensor<?x2x2xf32>
}
