// One operation on targets that differ: tiles are what their registers hold.
// RUN: sed 's/LANES/8/; s/REGISTERS/16/' %s | ssm-opt -convert-chunk-to-loops | FileCheck %s --check-prefix=AVX2
// RUN: sed 's/LANES/16/; s/REGISTERS/32/' %s | ssm-opt -convert-chunk-to-loops | FileCheck %s --check-prefix=AVX512
// RUN: sed 's/LANES/1/; s/REGISTERS/32/' %s | ssm-opt -convert-chunk-to-loops | FileCheck %s --check-prefix=SCALAR
// RUN: sed 's/LANES/5/; s/REGISTERS/32/' %s | not ssm-opt -convert-chunk-to-loops 2>&1 | FileCheck %s --check-prefix=BAD
// RUN: sed 's/LANES/8/; s/REGISTERS/16/; s/{dlti/{ssm.tile = array<i64: 4, 1>, dlti/' %s | ssm-opt -convert-chunk-to-loops | FileCheck %s --check-prefix=GIVEN
// RUN: sed 's/LANES/8/; s/REGISTERS/16/; s/{dlti/{ssm.tile = 4, dlti/' %s | not ssm-opt -convert-chunk-to-loops 2>&1 | FileCheck %s --check-prefix=NO-TILE

// 4 panels, one at a time, 24 rows in tiles of 6.
// AVX2-LABEL: func.func @product(
// AVX2:         affine.for %{{.+}} = 0 to 4 {
// AVX2-NEXT:      affine.for %{{.+}} = 0 to 24 step 6 {
// AVX2:             %{{.+}}:6 = affine.for

// All 4 panels at a time, 24 rows in tiles of 6.
// AVX512-LABEL: func.func @product(
// AVX512-NOT:     0 to 4
// AVX512:         affine.for %{{.+}} = 0 to 24 step 6 {
// AVX512:             %{{.+}}:24 = affine.for

// A panel of 16 scalar registers for every row.
// SCALAR-LABEL: func.func @product(
// SCALAR:         affine.for %{{.+}} = 0 to 4 {
// SCALAR-NEXT:      affine.for %{{.+}} = 0 to 24 {
// SCALAR:             %{{[0-9]+}} = affine.for

// BAD: error: target description has 'ssm.f32_lanes' = 5 : i64; expected a power of two from 1 to 16

// GIVEN-LABEL: func.func @product(
// GIVEN:         %{{.+}}:4 = affine.for
// NO-TILE: error: has 'ssm.tile' = 4 : i64; expected rows and panels, such as array<i64: 6, 1>

module attributes {dlti.target_system_spec = #dlti.target_system_spec<
    "CPU" = #dlti.target_device_spec<"ssm.f32_lanes" = LANES : i64, "ssm.vector_registers" = REGISTERS : i64>>} {
func.func @product(%x: memref<24x64xf32>, %w: memref<4x64x16xf32>, %out: memref<24x64xf32>) {
  ssm.panel_map product(%x : memref<24x64xf32>, %w : memref<4x64x16xf32>) outs(%out : memref<24x64xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<16xf32>):
    ssm.yield %acc : vector<16xf32>
  }
  return
}
}
