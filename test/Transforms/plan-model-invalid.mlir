// RUN: ssm-opt %s -ssm-plan-model -split-input-file -verify-diagnostics

// expected-error @below {{has no function 'model'}}
module {
}

// -----

func.func private @input(%x: tensor<?x?x3xf32>) -> tensor<?x?x16xf32> attributes {ssm.unit = "input"}
func.func @model(%x: tensor<?x?x3xf32>) -> tensor<?x?x16xf32> {
  // expected-error @below {{calls a unit without a chunk function}}
  %y = call @input(%x) : (tensor<?x?x3xf32>) -> tensor<?x?x16xf32>
  return %y : tensor<?x?x16xf32>
}
