// RUN: ssm-opt %s -verify-ssm-loop-level -split-input-file -verify-diagnostics

// Loops, lanes and the caller's memory; prepare functions may allocate.
func.func @chunk.input(%x: memref<24x4xf32>, %s: memref<?x16xf32, strided<[?, 1], offset: ?>>, %ws: memref<?xi8>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant dense<0.0> : vector<16xf32>
  %z = memref.view %ws[%c0][] : memref<?xi8> to memref<24x16xf32>
  %sum = affine.for %k = 0 to 4 iter_args(%acc = %zero) -> (vector<16xf32>) {
    %lane = memref.load %x[%c0, %k] : memref<24x4xf32>
    %lanes = vector.broadcast %lane : f32 to vector<16xf32>
    %root = math.sqrt %lanes : vector<16xf32>
    %next = math.fma %lanes, %root, %acc : vector<16xf32>
    affine.yield %next : vector<16xf32>
  }
  vector.store %sum, %z[%c0, %c0] : memref<24x16xf32>, vector<16xf32>
  return
}
func.func @prepare.input() {
  %p = memref.alloc() : memref<4xf64>
  return
}

// -----

func.func @rows(%x: memref<24x4xf32>, %out: memref<24x4xf32>) {
  // expected-error @below {{'ssm.row_log_softmax' is not part of the loop level}}
  // expected-note @below {{the loop level accepts builtin.module, func.func,}}
  ssm.row_log_softmax %x : memref<24x4xf32> outs(%out : memref<24x4xf32>)
  return
}

// -----

// expected-error @below {{has the type 'tensor<24x4xf32>'; expected memrefs: tensors end at the chunk level}}
func.func @tensor(%x: tensor<24x4xf32>) {
  return
}

// -----

func.func @tensor_constant() {
  // expected-error @below {{has the type 'tensor<4xf32>'; expected memrefs: tensors end at the chunk level}}
  %c = arith.constant dense<0.0> : tensor<4xf32>
  return
}

// -----

func.func @chunk.block0.step() {
  // expected-error @below {{'memref.alloc' is in 'chunk.block0.step'; expected a view of the caller's workspace: only prepare functions allocate}}
  %z = memref.alloc() : memref<1x64xf32>
  return
}

// -----

func.func @copy(%x: memref<4xf32>, %y: memref<4xf32>) {
  // expected-error @below {{'memref.copy' is not part of the loop level}}
  // expected-note @below {{the loop level accepts}}
  memref.copy %x, %y : memref<4xf32> to memref<4xf32>
  return
}

// -----

// A library's function: its bits differ between machines.
func.func @library(%x: f32) -> f32 {
  // expected-error @below {{'math.exp2' is not part of the loop level}}
  // expected-note @below {{the loop level accepts}}
  %y = math.exp2 %x : f32
  return %y : f32
}

// -----

// Fused or not as the code generator likes.
func.func @maybe_fused(%x: vector<16xf32>) -> vector<16xf32> {
  // expected-error @below {{'vector.fma' is not part of the loop level}}
  // expected-note @below {{the loop level accepts}}
  %y = vector.fma %x, %x, %x : vector<16xf32>
  return %y : vector<16xf32>
}

// -----

func.func @swallows_nan(%x: vector<16xf32>) -> vector<16xf32> {
  // expected-error @below {{swallows NaN; expected arith.minimumf or arith.maximumf, which hand it on}}
  %y = arith.minnumf %x, %x : vector<16xf32>
  return %y : vector<16xf32>
}

// -----

func.func @fast_math(%x: vector<16xf32>) -> vector<16xf32> {
  // expected-error @below {{has the fast-math flags #arith.fastmath<contract>; expected none}}
  %y = arith.mulf %x, %x fastmath<contract> : vector<16xf32>
  return %y : vector<16xf32>
}

// -----

// expected-error @below {{has the complex type 'memref<4xcomplex<f32>>'; expected a real plane and an imaginary plane}}
func.func @complex(%x: memref<4xcomplex<f32>>) {
  return
}
