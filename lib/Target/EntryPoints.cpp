//===- EntryPoints.cpp - The C API around a model's functions -------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/EntryPoints.h"
#include "lib/Target/EmitObject.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using namespace ssmc;

/// runtime/entry_points.c as LLVM bitcode.
static const unsigned char kEntryPoints[] = {
#include "lib/Target/EntryPoints.bc.inc"
};

static constexpr StringRef kApiPrefix = "MODEL_";
static constexpr StringRef kWeights = "model_weights";

static Expected<std::unique_ptr<Module>> parseTemplate(Module &destination) {
  MemoryBufferRef bitcode(
      StringRef(reinterpret_cast<const char *>(kEntryPoints),
                sizeof(kEntryPoints)),
      "entry_points");
  auto parsed = parseBitcodeFile(bitcode, destination.getContext());
  if (!parsed)
    return parsed.takeError();
  // What the build's compiler notes about itself and its default target.
  Module &entries = **parsed;
  entries.setTargetTriple(destination.getTargetTriple());
  entries.setDataLayout(destination.getDataLayout());
  if (NamedMDNode *ident = entries.getNamedMetadata("llvm.ident"))
    ident->eraseFromParent();
  if (NamedMDNode *flags = entries.getModuleFlagsMetadata())
    flags->eraseFromParent();
  for (Function &function : entries)
    for (StringRef attribute :
         {"target-cpu", "target-features", "tune-cpu", "frame-pointer",
          "stack-protector-buffer-size", "min-legal-vector-width"})
      function.removeFnAttr(attribute);
  return std::move(*parsed);
}

/// Gives an external constant of the template its value.
static void define(Module &module, StringRef name, uint64_t value) {
  GlobalVariable *constant = module.getGlobalVariable(name);
  constant->setInitializer(ConstantInt::get(constant->getValueType(), value));
  constant->setLinkage(GlobalValue::InternalLinkage);
  constant->setVisibility(GlobalValue::DefaultVisibility);
}

static void defineConstants(Module &module, const ModelInfo &info) {
  define(module, "model_state_bytes", info.stateBytes);
  define(module, "model_workspace_bytes",
         alignTo(info.workspaceBytes, kRecordAlignment));
  define(module, "model_rows", info.rowsPerGroup);
  define(module, "model_steps", info.stepsPerChunk);
  define(module, "model_inputs", info.inputFeatures);
  define(module, "model_outputs", info.outputFeatures);
  define(module, "model_pooled", info.pooled);
  define(module, "model_hash", info.hash);
}

static Error checkInfo(const ModelInfo &info) {
  if (info.stateBytes <= 0 || info.stateBytes % kRecordAlignment != 0)
    return createStringError("record of %lld bytes is not a positive multiple "
                             "of %lld",
                             (long long)info.stateBytes,
                             (long long)kRecordAlignment);
  if (info.rowsPerGroup < 1 || info.stepsPerChunk < 1 ||
      info.inputFeatures < 1 || info.outputFeatures < 1)
    return createStringError("rows, steps, inputs and outputs of a model are "
                             "at least 1");
  return Error::success();
}

/// Checks that the generated functions are there; keeps them out of line, so
/// that assembly and profiles show them by name.
static Error checkGenerated(Module &module, const ModelInfo &info) {
  for (StringRef name : {"ssm_rows", "ssm_step", "ssm_chunk_full",
                         "ssm_chunk_tail", "ssm_answer"}) {
    Function *function = module.getFunction(name);
    bool needed = name != "ssm_answer" || info.pooled;
    if (!function || function->isDeclaration()) {
      if (needed)
        return createStringError("the lowered model has no function " + name);
      continue;
    }
    function->addFnAttr(Attribute::NoInline);
  }
  return Error::success();
}

/// Makes MODEL_f NAME_f, and everything else local under a name that no C
/// identifier can be. The latter first: a model may be called "ssm".
static void setVisibility(Module &module, StringRef name) {
  SmallVector<GlobalValue *> api;
  for (GlobalValue &value : module.global_values()) {
    value.setVisibility(GlobalValue::DefaultVisibility);
    if (value.isDeclaration() || value.getName().starts_with("llvm."))
      continue;
    if (value.getName().starts_with(kApiPrefix)) {
      api.push_back(&value);
      continue;
    }
    if (!value.hasPrivateLinkage())
      value.setLinkage(GlobalValue::InternalLinkage);
    value.setName(name + "." + value.getName());
  }
  for (GlobalValue *function : api)
    function->setName(name + "_" +
                      function->getName().drop_front(kApiPrefix.size()));
}

/// A model without a pooled head never calls ssm_answer: gives the dead call a
/// body, so that even unoptimized code has no undefined symbol.
static void defineMissingAnswer(Module &module) {
  Function *answer = module.getFunction("ssm_answer");
  if (!answer || !answer->isDeclaration())
    return;
  IRBuilder<> builder(BasicBlock::Create(module.getContext(), "", answer));
  builder.CreateUnreachable();
}

Error ssmc::addEntryPoints(Module &module, const ModelInfo &info) {
  if (Error error = checkInfo(info))
    return error;
  if (Error error = checkGenerated(module, info))
    return error;
  auto entries = parseTemplate(module);
  if (!entries)
    return entries.takeError();
  if (Linker::linkModules(module, std::move(*entries)))
    return createStringError("generated functions do not fit the entry points");
  defineConstants(module, info);
  defineMissingAnswer(module);
  setVisibility(module, info.name);
  return Error::success();
}

void ssmc::addWeights(Module &module, ArrayRef<char> weights) {
  defineBlob(module, kWeights, weights);
}
