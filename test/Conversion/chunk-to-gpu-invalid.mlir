// RUN: ssm-opt %s -convert-chunk-to-gpu=threads=64 -split-input-file -verify-diagnostics
// RUN: not ssm-opt %S/chunk-to-gpu.mlir -convert-chunk-to-gpu=threads=48 -split-input-file 2>&1 | FileCheck %s --check-prefix=THREADS
// RUN: not ssm-opt %S/chunk-to-gpu.mlir -convert-chunk-to-gpu=threads=1056 -split-input-file 2>&1 | FileCheck %s --check-prefix=MANY
// THREADS: threads is 48; expected a multiple of 32 up to 1024
// MANY: threads is 1056; expected a multiple of 32 up to 1024

func.func @tensors(%x: tensor<8x16xf32>, %out: tensor<8x10xf32>) -> tensor<8x10xf32> {
  // expected-error @below {{is on tensors; thread blocks need memrefs}}
  %y = ssm.row_log_softmax %x : tensor<8x16xf32> outs(%out : tensor<8x10xf32>) -> tensor<8x10xf32>
  return %y : tensor<8x10xf32>
}

// -----

func.func @training(%h: memref<24x16xf32>, %key: memref<2xi32>, %t: index) {
  // expected-error @below {{has no form on threads; training mode runs on CPUs}}
  ssm.drop_rows %h : memref<24x16xf32> key(%key : memref<2xi32>) from %t features 16 rate 0.25
  return
}

// -----

// Two products, one tile.
// expected-error @below {{has 'ssm.thread_tiles' = array<i64: 4, 1, 1, 1>; expected rows, panels and row groups, 1 to 64, and lanes, 1 or 4, of product 1}}
func.func @too_few(%x: memref<8x6xf32>, %w: memref<4x6x16xf32>, %out: memref<8x64xf32>) attributes {ssm.thread_tiles = array<i64: 4, 1, 1, 1>} {
  ssm.panel_map product(%x : memref<8x6xf32>, %w : memref<4x6x16xf32>) outs(%out : memref<8x64xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  ssm.panel_map product(%x : memref<8x6xf32>, %w : memref<4x6x16xf32>) outs(%out : memref<8x64xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

// expected-error @below {{has 'ssm.thread_tiles' = array<i64: 4, 0, 1, 1>; expected rows, panels and row groups, 1 to 64, and lanes, 1 or 4, of product 0}}
func.func @no_panels(%x: memref<8x6xf32>, %w: memref<4x6x16xf32>, %out: memref<8x64xf32>) attributes {ssm.thread_tiles = array<i64: 4, 0, 1, 1>} {
  ssm.panel_map product(%x : memref<8x6xf32>, %w : memref<4x6x16xf32>) outs(%out : memref<8x64xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

// expected-error @below {{has 'ssm.thread_tiles' = array<i64: 65, 1, 1, 1>; expected rows, panels and row groups, 1 to 64, and lanes, 1 or 4, of product 0}}
func.func @too_many_rows(%x: memref<8x6xf32>, %w: memref<4x6x16xf32>, %out: memref<8x64xf32>) attributes {ssm.thread_tiles = array<i64: 65, 1, 1, 1>} {
  ssm.panel_map product(%x : memref<8x6xf32>, %w : memref<4x6x16xf32>) outs(%out : memref<8x64xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

// expected-error @below {{has 'ssm.thread_tiles' = array<i64: 4, 1, 1, 2>; expected rows, panels and row groups, 1 to 64, and lanes, 1 or 4, of product 0}}
func.func @two_lanes(%x: memref<8x6xf32>, %w: memref<4x6x16xf32>, %out: memref<8x64xf32>) attributes {ssm.thread_tiles = array<i64: 4, 1, 1, 2>} {
  ssm.panel_map product(%x : memref<8x6xf32>, %w : memref<4x6x16xf32>) outs(%out : memref<8x64xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

// expected-error @below {{has 'ssm.thread_tiles' = "4x1x1"; expected rows, panels and row groups, 1 to 64, and lanes, 1 or 4, of product 0}}
func.func @no_array(%x: memref<8x6xf32>, %w: memref<4x6x16xf32>, %out: memref<8x64xf32>) attributes {ssm.thread_tiles = "4x1x1"} {
  ssm.panel_map product(%x : memref<8x6xf32>, %w : memref<4x6x16xf32>) outs(%out : memref<8x64xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}

// -----

// Sums of a scan wait in the output, which the body must not read then.
func.func @scan_reads_output(%x: memref<8x6xf32>, %w: memref<1x6x16xf32>, %out: memref<8x16xf32>, %s: memref<?x16xf32, strided<[?, 1], offset: ?>>) {
  // expected-error @below {{reads its first output, or gives 8 features a panel; a scan of a thread block needs an output of 16 lanes that is only written}}
  ssm.panel_map product(%x : memref<8x6xf32>, %w : memref<1x6x16xf32>) outs(%out : memref<8x16xf32>) carries(%s : memref<?x16xf32, strided<[?, 1], offset: ?>>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>, %c: vector<16xf32>):
    %n = arith.addf %acc, %c : vector<16xf32>
    %y = arith.addf %n, %o : vector<16xf32>
    ssm.yield %y, %n : vector<16xf32>, vector<16xf32>
  }
  return
}
