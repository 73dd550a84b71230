//===- CompileCuda.cpp - From a model to GPU kernels ----------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/CompileCuda.h"
#include "lib/Analysis/ChunkRows.h"
#include "lib/Analysis/GpuSchedule.h"
#include "lib/Analysis/GpuUnits.h"
#include "lib/Analysis/RuntimeWeights.h"
#include "lib/Conversion/ChunkToGpu/ChunkToGpu.h"
#include "lib/Conversion/ChunkToGpu/UnitKernels.h"
#include "lib/Pipelines/Prepare.h"
#include "lib/Target/EmitPtx.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Pass/PassManager.h"
#include "runtime/cuda_constants.h"
#include <array>

using namespace mlir;
using namespace ssmc;

/// The most shared memory that a block of one of the kernels takes.
static int64_t getSharedBytes(ModuleOp module) {
  int64_t most = 0;
  module.walk([&](gpu::GPUFuncOp kernel) {
    if (auto bytes = kernel->getAttrOfType<IntegerAttr>(kSharedBytesAttr))
      most = std::max(most, bytes.getInt());
  });
  return most;
}

/// The newest GPU that is described, of `architecture` or older.
static std::optional<GpuDescription> describeNearest(unsigned architecture) {
  std::optional<GpuDescription> nearest;
  for (unsigned known : knownGpuArchitectures())
    if (known <= architecture)
      nearest = describeGpu(known);
  return nearest;
}

/// The first of `architectures`, the oldest, with as much shared memory as all
/// of them have. Others that run their code or PTX may have less, and say so
/// when a model is opened that needs more.
static FailureOr<GpuDescription>
describeGpus(ModuleOp model, ArrayRef<unsigned> architectures) {
  if (architectures.empty())
    return model.emitError() << "is compiled for no GPU; expected one at least";
  std::optional<GpuDescription> gpu = describeNearest(architectures.front());
  if (!gpu)
    return model.emitError()
           << "cannot be compiled for sm_" << architectures.front()
           << "; the oldest is sm_" << knownGpuArchitectures().front();
  for (unsigned architecture : architectures)
    if (auto other = describeNearest(architecture))
      gpu->sharedPerBlock =
          std::min(gpu->sharedPerBlock, other->sharedPerBlock);
  return *gpu;
}

/// Chunk level with `rows` rows of a thread block.
static FailureOr<OwningOpRef<ModuleOp>>
lowerToChunks(ModuleOp model, int64_t rows,
              std::optional<TensorProducts> products) {
  OwningOpRef<ModuleOp> module = model.clone();
  if (failed(runPipeline(*module, [&](OpPassManager &passes) {
        buildRecurrenceToThreadChunk(passes, rows, products);
      })))
    return failure();
  return module;
}

using Choice = CudaSchedule;

/// Streams that chunks run side by side for: few, and long. Of several lengths:
/// how well chunks of one fill the last round of thread blocks is chance.
static SmallVector<GpuWork> getFewStreams() {
  SmallVector<GpuWork> works;
  for (auto [batch, length] :
       {std::pair<int64_t, int64_t>(8, 4096), {1, 16384}, {32, 1024}})
    for (int64_t eighths : {8, 7, 9})
      works.push_back({batch, length / 8 * eighths});
  return works;
}

/// Whether streams that fill the GPU are faster unit by unit, in kernels of
/// `sideBySide`, than a thread block each with `tiles` through all layers:
/// whole groups, whose chunks are alone, and fewer streams than a group, too.
static bool isFasterSideBySide(const GpuDescription &gpu,
                               ArrayRef<GpuUnit> units,
                               const GpuSchedule &sideBySide,
                               ArrayRef<SmallVector<GpuTile>> tiles,
                               int64_t bytesPerStep) {
  GpuWork many;
  many.bytesPerStep = bytesPerStep;
  GpuSizes sizes{sideBySide.rows, sideBySide.threads, /*blocksPerSm=*/1};
  sizes.tiles = tiles;
  auto one = costGpuSchedule(gpu, units, many, GpuScheme::Stream, sizes);
  if (!one)
    return false;
  sizes.registers = one->registers;
  sizes.blocksPerSm =
      std::max<int64_t>(1, countBlocksPerSm(gpu, sizes.threads, one->registers,
                                            one->sharedBytes));
  int64_t group = gpu.smCount * sideBySide.blocksPerSm * CUDA_CHUNKS_PER_PLACE;
  return llvm::all_of(std::array{2 * group, group * 3 / 4}, [&](int64_t batch) {
    many.batch = batch;
    auto streams = costGpuSchedule(gpu, units, many, GpuScheme::Stream, sizes);
    auto pieces =
        costGpuSchedule(gpu, units, many, GpuScheme::LookBack,
                        {sideBySide.rows, sideBySide.threads,
                         sideBySide.blocksPerSm, sideBySide.stageWeights});
    return streams && pieces && pieces->fmaFraction > streams->fmaFraction;
  });
}

