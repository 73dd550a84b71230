//===- EmitModel.cpp - A lowered model's code, with its C API -------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/EmitModel.h"
#include "lib/Target/Dispatch.h"
#include "lib/Target/EntryPoints.h"
#include "lib/Target/ParallelFor.h"
#include "lib/Target/TrainEntryPoints.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/Bitcode/BitcodeWriter.h"

using namespace llvm;
using namespace ssmc;

static SmallVector<char, 0> toBitcode(const Module &module) {
  SmallVector<char, 0> bytes;
  raw_svector_ostream stream(bytes);
  WriteBitcodeToFile(module, stream);
  return bytes;
}

static Expected<std::unique_ptr<Module>> fromBitcode(ArrayRef<char> bytes,
                                                     LLVMContext &context) {
  return parseBitcodeFile(
      MemoryBufferRef(StringRef(bytes.data(), bytes.size()), "model"), context);
}

/// A variant's module, with its entry points, optimized.
static Expected<SmallVector<char, 0>>
buildVariant(const LoweredVariant &variant, StringRef localPrefix) {
  LLVMContext context;
  auto machine = createTargetMachine(variant.target);
  if (!machine)
    return machine.takeError();
  auto module = translateToLLVM(variant.module, context);
  if (!module)
    return module.takeError();
  (*module)->setTargetTriple(variant.target.triple);
  (*module)->setDataLayout((*machine)->createDataLayout());
  if (variant.training)
    if (Error error = addTraining(**module, variant.training, variant.info))
      return error;
  if (Error error = addEntryPoints(**module, variant.info, localPrefix))
    return error;
  bindToTarget(**module, variant.target, **machine);
  optimize(**module, **machine);
  return toBitcode(**module);
}

/// What code must be for that any machine of the system can run.
static TargetCpu getBaseline(const TargetCpu &target) {
  TargetCpu baseline;
  baseline.triple = target.triple;
  baseline.cpu = "x86-64";
  return baseline;
}

/// The C API in front of variants, optimized.
static Expected<SmallVector<char, 0>>
buildShared(ArrayRef<LoweredVariant> variants) {
  LLVMContext context;
  TargetCpu baseline = getBaseline(variants.front().target);
  auto machine = createTargetMachine(baseline);
  if (!machine)
    return machine.takeError();
  Module module("model", context);
  module.setTargetTriple(baseline.triple);
  module.setDataLayout((*machine)->createDataLayout());
  ModelInfo info = variants.front().info;
  std::vector<TargetCpu> targets;
  for (const LoweredVariant &variant : variants) {
    info.growTo(variant.info);
    targets.push_back(variant.target);
  }
  if (Error error = addDispatch(module, info, targets))
    return error;
  bindToTarget(module, baseline, **machine);
  optimize(module, **machine);
  return toBitcode(module);
}

Expected<ModelCode> ModelCode::build(ArrayRef<LoweredVariant> lowered,
                                     ArrayRef<char> weights) {
  ModelCode code;
  code.name = lowered.front().info.name;
  code.weights = weights;
  code.takesWeights = lowered.front().info.takesWeights;
  std::vector<Error> errors;
  for (const LoweredVariant &variant : lowered) {
    code.variants.push_back({variant.target, {}});
    errors.push_back(Error::success());
  }
  // Before threads use the context.
  mlir::DialectRegistry registry;
  registerTranslations(registry);
  lowered.front().module->getContext()->appendDialectRegistry(registry);
  auto build = [&](size_t i) {
    ErrorAsOutParameter checked(errors[i]);
    std::string prefix = code.name + ".";
    if (lowered.size() > 1)
      prefix += lowered[i].target.cpu + ".";
    if (auto bitcode = buildVariant(lowered[i], prefix))
      code.variants[i].bitcode = std::move(*bitcode);
    else
      errors[i] = bitcode.takeError();
  };
  parallelFor(lowered.size(), build);
  Error error = Error::success();
  for (Error &one : errors)
    error = joinErrors(std::move(error), std::move(one));
  if (error)
    return error;
  if (lowered.front().target.isDispatched) {
    auto shared = buildShared(lowered);
    if (!shared)
      return shared.takeError();
    code.shared = std::move(*shared);
  }
  return code;
}

TargetCpu ModelCode::getCommonTarget() const {
  const TargetCpu &first = variants.front().target;
  return shared.empty() ? first : getBaseline(first);
}

Expected<std::unique_ptr<Module>> ModelCode::link(LLVMContext &context) const {
  if (shared.empty())
    return fromBitcode(variants.front().bitcode, context);
  auto module = fromBitcode(shared, context);
  if (!module)
    return module.takeError();
  for (const Variant &variant : variants) {
    auto part = fromBitcode(variant.bitcode, context);
    if (!part)
      return part.takeError();
    if (Error error =
            linkVariant(**module, std::move(*part), name, variant.target))
      return error;
  }
  return std::move(*module);
}

Expected<SmallVector<char, 0>>
ModelCode::emitWithWeights(Module &module, const TargetCpu &target) const {
  auto machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  if (takesWeights)
    return emitMachineCode(module, **machine, CodeKind::Object);
  std::string symbol = name + ".weights";
  reserveBlob(module, kWeightsSymbol, symbol, weights.size());
  auto object =
      emitMachineCode(module, **machine, CodeKind::Object, weights.size());
  if (!object)
    return object.takeError();
  if (Error error = fillBlob(*object, symbol, weights))
    return error;
  return object;
}

Expected<SmallVector<char, 0>> ModelCode::emitObject() const {
  LLVMContext context;
  auto module = link(context);
  if (!module)
    return module.takeError();
  return emitWithWeights(**module, getCommonTarget());
}

Expected<SmallVector<char, 0>> ModelCode::emitLoadable(size_t variant) const {
  LLVMContext context;
  auto module = fromBitcode(variants[variant].bitcode, context);
  if (!module)
    return module.takeError();
  return emitWithWeights(**module, variants[variant].target);
}

Expected<std::map<std::string, int64_t>>
ModelCode::measureStack(size_t variant) const {
  LLVMContext context;
  auto module = fromBitcode(variants[variant].bitcode, context);
  if (!module)
    return module.takeError();
  auto machine = createTargetMachine(variants[variant].target);
  if (!machine)
    return machine.takeError();
  return ssmc::measureStack(**module, **machine);
}

Expected<SmallVector<char, 0>> ModelCode::emitAssembly() const {
  LLVMContext context;
  auto module = link(context);
  if (!module)
    return module.takeError();
  auto machine = createTargetMachine(getCommonTarget());
  if (!machine)
    return machine.takeError();
  if (!takesWeights)
    defineBlob(**module, kWeightsSymbol, name + ".weights", weights);
  return emitMachineCode(**module, **machine, CodeKind::Assembly);
}

Expected<SmallVector<char, 0>> ModelCode::emitText() const {
  LLVMContext context;
  auto module = link(context);
  if (!module)
    return module.takeError();
  if (!takesWeights)
    defineBlob(**module, kWeightsSymbol, name + ".weights", weights);
  SmallVector<char, 0> text;
  raw_svector_ostream stream(text);
  (*module)->print(stream, nullptr);
  return text;
}
