//===- Prepare.cpp - Weights through @prepare -----------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Pipelines/Prepare.h"
#include "lib/Analysis/ChunkRows.h"
#include "lib/Analysis/RuntimeWeights.h"
#include "lib/Analysis/TargetDescription.h"
#include "lib/Target/JitSession.h"
#include "lib/Transforms/SplitDirections.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Alignment.h"

using namespace mlir;
using namespace ssmc;

AlignedBuffer::AlignedBuffer(size_t size) : length(size) {
  size_t whole = llvm::alignTo(size + 1, kCacheLineBytes);
  bytes.reset(static_cast<char *>(std::aligned_alloc(kCacheLineBytes, whole)));
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

FailureOr<llvm::StringMap<WeightValues>> ssmc::collectWeights(ModuleOp model) {
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

/// A tensor of the attribute `ssm.tensors`.
static TensorEntry readTensor(DictionaryAttr entry) {
  TensorEntry tensor;
  if (auto name = entry.getAs<StringAttr>("name"))
    tensor.name = name.str();
  if (auto note = entry.getAs<StringAttr>("note"))
    tensor.note = note.str();
  if (auto shape = entry.getAs<DenseI64ArrayAttr>("shape"))
    tensor.shape = shape.asArrayRef();
  tensor.isOptional = entry.contains("optional");
  if (auto above = entry.getAs<FloatAttr>("above"))
    tensor.above = above.getValueAsDouble();
  return tensor;
}

LogicalResult ssmc::collectTensors(ModuleOp model, ModelInfo &info) {
  std::vector<TensorEntry> all;
  auto listed = model->getAttrOfType<ArrayAttr>(kTensorsAttr);
  if (!listed)
    return model.emitError()
           << "attribute '" << kTensorsAttr << "' is no list of tensors";
  for (Attribute entry : listed)
    if (auto dictionary = dyn_cast<DictionaryAttr>(entry))
      all.push_back(readTensor(dictionary));
  SmallVector<bool> isTaken(all.size());
  WalkResult walk = model.walk([&](ParameterOp parameter) {
    if (parameter.getValueAttr()) {
      parameter.emitError() << "parameter '" << parameter.getName()
                            << "' has a value, but the model's weights come "
                               "at run time";
      return WalkResult::interrupt();
    }
    auto type = cast<RankedTensorType>(parameter.getType());
    auto found = llvm::find_if(all, [&](const TensorEntry &tensor) {
      return tensor.name == parameter.getName();
    });
    if (found == all.end() || found->isOptional ||
        type.getShape() != ArrayRef<int64_t>(found->shape) ||
        !type.getElementType().isF32()) {
      parameter.emitError() << "parameter '" << parameter.getName() << "' of "
                            << type << " is not among '" << kTensorsAttr << "'";
      return WalkResult::interrupt();
    }
    if (std::exchange(isTaken[found - all.begin()], true)) {
      parameter.emitError()
          << "another parameter is called '" << parameter.getName()
          << "'; expected names that differ";
      return WalkResult::interrupt();
    }
    info.tensors.push_back(*found);
    info.parameters += type.getNumElements();
    return WalkResult::advance();
  });
  info.hashedTensors = info.tensors.size();
  for (auto [tensor, taken] : llvm::zip_equal(all, isTaken))
    if (!taken)
      info.tensors.push_back(tensor);
  return success(!walk.wasInterrupted());
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

OwningOpRef<ModuleOp> ssmc::withoutPrepare(ModuleOp module) {
  return withFunctions(module, [](StringRef name) {
    return !isPrepare(name) && name != kPrepareEntry;
  });
}

/// A copy of a module with @prepare, and its entry if `forObject`, alone.
static OwningOpRef<ModuleOp> onlyPrepare(ModuleOp module, bool forObject) {
  OwningOpRef<ModuleOp> prepare = withFunctions(module, [&](StringRef name) {
    return isPrepare(name) || (forObject && name == kPrepareEntry);
  });
  for (auto kernels :
       llvm::make_early_inc_range(prepare->getOps<gpu::GPUModuleOp>()))
    kernels.erase();
  return prepare;
}

FailureOr<OwningOpRef<ModuleOp>> ssmc::lowerPrepare(ModuleOp loops) {
  OwningOpRef<ModuleOp> prepare = onlyPrepare(loops, /*forObject=*/true);
  if (failed(runPasses(*prepare, Level::Loops, Level::LLVM, {})))
    return failure();
  return prepare;
}

void ssmc::placeTensors(const ModelInfo &tensors, const ModelPlan &plan,
                        ModelInfo &info) {
  info.tensors = tensors.tensors;
  info.hashedTensors = tensors.hashedTensors;
  info.parameters = tensors.parameters;
  for (TensorEntry &tensor : info.tensors)
    for (const PlanWeight &weight : plan.weights)
      if (weight.name == tensor.name)
        tensor.place = weight.offset;
}

LogicalResult
ssmc::runPipeline(ModuleOp module,
                  llvm::function_ref<void(OpPassManager &)> build) {
  PassManager passes(module.getContext());
  build(passes);
  // The levels' own verifiers run inside the pipeline; checking everything
  // after every pass would take a tenth of the compile time.
  passes.enableVerifier(false);
  if (failed(passes.run(module)))
    return failure();
  return verify(module);
}

LogicalResult ssmc::runPasses(ModuleOp module, Level from, Level to,
                              const TileOptions &tiles) {
  return runPipeline(module, [&](OpPassManager &passes) {
    buildPipeline(passes, from, to, tiles);
  });
}

/// Compiles @prepare of a module at loop level for this machine.
static FailureOr<std::unique_ptr<JitSession>>
compilePrepare(ModuleOp loops, const ModelPlan &plan) {
  OwningOpRef<ModuleOp> prepare = onlyPrepare(loops, /*forObject=*/false);
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

LogicalResult ssmc::runPrepare(ModuleOp loops, const ModelPlan &plan,
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
      .Case("channels", StateEntry::Kind::Channels)
      .Case("matrices", StateEntry::Kind::Matrices)
      .Case("sums", StateEntry::Kind::Sums)
      .Case("count", StateEntry::Kind::Count)
      .Default(StateEntry::Kind::Diagonal);
}

ModelInfo ssmc::describeModel(ModuleOp loops, const ModelPlan &plan) {
  ModelInfo info;
  info.tokens = plan.tokens;
  info.inputFeatures = plan.inputFeatures;
  info.outputFeatures = plan.outputFeatures;
  info.pooled = plan.pooled;
  info.takesTimeSteps = plan.takesTimeSteps;
  info.stateBytes = plan.stateBytes;
  info.packedBytes = plan.blobBytes;
  info.rawBytes = plan.weightBytes;
  info.takesWeights = hasRuntimeWeights(loops);
  if (auto bytes = loops->getAttrOfType<IntegerAttr>(kPrepareBytesAttr))
    info.prepareBytes = bytes.getInt();
  if (auto bytes = loops->getAttrOfType<IntegerAttr>("ssm.workspace_bytes"))
    info.workspaceBytes = bytes.getInt();
  if (auto bytes = loops->getAttrOfType<IntegerAttr>(kSequenceBytesAttr))
    info.sequenceBytes = bytes.getInt();
  if (auto units = loops->getAttrOfType<IntegerAttr>("ssm.units"))
    info.statefulUnits = units.getInt();
  if (auto rows = loops->getAttrOfType<IntegerAttr>(kChunkRowsAttr))
    info.rowsPerChunk = rows.getInt();
  for (const PlanState &state : plan.states) {
    std::string path = state.path.str();
    if (state.kind == "sums" || state.kind == "count")
      path += ("." + state.kind).str();
    info.states.push_back({path, stateKind(state.kind), state.size,
                           state.offset, state.shape.vec()});
  }
  return info;
}
