//===- Passes.td - Conversions from one level to the next -----------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_CONVERSION_PASSES
#define SSMC_LIB_CONVERSION_PASSES

include "mlir/Pass/PassBase.td"

def RecurrenceToChunk : Pass<"convert-recurrence-to-chunk", "::mlir::ModuleOp"> {
  let summary = "Turn each unit into a function on rows with fused epilogues";
  let description = [{
    For every function with `ssm.unit` adds a function `chunk.NAME` on `rows`
    rows, as many as cost least on the target (`#dlti.target_system_spec`) unless
    they are set: (x, out unless in place, carries, parameters) -> (out, carries).
    Projections become `ssm.panel_map`, with the scan or the pointwise layers
    that follow in its body; their weights `ssm.pack_panels` of the parameters.

    ```mlir
    func @block0(%x: tensor<?x?x64xf32>, %s: tensor<?x2x32xf32>, %b ...)
    // gives
    func @chunk.block0(%x: tensor<24x64xf32>, %s: tensor<?x64xf32>, %b ...)
    ```
  }];
  let options = [
    Option<"rows", "rows", "int64_t", "0",
           "Rows of a chunk (0: the module's ssm.chunk_rows, or else chosen)">
  ];
  let dependentDialects = ["ssmc::SsmDialect", "::mlir::func::FuncDialect",
    "::mlir::tensor::TensorDialect", "::mlir::vector::VectorDialect",
    "::mlir::arith::ArithDialect"];
}

def ChunkToLoops : Pass<"convert-chunk-to-loops", "::mlir::ModuleOp"> {
  let summary = "Emit loops with register tiles for operations on rows";
  let description = [{
    `ssm.panel_map` on memrefs becomes affine and scf loops over panels, tiles of
    rows and k, with vector accumulators as loop-carried values, the body in
    their epilogue; lookup, pooling and softmax become plain loops. Tiles have as
    many rows and panels as the registers of the target hold
    (`#dlti.target_system_spec`, AVX2 without one), or those of the module's
    `ssm.tile`; rows left over get smaller ones.

    ```mlir
    ssm.panel_map product(%x, %w) ... { ^bb0(%acc, ...): ... }
    // becomes
    affine.for %p { scf.for %r { affine.for %k iter_args(...) { math.fma } ... } }
    ```
  }];
  let options = [
    Option<"tileRows", "tile-rows", "int64_t", "0",
           "Rows of a register tile; needs tile-panels (0: chosen)">,
    Option<"tilePanels", "tile-panels", "int64_t", "0",
           "Panels of a register tile; needs tile-rows (0: chosen)">
  ];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::math::MathDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"];
}

def ChunkToGpu : Pass<"convert-chunk-to-gpu", "::mlir::ModuleOp"> {
  let summary = "Emit the work of a thread block for operations on rows";
  let description = [{
    `ssm.panel_map` on memrefs becomes tiles of rows and panels per thread, two
    lanes of a panel each, accumulators as loop-carried values and the body in
    their epilogue; a scan one thread per mode. A barrier stands before every
    operation. Streams of one operation must differ.

    ```mlir
    ssm.panel_map product(%x, %w) ... { ^bb0(%acc, ...): ... }
    // becomes
    gpu.barrier
    %thread = gpu.thread_id x
    ... affine.for %k iter_args(...) { math.fma } ...
    ```
  }];
  let options = [
    Option<"threads", "threads", "int64_t", "256", "Threads of a block">
  ];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect",
    "::mlir::gpu::GPUDialect", "::mlir::math::MathDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect",
    "::mlir::vector::VectorDialect"];
}