/// With `rows` of a chunk, or 0.
static FailureOr<Choice>
chooseSchedule(ModuleOp chunks, const GpuDescription &gpu, int64_t rows) {
  FailureOr<ModelPlan> plan = readPlan(chunks);
  if (failed(plan))
    return failure();
  auto units = describeGpuUnits(chunks, [&](StringRef name) {
    return llvm::count_if(
        plan->steps, [&](const PlanStep &step) { return step.unit == name; });
  });
  Choice choice;
  choice.sideBySide =
      chooseGpuSchedule(gpu, units, getFewStreams(), GpuScheme::LookBack, rows);
  auto all = costGpuSchedule(
      gpu, units, {}, GpuScheme::Stream,
      {choice.sideBySide.rows, choice.sideBySide.threads, /*blocksPerSm=*/1});
  choice.tilesOfAll = all ? all->tiles : choice.sideBySide.tiles;
  choice.manySideBySide =
      isFasterSideBySide(gpu, units, choice.sideBySide, choice.tilesOfAll,
                         plan->countBytesPerStep());
  if (chunks->hasAttr(kStageWeightsAttr))
    choice.sideBySide.stageWeights = true;
  return choice;
}

/// The tiles of units, in the order of their functions for chunks, as
/// attributes.
static llvm::StringMap<DenseI64ArrayAttr>
nameTiles(ModuleOp chunks, ArrayRef<SmallVector<GpuTile>> tilesOfUnits) {
  llvm::StringMap<DenseI64ArrayAttr> byUnit;
  Builder builder(chunks.getContext());
  for (auto function : chunks.getOps<func::FuncOp>()) {
    auto variant = function->getAttrOfType<StringAttr>("ssm.variant");
    if (!variant || variant != "time" || tilesOfUnits.empty())
      continue;
    SmallVector<int64_t> numbers;
    for (const GpuTile &tile : tilesOfUnits.front())
      numbers.append({tile.rows, tile.panels, tile.rowGroups, tile.lanes});
    tilesOfUnits = tilesOfUnits.drop_front();
    byUnit[function.getSymName().rsplit('.').first] =
        builder.getDenseI64ArrayAttr(numbers);
  }
  return byUnit;
}

/// Leaves the tiles at all variants of each unit's function, and whether
/// weights are staged.
static void setTiles(ModuleOp chunks, const Choice &choice) {
  auto sideBySide = nameTiles(chunks, choice.sideBySide.tiles);
  auto ofAll = nameTiles(chunks, choice.tilesOfAll);
  auto unitOf = [](func::FuncOp function) {
    return function.getSymName().rsplit('.').first;
  };
  Builder builder(chunks.getContext());
  for (auto function : chunks.getOps<func::FuncOp>()) {
    StringRef unit = unitOf(function);
    if (!ofAll.contains(unit))
      continue;
    function->setAttr(kThreadTilesAttr, ofAll[unit]);
    if (sideBySide.contains(unit))
      function->setAttr(kLinkedTilesAttr, sideBySide[unit]);
    if (choice.sideBySide.stageWeights)
      function->setAttr(kStageWeightsAttr, builder.getUnitAttr());
  }
}

/// The rows that `model` was given; 0 where it was not.
static int64_t getGivenRows(ModuleOp model) {
  auto given = model->getAttrOfType<IntegerAttr>(kChunkRowsAttr);
  return given ? given.getInt() : 0;
}

