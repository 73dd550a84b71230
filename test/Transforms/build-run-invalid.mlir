// RUN: ssm-opt %s -ssm-build-run -split-input-file -verify-diagnostics

// expected-error @below {{has no attribute 'ssm.plan'; run ssm-plan-model first}}
module {
}

// -----

// expected-error @below {{attribute 'ssm.plan' has no proper entry 'tokens'}}
module attributes {ssm.plan = {}} {
}

// -----

// expected-error @below {{has no chunk function for unit 'input', variant 'full'}}
module attributes {ssm.plan = {blob_bytes = 0 : i64, input_features = 3 : i64, output_features = 16 : i64, pooled = false,
  state_bytes = 64 : i64, tokens = false, weight_bytes = 0 : i64, weights = [], states = [],
  steps = [{blob = 0 : i64, carries = array<i64>, kind = "input", path = "", unit = "input"}]}} {
}

// -----

module attributes {ssm.plan = {blob_bytes = 0 : i64, input_features = 3 : i64, output_features = 16 : i64, pooled = false,
  state_bytes = 64 : i64, tokens = false, weight_bytes = 0 : i64, weights = [], states = [],
  steps = [{blob = 0 : i64, carries = array<i64>, kind = "input", path = "", unit = "input"}]}} {
  // expected-error @below {{takes (}}
  func.func private @chunk.input.full(memref<24x3xf32>, memref<24x16xf32>, index) attributes {ssm.kind = "input"}
}
