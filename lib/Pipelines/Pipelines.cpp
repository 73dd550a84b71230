//===- Pipelines.cpp - From one level of the IR to the next ---------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Pipelines.h"
#include "lib/Conversion/Passes.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Conversion/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/MemRef/Transforms/Passes.h"
#include "mlir/Pass/PassOptions.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

using namespace mlir;
using namespace ssmc;

static constexpr std::pair<Level, llvm::StringLiteral> kLevelNames[] = {
    {Level::Model, "model"}, {Level::Recurrence, "recurrence"},
    {Level::Chunk, "chunk"}, {Level::Loops, "loops"},
    {Level::LLVM, "llvm"},
};

std::optional<Level> ssmc::parseLevel(StringRef name) {
  for (auto [level, known] : kLevelNames)
    if (name == known)
      return level;
  return std::nullopt;
}

StringRef ssmc::getLevelName(Level level) {
  return kLevelNames[static_cast<int>(level)].second;
}

/// Behind the pass that takes the training form away, or makes it a program.
static void buildFormToRecurrence(OpPassManager &passes) {
  passes.addPass(createDiscretizeS5());
  passes.addPass(createDiscretizeLru());
  passes.addPass(createDiscretizeLinoss());
  passes.addPass(createDiscretizeS4d());
  passes.addPass(createLowerDeltaNet());
  passes.addPass(createLowerLayers());
  passes.addNestedPass<func::FuncOp>(createFoldNorms());
  passes.addPass(createCSEPass());
  passes.addPass(createVerifyRecurrenceLevel());
}

void ssmc::buildModelToRecurrence(OpPassManager &passes) {
  passes.addPass(createVerifyModelLevel());
  passes.addPass(createInferenceMode());
  buildFormToRecurrence(passes);
}

void ssmc::buildModelToTrainingRecurrence(OpPassManager &passes) {
  passes.addPass(createVerifyModelLevel());
  passes.addPass(createTrainingMode());
  buildFormToRecurrence(passes);
}

/// Chunk functions in these variants (none: those for CPUs). `withoutReverse`
/// names what cannot run backwards, if that is so.
static void buildRecurrenceToVariants(
    OpPassManager &passes, int64_t rows, ArrayRef<std::string> variants,
    StringRef withoutReverse = "",
    std::optional<TensorProducts> products = std::nullopt) {
  passes.addPass(createVerifyRecurrenceLevel());
  SplitDirectionsOptions directions;
  directions.refusedBy = withoutReverse.str();
  passes.addPass(createSplitDirections(directions));
  passes.addPass(createOutlineUnits());
  RecurrenceToChunkOptions conversion;
  conversion.rows = rows;
  passes.addPass(createRecurrenceToChunk(conversion));
  if (products) {
    UseTensorCoresOptions use;
    use.products = stringifyTensorProducts(*products).str();
    passes.addPass(createUseTensorCores(use));
  }
  passes.addPass(createSplitPrepare());
  passes.addPass(createPlanModel());
  SpecializeRowsOptions specialization;
  specialization.variants.assign(variants.begin(), variants.end());
  passes.addPass(createSpecializeRows(specialization));
  passes.addPass(createVerifyChunkLevel());
}

void ssmc::buildRecurrenceToChunk(OpPassManager &passes,
                                  const TileOptions &options) {
  buildRecurrenceToVariants(passes, options.rows, {});
}

void ssmc::buildRecurrenceToThreadChunk(
    OpPassManager &passes, int64_t rows,
    std::optional<TensorProducts> products) {
  buildRecurrenceToVariants(passes, rows, {"time", "rows"}, "code for GPUs",
                            products);
}

void ssmc::buildRecurrenceToTrainingChunk(OpPassManager &passes,
                                          const TileOptions &options) {
  buildRecurrenceToVariants(passes, options.rows, {"time"}, "training mode");
}

/// Row operations on memory, @prepare in loops.
static void buildChunkToMemory(OpPassManager &passes) {
  passes.addPass(createVerifyChunkLevel());
  // Before any folder sees a constant: folders would call the host's libm.
  passes.addPass(createExpandMath());
  passes.addPass(createLowerPackPanels());
  passes.addPass(createConvertElementwiseToLinalgPass());
  passes.addPass(createLinalgElementwiseOpFusionPass());
  passes.addPass(createBufferizeChunks());
  passes.addPass(createConvertLinalgToLoopsPass());
  passes.addPass(createCSEPass());
  passes.addPass(createPlanWorkspace());
  passes.addPass(createBuildPrepare());
}

