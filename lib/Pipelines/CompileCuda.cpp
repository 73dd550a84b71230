//===- CompileCuda.cpp - From a model to GPU kernels ----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/CompileCuda.h"
#include "lib/Pipelines/Prepare.h"
#include "lib/Target/EmitPtx.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"

using namespace mlir;
using namespace ssmc;

/// Threads of a block.
static constexpr int64_t kThreads = 256;
/// Rows of a block, where its activations fit.
static constexpr int64_t kMostRows = 32;
/// Shared memory that a block may have on every architecture from sm_80 on.
static constexpr int64_t kSharedBytes = 99 << 10;

using BuildPasses = llvm::function_ref<void(OpPassManager &)>;

static LogicalResult runPipeline(ModuleOp module, BuildPasses build) {
  PassManager passes(module.getContext());
  build(passes);
  passes.enableVerifier(false); // levels have verifiers of their own
  if (failed(passes.run(module)))
    return failure();
  return verify(module);
}

static int64_t getWorkspaceBytes(ModuleOp module) {
  auto bytes = module->getAttrOfType<IntegerAttr>("ssm.workspace_bytes");
  return bytes ? bytes.getInt() : 0;
}

/// Lowers `model`, at recurrence level, to kernels whose blocks hold as many
/// rows as fit.
static FailureOr<OwningOpRef<ModuleOp>> lowerToKernels(ModuleOp model) {
  for (int64_t rows = kMostRows; rows >= 1; rows /= 2) {
    OwningOpRef<ModuleOp> module = model.clone();
    if (failed(runPipeline(*module, [&](OpPassManager &passes) {
          buildRecurrenceToThreadChunk(passes, rows);
          buildChunkToGpu(passes, kThreads);
        })))
      return failure();
    if (getWorkspaceBytes(*module) <= kSharedBytes)
      return module;
  }
  return model.emitError()
         << "has layers so wide that one time step does not fit the "
         << kSharedBytes << " bytes of shared memory of a thread block";
}

FailureOr<CompiledCudaModel>
ssmc::compileCudaModel(ModuleOp model, const CompileOptions &options) {
  if (options.from > Level::Recurrence)
    return model.emitError()
           << "is at " << getLevelName(options.from)
           << " level, where weights are gone; code is compiled from model or "
              "recurrence level";
  if (failed(lowerModel(model, options.from, Level::Recurrence, options)))
    return failure();
  auto weights = collectWeights(model);
  if (failed(weights))
    return failure();
  auto module = lowerToKernels(model);
  if (failed(module))
    return failure();
  FailureOr<ModelPlan> plan = readPlan(**module);
  if (failed(plan))
    return failure();
  CompiledCudaModel compiled;
  if (failed(runPrepare(**module, *plan, *weights,
                        options.keepWeights ? nullptr : model, compiled.blob)))
    return failure();
  compiled.info = describeModel(**module, *plan);
  for (auto &entry : *weights)
    compiled.info.parameters += entry.second.size();
  for (StringRef name : {"ssm_time", "ssm_rows"})
    compiled.kernels.push_back({name.str(), kThreads,
                                getWorkspaceBytes(**module),
                                compiled.info.rowsPerChunk});
  compiled.gpu = withoutPrepare(**module);
  return compiled;
}

/// Runs `emit` on the kernels in the NVVM dialect.
static FailureOr<std::string>
emitKernels(CompiledCudaModel &model,
            llvm::function_ref<FailureOr<std::string>(Operation *)> emit) {
  OwningOpRef<ModuleOp> module = model.gpu->clone();
  if (failed(runPipeline(*module, buildGpuToNvvm)))
    return failure();
  auto kernels = module->getOps<gpu::GPUModuleOp>();
  return emit(*kernels.begin());
}

FailureOr<std::string> ssmc::emitNvvm(CompiledCudaModel &model, unsigned sm) {
  return emitKernels(model,
                     [&](Operation *op) { return emitNvvmIr(op, sm); });
}

FailureOr<std::string> ssmc::emitPtx(CompiledCudaModel &model, unsigned sm) {
  return emitKernels(model, [&](Operation *op) { return emitPtx(op, sm); });
}