/// Lowers `model`, at recurrence level, to kernels whose blocks hold as many
/// rows as it was given, or as the cost model chooses, or as fit.
static FailureOr<OwningOpRef<ModuleOp>>
lowerToKernels(ModuleOp model, const GpuDescription &gpu,
               std::optional<TensorProducts> products, Choice &chosen) {
  gpu.attachTo(model);
  constexpr int64_t kMostRows = 32;
  int64_t given = getGivenRows(model);
  auto first = lowerToChunks(model, given ? given : kMostRows, products);
  if (failed(first))
    return failure();
  FailureOr<Choice> choice = chooseSchedule(**first, gpu, given);
  if (failed(choice))
    return failure();
  GpuSchedule &schedule = choice->sideBySide;
  schedule.threads = std::max<int64_t>(schedule.threads, 32);
  int64_t rows = given ? given : std::max<int64_t>(schedule.rows, 1);
  while (rows >= 1) {
    auto module = lowerToChunks(model, rows, products);
    if (failed(module))
      return failure();
    setTiles(**module, *choice);
    if (failed(runPipeline(**module, [&](OpPassManager &passes) {
          buildChunkToGpu(passes, schedule.threads);
        })))
      return failure();
    if (getSharedBytes(**module) <= gpu.sharedPerBlock) {
      chosen = std::move(*choice);
      return module;
    }
    // What the schedule leaves out of account: tickets, alignment.
    if (schedule.stageWeights)
      schedule.stageWeights = false;
    else if (given)
      break;
    else
      rows /= 2;
  }
  if (given)
    return model.emitError()
           << "in chunks of " << given << " time steps does not fit the "
           << gpu.sharedPerBlock
           << " bytes of shared memory of a thread block; expected shorter "
              "ones (--chunk)";
  return model.emitError()
         << "has layers so wide that one time step does not fit the "
         << gpu.sharedPerBlock << " bytes of shared memory of a thread block";
}

/// What the host must know of each kernel.
static void describeKernels(ModuleOp module, int64_t threads,
                            CompiledCudaModel &compiled) {
  module.walk([&](gpu::GPUFuncOp kernel) {
    auto number = [&](StringRef name) -> int64_t {
      auto value = kernel->getAttrOfType<IntegerAttr>(name);
      return value ? value.getInt() : 0;
    };
    compiled.kernels.kernels.push_back(
        {kernel.getName().str(), threads, number(kSharedBytesAttr),
         compiled.info.rowsPerChunk, kernel->hasAttr(kByChunkAttr),
         number(kLinkBytesAttr)});
  });
}

/// The width in bytes of the rows that a unit gives where it does not work in
/// place; none where it does.
static std::optional<int64_t> getOutputBytes(ModuleOp module,
                                             const PlanStep &step) {
  if (step.kind == "block" || step.kind == "pool")
    return std::nullopt;
  std::optional<int64_t> bytes;
  module.walk([&](func::FuncOp function) {
    if (function.getSymName() == ("chunk." + step.unit + ".time").str()) {
      auto type = cast<MemRefType>(function.getArgumentTypes()[1]);
      bytes = type.getDimSize(1) * type.getElementTypeBitWidth() / 8;
    }
  });
  return bytes;
}

/// Units one after the other; what one gives, in rows of its own, goes to the
/// next. The first reads x; the last one of a model without a pooled head
/// writes y.
static LogicalResult planLaunches(ModuleOp module, const ModelPlan &plan,
                                  CudaKernels &kernels) {
  if (plan.takesTimeSteps)
    return success(); // whole streams only
  constexpr int64_t kCallers = -1;
  SmallVector<const PlanStep *> steps;
  for (const PlanStep &step : plan.steps)
    if (step.kind != "answer")
      steps.push_back(&step);
  int64_t stream = kCallers;
  for (const PlanStep *step : steps) {
    auto kernel = llvm::find_if(kernels.kernels, [&](const CudaKernel &k) {
      return k.name == ("ssm_unit_" + step->unit).str();
    });
    if (kernel == kernels.kernels.end())
      return module.emitError()
             << "has no kernel for unit '" << step->unit << "'";
    CudaLaunch launch;
    launch.kernel = kernel - kernels.kernels.begin();
    launch.blob = step->blob;
    launch.carries.assign(step->carries.begin(), step->carries.end());
    launch.in = stream;
    if (auto bytes = getOutputBytes(module, *step)) {
      bool isOutput = step == steps.back() && !plan.pooled;
      stream = isOutput ? kCallers : kernels.activationBytes;
      kernels.activationBytes +=
          isOutput ? 0 : llvm::alignTo(*bytes, 64); // cache lines
    }
    launch.out = stream;
    kernels.launches.push_back(std::move(launch));
  }
  return success();
}

