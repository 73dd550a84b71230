// RUN: ssm-opt %s -pass-pipeline='builtin.module(gpu.module(ssm-convert-gpu-to-nvvm))' -split-input-file -verify-diagnostics | FileCheck %s

// Kernels take pointers, and what is in a type is constant; index is i64.
// CHECK-LABEL: gpu.module @arguments
// CHECK:         llvm.func @kernel(%[[X:.+]]: !llvm.ptr {llvm.noalias}, %[[N:.+]]: i64) attributes {{.*}}nvvm.kernel
// CHECK:           %[[EMPTY:.+]] = llvm.mlir.poison
// CHECK:           llvm.insertvalue %[[X]], %[[EMPTY]][0]
// CHECK:           %[[PLACE:.+]] = llvm.getelementptr{{.*}} %{{.+}}[%[[N]]]
// CHECK:           %[[V:.+]] = llvm.load %[[PLACE]]
// CHECK:           %[[THREAD:.+]] = nvvm.read.ptx.sreg.tid.x
// CHECK:           %[[INDEX:.+]] = llvm.sext %[[THREAD]] : i32 to i64
// CHECK:           %[[TO:.+]] = llvm.getelementptr{{.*}} %{{.+}}[%[[INDEX]]]
// CHECK:           llvm.store %[[V]], %[[TO]]
// CHECK:           llvm.return
gpu.module @arguments {
  gpu.func @kernel(%x: memref<64xf32> {llvm.noalias}, %n: index) kernel {
    %v = memref.load %x[%n] : memref<64xf32>
    %i = gpu.thread_id x
    memref.store %v, %x[%i] : memref<64xf32>
    gpu.return
  }
}

// -----

// Operations that upstream would take from libdevice are LLVM's intrinsics,
// which NVPTX has instructions for, on vectors too.
// CHECK-LABEL: gpu.module @math
// CHECK-NOT:     __nv
// CHECK:         llvm.intr.sqrt({{.*}}) : (f32) -> f32
// CHECK:         llvm.intr.fabs({{.*}}) : (f64) -> f64
// CHECK:         llvm.intr.floor({{.*}}) : (f32) -> f32
// CHECK:         llvm.intr.copysign({{.*}}) : (f32, f32) -> f32
// CHECK:         llvm.intr.fma({{.*}}) : (vector<4xf32>, vector<4xf32>, vector<4xf32>) -> vector<4xf32>
// CHECK-NOT:     __nv
gpu.module @math {
  gpu.func @kernel(%f32: memref<1xf32>, %f64: memref<1xf64>, %v4: memref<4xf32>) kernel {
    %c0 = arith.constant 0 : index
    %x = memref.load %f32[%c0] : memref<1xf32>
    %sqrt = math.sqrt %x : f32
    %y = memref.load %f64[%c0] : memref<1xf64>
    %abs = math.absf %y : f64
    memref.store %abs, %f64[%c0] : memref<1xf64>
    %floor = math.floor %sqrt : f32
    %copy = math.copysign %floor, %x : f32
    memref.store %copy, %f32[%c0] : memref<1xf32>
    %v = vector.load %v4[%c0] : memref<4xf32>, vector<4xf32>
    %fma = math.fma %v, %v, %v : vector<4xf32>
    vector.store %fma, %v4[%c0] : memref<4xf32>, vector<4xf32>
    gpu.return
  }
}

// -----

// Functions take views of any kind, of shared memory too; parts of vectors are
// shuffles.
// CHECK-LABEL: gpu.module @functions
// CHECK:         llvm.func @view(%{{.+}}: !llvm.ptr<3>, %{{.+}}: !llvm.ptr<3>, %{{.+}}: i64, %{{.+}}: i64, %{{.+}}: i64, %{{.+}}: i64, %{{.+}}: i64)
// CHECK:           llvm.load %{{.+}} : !llvm.ptr<3> -> vector<8xf32>
// CHECK:           llvm.shufflevector
// CHECK:         llvm.mlir.global internal @{{.+}}() {addr_space = 3 : i32} : !llvm.array<384 x f32>
// CHECK:         llvm.func @kernel()
// CHECK:           llvm.call @view(
// CHECK:           nvvm.barrier0
gpu.module @functions {
  func.func private @view(%x: memref<?x16xf32, strided<[?, 1], offset: ?>, #gpu.address_space<workgroup>>) {
    %c0 = arith.constant 0 : index
    %v = vector.load %x[%c0, %c0] : memref<?x16xf32, strided<[?, 1], offset: ?>, #gpu.address_space<workgroup>>, vector<8xf32>
    %half = vector.extract_strided_slice %v {offsets = [4], sizes = [4], strides = [1]} : vector<8xf32> to vector<4xf32>
    vector.store %half, %x[%c0, %c0] : memref<?x16xf32, strided<[?, 1], offset: ?>, #gpu.address_space<workgroup>>, vector<4xf32>
    return
  }
  gpu.func @kernel() workgroup(%x: memref<24x16xf32, #gpu.address_space<workgroup>>) kernel {
    %view = memref.cast %x : memref<24x16xf32, #gpu.address_space<workgroup>> to memref<?x16xf32, strided<[?, 1], offset: ?>, #gpu.address_space<workgroup>>
    func.call @view(%view) : (memref<?x16xf32, strided<[?, 1], offset: ?>, #gpu.address_space<workgroup>>) -> ()
    gpu.barrier
    gpu.return
  }
}

// -----

gpu.module @dynamic {
  // expected-error @below {{kernel 'kernel' takes 'memref<?xf32>', which is more than a pointer; expected a static shape (such as memref<1xf32>, and reinterpret_cast with sizes from index arguments)}}
  gpu.func @kernel(%x: memref<?xf32>) kernel {
    gpu.return
  }
}
