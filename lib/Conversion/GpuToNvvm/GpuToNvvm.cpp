//===- GpuToNvvm.cpp - Kernels to the NVVM dialect ------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// Before:
//   gpu.func @k(%x: memref<64xf32>, %n: index) kernel {
//     %i = gpu.thread_id x
//     %v = memref.load %x[%i]
//     %s = math.sqrt %v
// After:
//   llvm.func @k(%x: !llvm.ptr, %n: i64) attributes {nvvm.kernel} {
//     %i = nvvm.read.ptx.sreg.tid.x ...
//     %v = llvm.load ...
//     %s = llvm.intr.sqrt(%v)
//
// Upstream's convert-gpu-to-nvvm would call libdevice for sqrt, abs, fma and
// floor, and has plain pointers either in all functions, which then take no
// views, or in none. The patterns are upstream's.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/Passes.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMInterface.h"
#include "mlir/Conversion/ConvertToLLVM/ToLLVMPass.h"
#include "mlir/Conversion/GPUCommon/GPUCommonPass.h"
#include "mlir/Conversion/GPUToNVVM/GPUToNVVMPass.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/Dialect/Vector/Transforms/VectorRewritePatterns.h"

namespace ssmc {
#define GEN_PASS_DEF_GPUTONVVM
#include "lib/Conversion/Passes.h.inc"
} // namespace ssmc

using namespace mlir;
using namespace ssmc;

/// Gives a kernel a plain pointer for every memref that it takes; the rest of a
/// descriptor is in the type.
static LogicalResult takeBarePointers(gpu::GPUFuncOp kernel,
                                      const LLVMTypeConverter &types) {
  OpBuilder builder(kernel.getContext());
  builder.setInsertionPointToStart(&kernel.front());
  SmallVector<Type> arguments(kernel.getFunctionType().getInputs());
  for (auto [index, type] : llvm::enumerate(arguments)) {
    auto memref = dyn_cast<MemRefType>(type);
    if (!memref)
      continue;
    if (!LLVMTypeConverter::canConvertToBarePtr(memref))
      return kernel.emitError()
             << "kernel '" << kernel.getName() << "' takes " << memref
             << ", which is more than a pointer; expected a static shape (such "
                "as memref<1xf32>, and reinterpret_cast with sizes from index "
                "arguments)";
    BlockArgument argument = kernel.getArgument(index);
    Location loc = argument.getLoc();
    auto uses = llvm::to_vector(llvm::make_pointer_range(argument.getUses()));
    auto pointer = LLVM::LLVMPointerType::get(kernel.getContext());
    argument.setType(pointer);
    Value descriptor = MemRefDescriptor::fromStaticShape(builder, loc, types,
                                                         memref, argument);
    Value taken =
        UnrealizedConversionCastOp::create(builder, loc, memref, descriptor)
            .getResult(0);
    for (OpOperand *use : uses)
      use->set(taken);
    type = pointer;
  }
  kernel.setFunctionType(builder.getFunctionType(arguments, {}));
  return success();
}

/// Vector operations that have no LLVM counterpart, in terms of others.
static LogicalResult decomposeVectors(gpu::GPUModuleOp module) {
  RewritePatternSet patterns(module.getContext());
  vector::populateVectorInsertExtractStridedSliceTransforms(patterns);
  vector::populateVectorBroadcastLoweringPatterns(patterns);
  vector::populateVectorShapeCastLoweringPatterns(patterns);
  vector::populateVectorStepLoweringPatterns(patterns);
  return applyPatternsGreedily(module, std::move(patterns));
}

/// Hides the thread's number from the optimizer in functions of chunks side by
/// side. All that depends on it, addresses above all, would otherwise be
/// computed in front of the kernel's loop over chunks and wait in registers: 40
/// to 90 more. Kernels of all layers are left alone: there, ptxas moves the
/// same of every layer, and spills.
static void hideThreadIds(gpu::GPUModuleOp module) {
  constexpr int64_t kMostThreads = 1024;
  module.walk([&](NVVM::ThreadIdXOp thread) {
    auto function = thread->getParentOfType<LLVM::LLVMFuncOp>();
    auto variant = function ? function->getAttrOfType<StringAttr>("ssm.variant")
                            : StringAttr();
    if (!variant || variant != "linked")
      return;
    OpBuilder builder(thread->getContext());
    builder.setInsertionPointAfter(thread);
    Location loc = thread.getLoc();
    Type i32 = thread.getType();
    auto hidden = LLVM::InlineAsmOp::create(
        builder, loc, i32, ValueRange(thread.getRes()), /*asm_string=*/"",
        /*constraints=*/"=r,0", /*has_side_effects=*/true,
        /*is_align_stack=*/false, LLVM::tailcallkind::TailCallKind::None,
        LLVM::AsmDialectAttr(), ArrayAttr());
    Value most = LLVM::ConstantOp::create(builder, loc, i32, kMostThreads - 1);
    Value masked = LLVM::AndOp::create(builder, loc, hidden.getResult(0), most);
    thread.getRes().replaceAllUsesExcept(masked, hidden);
  });
}

namespace {
struct GpuToNvvm : ssmc::impl::GpuToNvvmBase<GpuToNvvm> {
  void getDependentDialects(DialectRegistry &registry) const override {
    GpuToNvvmBase::getDependentDialects(registry);
    registerConvertToLLVMDependentDialectLoading(registry);
  }

  void runOnOperation() override {
    gpu::GPUModuleOp module = getOperation();
    LLVMTypeConverter types(&getContext());
    configureGpuToNVVMTypeConverter(types);
    for (auto function : module.getOps<gpu::GPUFuncOp>())
      if (function.isKernel() && failed(takeBarePointers(function, types)))
        return signalPassFailure();
    if (failed(decomposeVectors(module)))
      return signalPassFailure();

    LLVMConversionTarget target(getContext());
    target.addLegalDialect<LLVM::LLVMDialect, NVVM::NVVMDialect>();
    target.addIllegalDialect<gpu::GPUDialect>();
    target.addLegalOp<gpu::GPUModuleOp>();
    RewritePatternSet patterns(&getContext());
    for (Dialect *dialect : getContext().getLoadedDialects())
      // GPU's and NVVM's are for the host and for inline PTX.
      if (auto *conversion = dyn_cast<ConvertToLLVMPatternInterface>(dialect);
          conversion && !isa<gpu::GPUDialect, NVVM::NVVMDialect>(dialect))
        conversion->populateConvertToLLVMConversionPatterns(target, types,
                                                            patterns);
    populateGpuToNVVMConversionPatterns(types, patterns);
    // In front of those that call libdevice.
    populateMathToLLVMConversionPatterns(types, patterns,
                                         /*approximateLog1p=*/false,
                                         /*benefit=*/2);
    if (failed(applyPartialConversion(module, target, std::move(patterns))))
      return signalPassFailure();
    hideThreadIds(module);
  }
};
} // namespace
