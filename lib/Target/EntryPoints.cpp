//===- EntryPoints.cpp - The C API around a model's functions -------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/EntryPoints.h"
#include "lib/Target/EntryPointParts.h"
#include "lib/Target/RuntimeConstants.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Linker/Linker.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

using namespace llvm;
using namespace ssmc;

/// C code of runtime/ as LLVM bitcode, for each system.
static const unsigned char kX86Linux[] = {
#include "lib/Target/EntryPoints.x86_64-unknown-linux-gnu.bc.inc"
};
static const unsigned char kX86Windows[] = {
#include "lib/Target/EntryPoints.x86_64-pc-windows-msvc.bc.inc"
};
static const unsigned char kArmLinux[] = {
#include "lib/Target/EntryPoints.aarch64-unknown-linux-gnu.bc.inc"
};
static const unsigned char kArmMac[] = {
#include "lib/Target/EntryPoints.arm64-apple-macosx11.0.0.bc.inc"
};
static const unsigned char kRiscvLinux[] = {
#include "lib/Target/EntryPoints.riscv64-unknown-linux-gnu.bc.inc"
};
static const unsigned char kX86LinuxLoad[] = {
#include "lib/Target/Load.x86_64-unknown-linux-gnu.bc.inc"
};
static const unsigned char kX86WindowsLoad[] = {
#include "lib/Target/Load.x86_64-pc-windows-msvc.bc.inc"
};
static const unsigned char kArmLinuxLoad[] = {
#include "lib/Target/Load.aarch64-unknown-linux-gnu.bc.inc"
};
static const unsigned char kArmMacLoad[] = {
#include "lib/Target/Load.arm64-apple-macosx11.0.0.bc.inc"
};
static const unsigned char kRiscvLinuxLoad[] = {
#include "lib/Target/Load.riscv64-unknown-linux-gnu.bc.inc"
};
static const unsigned char kDispatch[] = {
#include "lib/Target/Dispatch.x86_64-unknown-linux-gnu.bc.inc"
};

static constexpr StringRef kApiPrefix = "MODEL_";

/// entry_points.c for a system; empty for one that it is not compiled for.
static StringRef findEntryPoints(const Triple &triple) {
  if (triple.getArch() == Triple::x86_64)
    return triple.isOSWindows() ? asText(kX86Windows) : asText(kX86Linux);
  if (triple.isAArch64())
    return triple.isOSDarwin() ? asText(kArmMac) : asText(kArmLinux);
  return triple.isRISCV64() ? asText(kRiscvLinux) : StringRef();
}

/// The same of load.c.
static StringRef findLoad(const Triple &triple) {
  if (triple.getArch() == Triple::x86_64)
    return triple.isOSWindows() ? asText(kX86WindowsLoad)
                                : asText(kX86LinuxLoad);
  if (triple.isAArch64())
    return triple.isOSDarwin() ? asText(kArmMacLoad) : asText(kArmLinuxLoad);
  return triple.isRISCV64() ? asText(kRiscvLinuxLoad) : StringRef();
}

Expected<std::unique_ptr<Module>> ssmc::parseRuntime(Module &destination,
                                                     StringRef bitcode) {
  if (bitcode.empty())
    return createStringError("there are no entry points for '" +
                             destination.getTargetTriple().str() + "'");
  auto parsed = parseBitcodeFile(MemoryBufferRef(bitcode, "runtime"),
                                 destination.getContext());
  if (!parsed)
    return parsed.takeError();
  // What the build's compiler notes about itself and its default target.
  Module &runtime = **parsed;
  runtime.setTargetTriple(destination.getTargetTriple());
  runtime.setDataLayout(destination.getDataLayout());
  for (StringRef note : {"llvm.ident", "llvm.linker.options"})
    if (NamedMDNode *node = runtime.getNamedMetadata(note))
      node->eraseFromParent();
  if (NamedMDNode *flags = runtime.getModuleFlagsMetadata())
    flags->eraseFromParent();
  for (Function &function : runtime)
    for (StringRef attribute :
         {"target-cpu", "target-features", "tune-cpu", "frame-pointer",
          "stack-protector-buffer-size", "min-legal-vector-width"})
      function.removeFnAttr(attribute);
  return std::move(*parsed);
}