void ssmc::buildChunkToGpu(OpPassManager &passes, int64_t threads) {
  buildChunkToMemory(passes);
  passes.addPass(createBuildRun());
  passes.addPass(createLinkChunks());
  ChunkToGpuOptions options;
  options.threads = threads;
  passes.addPass(createChunkToGpu(options));
  passes.addPass(createExpandMath()); // of the softmax
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createBuildKernels());
}

/// Behind the pass that adds the functions that run units.
static void buildRunToLoops(OpPassManager &passes, const TileOptions &options) {
  ChunkToLoopsOptions tiles;
  tiles.tileRows = options.tileRows;
  tiles.tilePanels = options.tilePanels;
  passes.addPass(createChunkToLoops(tiles));
  passes.addPass(createExpandMath()); // of the softmax
  passes.addPass(createCanonicalizerPass());
  passes.addPass(createCSEPass());
  passes.addPass(createVerifyLoopLevel());
}

void ssmc::buildChunkToLoops(OpPassManager &passes,
                             const TileOptions &options) {
  buildChunkToMemory(passes);
  passes.addPass(createOrderChunks());
  passes.addPass(createBuildRun());
  buildRunToLoops(passes, options);
}

void ssmc::buildChunkToTrainingLoops(OpPassManager &passes,
                                     const TileOptions &options) {
  buildChunkToMemory(passes);
  passes.addPass(createBuildTrainRun());
  buildRunToLoops(passes, options);
}

/// scf to branches. To be able to take it back, the conversion would keep a
/// note of every operation behind each loop: a gigabyte for @prepare of a
/// thousand layers.
static std::unique_ptr<Pass> createLoopsToBranches() {
  SCFToControlFlowPassOptions options;
  options.allowPatternRollback = false;
  return createSCFToControlFlowPass(options);
}

void ssmc::buildLoopsToLLVM(OpPassManager &passes) {
  passes.addPass(createVerifyLoopLevel());
  passes.addPass(createLowerAffinePass());
  passes.addPass(createLoopsToBranches());
  passes.addPass(memref::createExpandStridedMetadataPass());
  passes.addPass(createLowerAffinePass());
  passes.addPass(createConvertVectorToLLVMPass());
  passes.addPass(createConvertMathToLLVMPass());
  passes.addPass(createArithToLLVMConversionPass());
  passes.addPass(createFinalizeMemRefToLLVMConversionPass());
  passes.addPass(createConvertFuncToLLVMPass());
  passes.addPass(createConvertControlFlowToLLVMPass());
  passes.addPass(createConvertIndexToLLVMPass());
  passes.addPass(createReconcileUnrealizedCastsPass());
  passes.addPass(createVerifyLLVMLevel());
}

void ssmc::buildGpuToNvvm(OpPassManager &passes) {
  OpPassManager &kernels = passes.nest<gpu::GPUModuleOp>();
  // Before any folder sees a constant, as for CPUs.
  kernels.addPass(createExpandMath());
  kernels.addPass(createLowerAffinePass());
  kernels.addPass(createLoopsToBranches());
  kernels.addPass(memref::createExpandStridedMetadataPass());
  kernels.addPass(createLowerAffinePass());
  kernels.addPass(createGpuToNvvm());
  kernels.addPass(createReconcileUnrealizedCastsPass());
  kernels.addPass(createVerifyNvvmLevel());
}

void ssmc::buildPipeline(OpPassManager &passes, Level from, Level to,
                         const TileOptions &options) {
  auto crosses = [&](Level level) { return from < level && level <= to; };
  if (crosses(Level::Recurrence))
    buildModelToRecurrence(passes);
  if (crosses(Level::Chunk))
    buildRecurrenceToChunk(passes, options);
  if (crosses(Level::Loops))
    buildChunkToLoops(passes, options);
  if (crosses(Level::LLVM))
    buildLoopsToLLVM(passes);
}

