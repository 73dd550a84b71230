//===- PrepareKernels.cpp - From NVVM IR to IR for this CPU ---------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/simt/PrepareKernels.h"
#include "test/simt/Rewriter.h"
#include "llvm/IR/Verifier.h"

using namespace llvm;
using namespace ssmc::simt;

std::string ssmc::simt::entryName(StringRef kernel) {
  return ("simt_entry." + kernel).str();
}

CallInst *Rewriter::call(IRBuilderBase &builder, StringRef name, Type *type,
                         ArrayRef<Value *> arguments, Effect effect) {
  SmallVector<Value *> values;
  SmallVector<Type *> types;
  for (Value *value : arguments) {
    if (value->getType()->isPointerTy())
      value = builder.CreateAddrSpaceCast(value, builder.getPtrTy());
    values.push_back(value);
    types.push_back(value->getType());
  }
  FunctionCallee callee =
      module.getOrInsertFunction(name, FunctionType::get(type, types, false));
  auto *function = cast<Function>(callee.getCallee());
  function->setDoesNotThrow();
  if (effect == Effect::None)
    function->setDoesNotAccessMemory();
  if (effect == Effect::Hidden)
    function->setOnlyAccessesInaccessibleMemory();
  if (effect == Effect::Any)
    function->setConvergent();
  else
    function->addFnAttr(Attribute::WillReturn);
  return builder.CreateCall(callee, values);
}

ConstantInt *Rewriter::addSite(const Instruction &instruction, Site site) {
  raw_string_ostream os(site.text);
  slots.incorporateFunction(*instruction.getFunction());
  os << instruction.getFunction()->getName() << ": ";
  instruction.print(os, slots);
  size_t space = site.text.find(":   ");
  if (space != std::string::npos)
    site.text.erase(space + 1, 2);
  if (unsigned before = texts[site.text]++)
    site.text += " [" + std::to_string(before + 1) + "]";
  result.sites.push_back(std::move(site));
  return ConstantInt::get(Type::getInt32Ty(module.getContext()),
                          result.sites.size() - 1);
}

static bool isKernel(const Function &function) {
  return !function.isDeclaration() &&
         (function.getCallingConv() == CallingConv::PTX_Kernel ||
          function.hasFnAttribute("nvvm.kernel"));
}

static KernelInfo describe(const Function &function) {
  KernelInfo info;
  info.name = function.getName();
  const DataLayout &layout = function.getDataLayout();
  for (const Argument &argument : function.args()) {
    info.parameterBytes.push_back(layout.getTypeStoreSize(argument.getType()));
    info.isPointer.push_back(argument.getType()->isPointerTy());
  }
  DenormalMode mode = function.getDenormalMode(APFloat::IEEEsingle());
  info.flushesResults = mode.Output == DenormalMode::PreserveSign;
  info.flushesInputs = mode.Input == DenormalMode::PreserveSign;
  for (StringRef name : {"nvvm.maxntid", "nvvm.reqntid"}) {
    unsigned most, product = 1;
    StringRef left = function.getFnAttribute(name).getValueAsString();
    while (!left.empty()) {
      auto [first, rest] = left.split(',');
      if (first.getAsInteger(10, most))
        break;
      product *= most;
      left = rest;
    }
    if (function.hasFnAttribute(name))
      info.mostThreads = product;
  }
  return info;
}

/// What is left of the GPU: the target, calling conventions, old metadata.
static void retarget(Module &module, const Triple &triple,
                     const DataLayout &layout) {
  if (NamedMDNode *old = module.getNamedMetadata("nvvm.annotations"))
    old->eraseFromParent();
  module.setTargetTriple(triple);
  module.setDataLayout(layout);
  for (Function &function : module) {
    function.removeFnAttr("target-cpu");
    function.removeFnAttr("target-features");
    function.setCallingConv(CallingConv::C);
    for (User *user : function.users())
      if (auto *call = dyn_cast<CallInst>(user))
        call->setCallingConv(CallingConv::C);
  }
}

/// Variables that live in the GPU's memory, made visible to the runtime.
static void exportVariables(Module &module, PreparedKernels &result) {
  for (GlobalVariable &variable : module.globals()) {
    if (variable.isDeclaration())
      continue;
    variable.setLinkage(GlobalValue::ExternalLinkage);
    variable.setVisibility(GlobalValue::DefaultVisibility);
    if (!variable.hasName())
      variable.setName("simt_global");
    result.globals.push_back(
        {variable.getName().str(),
         module.getDataLayout().getTypeAllocSize(variable.getValueType())});
  }
}

/// void simt_entry.KERNEL(ptr parameters): as cuLaunchKernel gives them.
static void addEntry(Module &module, Function &kernel) {
  LLVMContext &context = module.getContext();
  Type *pointer = PointerType::get(context, 0);
  auto *entry = Function::Create(
      FunctionType::get(Type::getVoidTy(context), {pointer}, false),
      GlobalValue::ExternalLinkage, entryName(kernel.getName()), module);
  IRBuilder<> builder(BasicBlock::Create(context, "", entry));
  SmallVector<Value *> values;
  for (Argument &argument : kernel.args()) {
    Value *slot = builder.CreateConstGEP1_64(pointer, entry->getArg(0),
                                             argument.getArgNo());
    Value *address = builder.CreateLoad(pointer, slot);
    values.push_back(
        builder.CreateAlignedLoad(argument.getType(), address, Align(1)));
  }
  builder.CreateCall(&kernel, values);
  builder.CreateRetVoid();
  // One name less to clash with another model's kernel of the same name.
  kernel.setLinkage(GlobalValue::InternalLinkage);
}

Expected<PreparedKernels>
ssmc::simt::prepareKernels(Module &module, const Triple &triple,
                           const DataLayout &layout,
                           const PrepareOptions &options) {
  PreparedKernels result;
  SmallVector<Function *> kernels;
  for (Function &function : module)
    if (isKernel(function)) {
      kernels.push_back(&function);
      result.kernels.push_back(describe(function));
    }
  if (kernels.empty())
    return createStringError("no kernel: no function has the calling "
                             "convention ptx_kernel");
  retarget(module, triple, layout);
  Rewriter rewriter(module, options, result);
  if (Error error = rewriter.lowerCalls())
    return error;
  rewriter.lowerConversions();
  rewriter.lowerSharedVariables();
  exportVariables(module, result);
  rewriter.lowerAccesses();
  for (Function *kernel : kernels)
    addEntry(module, *kernel);
  if (result.sites.size() >> siteBits)
    return createStringError("too many loads and stores: " +
                             Twine(result.sites.size()));
  std::string problem;
  raw_string_ostream os(problem);
  if (verifyModule(module, &os))
    return createStringError("invalid IR after rewriting: " + problem);
  return result;
}
