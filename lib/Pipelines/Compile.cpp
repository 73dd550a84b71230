//===- Compile.cpp - From a model to code and packed weights --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Compile.h"
#include "lib/Analysis/ChunkRows.h"
#include "lib/Analysis/TargetDescription.h"
#include "lib/Analysis/Weights.h"
#include "lib/Target/EmitObject.h"
#include "lib/Target/JitSession.h"
#include "lib/Target/ParallelFor.h"
#include "lib/Transforms/BufferizeChunks.h"
#include "lib/Transforms/ModelPlan.h"
#include "lib/Transforms/Passes.h"
#include "mlir/Dialect/DLTI/DLTI.h"
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

static constexpr size_t kCacheLine = 64;

AlignedBuffer::AlignedBuffer(size_t size) : length(size) {
  size_t whole = llvm::alignTo(size + 1, kCacheLine);
  bytes.reset(static_cast<char *>(std::aligned_alloc(kCacheLine, whole)));
  if (!bytes)
    llvm::report_bad_alloc_error("out of memory for packed weights");
  std::memset(bytes.get(), 0, whole);
}

/// Frees what functions of `module` allocate after its last use in the block.
static void freeAfterLastUse(ModuleOp module) {
  SmallVector<memref::AllocOp> allocations;
  module.walk([&](memref::AllocOp op) { allocations.push_back(op); });
  for (memref::AllocOp allocation : allocations) {
    Block *block = allocation->getBlock();
    Operation *last = allocation;
    SmallVector<Value> aliases = {allocation.getResult()};
    for (size_t i = 0; i < aliases.size(); ++i)
      for (Operation *user : aliases[i].getUsers()) {
        Operation *ancestor = block->findAncestorOpInBlock(*user);
        if (last->isBeforeInBlock(ancestor))
          last = ancestor;
        llvm::copy_if(user->getResults(), std::back_inserter(aliases),
                      [](Value v) { return isa<MemRefType>(v.getType()); });
      }
    if (last->hasTrait<OpTrait::IsTerminator>())
      continue;
    OpBuilder builder(allocation.getContext());
    builder.setInsertionPointAfter(last);
    memref::DeallocOp::create(builder, allocation.getLoc(), allocation);
  }
}

/// The values of the model's parameters by name.
static FailureOr<llvm::StringMap<WeightValues>> collectWeights(ModuleOp model) {
  llvm::StringMap<WeightValues> values;
  WalkResult walk =
      model.walk([&](ParameterOp parameter) {
        auto known = getParameterValues(parameter);
        if (failed(known))
          return WalkResult::interrupt();
        auto [entry, isNew] = values.try_emplace(parameter.getName(), *known);
        if (isNew || (entry->second.type() == known->type() &&
                      entry->second.isSplat() == known->isSplat() &&
                      entry->second.rawBytes() == known->rawBytes()))
          return WalkResult::advance();
        parameter.emitError()
            << "another parameter is called '" << parameter.getName()
            << "', with another value; expected names that differ";
        return WalkResult::interrupt();
      });
  if (walk.wasInterrupted())
    return failure();
  return values;
}

/// The raw weights in one buffer, as the plan places them.
static void fillWeights(const ModelPlan &plan,
                        const llvm::StringMap<WeightValues> &values,
                        char *buffer) {
  for (const PlanWeight &weight : plan.weights) {
    const WeightValues &known = values.at(weight.name);
    ArrayRef<char> bytes = known.rawBytes();
    int64_t copies = known.isSplat() ? known.size() : 1;
    for (int64_t i = 0; i < copies && !bytes.empty(); ++i)
      std::memcpy(buffer + weight.offset + i * bytes.size(), bytes.data(),
                  bytes.size());
  }
}

/// Frees the data of the model's parameters in its context.
static void releaseWeights(ModuleOp model) {
  model.walk([](ParameterOp parameter) {
    if (auto resource = dyn_cast_if_present<DenseResourceElementsAttr>(
            parameter.getValueAttr()))
      resource.getRawHandle().getResource()->setBlob({});
  });
}

/// A copy of the module with only the functions for which `keep` holds.
static OwningOpRef<ModuleOp>
withFunctions(ModuleOp module, llvm::function_ref<bool(StringRef)> keep) {
  OwningOpRef<ModuleOp> copy = module.clone();
  for (auto function : llvm::make_early_inc_range(copy->getOps<func::FuncOp>()))
    if (!keep(function.getSymName()))
      function.erase();
  return copy;
}

static bool isPrepare(StringRef name) { return name.starts_with("prepare"); }

static LogicalResult runPasses(ModuleOp module, Level from, Level to,
                               const TileOptions &tiles) {
  PassManager passes(module.getContext());
  buildPipeline(passes, from, to, tiles);
  // The levels' own verifiers run inside the pipeline; checking everything
  // after every pass would take a tenth of the compile time.
  passes.enableVerifier(false);
  if (failed(passes.run(module)))
    return failure();
  return verify(module);
}

/// Compiles @prepare of a module at loop level for this machine.
static FailureOr<std::unique_ptr<JitSession>>
compilePrepare(ModuleOp loops, const ModelPlan &plan) {
  OwningOpRef<ModuleOp> prepare = withFunctions(loops, isPrepare);
  auto entry = prepare->lookupSymbol<func::FuncOp>("prepare");
  if (!entry)
    return loops.emitError() << "has no function 'prepare'";
  entry->setAttr("llvm.emit_c_interface", UnitAttr::get(loops.getContext()));
  freeAfterLastUse(*prepare);
  if (failed(runPasses(*prepare, Level::Loops, Level::LLVM, {})))
    return failure();
  // Optimizing takes longer than it saves, but for many weights.
  constexpr int64_t kMany = 16 << 20;
  auto level = plan.blobBytes > kMany ? llvm::CodeGenOptLevel::Default
                                      : llvm::CodeGenOptLevel::None;
  auto session =
      JitSession::compile(*prepare, level,
                          {{"malloc", reinterpret_cast<void *>(&std::malloc)},
                           {"free", reinterpret_cast<void *>(&std::free)}});
  if (!session)
    return loops.emitError() << "cannot compile @prepare: "
                             << llvm::toString(session.takeError());
  return std::move(*session);
}

