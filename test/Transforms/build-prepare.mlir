// RUN: ssm-opt %s --ssm-build-prepare --split-input-file --verify-diagnostics | FileCheck %s

// Temporaries become views of one workspace, @prepare's own first, behind them
// the units', one after the other; a truth value takes a byte.

// CHECK: module attributes {ssm.prepare_bytes = 192 : i64
module attributes {ssm.tensors = []} {
  // CHECK-LABEL: func.func private @prepare.block0
  // CHECK-SAME: %[[WS:[a-z0-9]*]]: memref<?xi8>)
  // CHECK: arith.constant 0.000000e+00 : f64
  // CHECK-NEXT: %[[FIRST:.*]] = arith.constant 0 : index
  // CHECK-NEXT: memref.view %[[WS]][%[[FIRST]]][] : memref<?xi8> to memref<4xi1>
  // CHECK-NEXT: %[[C64:.*]] = arith.constant 64 : index
  // CHECK-NEXT: memref.view %[[WS]][%[[C64]]][] : memref<?xi8> to memref<4xf64>
  // CHECK-NOT: memref.alloc
  func.func private @prepare.block0(%raw: memref<4xf32>, %blob: memref<4xf32>) {
    %c0 = arith.constant 0 : index
    %c4 = arith.constant 4 : index
    %c1 = arith.constant 1 : index
    %zero = arith.constant 0.0 : f64
    %mask = memref.alloc() : memref<4xi1>
    %wide = memref.alloc() : memref<4xf64>
    scf.for %i = %c0 to %c4 step %c1 {
      %x = memref.load %raw[%i] : memref<4xf32>
      %y = arith.extf %x : f32 to f64
      %p = arith.cmpf ogt, %y, %zero : f64
      memref.store %y, %wide[%i] : memref<4xf64>
      memref.store %p, %mask[%i] : memref<4xi1>
    }
    scf.for %i = %c0 to %c4 step %c1 {
      %p = memref.load %mask[%i] : memref<4xi1>
      %y = memref.load %wide[%i] : memref<4xf64>
      %z = arith.select %p, %y, %zero : f64
      %x = arith.truncf %z : f64 to f32
      memref.store %x, %blob[%i] : memref<4xf32>
    }
    return
  }
  // CHECK-LABEL: func.func @prepare(
  // CHECK-SAME: memref<?xi8>, %[[WS:[a-z0-9]*]]: memref<?xi8>)
  // CHECK: memref.view %[[WS]]{{.*}} to memref<4xf32>
  // CHECK: %[[REST:.*]] = memref.view %[[WS]][%{{.*}}][%{{.*}}] : memref<?xi8> to memref<?xi8>
  // CHECK: call @prepare.block0(%{{.*}}, %{{.*}}, %[[REST]])
  func.func @prepare(%weights: memref<?xi8>, %blob: memref<?xi8>) {
    %c0 = arith.constant 0 : index
    %raw = memref.view %weights[%c0][] : memref<?xi8> to memref<4xf32>
    %part = memref.view %blob[%c0][] : memref<?xi8> to memref<4xf32>
    %copy = memref.alloc() : memref<4xf32>
    %x = memref.load %raw[%c0] : memref<4xf32>
    memref.store %x, %copy[%c0] : memref<4xf32>
    call @prepare.block0(%copy, %part) : (memref<4xf32>, memref<4xf32>) -> ()
    return
  }
  // CHECK-LABEL: func.func @ssm_prepare(
  // CHECK-SAME: memref<1xi8>, %{{.*}}: memref<1xi8>, %{{.*}}: memref<1xi8>) attributes {llvm.bareptr}
  // CHECK: call @prepare(
}

// -----

// Where the compiler runs @prepare, it may allocate.

// CHECK-LABEL: func.func @prepare(
// CHECK-SAME: %{{.*}}: memref<?xi8>, %{{.*}}: memref<?xi8>)
// CHECK: memref.alloc
// CHECK-NOT: @ssm_prepare
func.func @prepare(%weights: memref<?xi8>, %blob: memref<?xi8>) {
  %copy = memref.alloc() : memref<4xf32>
  %c0 = arith.constant 0 : index
  %x = memref.load %copy[%c0] : memref<4xf32>
  memref.store %x, %copy[%c0] : memref<4xf32>
  return
}

// -----

// expected-error @below {{has no function 'prepare'}}
module attributes {ssm.tensors = []} {
}

// -----

module attributes {ssm.tensors = []} {
  func.func private @other()
  func.func @prepare(%weights: memref<?xi8>, %blob: memref<?xi8>) {
    // expected-error @below {{calls a function that is no unit's prepare}}
    call @other() : () -> ()
    return
  }
}