namespace {
struct TilePipelineOptions : PassPipelineOptions<TilePipelineOptions> {
  Option<int64_t> rows{*this, "rows",
                       llvm::cl::desc("Rows of a chunk (0: chosen)"),
                       llvm::cl::init(TileOptions().rows)};
  Option<int64_t> tileRows{*this, "tile-rows",
                           llvm::cl::desc("Rows of a register tile"),
                           llvm::cl::init(TileOptions().tileRows)};
  Option<int64_t> tilePanels{*this, "tile-panels",
                             llvm::cl::desc("Panels of a register tile"),
                             llvm::cl::init(TileOptions().tilePanels)};

  TileOptions get() const { return {rows, tileRows, tilePanels}; }
};
} // namespace

namespace {
/// What the pipeline's option `products` says.
enum class GpuProducts { Fma, Bf16x3, Tf32 };

struct ThreadPipelineOptions : PassPipelineOptions<ThreadPipelineOptions> {
  Option<int64_t> rows{*this, "rows",
                       llvm::cl::desc("Rows of a thread block's chunk"),
                       llvm::cl::init(32)};
  Option<int64_t> threads{*this, "threads",
                          llvm::cl::desc("Threads of a block"),
                          llvm::cl::init(256)};
  Option<GpuProducts> products{
      *this, "products", llvm::cl::desc("How products are computed"),
      llvm::cl::init(GpuProducts::Fma),
      llvm::cl::values(
          clEnumValN(GpuProducts::Fma, "fma", "Chains of multiply-adds"),
          clEnumValN(GpuProducts::Bf16x3, "bf16x3",
                     "Tensor cores, sums of two bf16"),
          clEnumValN(GpuProducts::Tf32, "tf32", "Tensor cores, 11 bits"))};

  std::optional<TensorProducts> getTensorProducts() const {
    if (products == GpuProducts::Fma)
      return std::nullopt;
    return products == GpuProducts::Bf16x3 ? TensorProducts::bf16x3
                                           : TensorProducts::tf32;
  }
};
} // namespace

void ssmc::registerPipelines() {
  PassPipelineRegistration<>(
      "ssm-model-to-recurrence", "Model level to recurrence level",
      [](OpPassManager &passes) { buildModelToRecurrence(passes); });
  PassPipelineRegistration<TilePipelineOptions>(
      "ssm-recurrence-to-chunk", "Recurrence level to chunk level",
      [](OpPassManager &passes, const TilePipelineOptions &options) {
        buildRecurrenceToChunk(passes, options.get());
      });
  PassPipelineRegistration<TilePipelineOptions>(
      "ssm-chunk-to-loops", "Chunk level to loop level",
      [](OpPassManager &passes, const TilePipelineOptions &options) {
        buildChunkToLoops(passes, options.get());
      });
  PassPipelineRegistration<>(
      "ssm-model-to-training-recurrence",
      "Model level to recurrence level, in training form",
      [](OpPassManager &passes) { buildModelToTrainingRecurrence(passes); });
  PassPipelineRegistration<TilePipelineOptions>(
      "ssm-recurrence-to-training-chunk",
      "Recurrence level to chunk level, in training form",
      [](OpPassManager &passes, const TilePipelineOptions &options) {
        buildRecurrenceToTrainingChunk(passes, options.get());
      });
  PassPipelineRegistration<TilePipelineOptions>(
      "ssm-chunk-to-training-loops",
      "Chunk level to loop level, in training form",
      [](OpPassManager &passes, const TilePipelineOptions &options) {
        buildChunkToTrainingLoops(passes, options.get());
      });
  PassPipelineRegistration<>(
      "ssm-loops-to-llvm", "Loop level to the LLVM dialect",
      [](OpPassManager &passes) { buildLoopsToLLVM(passes); });
  PassPipelineRegistration<ThreadPipelineOptions>(
      "ssm-recurrence-to-thread-chunk",
      "Recurrence level to chunk level, for thread blocks",
      [](OpPassManager &passes, const ThreadPipelineOptions &options) {
        buildRecurrenceToThreadChunk(passes, options.rows,
                                     options.getTensorProducts());
      });
  PassPipelineRegistration<ThreadPipelineOptions>(
      "ssm-chunk-to-gpu", "Chunk level to kernels in the gpu dialect",
      [](OpPassManager &passes, const ThreadPipelineOptions &options) {
        buildChunkToGpu(passes, options.threads);
      });
  PassPipelineRegistration<>(
      "ssm-gpu-to-nvvm", "Kernels to the NVVM dialect",
      [](OpPassManager &passes) { buildGpuToNvvm(passes); });
}