Error ssmc::linkRuntime(Module &module, StringRef bitcode) {
  auto runtime = parseRuntime(module, bitcode);
  if (!runtime)
    return runtime.takeError();
  if (Linker::linkModules(module, std::move(*runtime)))
    return createStringError("generated functions do not fit the entry points");
  return Error::success();
}

void ssmc::defineConstants(Module &module, const ModelInfo &info) {
  defineNumber(module, "model_state_bytes", info.stateBytes);
  defineNumber(module, "model_workspace_bytes",
               alignTo(info.workspaceBytes, kRecordAlignment));
  defineNumber(module, "model_rows", info.rowsPerChunk);
  defineNumber(module, "model_sequence_bytes", info.sequenceBytes);
  defineNumber(module, "model_units", info.statefulUnits);
  defineNumber(module, "model_inputs", info.inputFeatures);
  defineNumber(module, "model_outputs", info.outputFeatures);
  defineNumber(module, "model_pooled", info.pooled);
  defineNumber(module, "model_hash", info.hash);
  defineNumber(module, "model_takes_weights", info.takesWeights);
  defineNumber(module, "model_takes_dt", info.takesTimeSteps);
  defineNumber(module, "model_packed_bytes", info.packedBytes);
}

/// Parameters of runtime/'s functions that this model's functions do not have,
/// by their names in C.
static SmallVector<StringRef> listAbsentParameters(const ModelInfo &info) {
  SmallVector<StringRef> absent;
  if (!info.takesWeights)
    absent.push_back("weights");
  if (!info.takesTimeSteps)
    absent.push_back("dt");
  return absent;
}

/// `function` without the parameters `absent`, which are NULL inside.
static void dropParameters(Function &function, ArrayRef<StringRef> absent) {
  SmallVector<Type *> types;
  SmallVector<AttributeSet> attributes;
  AttributeList all = function.getAttributes();
  for (Argument &argument : function.args())
    if (!llvm::is_contained(absent, argument.getName())) {
      types.push_back(argument.getType());
      attributes.push_back(all.getParamAttrs(argument.getArgNo()));
    }
  if (types.size() == function.arg_size())
    return;
  Function *smaller = Function::Create(
      FunctionType::get(function.getReturnType(), types, /*isVarArg=*/false),
      function.getLinkage(), "", function.getParent());
  smaller->copyAttributesFrom(&function);
  smaller->setAttributes(AttributeList::get(
      function.getContext(), all.getFnAttrs(), all.getRetAttrs(), attributes));
  smaller->splice(smaller->begin(), &function);
  auto kept = smaller->arg_begin();
  for (Argument &argument : function.args()) {
    if (llvm::is_contained(absent, argument.getName())) {
      argument.replaceAllUsesWith(Constant::getNullValue(argument.getType()));
      continue;
    }
    kept->takeName(&argument);
    argument.replaceAllUsesWith(&*kept++);
  }
  smaller->takeName(&function);
  function.eraseFromParent();
}

void ssmc::shapeApi(Module &module, const ModelInfo &info) {
  SmallVector<StringRef> absent = listAbsentParameters(info);
  Function *forBidirectional =
      module.getFunction((kApiPrefix + kForwardWorkspaceFunction).str());
  if (forBidirectional && !info.isBidirectional())
    forBidirectional->eraseFromParent();
  for (Function &function : llvm::make_early_inc_range(module))
    if (function.getName().starts_with(kApiPrefix) && function.use_empty())
      dropParameters(function, absent);
}

Error ssmc::addLoad(Module &module, const ModelInfo &info) {
  if (!info.takesWeights)
    return Error::success();
  if (Error error = linkRuntime(module, findLoad(module.getTargetTriple())))
    return error;
  return defineTensors(module, info);
}