/// Runs @prepare of a module at loop level, on this machine. When `model` is
/// given, its weights are freed.
static LogicalResult runPrepare(ModuleOp loops, const ModelPlan &plan,
                                const llvm::StringMap<WeightValues> &values,
                                ModuleOp model, AlignedBuffer &blob) {
  auto session = compilePrepare(loops, plan);
  if (failed(session))
    return failure();
  struct Bytes { // how C sees a memref<?xi8>
    char *allocated, *aligned;
    int64_t offset, size, stride;
  };
  using Prepare = void(Bytes *, Bytes *);
  auto run = (*session)->lookupFunction<Prepare>("_mlir_ciface_prepare");
  if (!run)
    return loops.emitError()
           << "cannot run @prepare: " << llvm::toString(run.takeError());
  AlignedBuffer weights(plan.weightBytes);
  fillWeights(plan, values, weights.data());
  if (model)
    releaseWeights(model);
  blob = AlignedBuffer(plan.blobBytes);
  Bytes from{weights.data(), weights.data(), 0, plan.weightBytes, 1};
  Bytes to{blob.data(), blob.data(), 0, plan.blobBytes, 1};
  (*run)(&from, &to);
  return success();
}

static StateEntry::Kind stateKind(StringRef kind) {
  return llvm::StringSwitch<StateEntry::Kind>(kind)
      .Case("oscillator", StateEntry::Kind::Oscillator)
      .Case("sums", StateEntry::Kind::Sums)
      .Case("count", StateEntry::Kind::Count)
      .Default(StateEntry::Kind::Diagonal);
}

static ModelInfo describe(ModuleOp loops, const ModelPlan &plan) {
  ModelInfo info;
  info.tokens = plan.tokens;
  info.inputFeatures = plan.inputFeatures;
  info.outputFeatures = plan.outputFeatures;
  info.pooled = plan.pooled;
  info.stateBytes = plan.stateBytes;
  if (auto bytes = loops->getAttrOfType<IntegerAttr>("ssm.workspace_bytes"))
    info.workspaceBytes = bytes.getInt();
  if (auto units = loops->getAttrOfType<IntegerAttr>("ssm.units"))
    info.statefulUnits = units.getInt();
  if (auto rows = loops->getAttrOfType<IntegerAttr>(kChunkRowsAttr))
    info.rowsPerChunk = rows.getInt();
  for (const PlanState &state : plan.states) {
    std::string path = state.path.str();
    if (state.kind == "sums" || state.kind == "count")
      path += ("." + state.kind).str();
    info.states.push_back(
        {path, stateKind(state.kind), state.size, state.offset});
  }
  return info;
}

static TileOptions chooseTiles(const CompileOptions &options) {
  return options.tiles.value_or(TileOptions());
}

/// Passes choose tiles and layouts for the CPU by what the module says of it.
/// What it says already stays: tiles can be set apart from instructions.
static void describeCpu(ModuleOp model, const TargetCpu &target) {
  if (!model->hasAttr(DLTIDialect::kTargetSystemDescAttrName))
    describeTarget(target.triple, target.cpu, target.hasAvx512).attachTo(model);
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

/// All variants read the same weights and records.
static LogicalResult checkSameLayout(ModuleOp model, const ModelPlan &first,
                                     const ModelPlan &plan) {
  if (first.blobBytes == plan.blobBytes && first.stateBytes == plan.stateBytes)
    return success();
  return model.emitError() << "packed weights and records of CPUs differ: "
                           << first.blobBytes << " and " << first.stateBytes
                           << " bytes, " << plan.blobBytes << " and "
                           << plan.stateBytes << " bytes";
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
  auto dropPrepare = [&] {
    module =
        withFunctions(*module, [](StringRef name) { return !isPrepare(name); });
  };
  if (!blob)
    dropPrepare();
  if (failed(runPasses(*module, Level::Chunk, Level::Loops, tiles)))
    return failure();
  if (blob) {
    if (failed(runPrepare(*module, job.plan, weights, released, *blob)))
      return failure();
    dropPrepare();
  }
  job.result.info = describe(*module, job.plan);
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
    jobs.push_back({{target, std::move(module), {}}, std::move(*plan)});
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
  if ((options.withoutHead && failed(removeHead(model, options.from))) ||
      failed(runPasses(model, options.from, Level::Recurrence, tiles)))
    return failure();
  auto weights = collectWeights(model);
  if (failed(weights))
    return failure();
  auto jobs = lowerToChunks(model, options.targets, tiles);
  if (failed(jobs))
    return failure();
  CompiledModel compiled;
  auto lower = [&](size_t i) {
    VariantJob &job = (*jobs)[i];
    AlignedBuffer *blob = i == 0 ? &compiled.blob : nullptr;
    job.status = lowerVariant(job, tiles, *weights,
                              options.keepWeights ? nullptr : model, blob);
  };
  loadDialects(*model.getContext(), tiles);
  parallelFor(jobs->size(), lower);
  for (VariantJob &job : *jobs) {
    if (failed(job.status))
      return failure();
    if (compiled.variants.empty())
      compiled.info = job.result.info;
    compiled.info.growTo(job.result.info);
    compiled.variants.push_back(std::move(job.result));
  }
  return compiled;
}
