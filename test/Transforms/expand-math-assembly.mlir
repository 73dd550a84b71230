// In hot loops the power is straight vector code, on whatever CPU.
//
// RUN: ssm-opt %s --expand-math --convert-vector-to-llvm --convert-math-to-llvm \
// RUN:   --convert-arith-to-llvm --finalize-memref-to-llvm --convert-func-to-llvm \
// RUN:   --reconcile-unrealized-casts -o %t.mlir
// RUN: mlir-translate --mlir-to-llvmir %t.mlir -o %t.ll
// RUN: llc -O3 -mtriple=x86_64-linux-gnu -mcpu=x86-64-v3 %t.ll -o - | \
// RUN:   FileCheck %s --check-prefixes=CHECK,V3
// RUN: llc -O3 -mtriple=x86_64-linux-gnu -mcpu=x86-64-v4 \
// RUN:   -mattr=-prefer-256-bit %t.ll -o - | FileCheck %s --check-prefixes=CHECK,V4

// One vmaxps and one vminps clamp, with NaN; no test for NaN, no call.
//    CHECK-LABEL: gate:
//      CHECK-NOT: call
//      CHECK-NOT: vcmp
//       V3-COUNT-2: vmaxps
//       V4-COUNT-1: vmaxps {{.*}}zmm
//      CHECK-NOT: {{vmaxps|vcmp|vblend|call}}
//       V3-COUNT-2: vminps
//       V4-COUNT-1: vminps {{.*}}zmm
//      CHECK-NOT: {{vminps|vcmp|vblend|call}}
//          CHECK: vdivps
//      CHECK-NOT: {{vcmp|vblend|call}}
//          CHECK: .Lfunc_end
func.func @gate(%t: vector<16xf32>, %x: vector<16xf32>) -> vector<16xf32> {
  %one = arith.constant dense<1.0> : vector<16xf32>
  %e = math.exp2 %t : vector<16xf32>
  %s = arith.addf %e, %one : vector<16xf32>
  %y = arith.divf %x, %s : vector<16xf32>
  return %y : vector<16xf32>
}

// No call of a math library in any function.
//    CHECK-LABEL: parameters:
//      CHECK-NOT: call
//          CHECK: .Lfunc_end
func.func @parameters(%x: vector<4xf64>) -> vector<4xf64> {
  %1 = math.expm1 %x : vector<4xf64>
  %2 = math.log1p %1 : vector<4xf64>
  %3 = math.sin %2 : vector<4xf64>
  %4 = math.cos %3 : vector<4xf64>
  %5 = math.tanh %4 : vector<4xf64>
  %6 = math.exp2 %5 : vector<4xf64>
  %7 = math.log %6 : vector<4xf64>
  %8 = math.exp %7 : vector<4xf64>
  return %8 : vector<4xf64>
}
