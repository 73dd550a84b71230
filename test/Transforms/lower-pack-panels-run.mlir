// The order of packed panels, by running the code: element (o, i) is 10 o + i.
// REQUIRES: host-x86_64
// RUN: ssm-opt %s -ssm-lower-pack-panels -one-shot-bufferize=bufferize-function-boundaries -convert-linalg-to-loops \
// RUN:   -convert-scf-to-cf -expand-strided-metadata -lower-affine -convert-arith-to-llvm -finalize-memref-to-llvm \
// RUN:   -convert-func-to-llvm -convert-cf-to-llvm -convert-index-to-llvm -reconcile-unrealized-casts \
// RUN: | mlir-runner -e main -entry-point-result=void -shared-libs=%llvm_lib/libmlir_runner_utils.so,%llvm_lib/libmlir_c_runner_utils.so \
// RUN: | FileCheck %s

func.func private @printMemrefF32(tensor<*xf32>)

// Three features of two inputs: rows 0-2 in lanes 0-2 of both k, then zeros.
// CHECK:      [1,  2,  16] strides = [32, 16, 1] data =
// CHECK-NEXT: {{\[\[}}[0,    10,    20,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0],
// CHECK-NEXT:    [1,    11,    21,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0]]]
func.func private @plain() {
  %w = arith.constant dense<[[0.0, 1.0], [10.0, 11.0], [20.0, 21.0]]> : tensor<3x2xf64>
  %p = ssm.pack_panels %w : tensor<3x2xf64> -> tensor<1x2x16xf32>
  %u = tensor.cast %p : tensor<1x2x16xf32> to tensor<*xf32>
  call @printMemrefF32(%u) : (tensor<*xf32>) -> ()
  return
}

// 9 modes (re 0-8, im 100-108): 8 re and 8 im, then the ninth of each.
// CHECK:      [2,  16] strides
// CHECK-NEXT: {{\[\[}}0,   1,   2,   3,   4,   5,   6,   7,   100,   101,   102,   103,   104,   105,   106,   107],
// CHECK-NEXT:   [8,   0,   0,   0,   0,   0,   0,   0,   108,   0,   0,   0,   0,   0,   0,   0]]
func.func private @paired_out() {
  %b = arith.constant dense<[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0,
                             100.0, 101.0, 102.0, 103.0, 104.0, 105.0, 106.0, 107.0, 108.0]> : tensor<18xf32>
  %p = ssm.pack_panels %b {paired_out} : tensor<18xf32> -> tensor<2x16xf32>
  %u = tensor.cast %p : tensor<2x16xf32> to tensor<*xf32>
  call @printMemrefF32(%u) : (tensor<*xf32>) -> ()
  return
}

// Two modes in: k = 0, 1 are their real parts, k = 8, 9 their imaginary ones.
// CHECK:      [1,  16,  16] strides
// CHECK-NEXT: {{\[\[}}[1,    5,    0,
// CHECK-NEXT:    [2,    6,    0,
// CHECK-NEXT:    [0,    0,    0,
// CHECK-COUNT-5: [0,    0,    0,
// CHECK-NEXT:    [3,    7,    0,
// CHECK-NEXT:    [4,    8,    0,
// CHECK-NEXT:    [0,    0,    0,
func.func private @paired_in() {
  %c = arith.constant dense<[[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]]> : tensor<2x4xf64>
  %p = ssm.pack_panels %c {paired_in} : tensor<2x4xf64> -> tensor<1x16x16xf32>
  %u = tensor.cast %p : tensor<1x16x16xf32> to tensor<*xf32>
  call @printMemrefF32(%u) : (tensor<*xf32>) -> ()
  return
}

// Columns of 8, for panels that give 8 features.
// CHECK:      [2,  8] strides
// CHECK-NEXT: {{\[\[}}1,   2,   3,   4,   5,   6,   7,   8],
// CHECK-NEXT:   [9,   0,   0,   0,   0,   0,   0,   0]]
func.func private @columns_of_8() {
  %d = arith.constant dense<[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]> : tensor<9xf32>
  %p = ssm.pack_panels %d : tensor<9xf32> -> tensor<2x8xf32>
  %u = tensor.cast %p : tensor<2x8xf32> to tensor<*xf32>
  call @printMemrefF32(%u) : (tensor<*xf32>) -> ()
  return
}

// In fragments, 4 words a lane: rows of 16 words are lanes 4 g to 4 g + 3, so k is 0,
// 4, 8 and 12, of columns g and g + 8. tf32: (g, k), (g + 8, k), (g, k + 1),
// (g + 8, k + 1); eight rows on, k + 2 and k + 3. k = 5 and what follows is zero. 2049
// has 12 bits: half away from zero, 2050.
// CHECK:      [1,  16,  16] strides
// CHECK-NEXT: {{\[\[}}1,    81,    2,    82,    5,    85,    0,    0,    0,    0,    0,    0,    0,    0,    0,    0],
// CHECK-NEXT:    [11,    91,    12,    92,    15,    95,    0,
// CHECK-COUNT-6: [
// CHECK-NEXT:    [3,    83,    4,    84,    0,    0,    0,
// CHECK-NEXT:    [13,    2050,    14,    94,    0,    0,    0,
func.func private @tf32() {
  %w = arith.constant dense<[[1.0, 2.0, 3.0, 4.0, 5.0], [11.0, 12.0, 13.0, 14.0, 15.0],
    [0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, 0.0],
    [81.0, 82.0, 83.0, 84.0, 85.0], [91.0, 92.0, 2049.0, 94.0, 95.0]]> : tensor<10x5xf64>
  %p = ssm.pack_panels %w fragments tf32 : tensor<10x5xf64> -> tensor<1x16x16xf32>
  %u = tensor.cast %p : tensor<1x16x16xf32> to tensor<*xf32>
  call @printMemrefF32(%u) : (tensor<*xf32>) -> ()
  return
}

// bf16x3: the upper half of a word is of k + 1; the lower ones here, of even k, are 0.
// (g, k), (g + 8, k), (g, k + 2), (g + 8, k + 2); eight rows on what is left of them: 257.5
// is 258 and -0.5, 259 as far from 258 as from 260, whose last bit is even.
// CHECK:      [1,  16,  16] strides
// CHECK-NEXT: {{\[\[}}258,    82,    4,    84,    0,
// CHECK-NEXT:    [12,    92,    260,    94,    0,
// CHECK-COUNT-6: [
// CHECK-NEXT:    [-0.5,    0,    0,    0,    0,
// CHECK-NEXT:    [0,    0,    -1,    0,    0,
func.func private @bf16x3() {
  %w = arith.constant dense<[[0.0, 257.5, 0.0, 4.0], [0.0, 12.0, 0.0, 259.0],
    [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0],
    [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0],
    [0.0, 82.0, 0.0, 84.0], [0.0, 92.0, 0.0, 94.0]]> : tensor<10x4xf64>
  %p = ssm.pack_panels %w fragments bf16x3 : tensor<10x4xf64> -> tensor<1x16x16xf32>
  %u = tensor.cast %p : tensor<1x16x16xf32> to tensor<*xf32>
  call @printMemrefF32(%u) : (tensor<*xf32>) -> ()
  return
}

func.func @main() {
  call @plain() : () -> ()
  call @paired_out() : () -> ()
  call @paired_in() : () -> ()
  call @columns_of_8() : () -> ()
  call @tf32() : () -> ()
  call @bf16x3() : () -> ()
  return
}
