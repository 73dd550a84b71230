// One test per constraint of the operations on rows, named for it.
// RUN: ssm-opt %s --split-input-file --verify-diagnostics

func.func @panel_map_c1(%x: memref<24x3xf32>, %w: memref<2x4x16xf32>, %out: memref<24x32xf32>) {
  // expected-error @+1 {{(C1) w has shape [2, 4, 16] and x [24, 3]; expected [P, K, 16] and [R, at least K]}}
  ssm.panel_map product(%x : memref<24x3xf32>, %w : memref<2x4x16xf32>) outs(%out : memref<24x32xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

func.func @panel_map_c1_bias(%x: memref<24x3xf32>, %w: memref<2x3x16xf32>, %b: memref<32xf32>, %out: memref<24x32xf32>) {
  // expected-error @+1 {{(C1) bias has shape [32]; expected [2, 16]}}
  ssm.panel_map product(%x : memref<24x3xf32>, %w : memref<2x3x16xf32>, %b : memref<32xf32>) outs(%out : memref<24x32xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

func.func @panel_map_c2(%x: memref<24x3xf32>, %out: memref<24x16xf32>) {
  // expected-error @+1 {{(C2) a product needs both x and w}}
  "ssm.panel_map"(%x, %out) <{operandSegmentSizes = array<i32: 1, 0, 0, 0, 0, 0, 1, 0, 0, 0>}> ({
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %o : vector<16xf32>
  }) : (memref<24x3xf32>, memref<24x16xf32>) -> ()
  return
}

// -----

func.func @panel_map_c2_bias(%b: memref<2x16xf32>, %out: memref<24x16xf32>) {
  // expected-error @+1 {{(C2) a product needs both x and w}}
  "ssm.panel_map"(%b, %out) <{operandSegmentSizes = array<i32: 0, 0, 1, 0, 0, 0, 1, 0, 0, 0>}> ({
  ^bb0(%o: vector<16xf32>):
    ssm.yield %o : vector<16xf32>
  }) : (memref<2x16xf32>, memref<24x16xf32>) -> ()
  return
}

// -----

func.func @panel_map_c3(%r: memref<24x16xf32>, %out: memref<24x16xf32>) {
  // expected-error @+1 {{(C3) body has 1 arguments; expected 2}}
  ssm.panel_map rows(%r : memref<24x16xf32>) outs(%out : memref<24x16xf32>) {
  ^bb0(%o: vector<16xf32>):
    ssm.yield %o : vector<16xf32>
  }
  return
}

// -----

func.func @panel_map_c3_lanes(%out: memref<24x16xf32>) {
  // expected-error @+1 {{(C3) body argument of type 'vector<4xf32>'; expected a vector of 8 or 16 f32}}
  ssm.panel_map outs(%out : memref<24x16xf32>) {
  ^bb0(%o: vector<4xf32>):
    ssm.yield %o : vector<4xf32>
  }
  return
}

// -----

func.func @panel_map_c3_wide_output(%out: memref<24x16xf32>) {
  // expected-error @+1 {{(C3) body argument of type 'vector<16xf64>'; expected a vector of 8 or 16 f32}}
  ssm.panel_map outs(%out : memref<24x16xf32>) {
  ^bb0(%o: vector<16xf64>):
    ssm.yield %o : vector<16xf64>
  }
  return
}

// -----

func.func @panel_map_c3_accumulator(%x: memref<24x3xf32>, %w: memref<2x3x16xf32>, %out: memref<24x16xf32>) {
  // expected-error @+1 {{(C3) the accumulator has 16 lanes}}
  ssm.panel_map product(%x : memref<24x3xf32>, %w : memref<2x3x16xf32>) outs(%out : memref<24x16xf32>) {
  ^bb0(%acc: vector<8xf32>, %o: vector<8xf32>):
    ssm.yield %o : vector<8xf32>
  }
  return
}

// -----

func.func @panel_map_c4(%r: memref<12x16xf32>, %x: memref<24x3xf32>, %w: memref<1x3x16xf32>, %out: memref<24x16xf32>) {
  // expected-error @+1 {{(C4) operand 'memref<12x16xf32>'; expected 24 rows}}
  ssm.panel_map product(%x : memref<24x3xf32>, %w : memref<1x3x16xf32>) rows(%r : memref<12x16xf32>) outs(%out : memref<24x16xf32>) {
  ^bb0(%acc: vector<16xf32>, %s: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %o : vector<16xf32>
  }
  return
}

// -----

func.func @panel_map_c4_rank(%out: memref<24xf32>) {
  // expected-error @+1 {{(C4) operand 'memref<24xf32>' has rank 1; expected 2}}
  ssm.panel_map outs(%out : memref<24xf32>) {
  ^bb0(%o: vector<16xf32>):
    ssm.yield %o : vector<16xf32>
  }
  return
}

// -----

func.func @panel_map_c4_columns(%x: memref<24x3xf32>, %w: memref<1x3x16xf32>, %c: memref<2x16xf32>, %out: memref<24x16xf32>) {
  // expected-error @+1 {{(C4) column operand 'memref<2x16xf32>'; expected 1 panels of 16 lanes}}
  ssm.panel_map product(%x : memref<24x3xf32>, %w : memref<1x3x16xf32>) columns(%c : memref<2x16xf32>) outs(%out : memref<24x16xf32>) {
  ^bb0(%acc: vector<16xf32>, %k: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %o : vector<16xf32>
  }
  return
}

// -----

func.func @panel_map_c5(%out: memref<24x16xf32>) {
  // expected-error @+1 {{(C5) body yields (); expected ('vector<16xf32>')}}
  ssm.panel_map outs(%out : memref<24x16xf32>) {
  ^bb0(%o: vector<16xf32>):
    ssm.yield
  }
  return
}

// -----

func.func @panel_map_c6(%out: tensor<24x16xf32>) {
  // expected-error @+1 {{(C6) results ('tensor<24x15xf32>') differ from outs and carries ('tensor<24x16xf32>')}}
  %0 = ssm.panel_map outs(%out : tensor<24x16xf32>) -> tensor<24x15xf32> {
  ^bb0(%o: vector<16xf32>):
    ssm.yield %o : vector<16xf32>
  }
  return
}

// -----

func.func @lookup_c1(%ids: memref<24xi32>, %table: memref<10x4xf32>, %out: memref<23x4xf32>) {
  // expected-error @+1 {{(C1) ids [24], table [10, 4], out [23, 4]; expected [R], [size, W], [R, W]}}
  ssm.lookup %ids : memref<24xi32> from %table : memref<10x4xf32> outs(%out : memref<23x4xf32>)
  return
}

// -----

func.func @pool_rows_c1(%x: memref<24x4xf32>, %sums: memref<2x5xf64>, %counts: memref<2x1xi64>) {
  // expected-error @+1 {{(C1) rows [24, 4], sums [2, 5], counts [2, 1]; expected [R, W], [S, H <= W], [S, 1]}}
  ssm.pool_rows %x : memref<24x4xf32> outs(%sums : memref<2x5xf64>, %counts : memref<2x1xi64>)
  return
}

// -----

func.func @pool_mean_c1(%out: memref<24x4xf32>, %sums: memref<2x4xf64>, %counts: memref<2xi64>) {
  // expected-error @+1 {{(C1) rows [24, 4], sums [2, 4], counts [2]; expected [R, W], [S, H <= W], [S, 1]}}
  ssm.pool_mean %sums : memref<2x4xf64>, %counts : memref<2xi64> outs(%out : memref<24x4xf32>)
  return
}

// -----

func.func @row_log_softmax_c1(%x: memref<24x4xf32>, %out: memref<24x5xf32>) {
  // expected-error @+1 {{(C1) x [24, 4], out [24, 5]; expected [R, W] and [R, C <= W]}}
  ssm.row_log_softmax %x : memref<24x4xf32> outs(%out : memref<24x5xf32>)
  return
}

// -----

func.func @pack_panels_c1(%w: tensor<10x6xf64>) {
  // expected-error @+1 {{(C1) result has shape [1, 16, 16]; expected [1, 6, 16]}}
  %0 = ssm.pack_panels %w : tensor<10x6xf64> -> tensor<1x16x16xf32>
  return
}

// -----

func.func @pack_panels_c1_rank(%w: tensor<1x10x6xf64>) {
  // expected-error @+1 {{(C1) weight has rank 3; expected 1 or 2}}
  %0 = ssm.pack_panels %w : tensor<1x10x6xf64> -> tensor<1x6x16xf32>
  return
}

// -----

func.func @pack_panels_c2(%w: tensor<9x6xf64>) {
  // expected-error @+1 {{(C2) weight [9, 6] has an odd number of paired features}}
  %0 = ssm.pack_panels %w {paired_out} : tensor<9x6xf64> -> tensor<1x6x16xf32>
  return
}

// -----

func.func @pack_panels_c3(%w: tensor<10x6xf64>) {
  // expected-error @+1 {{(C3) result has shape [1, 6, 16]; expected [1, 16, 16]}}
  %0 = ssm.pack_panels %w fragments tf32 : tensor<10x6xf64> -> tensor<1x6x16xf32>
  return
}

// -----

func.func @pack_panels_c3_rank(%b: tensor<10xf64>) {
  // expected-error @+1 {{(C3) weight has rank 1; fragments need 2}}
  %0 = ssm.pack_panels %b fragments tf32 : tensor<10xf64> -> tensor<1x16xf32>
  return
}

// -----

func.func @panel_map_c7(%x: memref<24x20xf32>, %w: memref<2x20x16xf32>, %out: memref<24x32xf32>) {
  // expected-error @+1 {{(C7) depth is 20, w has shape [2, 20, 16] and x [24, 20]; expected [P, K, 16] with K = depth rounded up to 16, and [R, at least depth]}}
  ssm.panel_map product(%x : memref<24x20xf32>, %w : memref<2x20x16xf32>) tensor_cores(bf16x3 depth 20) outs(%out : memref<24x32xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

func.func @panel_map_c7_no_product(%out: memref<24x16xf32>) {
  // expected-error @+1 {{(C7) tensor cores need a product and its depth}}
  ssm.panel_map tensor_cores(bf16x3 depth 20) outs(%out : memref<24x16xf32>) {
  ^bb0(%o: vector<16xf32>):
    ssm.yield %o : vector<16xf32>
  }
  return
}
