//===- Compilation.cpp - From a model's files to machine code -------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/Compilation.h"
#include "dialect/SsmDialect.h"
#include "lib/Analysis/ChunkRows.h"
#include "lib/Analysis/RuntimeWeights.h"
#include "lib/Analysis/Weights.h"
#include "lib/Import/ImportModel.h"
#include "lib/Pipelines/CompileTraining.h"
#include "lib/Reference/RunModel.h"
#include "lib/Transforms/Passes.h"
#include "mlir/IR/AsmState.h"
#include "mlir/Pass/PassManager.h"
#include "runtime/hash.h"
#include "tools/ssmc/LayerSummary.h"
#include "tools/ssmc/Progress.h"

using namespace llvm;
using namespace ssmc;

mlir::LogicalResult ssmc::report(mlir::MLIRContext &context, Error error) {
  handleAllErrors(std::move(error), [&](const ErrorInfoBase &info) {
    SmallVector<StringRef> lines;
    std::string message = info.message();
    StringRef(message).split(lines, "\nnote: ");
    auto diagnostic = mlir::emitError(mlir::UnknownLoc::get(&context))
                      << lines.front();
    for (StringRef note : ArrayRef(lines).drop_front())
      diagnostic.attachNote() << note;
  });
  return mlir::failure();
}

Error ssmc::checkTimeStepsInput(const CommandLine &line) {
  if (!line.has(kTimeStepsFlag) || line.get(kTimeStepsFlag) == "input")
    return Error::success();
  return createStringError(kTimeStepsFlag + " is '" + line.get(kTimeStepsFlag) +
                           "'; expected input: time deltas come with each "
                           "call");
}

/// "6x1".
static Expected<TileShape> parseTile(StringRef text) {
  auto [rows, panels] = text.split('x');
  TileShape tile;
  constexpr int64_t kMost = 64;
  if (!rows.getAsInteger(10, tile.rows) &&
      !panels.getAsInteger(10, tile.panels) && tile.rows >= 1 &&
      tile.panels >= 1 && tile.rows <= kMost && tile.panels <= kMost &&
      tile.rows * tile.panels <= kMost)
    return tile;
  return createStringError(kTileFlag.name + " is '" + text +
                           "'; expected rows x panels, such as 6x1, at most " +
                           Twine(kMost) + " sums");
}

Expected<SizeFlags> SizeFlags::parse(const CommandLine &line) {
  SizeFlags sizes;
  if (line.has(kChunkFlag.name)) {
    auto rows = parseInteger(kChunkFlag.name, line.get(kChunkFlag.name), 1);
    if (!rows)
      return rows.takeError();
    if (*rows > kMaxChunkRows)
      return createStringError(kChunkFlag.name + " is '" +
                               line.get(kChunkFlag.name) +
                               "'; expected at most " + Twine(kMaxChunkRows));
    sizes.chunkRows = *rows;
  }
  if (line.has(kTileFlag.name)) {
    auto tile = parseTile(line.get(kTileFlag.name));
    if (!tile)
      return tile.takeError();
    sizes.tile = *tile;
  }
  return sizes;
}

void SizeFlags::attachTo(mlir::ModuleOp model) const {
  mlir::Builder builder(model.getContext());
  if (chunkRows)
    model->setAttr(kChunkRowsAttr, builder.getI64IntegerAttr(chunkRows));
  if (tile.rows)
    model->setAttr(kTileAttr,
                   builder.getDenseI64ArrayAttr({tile.rows, tile.panels}));
}

mlir::LogicalResult ssmc::takeInferenceForm(mlir::ModuleOp model) {
  mlir::PassManager passes(model.getContext());
  passes.addPass(createInferenceMode());
  return passes.run(model);
}

mlir::OwningOpRef<mlir::ModuleOp> ssmc::importModel(mlir::MLIRContext &context,
                                                    const CommandLine &line,
                                                    StringRef name) {
  mlir::OwningOpRef<mlir::ModuleOp> model =
      importTrainingForm(context, line, name);
  if (!model || failed(takeInferenceForm(*model)))
    return nullptr;
  return model;
}

mlir::OwningOpRef<mlir::ModuleOp>
ssmc::importTrainingForm(mlir::MLIRContext &context, const CommandLine &line,
                         StringRef name) {
  Progress progress("reading " + line.getArgument().str());
  ImportOptions options;
  options.model = line.getArgument().str();
  options.weights = line.get(kWeightsFlag.name).str();
  options.ignoreUnknown = line.has(kIgnoreUnknownFlag.name);
  options.name = name.str();
  options.takesTimeSteps = line.has(kTimeStepsFlag);
  mlir::OwningOpRef<mlir::ModuleOp> model = importModel(context, options);
  if (!model)
    return nullptr;
  auto sizes = SizeFlags::parse(line);
  if (!sizes)
    return (void)report(context, sizes.takeError()), nullptr;
  sizes->attachTo(*model);
  return model;
}

InputType ssmc::getInputType(mlir::ModuleOp model) {
  auto function = reference::getModelFunction(model);
  if (failed(function))
    return {};
  auto x = cast<mlir::RankedTensorType>(function->getArgumentTypes().front());
  if (x.getElementType().isInteger())
    return {1, true};
  return {x.getShape().back(), false};
}

