// RUN: ssm-opt %s -convert-chunk-to-loops="tile-rows=12 tile-panels=2" | FileCheck %s --check-prefix=WIDE
// RUN: ssm-opt %s -convert-chunk-to-loops="tile-rows=1 tile-panels=1" | FileCheck %s --check-prefix=NARROW
// RUN: not ssm-opt %s -convert-chunk-to-loops=tile-rows=-2 2>&1 | FileCheck %s --check-prefix=ROWS
// RUN: not ssm-opt %s -convert-chunk-to-loops=tile-panels=-1 2>&1 | FileCheck %s --check-prefix=PANELS

// 15 rows: one tile of 12 and two panels, then two rows, then one.
// WIDE-LABEL: func.func @product(
// WIDE:         %{{.+}}:24 = affine.for %{{.+}} = 0 to 16 iter_args
// WIDE:         %{{.+}}:4 = affine.for %{{.+}} = 0 to 16 step 4
// WIDE:         %{{.+}}:2 = affine.for %{{.+}} = 0 to 16 step 4

// Row by row, panel by panel.
// NARROW-LABEL: func.func @product(
// NARROW:         affine.for %{{.+}} = 0 to 2
// NARROW-NEXT:      affine.for %{{.+}} = 0 to 15
// NARROW:             %{{[0-9]+}} = affine.for %{{.+}} = 0 to 16 step 4 iter_args({{.*}}) -> (vector<16xf32>)

// ROWS: error: tile-rows is -2 and tile-panels 0; expected both, or 0 to choose
// PANELS: error: tile-rows is 0 and tile-panels -1; expected both, or 0 to choose
func.func @product(%x: memref<15x16xf32>, %w: memref<2x16x16xf32>, %out: memref<15x32xf32>) {
  ssm.panel_map product(%x : memref<15x16xf32>, %w : memref<2x16x16xf32>) outs(%out : memref<15x32xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}
