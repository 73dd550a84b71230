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