bool ssmc::isBidirectional(mlir::ModuleOp model) {
  return model
      .walk([](mlir::Operation *op) {
        auto mixer = dyn_cast<S5Op>(op);
        auto scan = dyn_cast<ScanOp>(op);
        return (mixer && mixer.getReverse()) || (scan && scan.getReverse())
                   ? mlir::WalkResult::interrupt()
                   : mlir::WalkResult::advance();
      })
      .wasInterrupted();
}

bool ssmc::takesTimeSteps(mlir::ModuleOp model) {
  auto function = reference::getModelFunction(model);
  return succeeded(function) &&
         llvm::any_of(llvm::seq(function->getNumArguments()), [&](unsigned i) {
           return function->getArgAttr(i, SsmDialect::kTimeStepsAttr);
         });
}

mlir::LogicalResult ssmc::requireWeights(mlir::ModuleOp model, StringRef what) {
  if (!hasRuntimeWeights(model))
    return mlir::success();
  return mlir::emitError(mlir::UnknownLoc::get(model.getContext()))
         << what
         << " needs weights, and this model's come at run time; expected "
         << kWeightsFlag.name << " " << kWeightsFlag.value;
}

/// The bytes of all elements.
static SmallVector<char, 0> expand(const WeightValues &values) {
  SmallVector<char, 0> bytes;
  for (int64_t i = 0; i < (values.isSplat() ? values.size() : 1); ++i)
    bytes.append(values.rawBytes().begin(), values.rawBytes().end());
  return bytes;
}

uint64_t ssmc::hashModel(mlir::ModuleOp model, bool withoutHead) {
  uint64_t hash = withoutHead;
  mlir::OwningOpRef<mlir::ModuleOp> structure = model.clone();
  structure->walk([](ParameterOp parameter) { parameter.removeValueAttr(); });
  for (auto function : structure->getOps<mlir::func::FuncOp>()) {
    std::string text;
    raw_string_ostream stream(text);
    function.print(stream, mlir::OpPrintingFlags()
                               .elideLargeElementsAttrs(0)
                               .elideLargeResourceString(0)
                               .useLocalScope());
    hash = hash_bytes(text.data(), text.size(), hash);
  }
  // As NAME_load does it for weights that come at run time.
  model.walk([&](ParameterOp parameter) {
    if (!parameter.getValueAttr())
      return;
    if (auto values = getParameterValues(parameter); succeeded(values)) {
      SmallVector<char, 0> splat;
      ArrayRef<char> bytes = values->rawBytes();
      if (values->isSplat())
        bytes = splat = expand(*values);
      hash = hash_bytes(bytes.data(), bytes.size(), hash);
    }
  });
  return hash;
}

void ssmc::nameModel(ModelInfo &info, mlir::ModuleOp model, StringRef name,
                     uint64_t hash) {
  info.name = name.str();
  info.hash = hash;
  if (auto function = reference::getModelFunction(model); succeeded(function))
    info.description = describeModel(*function);
}

mlir::FailureOr<NativeCode>
ssmc::compileForCpus(mlir::ModuleOp model, ArrayRef<TargetCpu> targets,
                     bool withoutHead, StringRef name, Level from,
                     bool keepWeights, mlir::ModuleOp training) {
  mlir::MLIRContext &context = *model->getContext();
  uint64_t hash = hashModel(model, withoutHead);
  CompileOptions options;
  options.keepWeights = keepWeights || training;
  options.targets = targets;
  options.withoutHead = withoutHead;
  options.from = from;
  mlir::FailureOr<CompiledModel> lowered;
  {
    Progress progress("lowering the model");
    mlir::OwningOpRef<mlir::ModuleOp> copy = model.clone();
    lowered = compileModel(*copy, options);
    if (succeeded(lowered) && training) {
      copy = training.clone();
      if (failed(addTrainingForm(*lowered, *copy, options)))
        return mlir::failure();
    }
  }
  if (failed(lowered))
    return mlir::failure();
  nameModel(lowered->info, model, name, hash);
  std::vector<LoweredVariant> variants;
  for (CompiledVariant &variant : lowered->variants) {
    variant.info.name = lowered->info.name;
    variant.info.hash = lowered->info.hash;
    variants.push_back({*variant.module,
                        variant.training ? *variant.training : mlir::ModuleOp(),
                        variant.target, variant.info});
  }
  Progress progress("optimizing and generating code");
  auto code = ModelCode::build(variants, lowered->blob);
  if (!code)
    return report(context, code.takeError());
  return NativeCode{std::move(*lowered), std::move(*code)};
}

mlir::FailureOr<NativeModel> ssmc::compileAndLoad(mlir::ModuleOp model,
                                                  const TargetCpu &target,
                                                  bool withoutHead,
                                                  StringRef name,
                                                  mlir::ModuleOp training) {
  mlir::MLIRContext &context = *model->getContext();
  if (failed(requireWeights(model, "running a model")))
    return mlir::failure();
  auto native = compileForCpus(model, target, withoutHead, name, Level::Model,
                               /*keepWeights=*/true, training);
  if (failed(native))
    return mlir::failure();
  auto object = native->code.emitLoadable();
  if (!object)
    return report(context, object.takeError());
  auto loaded = NativeModel::load(*object, native->lowered.info);
  if (!loaded)
    return report(context, loaded.takeError());
  return std::move(*loaded);
}
