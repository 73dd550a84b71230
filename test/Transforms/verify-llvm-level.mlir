// RUN: ssm-opt %s -verify-ssm-llvm-level -split-input-file -verify-diagnostics

llvm.func @step(%x: !llvm.ptr) {
  %v = llvm.load %x : !llvm.ptr -> vector<16xf32>
  %y = llvm.intr.fma(%v, %v, %v) : (vector<16xf32>, vector<16xf32>, vector<16xf32>) -> vector<16xf32>
  llvm.store %y, %x : vector<16xf32>, !llvm.ptr
  llvm.return
}

// -----

// Upstream leaves it unconverted, without an error.
// expected-error @below {{'func.func' is not part of the llvm level}}
// expected-note @below {{the llvm level accepts builtin.module, llvm}}
func.func @left_behind(%x: memref<?xf32>) attributes {llvm.bareptr} {
  return
}

// -----

llvm.func @cast(%x: i64) -> i64 {
  // expected-error @below {{'builtin.unrealized_conversion_cast' is not part of the llvm level}}
  // expected-note @below {{the llvm level accepts}}
  %i = builtin.unrealized_conversion_cast %x : i64 to index
  llvm.return %x : i64
}

// -----

llvm.func @library(%x: f32) -> f32 {
  // expected-error @below {{the intrinsic 'llvm.intr.exp' is not part of the llvm level}}
  // expected-note @below {{the llvm level accepts llvm.intr.fma, llvm.intr.sqrt,}}
  %y = llvm.intr.exp(%x) : (f32) -> f32
  llvm.return %y : f32
}

// -----

llvm.func @maybe_fused(%x: f32) -> f32 {
  // expected-error @below {{the intrinsic 'llvm.intr.fmuladd' is not part of the llvm level}}
  // expected-note @below {{the llvm level accepts}}
  %y = llvm.intr.fmuladd(%x, %x, %x) : (f32, f32, f32) -> f32
  llvm.return %y : f32
}

// -----

llvm.func @fast_math(%x: f32) -> f32 {
  // expected-error @below {{has fast-math flags; expected none}}
  %y = llvm.fadd %x, %x {fastmathFlags = #llvm.fastmath<reassoc>} : f32
  llvm.return %y : f32
}
