// RUN: ssm-opt %s -ssm-build-train-run -split-input-file -verify-diagnostics

// expected-error @below {{has no attribute 'ssm.plan'}}
module {
}

// -----

// expected-error @below {{has no chunk function for unit 'block0' on time steps; specialize rows as 'time'}}
module attributes {ssm.plan = {tokens = false, pooled = false, input_features = 4, output_features = 4, state_bytes = 64,
    weight_bytes = 0, blob_bytes = 0, states = [], weights = [],
    steps = [{unit = "block0", kind = "block", path = "layers.0", blob = 0, carries = array<i64>}]}} {
}

// -----

module attributes {ssm.plan = {tokens = false, pooled = false, input_features = 4, output_features = 4, state_bytes = 64,
    weight_bytes = 0, blob_bytes = 0, states = [], weights = [],
    steps = [{unit = "block0", kind = "block", path = "layers.0", blob = 0, carries = array<i64>, columns = array<i64: 0, 3>}]}} {
  // expected-error @below {{takes the columns 0, 3; expected those of one norm, in one order}}
  func.func private @chunk.block0.time(%x: memref<24x16xf32> {ssm.rows}, %a: memref<1x16xf32> {ssm.columns},
      %b: memref<1x16xf32> {ssm.columns}, %n: index, %ws: memref<?xi8>) attributes {ssm.kind = "block"} {
    return
  }
}
