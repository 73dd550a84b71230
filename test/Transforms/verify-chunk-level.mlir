// RUN: ssm-opt %s -verify-ssm-chunk-level -split-input-file -verify-diagnostics

// Rows in chunk functions, parameters in prepare functions.
func.func private @prepare.input(%w: tensor<16x4xf64>, %log: tensor<4xf64>, %blob: tensor<64xf32>) -> tensor<64xf32> {
  %e = math.exp %log : tensor<4xf64>
  %init = tensor.empty() : tensor<16x4xf64>
  %rows = linalg.broadcast ins(%e : tensor<4xf64>) outs(%init : tensor<16x4xf64>) dimensions = [0]
  %scaled = arith.mulf %w, %rows : tensor<16x4xf64>
  %p = ssm.pack_panels %scaled : tensor<16x4xf64> -> tensor<1x4x16xf32>
  %flat = tensor.collapse_shape %p [[0, 1, 2]] : tensor<1x4x16xf32> into tensor<64xf32>
  %y = tensor.insert_slice %flat into %blob[0] [64] [1] : tensor<64xf32> into tensor<64xf32>
  return %y : tensor<64xf32>
}
func.func private @chunk.input(%x: tensor<24x4xf32>, %out: tensor<24x16xf32>, %s: tensor<?x16xf32>, %blob: tensor<64xf32>)
    -> tensor<24x16xf32> {
  %w = tensor.expand_shape %blob [[0, 1, 2]] output_shape [1, 4, 16] : tensor<64xf32> into tensor<1x4x16xf32>
  %y:2 = ssm.panel_map product(%x : tensor<24x4xf32>, %w : tensor<1x4x16xf32>) outs(%out : tensor<24x16xf32>)
      carries(%s : tensor<?x16xf32>) -> tensor<24x16xf32>, tensor<?x16xf32> {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>, %c: vector<16xf32>):
    %next = math.fma %acc, %acc, %c : vector<16xf32>
    ssm.yield %next, %next : vector<16xf32>, vector<16xf32>
  }
  return %y#0 : tensor<24x16xf32>
}

// -----

// The function has no sequence of unknown length any more, nor its layers.
func.func private @chunk.layer(%x: tensor<24x4xf32>, %w: tensor<4x4xf32>) -> tensor<24x4xf32> {
  // expected-error @below {{'ssm.gelu' is not part of the chunk level}}
  // expected-note @below {{the chunk level accepts builtin.module, func.func, func.return, func.call, ssm.panel_map,}}
  %y = ssm.gelu %x : tensor<24x4xf32>
  return %y : tensor<24x4xf32>
}

// -----

// expected-error @below {{takes 'tensor<?x?x4xf32>'; expected rows of static shape, or a carried state of shape (streams, features)}}
func.func private @chunk.sequence(%x: tensor<?x?x4xf32>) {
  return
}

// -----

func.func private @chunk.arithmetic(%w: tensor<16xf32>) -> tensor<16xf32> {
  // expected-error @below {{'arith.mulf' is outside of a body; expected it in an 'ssm.panel_map', on lanes}}
  %y = arith.mulf %w, %w : tensor<16xf32>
  return %y : tensor<16xf32>
}

// -----

func.func private @chunk.parameters(%w: tensor<16x4xf64>) -> tensor<1x4x16xf32> {
  // expected-error @below {{'ssm.pack_panels' is in a chunk function; expected it in a prepare function, which computes on parameters}}
  %p = ssm.pack_panels %w : tensor<16x4xf64> -> tensor<1x4x16xf32>
  return %p : tensor<1x4x16xf32>
}

// -----

func.func private @prepare.rows(%x: tensor<24x4xf32>, %out: tensor<24x4xf32>) -> tensor<24x4xf32> {
  // expected-error @below {{'ssm.row_log_softmax' is in a prepare function; expected it in a chunk function, which computes on rows}}
  %y = ssm.row_log_softmax %x : tensor<24x4xf32> outs(%out : tensor<24x4xf32>) -> tensor<24x4xf32>
  return %y : tensor<24x4xf32>
}

// -----

func.func private @prepare.elided() -> tensor<2xf64> {
  // expected-error @below {{parameter 'value' has no data: the resource '__elided__' was elided}}
  %c = arith.constant dense_resource<__elided__> : tensor<2xf64>
  return %c : tensor<2xf64>
}
