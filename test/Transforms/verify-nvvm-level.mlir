// RUN: ssm-opt %s -pass-pipeline='builtin.module(gpu.module(verify-ssm-nvvm-level))' -split-input-file -verify-diagnostics

gpu.module @kernels {
  llvm.func internal @helper(%x: f32) -> f32 {
    %y = llvm.intr.fma(%x, %x, %x) : (f32, f32, f32) -> f32
    llvm.return %y : f32
  }
  llvm.func @kernel(%x: !llvm.ptr) attributes {nvvm.kernel} {
    nvvm.barrier0
    %v = llvm.load %x : !llvm.ptr -> f32
    %y = llvm.call @helper(%v) : (f32) -> f32
    llvm.store %y, %x : f32, !llvm.ptr
    llvm.return
  }
}

// What is beside kernels is none of its business.
func.func @host(%x: tensor<4xf32>) {
  return
}

// -----

gpu.module @kernels {
  llvm.func @kernel() attributes {nvvm.kernel} {
    // expected-error @below {{'gpu.thread_id' is not part of the nvvm level}}
    // expected-note @below {{the nvvm level accepts gpu.module, llvm, nvvm}}
    %i = gpu.thread_id x
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @__nv_expf(f32) -> f32
  llvm.func @kernel(%x: f32) attributes {nvvm.kernel} {
    // expected-error @below {{calls '__nv_expf', which this gpu.module does not define; expected no call of a library}}
    %y = llvm.call @__nv_expf(%x) : (f32) -> f32
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%x: f32) attributes {nvvm.kernel} {
    // expected-error @below {{'nvvm.rcp.approx.ftz.f' is an approximation; expected operations that round to nearest}}
    %y = nvvm.rcp.approx.ftz.f %x : f32
    llvm.return
  }
}

// -----

gpu.module @kernels {
  llvm.func @kernel(%x: f32) attributes {nvvm.kernel} {
    // expected-error @below {{the intrinsic 'llvm.intr.fmuladd' is not part of the llvm level}}
    // expected-note @below {{the llvm level accepts}}
    %y = llvm.intr.fmuladd(%x, %x, %x) : (f32, f32, f32) -> f32
    llvm.return
  }
}
