//===- Dispatch.cpp - One object for several CPUs -------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/Dispatch.h"
#include "lib/Target/EntryPoints.h"
#include "lib/Target/RuntimeConstants.h"
#include "lib/Target/TrainEntryPoints.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/GlobalIFunc.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/Linker/Linker.h"

using namespace llvm;
using namespace ssmc;

std::string ssmc::getVariantSymbol(StringRef name, const TargetCpu &variant,
                                   StringRef function) {
  return (name + "." + variant.cpu + "." + function).str();
}

void ssmc::defineNeeds(Module &module, ArrayRef<TargetCpu> variants) {
  LLVMContext &context = module.getContext();
  SmallVector<Constant *> needs;
  for (const TargetCpu &variant : variants)
    needs.push_back(
        ConstantDataArray::get(context, ArrayRef<uint32_t>(variant.needs)));
  defineTable(module, "model_needs", needs, needs.front()->getType());
  defineNumber(module, "model_variants", variants.size());
}

/// A function that returns the address of the best variant's `function`.
static Function *createResolver(Module &module, StringRef name,
                                ArrayRef<TargetCpu> variants,
                                Function *function) {
  StringRef which =
      function->getName().substr(function->getName().find('_') + 1);
  auto *resolver = Function::Create(
      FunctionType::get(PointerType::getUnqual(module.getContext()), false),
      GlobalValue::InternalLinkage, "ssm_resolve_" + which, module);
  IRBuilder<> builder(BasicBlock::Create(module.getContext(), "", resolver));
  Value *chosen = builder.CreateCall(module.getFunction("ssm_choose_variant"));
  Value *address = module.getFunction("ssm_no_variant");
  for (auto [number, variant] : llvm::enumerate(variants)) {
    Function *candidate = Function::Create(
        function->getFunctionType(), GlobalValue::ExternalLinkage,
        getVariantSymbol(name, variant, which), module);
    address = builder.CreateSelect(
        builder.CreateICmpEQ(chosen, builder.getInt32(number)), candidate,
        address);
  }
  builder.CreateRet(address);
  return resolver;
}

/// The functions of the API whose code depends on the CPU.
static SmallVector<StringRef> listRunFunctions(bool isTrained) {
  SmallVector<StringRef> functions;
  llvm::append_range(functions, kRunFunctions);
  if (isTrained)
    functions.push_back(kTrainFunction);
  return functions;
}

Error ssmc::addDispatch(Module &module, const ModelInfo &info,
                        ArrayRef<TargetCpu> variants) {
  if (Error error = addSharedEntryPoints(module, info))
    return error;
  if (info.training)
    if (Error error = addSharedTraining(module, info))
      return error;
  defineNeeds(module, variants);
  module.getFunction("ssm_choose_variant")->addFnAttr(Attribute::NoInline);
  for (StringRef which : listRunFunctions(info.training.has_value())) {
    Function *function = module.getFunction(("MODEL_" + which).str());
    if (!function) // NAME_load, of models whose weights are constants
      continue;
    Function *resolver = createResolver(module, info.name, variants, function);
    auto *indirect = GlobalIFunc::create(function->getFunctionType(), 0,
                                         GlobalValue::ExternalLinkage, "",
                                         resolver, &module);
    function->replaceAllUsesWith(indirect);
    indirect->takeName(function);
    function->eraseFromParent();
  }
  finishEntryPoints(module, info, info.name + ".");
  return Error::success();
}

Error ssmc::linkVariant(Module &module, std::unique_ptr<Module> variant,
                        StringRef name, const TargetCpu &target) {
  // The variant's own API: step, chunk and forward under the names that the
  // resolvers know, the rest for nobody but these.
  bool isTrained = variant->getFunction((name + "_" + kTrainFunction).str());
  SmallVector<StringRef> runFunctions = listRunFunctions(isTrained);
  for (Function &function : *variant) {
    StringRef symbol = function.getName();
    if (function.isDeclaration() || function.hasLocalLinkage() ||
        !symbol.consume_front(name) || !symbol.consume_front("_"))
      continue;
    bool runs = llvm::is_contained(runFunctions, symbol);
    function.setName(getVariantSymbol(name, target, symbol));
    if (!runs)
      function.setLinkage(GlobalValue::InternalLinkage);
  }
  if (Linker::linkModules(module, std::move(variant)))
    return createStringError("code for '" + target.cpu +
                             "' does not fit the other code");
  for (StringRef which : runFunctions)
    if (Function *function =
            module.getFunction(getVariantSymbol(name, target, which)))
      function->setLinkage(GlobalValue::InternalLinkage);
  return Error::success();
}
