// RUN: ssm-opt %s -convert-chunk-to-loops="tile-rows=12 panels-per-row=2" | FileCheck %s --check-prefix=WIDE
// RUN: ssm-opt %s -convert-chunk-to-loops="tile-rows=1 panels-per-row=1" | FileCheck %s --check-prefix=NARROW
// RUN: not ssm-opt %s -convert-chunk-to-loops=tile-rows=0 2>&1 | FileCheck %s --check-prefix=ROWS
// RUN: not ssm-opt %s -convert-chunk-to-loops=panels-per-row=-1 2>&1 | FileCheck %s --check-prefix=PANELS

// 15 rows: one tile of 12 (24 multiply-adds per trip), then 3 rows of two panels.
// WIDE-LABEL: func.func @product(
// WIDE:         %{{.+}}:12 = affine.for %{{.+}} = 0 to 16 step 2
// WIDE:         affine.for %{{.+}} = 12 to 15
// WIDE:           %{{.+}}:2 = affine.for %{{.+}} = 0 to 16 step 4

// Row by row, panel by panel.
// NARROW-LABEL: func.func @product(
// NARROW:         affine.for %{{.+}} = 0 to 15
// NARROW-NEXT:      affine.for %{{.+}} = 0 to 2
// NARROW:             %{{[0-9]+}} = affine.for %{{.+}} = 0 to 16 step 4 iter_args({{.*}}) -> (vector<16xf32>)

// ROWS: error: tile-rows is 0 and panels-per-row 6; expected at least 1 each
// PANELS: error: tile-rows is 6 and panels-per-row -1; expected at least 1 each
func.func @product(%x: memref<15x16xf32>, %w: memref<2x16x16xf32>, %out: memref<15x32xf32>) {
  ssm.panel_map product(%x : memref<15x16xf32>, %w : memref<2x16x16xf32>) outs(%out : memref<15x32xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}
