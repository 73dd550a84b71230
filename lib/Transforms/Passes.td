//===- Passes.td - Transformations of the ssm dialect ---------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef SSMC_LIB_TRANSFORMS_PASSES
#define SSMC_LIB_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

def InferenceMode : Pass<"ssm-inference", "::mlir::ModuleOp"> {
  let summary = "Take a model from its training form to inference";
  let description = [{
    Dropout becomes the identity, `ssm.batch_norm_training` becomes
    `ssm.batch_norm` on the running statistics; the argument `ssm.keys` and the
    results `ssm.statistic` leave the signature.

    ```mlir
    %n, %m1, %v1 = ssm.batch_norm_training %x, %m, %v, %first epsilon 1.0e-05 momentum 0.99 : ...
    %d = ssm.dropout %n, %key rate 0.1 : ...
    // becomes
    %d = ssm.batch_norm %x, %m, %v epsilon 1.0e-05 : ...
    ```
  }];
  let dependentDialects = ["ssmc::SsmDialect"];
}

def TrainingMode : Pass<"ssm-training", "::mlir::ModuleOp"> {
  let summary = "Make the training form a program on rows";
  let description = [{
    What a training-mode forward knows only when it runs becomes arguments of the
    model: of the i-th norm what it adds and what it multiplies by then
    (`ssm.columns = 2 i`, `2 i + 1`), and of each dropout a key per batch element, with
    the splits that make it of the batch element's own (`ssm.key`). The argument
    `ssm.keys` and the results `ssm.statistic` leave the signature. A norm behind a
    residual sum goes to a block of its own: the statistics of what enters a block are
    then those of its norm. Dropout at rate 0 goes away.

    ```mlir
    %k = ssm.split_key %keys[1 of 3] : tensor<?x2xi32>
    %n, %m1, %v1 = ssm.batch_norm_training %x, %m, %v, %first epsilon 1.0e-05 momentum 0.99 : ...
    %d = ssm.dropout %n, %k rate 0.1 : ...
    // becomes, with the arguments
    // %shift {ssm.columns = 0}, %scale {ssm.columns = 1}, %key {ssm.key = array<i64: 1>}
    %c = ssm.shift %x by %shift : ...
    %n = ssm.scale %c by %scale : ...
    %d = ssm.dropout %n, %key rate 0.1 : ...
    ```
  }];
  let dependentDialects = ["ssmc::SsmDialect"];
}

