//===- Compile.cpp - From a model to code and packed weights --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Compile.h"
#include "lib/Analysis/ChunkRows.h"
#include "lib/Analysis/RuntimeWeights.h"
#include "lib/Analysis/Weights.h"
#include "lib/Pipelines/Prepare.h"
#include "lib/Pipelines/Variants.h"
#include "lib/Target/EmitObject.h"
#include "lib/Target/JitSession.h"
#include "lib/Target/ParallelFor.h"
#include "lib/Transforms/BufferizeChunks.h"
#include "lib/Transforms/ModelPlan.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Verifier.h"
#include "mlir/InitAllDialects.h"
#include "mlir/InitAllExtensions.h"
#include "llvm/Support/Alignment.h"

using namespace mlir;
using namespace ssmc;

void ssmc::registerPipelineDialects(DialectRegistry &registry) {
  registerAllDialects(registry);
  registerAllExtensions(registry);
  registry.insert<SsmDialect>();
  registerRowOpBufferization(registry);
}

static TileOptions chooseTiles(const CompileOptions &options) {
  return options.tiles.value_or(TileOptions());
}

static LogicalResult removeHead(ModuleOp model, Level from) {
  // Below, the head adds a mean back that the last block left out.
  if (from != Level::Model)
    return model.emitError() << "is at " << getLevelName(from)
                             << " level; a head is left off at model level";
  PassManager passes(model.getContext());
  passes.addNestedPass<func::FuncOp>(createRemoveHead());
  return passes.run(model);
}

LogicalResult ssmc::lowerModel(ModuleOp model, Level from, Level to,
                               const CompileOptions &options) {
  if (options.withoutHead && failed(removeHead(model, from)))
    return failure();
  if (to > Level::Recurrence && !options.targets.empty())
    describeCpu(model, options.targets.front());
  return runPasses(model, from, to, chooseTiles(options));
}

/// Everything that threads would otherwise load into the context while others
/// use it.
static void loadDialects(MLIRContext &context, const TileOptions &tiles) {
  PassManager passes(&context);
  buildPipeline(passes, Level::Recurrence, Level::LLVM, tiles);
  DialectRegistry registry;
  passes.getDependentDialects(registry);
  registerTranslations(registry);
  context.appendDialectRegistry(registry);
  for (StringRef name : registry.getDialectNames())
    context.getOrLoadDialect(name);
}

namespace {
/// A variant on its way down, on a thread of its own.
struct VariantJob {
  CompiledVariant result;
  ModelPlan plan;
  LogicalResult status = failure();
};
} // namespace

/// Takes the module of `job` from chunk level to the LLVM dialect. With `blob`,
/// fills it by the module's @prepare: all variants' are the same. The weights
/// of `released`, if any, are freed then.
static LogicalResult lowerVariant(VariantJob &job, const TileOptions &tiles,
                                  const llvm::StringMap<WeightValues> &weights,
                                  ModuleOp released, AlignedBuffer *blob) {
  OwningOpRef<ModuleOp> &module = job.result.module;
  auto dropPrepare = [&] { module = withoutPrepare(*module); };
  // Emitted with the rest where weights come at run time.
  if (!blob && !hasRuntimeWeights(*module))
    dropPrepare();
  if (failed(runPasses(*module, Level::Chunk, Level::Loops, tiles)))
    return failure();
  if (blob) {
    if (failed(runPrepare(*module, job.plan, weights, released, *blob)))
      return failure();
    dropPrepare();
  }
  job.result.info = describeModel(*module, job.plan);
  for (auto &entry : weights)
    job.result.info.parameters += entry.second.size();
  return runPasses(*module, Level::Loops, Level::LLVM, tiles);
}

/// Takes a model from recurrence to chunk level for each CPU. What cannot be
/// compiled is found here, once.
static FailureOr<std::vector<VariantJob>>
lowerToChunks(ModuleOp model, ArrayRef<TargetCpu> targets,
              const TileOptions &tiles) {
  std::vector<VariantJob> jobs;
  for (const TargetCpu &target : targets) {
    OwningOpRef<ModuleOp> module = model.clone();
    describeCpu(*module, target);
    if (failed(runPasses(*module, Level::Recurrence, Level::Chunk, tiles)))
      return failure();
    FailureOr<ModelPlan> plan = readPlan(*module);
    if (failed(plan))
      return failure();
    jobs.push_back({{target, std::move(module), {}, {}}, std::move(*plan)});
    if (failed(checkSameLayout(model, jobs.front().plan, jobs.back().plan)))
      return failure();
  }
  return jobs;
}

FailureOr<CompiledModel> ssmc::compileModel(ModuleOp model,
                                            const CompileOptions &options) {
  if (options.from > Level::Recurrence)
    return model.emitError()
           << "is at " << getLevelName(options.from)
           << " level, where weights are gone; code is compiled from model or "
              "recurrence level";
  TileOptions tiles = chooseTiles(options);
  bool atRuntime = hasRuntimeWeights(model);
  ModelInfo tensors;
  if (atRuntime && failed(collectTensors(model, tensors)))
    return failure();
  if ((options.withoutHead && failed(removeHead(model, options.from))) ||
      failed(runPasses(model, options.from, Level::Recurrence, tiles)))
    return failure();
  FailureOr<llvm::StringMap<WeightValues>> weights =
      llvm::StringMap<WeightValues>();
  if (!atRuntime)
    weights = collectWeights(model);
  if (failed(weights))
    return failure();
  auto jobs = lowerToChunks(model, options.targets, tiles);
  if (failed(jobs))
    return failure();
  CompiledModel compiled;
  auto lower = [&](size_t i) {
    VariantJob &job = (*jobs)[i];
    AlignedBuffer *blob = i == 0 && !atRuntime ? &compiled.blob : nullptr;
    job.status = lowerVariant(job, tiles, *weights,
                              options.keepWeights ? nullptr : model, blob);
  };
  loadDialects(*model.getContext(), tiles);
  parallelFor(jobs->size(), lower);
  for (VariantJob &job : *jobs) {
    if (failed(job.status))
      return failure();
    if (atRuntime)
      placeTensors(tensors, job.plan, job.result.info);
    if (compiled.variants.empty())
      compiled.info = job.result.info;
    compiled.info.growTo(job.result.info);
    compiled.variants.push_back(std::move(job.result));
  }
  return compiled;
}
