// RUN: ssm-opt %s -ssm-build-kernels -split-input-file -verify-diagnostics

// expected-error @below {{has no 'ssm.chunk_rows'}}
module attributes {ssm.workspace_bytes = 64 : i64, ssm.plan = {blob_bytes = 0 : i64, input_features = 3 : i64, output_features = 10 : i64, pooled = false, state_bytes = 0 : i64, tokens = false, weight_bytes = 0 : i64, weights = [], states = [], steps = []}} {
}

// -----

// expected-error @below {{has no 'ssm.workspace_bytes'}}
module attributes {ssm.chunk_rows = 8 : i64, ssm.plan = {blob_bytes = 0 : i64, input_features = 3 : i64, output_features = 10 : i64, pooled = false, state_bytes = 0 : i64, tokens = false, weight_bytes = 0 : i64, weights = [], states = [], steps = []}} {
}

// -----

// expected-error @below {{has no function for unit 'input'}}
module attributes {ssm.chunk_rows = 8 : i64, ssm.workspace_bytes = 64 : i64, ssm.plan = {blob_bytes = 0 : i64, input_features = 3 : i64, output_features = 10 : i64, pooled = false, state_bytes = 0 : i64, tokens = false, weight_bytes = 0 : i64, weights = [], states = [], steps = [{blob = 0 : i64, carries = array<i64>, kind = "input", path = "", unit = "input"}]}} {
  func.func private @layers_chunk(memref<1xi8>, memref<1xi8>, i64, memref<1xi8>, memref<1xi8>, memref<1xi8>)
  func.func private @layers_rows(memref<1xi8>, memref<1xi8>, memref<1xi8>, i64, i64, i64, memref<1xi8>, memref<1xi8>, memref<1xi8>, memref<1xi8>)
}