def ExpandMath : Pass<"expand-math"> {
  let summary = "Replace elementary functions of f32 and f64 by polynomials";
  let description = [{
    `math.exp`, `exp2`, `expm1`, `log`, `log1p`, `sin`, `cos`, `sincos` and
    `tanh` on scalars, vectors and static tensors become straight-line
    arithmetic with `math.fma`: no call of a math library, and the same bits at
    every vector width and on every CPU. docs/accuracy.md has the errors.

    `math.exp2` on f32 is the form for hot loops: its argument is clamped to
    [-126, 126] (NaN stays NaN), and a sum with the power becomes one FMA:

    ```mlir
    %e = math.exp2 %t : vector<16xf32>
    %s = arith.addf %e, %one : vector<16xf32>
    // becomes
    ...
    %s = math.fma %mantissa, %power, %one : vector<16xf32>
    ```

    An argument that is a product of factors whose clamps to constants keep it
    below 126 is neither clamped nor rounded.

    f16 and bf16 stay, and what CPUs compute natively (`sqrt`, `absf`, `fma`,
    `floor`...). Any other function of f32 or f64 is an error. Run it before
    folding: upstream's folders of `math` operations ask the host's library.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::math::MathDialect"];
}

def SplitDirections : Pass<"ssm-split-directions", "::mlir::ModuleOp"> {
  let summary = "Give the scans of a block that run backwards a block of their own";
  let description = [{
    An `ssm.block` with `reverse` scans becomes two: one with these scans, what they
    read, and what reads only them, whose output is what they contribute; and the rest,
    which takes the contribution from outside. The first goes through the whole
    sequence from its end on before the second begins. There is one contribution per
    block, and no scan reads what another one gives.

    ```mlir
    %y, %s1, %t1 = ssm.block "layers.1.blocks.0" (%x, %s, %t) : ... {
    ^bb0(%u: ..., %a: ..., %b: ...):
      %f = ssm.linear %u, %w
      %p, %a1 = ssm.scan diagonal %f, %a ...
      %q, %b1 = ssm.scan diagonal %f, %b ... {reverse}
      %c1 = ssm.linear %p, %cw1
      %c2 = ssm.linear %q, %cw2
      %z = ssm.add %c1, %c2 ...
    // becomes
    %c, %t1 = ssm.block "layers.1.blocks.0" (%x, %t) : ... {
    ^bb0(%u: ..., %b: ...):
      %f = ssm.linear %u, %w
      %q, %b1 = ssm.scan diagonal %f, %b ... {reverse}
      %c2 = ssm.linear %q, %cw2
      ssm.yield %c2, %b1
    }
    %y, %s1 = ssm.block "layers.1.blocks.0" (%x, %s) : ... {
      ...
      %z = ssm.add %c1, %c
    ```
  }];
  let options = [
    Option<"refusedBy", "refused-by", "std::string", "\"\"",
           "What cannot run backwards, for an error instead (empty: nothing)">
  ];
  let dependentDialects = ["ssmc::SsmDialect"];
}

def OutlineUnits : Pass<"ssm-outline-units", "::mlir::ModuleOp"> {
  let summary = "Turn the model into calls of one function per distinct block";
  let description = [{
    Every `ssm.block`, and every run of layers between blocks, becomes a call of
    a private function with the attribute `ssm.unit`; blocks of the same shape
    share one. Its arguments are sequences and carried states, then the
    parameters it uses (`ssm.parameter`). Arithmetic on parameters goes into the
    function, but for what an `ssm.shift` adds: the means of two blocks. A block whose
    scans run backwards becomes a unit `reverse`, and what it contributes an argument of the
    next unit, marked `ssm.contribution`.

    ```mlir
    %d = math.exp %p : tensor<32xf64>
    %y, %s1 = ssm.block "layers.1.blocks.0" (%e, %s) : ... { ... %d ... }
    %g = math.exp %q : tensor<32xf64>
    %z, %t1 = ssm.block "layers.1.blocks.1" (%y, %t) : ... { ... %g ... }
    // becomes
    %y:2 = call @block0(%e, %s, %p)
    %z:2 = call @block0(%y, %t, %q)
    ```
  }];
  let dependentDialects = ["ssmc::SsmDialect", "::mlir::func::FuncDialect"];
}

def DiscretizeS5 : Pass<"ssm-discretize-s5"> {
  let summary = "Lower S5 mixers to discrete time";
  let description = [{
    `ssm.s5` becomes f64 arithmetic on its parameters (zero-order hold in a form
    without cancellation, or bilinear), two dense projections around a diagonal
    `ssm.scan`, and the feed-through. The arithmetic goes in front of the block
    that holds the mixer. There are no complex values from here on: B_bar is the
    real plane over the imaginary one, and C, with the 2 of `conj_sym`, is
    `[2 C_re, -2 C_im]`. A mixer without states (P = 0) becomes `ssm.scale`.

    ```mlir
    %y, %s1 = ssm.s5 %u, %s lambda(%lre, %lim) b(%b) c(%c) d(%d) log_step(%ls) discretization zoh ...
    // becomes
    %step = math.exp %log_step : tensor<32xf64>
    ...
    %f = ssm.linear %u, %b_bar : (tensor<?x?x64xf32>, tensor<64x64xf64>) -> tensor<?x?x64xf32>
    %x, %s1 = ssm.scan diagonal %f, %s coefficients(%a_re, %a_im : tensor<32xf64>, tensor<32xf64>) : ...
    %c_x = ssm.linear %x, %c_planes : (tensor<?x?x64xf32>, tensor<64x64xf64>) -> tensor<?x?x64xf32>
    %y = ssm.skip %c_x, %u by %d : tensor<?x?x64xf32>, tensor<64xf32>
    ```
  }];
  let dependentDialects = ["ssmc::SsmDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect"];
}

def DiscretizeLru : Pass<"ssm-discretize-lru"> {
  let summary = "Lower LRU mixers to discrete time";
  let description = [{
    As `ssm-discretize-s5`, with `lambda = exp(-exp(nu_log) + i exp(theta_log))`,
    `exp(gamma_log)` folded into B. Infinite parameters are legal: nu_log = +inf is
    an eigenvalue of 0.

    ```mlir
    %y, %s1 = ssm.lru %u, %s nu_log(%nu) theta_log(%th) gamma_log(%g) b(%bre, %bim) c(%cre, %cim) d(%d) : ...
    // becomes
    %f = ssm.linear %u, %gamma_b : (tensor<?x?x64xf32>, tensor<64x64xf64>) -> tensor<?x?x64xf32>
    %x, %s1 = ssm.scan diagonal %f, %s coefficients(%a_re, %a_im : tensor<32xf64>, tensor<32xf64>) : ...
    %c_x = ssm.linear %x, %c_planes : (tensor<?x?x64xf32>, tensor<64x64xf64>) -> tensor<?x?x64xf32>
    %y = ssm.skip %c_x, %u by %d : tensor<?x?x64xf32>, tensor<64xf32>
    ```
  }];
  let dependentDialects = ["ssmc::SsmDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect"];
}

def DiscretizeLinoss : Pass<"ssm-discretize-linoss"> {
  let summary = "Lower LinOSS mixers to discrete time";
  let description = [{
    As `ssm-discretize-s5`, to an oscillator scan with the coefficients k1, k2, dt
    of the scheme; k3 is folded into B. The bounds that a damped A is clamped to are
    computed as squares, without cancellation.

    ```mlir
    %y, %s1 = ssm.linoss IMEX %u, %s a_diag(%a) steps(%st) b(%b) c(%c) d(%d) : ...
    // becomes
    %f = ssm.linear %u, %k3_b : (tensor<?x?x64xf32>, tensor<64x64xf64>) -> tensor<?x?x64xf32>
    %x, %s1 = ssm.scan oscillator %f, %s coefficients(%k1, %k2, %dt : tensor<32xf64>, tensor<32xf64>, tensor<32xf64>) : ...
    %c_x = ssm.linear %x, %c_planes : (tensor<?x?x64xf32>, tensor<64x64xf64>) -> tensor<?x?x64xf32>
    %y = ssm.skip %c_x, %u by %d : tensor<?x?x64xf32>, tensor<64xf32>
    ```
  }];
  let dependentDialects = ["ssmc::SsmDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect"];
}

def DiscretizeS4d : Pass<"ssm-discretize-s4d"> {
  let summary = "Lower S4D mixers to discrete time";
  let description = [{
    To a scan with modes of each channel's own: there is no projection to fold `B_bar`
    into, so that it goes into the readout, `c = 2 C (a_bar - 1) / a`, without
    cancellation as in `ssm-discretize-s5`. A norm's scale stays in front of the scan,
    so that the state is that of the mixer. A mixer without modes becomes zeros.

    ```mlir
    %y, %s1 = ssm.s4d %u, %s log_dt(%dt) a(%log_re, %im) c(%c) : ...
    // becomes
    %y, %s1 = ssm.channel_scan %u, %s coefficients(%a_re, %a_im) readout(%c_re, %c_im : tensor<64x32xf64>) : ...
    ```
  }];
  let dependentDialects = ["ssmc::SsmDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect"];
}

def LowerDeltaNet : Pass<"ssm-lower-delta-net"> {
  let summary = "Lower DeltaNet mixers to projections and a delta rule";
  let description = [{
    The projections to q, k, v and beta become one, whose rows are those of head 0
    (q, then k, then v), of head 1, ..., and of beta at the end.

    ```mlir
    %y, %s1 = ssm.delta_net %u, %s q(%wq) k(%wk) v(%wv) beta(%wb) out(%wo) heads 4 : ...
    // becomes
    %x = ssm.linear %u, %w : (tensor<?x?x64xf32>, tensor<193x64xf64>) -> tensor<?x?x193xf32>
    %o, %s1 = ssm.delta_rule %x, %s epsilon 1.0e-6 : tensor<?x?x193xf32>, tensor<?x1x4x16x16xf32> -> tensor<?x?x64xf32>
    %y = ssm.linear %o, %wo : (tensor<?x?x64xf32>, tensor<64x64xf32>) -> tensor<?x?x64xf32>
    ```
  }];
  let dependentDialects = ["ssmc::SsmDialect", "::mlir::arith::ArithDialect",
                           "::mlir::tensor::TensorDialect"];
}

def LowerLayers : Pass<"ssm-lower-layers"> {
  let summary = "Lower gated linear units to projections and a gate";
  let description = [{
    A GLU of one output feature that is added to a wider stream gets its rows
    repeated, so that the sum has operands of one width.

    ```mlir
    %y = ssm.glu %x, %w1, %w2 bias %b1, %b2 : ...
    // becomes
    %a = ssm.linear %x, %w1 bias %b1 : ...
    %b = ssm.linear %x, %w2 bias %b2 : ...
    %y = ssm.gate %a, %b : tensor<?x?x64xf32>
    ```
  }];
  let dependentDialects = ["ssmc::SsmDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect"];
}

def FoldNorms : Pass<"ssm-fold-norms", "::mlir::func::FuncOp"> {
  let summary = "Fold norms into projections and keep the residual stream centred";
  let description = [{
    `ssm.batch_norm` disappears. Its scale `s = 1 / sqrt(var + epsilon)` goes into the
    weights of what reads it (`ssm.linear`, `ssm.skip`, `ssm.scale`; anything else
    gets an `ssm.scale`). Its mean, in prenorm blocks, is taken off the residual
    stream where that is computed: from the encoder's bias or table before the
    first block, by `m - m_next` in the epilogue of every block, and added
    back in the epilogue of the last, or, when a dense layer follows (a head per
    step), in its bias. Nothing else can absorb it: then an `ssm.shift` stays. In
    postnorm blocks the mean is subtracted in place.

    Run it after the mixers and layers are lowered. Blocks of one shape keep one
    shape.

    ```mlir
    %y = ssm.block "b" (%x) : ... {
    ^bb0(%u: tensor<?x?x64xf32>):
      %n = ssm.batch_norm %u, %mean, %var epsilon 1.0e-05 : ...
      %f = ssm.linear %n, %w : ...
      %r = ssm.add %u, %f : ...
      ssm.yield %r : tensor<?x?x64xf32>
    }
    // becomes, where %x has lost its mean already
    %y = ssm.block "b" (%x) : ... {
    ^bb0(%u: tensor<?x?x64xf32>):
      %f = ssm.linear %u, %w_times_s : ...
      %r = ssm.add %u, %f : ...
      %c = ssm.shift %r by %mean_minus_next_mean : tensor<?x?x64xf32>, tensor<64xf64>
      ssm.yield %c : tensor<?x?x64xf32>
    }
    ```
  }];
  let dependentDialects = ["ssmc::SsmDialect", "::mlir::arith::ArithDialect",
                           "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect"];
}

def VerifyModelLevel : Pass<"verify-ssm-model-level", "::mlir::ModuleOp"> {
  let summary = "Verify that a module holds layers only";
  let description = [{
    The model level: `func.func`, `func.return`, `ssm.parameter` and layers in
    training or inference form. The verifier of every level rejects complex types,
    fast-math flags, `arith.minnumf` and `arith.maxnumf`, and weights whose data
    was elided.

    ```mlir
    %z = arith.addf %x, %y : tensor<4xf32>
    // error: 'arith.addf' is not part of the model level
    ```
  }];
}

def VerifyRecurrenceLevel : Pass<"verify-ssm-recurrence-level", "::mlir::ModuleOp"> {
  let summary = "Verify that a module is in discrete time";
  let description = [{
    The recurrence level: dense layers, `ssm.scan` and pointwise layers on
    sequences; `arith`, `math`, `tensor` and `linalg` on parameters only, which
    have static shapes. Mixers, norms and training forms are gone.

    ```mlir
    %z = arith.addf %x, %y : tensor<?x?x64xf32>
    // error: 'arith.addf' computes on 'tensor<?x?x64xf32>'; expected a tensor of static shape ...
    ```
  }];
}

def VerifyChunkLevel : Pass<"verify-ssm-chunk-level", "::mlir::ModuleOp"> {
  let summary = "Verify that a module holds chunk functions on static rows";
  let description = [{
    The chunk level, on tensors: chunk functions, whose arithmetic is in the bodies of
    `ssm.panel_map`, and functions named `prepare...`, which compute on parameters.

    ```mlir
    func.func @chunk.block0(%w: tensor<64xf64>) { %z = arith.mulf %w, %w : tensor<64xf64> ... }
    // error: 'arith.mulf' is outside of a body; expected it in an 'ssm.panel_map', on lanes
    ```
  }];
}

def VerifyLoopLevel : Pass<"verify-ssm-loop-level", "::mlir::ModuleOp"> {
  let summary = "Verify that a module holds loops on the caller's memory";
  let description = [{
    The loop level: `affine`, `scf`, `vector`, `memref` and `arith`, of `math` what CPUs
    compute natively; no tensor and no operation of the ssm dialect. Nothing copies
    buffers, and only functions named `prepare...` allocate them. No unit writes rows
    of activations as it read them, but the one that hands them to the user of a model
    without a head.

    ```mlir
    func.func @chunk.block0.step() { %z = memref.alloc() : memref<1x64xf32> ... }
    // error: 'memref.alloc' is in 'chunk.block0.step'; expected a view of the caller's workspace ...
    ```
  }];
}

def VerifyLLVMLevel : Pass<"verify-ssm-llvm-level", "::mlir::ModuleOp"> {
  let summary = "Verify that a module is ready for code generation";
  let description = [{
    The llvm dialect in a module, nothing else; no fast-math flag, and no intrinsic
    that becomes a call or that the code generator is free to round as it likes.

    ```mlir
    %y = llvm.intr.exp(%x) : (f32) -> f32
    // error: the intrinsic 'llvm.intr.exp' is not part of the llvm level
    ```
  }];
}

def VerifyNvvmLevel : Pass<"verify-ssm-nvvm-level", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Verify that kernels are ready for code generation";
  let description = [{
    The llvm and nvvm dialects in a `gpu.module`, nothing else: what
    `verify-ssm-llvm-level` accepts, no approximation, and no call of a function
    that the module does not define, such as libdevice's.

    ```mlir
    %y = llvm.call @__nv_expf(%x) : (f32) -> f32
    // error: calls '__nv_expf', which this gpu.module does not define
    ```
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect"];
}

def SplitPrepare : Pass<"ssm-split-prepare", "::mlir::ModuleOp"> {
  let summary = "Move what depends on parameters only out of chunk functions";
  let description = [{
    For each chunk function adds `prepare.NAME`, which computes its packed
    parameters into the unit's part of the blob; the chunk function takes that
    part as its last argument in place of the parameters.

    ```mlir
    func @chunk.block0(%x, %s, %b) { %p = ssm.pack_panels %b ... }
    // becomes
    func @prepare.block0(%b, %blob) { %p = ssm.pack_panels %b; insert into %blob }
    func @chunk.block0(%x, %s, %blob) { %p = extract from %blob ... }
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::tensor::TensorDialect"];
}

def SpecializeRows : Pass<"ssm-specialize-rows", "::mlir::ModuleOp"> {
  let summary = "One chunk function for each way of filling its rows";
  let description = [{
    Replaces every chunk function by three:

    * `.full`: all rows, consecutive time steps of one stream;
    * `.step`: one row;
    * `.rows`: the first `count` rows, each the next time step of the stream whose
      place among the states `streams` gives: many streams, or the last few time
      steps of one.

    For thread blocks, which pass carries from row to row in registers but take
    all streams at once, another one can be asked for:

    * `.time`: the first `count` rows, consecutive time steps of one stream.

    Where a unit runs backwards there is no `.step`.

    ```mlir
    func @chunk.input(%x: tensor<24x3xf32>, %out: tensor<24x32xf32>, %blob)
    // becomes, among others
    func @chunk.input.step(%x: tensor<1x3xf32>, %out: tensor<1x32xf32>, %blob)
    func @chunk.input.rows(%x: tensor<24x3xf32>, %out: tensor<24x32xf32>, %blob,
                           %streams: tensor<24xindex>, %count: index)
    ```
  }];
  let options = [
    ListOption<"variants", "variants", "std::string",
               "The variants to make (none: full, step and rows)">
  ];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def PlanModel : Pass<"ssm-plan-model", "::mlir::ModuleOp"> {
  let summary = "Fix places in blob, state record and weights; make @prepare";
  let description = [{
    Writes the plan of the model into the module attribute `ssm.plan` (steps with
    their units and byte offsets into blob and record, carried states, weights)
    and adds `@prepare(weights, blob)`, which computes the whole blob. The
    recurrence-level functions are gone afterwards.

    ```mlir
    func @model(%x, %s) { %b = ssm.parameter "b"  %e = call @input(%x, %b) ... }
    // becomes
    module attributes {ssm.plan = {steps = [{unit = "input", blob = 0} ...]} }
    func @prepare(%weights: memref<?xi8>, %blob: memref<?xi8>)
    ```
  }];
  let dependentDialects = ["ssmc::SsmDialect", "::mlir::func::FuncDialect",
    "::mlir::memref::MemRefDialect", "::mlir::bufferization::BufferizationDialect",
    "::mlir::arith::ArithDialect"];
}

def BufferizeChunks : Pass<"ssm-bufferize-chunks", "::mlir::ModuleOp"> {
  let summary = "Turn chunk functions and @prepare from tensors to memrefs";
  let description = [{
    One-shot bufferization. Rows and blobs are contiguous buffers, carried
    states `memref<?xNxf32, strided<[?, 1], offset: ?>>` inside records.
    Everything returned was written in place, so results are dropped.

    ```mlir
    func @chunk.block0.step(%x: tensor<1x64xf32>, %s: tensor<?x64xf32>, ...) -> (...)
    // becomes
    func @chunk.block0.step(%x: memref<1x64xf32>,
        %s: memref<?x64xf32, strided<[?, 1], offset: ?>>, ...)
    ```
  }];
  let dependentDialects = ["::mlir::bufferization::BufferizationDialect",
    "::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect"];
}

def LowerPackPanels : Pass<"ssm-lower-pack-panels"> {
  let summary = "Write panel order as index arithmetic";
  let description = [{
    `ssm.pack_panels` becomes a `linalg.generic` over the panels that extracts
    each place's feature from the matrix, or 0 beyond it. Words of fragments
    are rounded by integer arithmetic.

    ```mlir
    %p = ssm.pack_panels %w : tensor<20x4xf64> -> tensor<2x4x16xf32>
    // becomes
    %p = linalg.generic ... { %v = tensor.extract %w[%o, %k] ... }
    ```
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect",
    "::mlir::tensor::TensorDialect", "::mlir::arith::ArithDialect"];
}

def UseTensorCores : Pass<"ssm-use-tensor-cores"> {
  let summary = "Have tensor cores of a GPU compute products";
  let description = [{
    Products whose weights are packed here, at least 8 deep, are marked
    `tensor_cores`, and their weights packed in the order of fragments. Others, such
    as that of an encoder of few features, which would leave more than half of a
    fragment empty, stay chains of multiply-adds.

    ```mlir
    %w = ssm.pack_panels %c : tensor<32x20xf64> -> tensor<2x20x16xf32>
    %y = ssm.panel_map product(%x : tensor<24x20xf32>, %w : tensor<2x20x16xf32>) ...
    // becomes
    %w = ssm.pack_panels %c fragments bf16x3 : tensor<32x20xf64> -> tensor<2x32x16xf32>
    %y = ssm.panel_map product(%x : tensor<24x20xf32>, %w : tensor<2x32x16xf32>)
        tensor_cores(bf16x3 depth 20) ...
    ```
  }];
  let options = [
    Option<"products", "products", "std::string", /*default=*/"\"bf16x3\"",
           "How: bf16x3 or tf32">];
}

def PlanWorkspace : Pass<"ssm-plan-workspace", "::mlir::ModuleOp"> {
  let summary = "Turn every buffer of a chunk function into a view of a workspace";
  let description = [{
    Buffers that do not live at the same time share their place. The workspace is
    a new last argument, its size the attribute `ssm.workspace_bytes`.

    ```mlir
    %z = memref.alloc() : memref<24x64xf32>
    // becomes
    %z = memref.view %ws[%c0][] : memref<?xi8> to memref<24x64xf32>
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect"];
}

def BuildPrepare : Pass<"ssm-build-prepare", "::mlir::ModuleOp"> {
  let summary = "Make @prepare a function that the C code can call";
  let description = [{
    For modules whose weights come when the model runs (attribute `ssm.tensors`);
    others keep an @prepare that allocates, and is run by the compiler. Buffers of
    @prepare and of the units' functions become views of one workspace, whose size
    is the module's attribute `ssm.prepare_bytes`, and `@ssm_prepare` calls
    @prepare with plain pointers.

    ```mlir
    func.func @prepare(%weights: memref<?xi8>, %blob: memref<?xi8>) {
      %t = memref.alloc() : memref<16xf64>
      call @prepare.block0(%view, %t, %part) ...
    // becomes
    func.func @prepare(%weights: memref<?xi8>, %blob: memref<?xi8>, %ws: memref<?xi8>) {
      %t = memref.view %ws[%c0][] : memref<?xi8> to memref<16xf64>
      %rest = memref.view %ws[%c128][%c4096] : memref<?xi8> to memref<?xi8>
      call @prepare.block0(%view, %t, %part, %rest) ...
    func.func @ssm_prepare(%weights: memref<1xi8>, %blob: memref<1xi8>, %ws: memref<1xi8>) attributes {llvm.bareptr}
    ```
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect"];
}

def OrderChunks : Pass<"ssm-order-chunks", "::mlir::ModuleOp"> {
  let summary = "Let chunks of a stream pass on carried states in turn";
  let description = [{
    A unit's variants `full` and `rows` take consecutive time steps of one stream
    (`rows`: or one step each of many, and then without a turn). Those with carried
    states get two more arguments, a chunk's turn (null: no
    other chunk of the stream is under way) and the number of the unit, and wait
    before the first operation that touches the states until the chunk before has
    released them, which it does right after the last one: in a block that is the
    scan, so that two threads can work on consecutive chunks. `ssm.ordered` marks
    these functions; `runtime/schedule.h` defines what they call.

    ```mlir
    func.func private @chunk.block0.full(%x, %s, %blob, %ws) {
      ssm.panel_map product(%x, %b) outs(%z) carries(%s) ...
      ssm.panel_map product(%z, %c) ...
    // becomes
    func.func private @chunk.block0.full(%x, %s, %blob, %ws, %turn: memref<1xi8>, %unit: index) {
      scf.for %i = %c0 to %c128 step %c16 { memref.prefetch %s[%c0, %i], ... }
      call @ssm_await(%turn, %unit)
      scf.for %i = %c0 to %c128 step %c16 { memref.prefetch %s[%c0, %i], ... }
      ssm.panel_map product(%x, %b) outs(%z) carries(%s) ...
      call @ssm_release(%turn, %unit)
      ssm.panel_map product(%z, %c) ...
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
    "::mlir::scf::SCFDialect"];
}

def BuildRun : Pass<"ssm-build-run", "::mlir::ModuleOp"> {
  let summary = "Add the functions that take rows through all layers";
  let description = [{
    From `ssm.plan` and the chunk functions makes `ssm_chunk_full`, `ssm_step`,
    `ssm_rows` and, for a pooled model, `ssm_answers`, on plain pointers.
    Consecutive blocks of one shape are a loop. The workspace that all of them need
    is the attribute `ssm.workspace_bytes`; `ssm.units` is how many units have
    carried states. Where units run backwards there is one function instead of the first
    three, `ssm_sequence`, which takes all time steps of a stream through one pass after
    the other; `ssm.sequence_bytes` is what it needs per time step beside the workspace.

    ```mlir
    func.func @ssm_step(%blob: memref<1xi8>, %record: memref<1xi8>, %x: memref<1xi8>,
                        %y: memref<1xi8>, %ws: memref<1xi8>) attributes {llvm.bareptr} {
      call @chunk.input.step(...)
      scf.for %layer = %c0 to %c4 step %c1 { func.call @chunk.block0.step(...) }
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
    "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect", "::mlir::LLVM::LLVMDialect"];
}

def BuildTrainRun : Pass<"ssm-build-train-run", "::mlir::ModuleOp"> {
  let summary = "Add the function that takes rows through one unit, for training";
  let description = [{
    From `ssm.plan` and the chunk functions makes `ssm_train_rows`, which takes rows of
    one sequence through one unit: in training mode all rows go through a layer before
    any goes on, since norms need statistics of all of them. `ssm.train_steps` says
    which units to go through, in order, and what each needs: its part of the blob, the
    number of its norm (-1: none), the floats of a row that it reads and writes (0:
    those of the caller; in place: the same), and the splits that make its keys.
    Carried states lie in a record that is the unit's alone, and begin as zeros.

    ```mlir
    func.func @ssm_train_rows(%unit: i64, %blob: memref<1xi8>, %record: memref<1xi8>,
                              %columns: memref<1xi8>, %keys: memref<1xi8>, %first: i64, %dropped: i64,
                              %n: i64, %x: memref<1xi8>, %y: memref<1xi8>, %ws: memref<1xi8>)
        attributes {llvm.bareptr} {
      scf.index_switch %unit
      case 0 { func.call @chunk.input.time(...) }
      case 1 { func.call @chunk.block0.time(...) }
    ```
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
    "::mlir::scf::SCFDialect", "::mlir::LLVM::LLVMDialect"];
}

def RemoveHead : Pass<"ssm-remove-head", "::mlir::func::FuncOp"> {
  let summary = "Return what enters the head instead of its answer";
  let description = [{
    At model level: the function returns the input of its last
    `[ssm.mean_pool,] ssm.linear [, ssm.log_softmax or ssm.tanh]`; a pool's carried state
    leaves the signature. A model without a head stays as it is.

    ```mlir
    %p, %s1, %n1 = ssm.mean_pool %x, %sums, %count : ...
    %y = ssm.linear %p, %w : ...
    return %y, %s1, %n1
    // becomes
    return %x
    ```
  }];
  let dependentDialects = ["ssmc::SsmDialect"];
}

#endif // SSMC_LIB_TRANSFORMS_PASSES