/// Packs the model's weights, or makes the code that will.
static LogicalResult addWeights(ModuleOp module, const ModelPlan &plan,
                                ModuleOp model, bool keepWeights,
                                const ModelInfo &tensors,
                                CompiledCudaModel &compiled) {
  compiled.info = describeModel(module, plan);
  if (hasRuntimeWeights(module)) {
    placeTensors(tensors, plan, compiled.info);
    auto prepare = lowerPrepare(module);
    if (succeeded(prepare))
      compiled.prepare = std::move(*prepare);
    return prepare;
  }
  auto weights = collectWeights(model);
  if (failed(weights))
    return failure();
  for (auto &entry : *weights)
    compiled.info.parameters += entry.second.size();
  return runPrepare(module, plan, *weights, keepWeights ? nullptr : model,
                    compiled.blob);
}

FailureOr<CompiledCudaModel>
ssmc::compileCudaModel(ModuleOp model, const CompileOptions &options,
                       ArrayRef<unsigned> architectures) {
  if (options.from > Level::Recurrence)
    return model.emitError()
           << "is at " << getLevelName(options.from)
           << " level, where weights are gone; code is compiled from model or "
              "recurrence level";
  ModelInfo tensors;
  if (hasRuntimeWeights(model) && failed(collectTensors(model, tensors)))
    return failure();
  if (failed(lowerModel(model, options.from, Level::Recurrence, options)))
    return failure();
  CudaSchedule schedule;
  auto gpu = describeGpus(model, architectures);
  if (failed(gpu))
    return failure();
  auto module = lowerToKernels(model, *gpu, options.products, schedule);
  if (failed(module))
    return failure();
  FailureOr<ModelPlan> plan = readPlan(**module);
  if (failed(plan))
    return failure();
  CompiledCudaModel compiled;
  if (failed(addWeights(**module, *plan, model, options.keepWeights, tensors,
                        compiled)))
    return failure();
  describeKernels(**module, schedule.sideBySide.threads, compiled);
  compiled.kernels.cutsAllStreams = schedule.manySideBySide;
  compiled.schedule = std::move(schedule);
  compiled.scheduledFor = architectures.front();
  if (failed(planLaunches(**module, *plan, compiled.kernels)))
    return failure();
  compiled.gpu = withoutPrepare(**module);
  return compiled;
}

/// Tells ptxas how many threads share an SM's registers. Not told, it leaves
/// room for two blocks and spills. Kernels of all layers need all that one may
/// have; kernels of units are given twice what they need where they may have
/// it, and fewer blocks run: they are told as many as the schedule expects, on
/// the GPUs that it is for.
static void limitThreads(ModuleOp kernels, const CompiledCudaModel &model,
                         unsigned sm) {
  const GpuSchedule &schedule = model.schedule.sideBySide;
  Builder builder(kernels.getContext());
  kernels.walk([&](gpu::GPUFuncOp kernel) {
    bool isPlanned = sm == model.scheduledFor && kernel->hasAttr(kByChunkAttr);
    kernel->setAttr(NVVM::NVVMDialect::getMaxntidAttrName(),
                    builder.getDenseI32ArrayAttr({int32_t(schedule.threads)}));
    kernel->setAttr(
        NVVM::NVVMDialect::getMinctasmAttrName(),
        builder.getI32IntegerAttr(
            isPlanned ? std::max<int64_t>(schedule.blocksPerSm, 1) : 1));
  });
}

/// Runs `emit` on the kernels in the NVVM dialect.
static FailureOr<std::string>
emitKernels(CompiledCudaModel &model, unsigned sm,
            llvm::function_ref<FailureOr<std::string>(Operation *)> emit) {
  OwningOpRef<ModuleOp> module = model.gpu->clone();
  limitThreads(*module, model, sm);
  if (failed(runPipeline(*module, buildGpuToNvvm)))
    return failure();
  auto kernels = module->getOps<gpu::GPUModuleOp>();
  return emit(*kernels.begin());
}

FailureOr<std::string> ssmc::emitNvvm(CompiledCudaModel &model, unsigned sm) {
  return emitKernels(model, sm,
                     [&](Operation *op) { return emitNvvmIr(op, sm); });
}

FailureOr<std::string> ssmc::emitPtx(CompiledCudaModel &model, unsigned sm) {
  return emitKernels(model, sm, [&](Operation *op) { return emitPtx(op, sm); });
}
