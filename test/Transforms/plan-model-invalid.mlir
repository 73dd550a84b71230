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

// -----

// expected-error @below {{'model' is of type '(f32) -> f32'; expected a body that takes a sequence}}
func.func @model(%x: f32) -> f32 {
  return %x : f32
}

// -----

func.func @model(%x: tensor<?x?x3xf32>) -> tensor<?x?x3xf32> {
  // expected-error @below {{computes on sequences outside of a unit; run ssm-outline-units first}}
  %y = ssm.gelu %x : tensor<?x?x3xf32>
  return %y : tensor<?x?x3xf32>
}

// -----

func.func private @input(%x: tensor<?x?x3xf32>, %w: tensor<?x?x3xf32> {ssm.parameter}) -> tensor<?x?x16xf32> attributes {ssm.unit = "input"}
func.func private @chunk.input(tensor<24x3xf32>, tensor<24x16xf32>, tensor<16xf32>) -> tensor<24x16xf32> attributes {ssm.kind = "input"}
func.func private @prepare.input(tensor<3xf32>, tensor<16xf32>) -> tensor<16xf32>
func.func @model(%x: tensor<?x?x3xf32>) -> tensor<?x?x16xf32> {
  // expected-error @below {{takes a sequence as parameter 1}}
  %y = call @input(%x, %x) : (tensor<?x?x3xf32>, tensor<?x?x3xf32>) -> tensor<?x?x16xf32>
  return %y : tensor<?x?x16xf32>
}

// -----

// There is one stream of rows, which each unit overwrites or passes on.
func.func private @input(%x: tensor<?x?x3xf32>) -> tensor<?x?x16xf32> attributes {ssm.unit = "input"}
func.func private @chunk.input(tensor<24x3xf32>, tensor<24x16xf32>) -> tensor<24x16xf32> attributes {ssm.kind = "input"}
func.func private @block0(%x: tensor<?x?x16xf32>) -> tensor<?x?x16xf32> attributes {ssm.unit = "block"}
func.func private @chunk.block0(tensor<24x16xf32>) -> tensor<24x16xf32> attributes {ssm.kind = "block"}
func.func @model(%x: tensor<?x?x3xf32>) -> tensor<?x?x16xf32> {
  %y = call @input(%x) : (tensor<?x?x3xf32>) -> tensor<?x?x16xf32>
  %z = call @block0(%y) : (tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  // expected-error @below {{does not read what the unit before it wrote: units pass on one stream of rows}}
  %a = call @block0(%y) : (tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  return %a : tensor<?x?x16xf32>
}

// -----

func.func private @input(%x: tensor<?x?x3xf32>) -> tensor<?x?x16xf32> attributes {ssm.unit = "input"}
func.func private @chunk.input(tensor<24x3xf32>, tensor<24x16xf32>) -> tensor<24x16xf32> attributes {ssm.kind = "input"}
func.func private @block0(%x: tensor<?x?x16xf32>) -> tensor<?x?x16xf32> attributes {ssm.unit = "block"}
func.func private @chunk.block0(tensor<24x16xf32>) -> tensor<24x16xf32> attributes {ssm.kind = "block"}
func.func @model(%x: tensor<?x?x3xf32>) -> tensor<?x?x16xf32> {
  %y = call @input(%x) : (tensor<?x?x3xf32>) -> tensor<?x?x16xf32>
  %z = call @block0(%y) : (tensor<?x?x16xf32>) -> tensor<?x?x16xf32>
  // expected-error @below {{does not return what the last unit wrote}}
  return %y : tensor<?x?x16xf32>
}