def LinkChunks : Pass<"ssm-link-chunks", "::mlir::ModuleOp"> {
  let summary = "Let chunks of one stream run side by side";
  let description = [{
    A function in the variant `time` with a scan gets a copy `linked`, on memrefs,
    whose last arguments say which chunk of its stream it is and where chunks
    leave their carries for each other. `convert-chunk-to-gpu` then emits the
    scan as a look-back over the chunks before, in an order that is always the same.

    ```mlir
    func @chunk.block0.linked(%x, %state, %blob, %count, %ws,
        %published: memref<?x64xf32, ...>, %entering: memref<?x64xf32, ...>,
        %flags: !llvm.ptr, %chunk: index, %last: i1)
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}

def BuildKernels : Pass<"ssm-build-kernels", "::mlir::ModuleOp"> {
  let summary = "Move the functions of all layers into a gpu.module with kernels";
  let description = [{
    Adds the kernels `ssm_time` (a thread block takes a stream through all layers,
    chunk after chunk) and `ssm_rows` (one step of streams, shared out evenly, at most
    as many to a block as a chunk has rows) around the functions that `ssm-build-run` made. Activations
    are in dynamic shared memory.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def ScanToAffine : Pass<"ssm-scan-to-affine", "::mlir::ModuleOp"> {
  let summary = "Lower a scan and its discretization to one loop nest";
  let description = [{
    For every `ssm.scan` of a function NAME adds a function `scan.NAME` on memrefs:
    (f, state, the arguments and parameters that the coefficients are computed
    from; y, new state). It is one affine loop nest over modes, batch and time
    that holds the discretization, as scalar arithmetic, and the scan, its states
    in registers; there is no buffer between them. What does not change in time is
    computed once per mode; coefficients that do, (batch, time, N), at every step.
    The new state may be the old one. NAME itself stays: it says what is computed.

    Coefficients are f64, elementwise arithmetic on arguments and parameters, with
    splat constants, static slices and broadcasts; anything else is an error.

    ```mlir
    func.func @lru(%f: tensor<?x?x64xf32>, %s: tensor<?x2x32xf32>, %nu: tensor<32xf64>, ...) {
      %a = math.exp %nu : tensor<32xf64>
      ...
      %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a, %b : tensor<32xf64>, tensor<32xf64>) : ...
    // gives
    func.func @scan.lru(%f: memref<?x?x64xf32>, %s: memref<?x2x32xf32>, %nu: memref<32xf64>, ...) {
      affine.for %n = 0 to 32 {
        %0 = affine.load %nu[%n] : memref<32xf64>
        %a = math.exp %0 : f64
        ...
        affine.for %b = 0 to %batch {
          %last:2 = affine.for %t = 0 to %time iter_args(%re = ..., %im = ...) -> (f32, f32) {
            ...
    ```
  }];
  let dependentDialects = ["ssmc::SsmDialect", "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect"];
}

def ScanToGpu : Pass<"ssm-scan-to-gpu", "::mlir::ModuleOp"> {
  let summary = "Lower a scan and its discretization to one kernel";
  let description = [{
    The loop nest of `ssm-scan-to-affine` as a kernel, with one thread for every
    mode of every batch element: modes along threads, so that neighbours read
    neighbouring numbers, the batch along blocks. It holds the discretization and
    the scan, with the states in registers and no buffer between; what does not
    change in time is computed once per thread, in f64.

    For every `ssm.scan` of a function NAME adds a `gpu.module` with that kernel,
    `scan_NAME`, and a function `scan.NAME` that launches it, with the arguments
    that `ssm-scan-to-affine` gives it. The kernel's are plain pointers to the
    buffers, then the extents that types leave open: of f, then of parameters. The
    new state may be the old one; y shares no memory with anything else.

    ```mlir
    func.func @lru(%f: tensor<?x?x64xf32>, %s: tensor<?x2x32xf32>, %nu: tensor<32xf64>, ...) {
      %a = math.exp %nu : tensor<32xf64>
      ...
      %y, %s1 = ssm.scan diagonal %f, %s coefficients(%a, %b : tensor<32xf64>, tensor<32xf64>) : ...
    // gives
    gpu.module @scan_lru {
      gpu.func @scan_lru(%f: memref<1xf32>, %s: memref<1xf32>, %nu: memref<32xf64>, ..., %batch: index, %time: index) kernel {
        ...
        %0 = affine.load %nu[%n] : memref<32xf64>
        %a = math.exp %0 : f64
        ...
        %last:2 = affine.for %t = 0 to %time iter_args(%re = ..., %im = ...) -> (f32, f32) {
          ...
    func.func @scan.lru(%f: memref<?x?x64xf32>, %s: memref<?x2x32xf32>, %nu: memref<32xf64>, ...) {
      gpu.launch_func @scan_lru::@scan_lru blocks in (%batch, %c1, %c1) threads in (%c32, %c1, %c1) ...
    ```
  }];
  let dependentDialects = ["ssmc::SsmDialect", "::mlir::affine::AffineDialect",
    "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect",
    "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect",
    "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
    "::mlir::scf::SCFDialect"];
}

def GpuToNvvm : Pass<"ssm-convert-gpu-to-nvvm", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Lower kernels to the NVVM dialect without libdevice";
  let description = [{
    Upstream's patterns, with two differences to its `convert-gpu-to-nvvm`.
    Operations of the math dialect become LLVM's intrinsics and never calls of
    libdevice. Kernels take a plain pointer for every memref, which must have a
    static shape and no layout, while other functions take whole descriptors: they
    are inlined, and may take views of any kind.

    ```mlir
    gpu.func @k(%x: memref<64xf32>, %n: index) kernel
    // becomes
    llvm.func @k(%x: !llvm.ptr, %n: i64) attributes {gpu.kernel, nvvm.kernel}
    ```
  }];
  let dependentDialects = ["::mlir::cf::ControlFlowDialect",
    "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
    "::mlir::NVVM::NVVMDialect", "::mlir::vector::VectorDialect"];
}

#endif // SSMC_LIB_CONVERSION_PASSES
