// RUN: sed 's/LANES/16/; s/REGISTERS/32/' %s | ssm-opt -convert-chunk-to-loops -cse | FileCheck %s
// RUN: sed 's/LANES/8/; s/REGISTERS/16/' %s | ssm-opt -convert-chunk-to-loops -cse | FileCheck %s --check-prefix=NARROW

// A gate gives 8 features per panel. Where registers hold 16 numbers, two
// panels share them: the first halves of both, and the second halves. 3 panels
// are a pair and one alone.
// CHECK-LABEL: func.func @gate(
// CHECK:         %[[SUMS:.+]]:{{[0-9]+}} = affine.for
// CHECK:         vector.load %{{.+}} : memref<24x32xf32>, vector<16xf32>
// CHECK:         %[[A:.+]] = vector.shuffle %[[P0:.+]], %[[P1:.+]] [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23]
// CHECK-NEXT:    %[[B:.+]] = vector.shuffle %[[P0]], %[[P1]] [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31]
// CHECK:         %[[ONES:.+]] = arith.constant dense<1.000000e+00> : vector<16xf32>
// CHECK:         %[[D:.+]] = arith.addf %[[B]], %[[ONES]] : vector<16xf32>
// CHECK:         %[[Q:.+]] = arith.divf %[[A]], %[[D]] : vector<16xf32>
// CHECK:         vector.store %{{.+}}, %{{.+}} : memref<24x32xf32>, vector<16xf32>
// CHECK:         arith.divf %{{.+}}, %{{.+}} : vector<8xf32>

// NARROW-LABEL: func.func @gate(
// NARROW-NOT:     vector.shuffle
// NARROW:         arith.divf %{{.+}}, %{{.+}} : vector<8xf32>
// NARROW-NOT:     vector.shuffle
module attributes {dlti.target_system_spec = #dlti.target_system_spec<
    "CPU" = #dlti.target_device_spec<"ssm.f32_lanes" = LANES : i64, "ssm.vector_registers" = REGISTERS : i64>>} {
func.func @gate(%x: memref<24x16xf32>, %w: memref<3x16x16xf32>, %out: memref<24x32xf32>) {
  ssm.panel_map product(%x : memref<24x16xf32>, %w : memref<3x16x16xf32>) outs(%out : memref<24x32xf32>) {
  ^bb0(%acc: vector<16xf32>, %o: vector<8xf32>):
    %a = vector.extract_strided_slice %acc {offsets = [0], sizes = [8], strides = [1]} : vector<16xf32> to vector<8xf32>
    %b = vector.extract_strided_slice %acc {offsets = [8], sizes = [8], strides = [1]} : vector<16xf32> to vector<8xf32>
    %one = arith.constant dense<1.0> : vector<8xf32>
    %d = arith.addf %b, %one : vector<8xf32>
    %q = arith.divf %a, %d : vector<8xf32>
    %r = arith.addf %o, %q : vector<8xf32>
    ssm.yield %r : vector<8xf32>
  }
  return
}
}