Error ssmc::checkInfo(const ModelInfo &info) {
  if (info.stateBytes <= 0 || info.stateBytes % kRecordAlignment != 0)
    return createStringError("record of %lld bytes is not a positive multiple "
                             "of %lld",
                             (long long)info.stateBytes,
                             (long long)kRecordAlignment);
  if (info.rowsPerChunk < 1 || info.inputFeatures < 1 ||
      info.outputFeatures < 1)
    return createStringError("rows, inputs and outputs of a model are at "
                             "least 1");
  return Error::success();
}

/// Checks that the generated functions are there; keeps them out of line, so
/// that assembly and profiles show them by name.
static Error checkGenerated(Module &module, const ModelInfo &info) {
  for (StringRef which : {"ssm_rows", "ssm_step", "ssm_chunk_full",
                          "ssm_sequence", "ssm_answers"}) {
    bool isAnswer = which == "ssm_answers";
    std::string name = which.str();
    if (info.takesTimeSteps && !isAnswer)
      name += "_timed";
    Function *function = module.getFunction(name);
    bool needed = isAnswer
                      ? info.pooled
                      : (which == "ssm_sequence") == info.isBidirectional();
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
void ssmc::finishEntryPoints(Module &module, const ModelInfo &info,
                             StringRef localPrefix) {
  SmallVector<GlobalValue *> api;
  for (GlobalValue &value : module.global_values()) {
    value.setVisibility(GlobalValue::DefaultVisibility);
    value.setDLLStorageClass(GlobalValue::DefaultStorageClass);
    // Of string literals on Windows: groups go by names that end here.
    if (auto *object = dyn_cast<GlobalObject>(&value))
      object->setComdat(nullptr);
    if (value.getName().starts_with(kApiPrefix)) {
      api.push_back(&value);
      continue;
    }
    if (value.isDeclaration() || value.getName().starts_with("llvm."))
      continue;
    if (!value.hasPrivateLinkage())
      value.setLinkage(GlobalValue::InternalLinkage);
    value.setName(localPrefix + value.getName());
  }
  for (GlobalValue *function : api)
    function->setName(info.name + "_" +
                      function->getName().drop_front(kApiPrefix.size()));
}

/// A model without a pooled head never calls ssm_answers, one with time deltas
/// no function without, a bidirectional one none but ssm_sequence: gives the
/// dead calls a body, so that even unoptimized code has no undefined symbol.
static void defineMissing(Module &module) {
  for (StringRef name :
       {"ssm_rows", "ssm_step", "ssm_chunk_full", "ssm_sequence",
        "ssm_rows_timed", "ssm_step_timed", "ssm_chunk_full_timed",
        "ssm_sequence_timed", "ssm_answers"}) {
    Function *function = module.getFunction(name);
    if (!function || !function->isDeclaration())
      continue;
    IRBuilder<> builder(BasicBlock::Create(module.getContext(), "", function));
    builder.CreateUnreachable();
  }
}

Error ssmc::addEntryPoints(Module &module, const ModelInfo &info,
                           StringRef localPrefix) {
  if (Error error = checkInfo(info))
    return error;
  if (Error error = checkGenerated(module, info))
    return error;
  if (Error error =
          linkRuntime(module, findEntryPoints(module.getTargetTriple())))
    return error;
  if (Error error = addLoad(module, info))
    return error;
  defineConstants(module, info);
  shapeApi(module, info);
  defineMissing(module);
  finishEntryPoints(module, info, localPrefix);
  return Error::success();
}

Error ssmc::linkDispatch(Module &module) {
  return linkRuntime(module, asText(kDispatch));
}

Error ssmc::addSharedEntryPoints(Module &module, const ModelInfo &info) {
  if (Error error = checkInfo(info))
    return error;
  if (Error error =
          linkRuntime(module, findEntryPoints(module.getTargetTriple())))
    return error;
  if (Error error = linkDispatch(module))
    return error;
  if (Error error = addLoad(module, info))
    return error;
  defineConstants(module, info);
  shapeApi(module, info);
  for (StringRef name : kRunFunctions)
    if (Function *function = module.getFunction((kApiPrefix + name).str()))
      function->deleteBody();
  return Error::success();
}
