//===- KernelModule.cpp - Kernels, compiled for this CPU ------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "test/simt/KernelModule.h"
#include "test/simt/Runtime.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/IRReader/IRReader.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"
#include <cstring>
#include <xmmintrin.h>

using namespace llvm;
using namespace ssmc::simt;

/// Runs passes; `tidy`: those before the rewriting, which leave to NVPTX's
/// own pipeline what they do not do, such as repeated loads and stack slots.
static void optimize(Module &module, TargetMachine &machine, bool tidy) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  ModulePassManager passes;
  if (tidy) {
    FunctionPassManager each;
    each.addPass(SROAPass(SROAOptions::ModifyCFG));
    each.addPass(SimplifyCFGPass());
    each.addPass(EarlyCSEPass(/*UseMemorySSA=*/true));
    passes.addPass(createModuleToFunctionPassAdaptor(std::move(each)));
  } else {
    passes = builder.buildPerModuleDefaultPipeline(OptimizationLevel::O1);
  }
  passes.run(module, modules);
}

static Expected<std::unique_ptr<orc::LLJIT>>
createJit(std::unique_ptr<TargetMachine> &machine) {
  InitializeNativeTarget();
  InitializeNativeTargetAsmPrinter();
  auto builder = orc::JITTargetMachineBuilder::detectHost();
  if (!builder)
    return builder.takeError();
  builder->setCodeGenOptLevel(CodeGenOptLevel::Less);
  auto created = builder->createTargetMachine();
  if (!created)
    return created.takeError();
  machine = std::move(*created);
  return orc::LLJITBuilder()
      .setJITTargetMachineBuilder(std::move(*builder))
      .setLinkProcessSymbolsByDefault(false)
      .setPlatformSetUp(orc::setUpInactivePlatform)
      .create();
}

Error KernelModule::compile(StringRef file) {
  auto context = std::make_unique<LLVMContext>();
  SMDiagnostic diagnostic;
  auto module = parseIRFile(file, diagnostic, *context);
  if (!module) {
    std::string text;
    raw_string_ostream os(text);
    diagnostic.print(nullptr, os, /*ShowColors=*/false);
    return createStringError(text);
  }
  std::unique_ptr<TargetMachine> machine;
  auto created = createJit(machine);
  if (!created)
    return created.takeError();
  jit = std::move(*created);
  optimize(*module, *machine, /*tidy=*/true);
  auto result = prepareKernels(*module, machine->getTargetTriple(),
                               machine->createDataLayout(), options.prepare);
  if (!result)
    return result.takeError();
  prepared = std::move(*result);
  optimize(*module, *machine, /*tidy=*/false);

  orc::SymbolMap symbols;
  auto add = [&](const char *name, void *address) {
    symbols[jit->mangleAndIntern(name)] = {orc::ExecutorAddr::fromPtr(address),
                                           JITSymbolFlags::Exported |
                                               JITSymbolFlags::Callable};
  };
  for (const RuntimeFunction &function : runtimeFunctions())
    add(function.name, function.address);
  add("memcpy", reinterpret_cast<void *>(&::memcpy));
  add("memset", reinterpret_cast<void *>(&::memset));
  if (Error error = jit->getMainJITDylib().define(
          orc::absoluteSymbols(std::move(symbols))))
    return error;
  return jit->addIRModule(
      orc::ThreadSafeModule(std::move(module), std::move(context)));
}

Error KernelModule::findSymbols() {
  for (const KernelInfo &info : prepared.kernels) {
    auto address = jit->lookup(entryName(info.name));
    if (!address)
      return address.takeError();
    Kernel &kernel = kernels[info.name];
    kernel.module = this;
    kernel.info = &info;
    kernel.entry = address->toPtr<void (*)(void **)>();
  }
  for (const GlobalVariableInfo &variable : prepared.globals) {
    auto address = jit->lookup(variable.name);
    if (!address)
      return address.takeError();
    variables.push_back(address->getValue());
    memory.add(variables.back(), variable.bytes);
  }
  return Error::success();
}

Expected<std::unique_ptr<KernelModule>>
KernelModule::load(StringRef file, DeviceMemory &memory,
                   const ModuleOptions &options) {
  std::unique_ptr<KernelModule> module(new KernelModule(memory, options));
  if (Error error = module->compile(file))
    return error;
  if (Error error = module->findSymbols())
    return error;
  return module;
}

KernelModule::~KernelModule() {
  for (uintptr_t variable : variables)
    memory.remove(variable);
}

Kernel *KernelModule::find(StringRef name) {
  auto it = kernels.find(name.str());
  return it == kernels.end() ? nullptr : &it->second;
}

bool KernelModule::owns(const Kernel *kernel) const {
  return llvm::any_of(kernels,
                      [&](auto &entry) { return &entry.second == kernel; });
}

//===----------------------------------------------------------------------===//
// Launches
//===----------------------------------------------------------------------===//

/// Traffic is counted by the parameter that points to an allocation.
void KernelModule::labelParameters(const Kernel &kernel, void **parameters) {
  for (auto &[begin, allocation] : memory.allocations) {
    allocation.parameter = -1;
    allocation.accesses.clear();
    allocation.written = false;
    if (counts()) {
      allocation.loaded.reset(allocation.bytes);
      allocation.stored.reset(allocation.bytes);
    }
  }
  for (size_t i = kernel.info->isPointer.size(); i-- > 0;) {
    uintptr_t address;
    if (!kernel.info->isPointer[i])
      continue;
    std::memcpy(&address, parameters[i], sizeof(address));
    if (Allocation *allocation = memory.find(address, 1))
      allocation->parameter = i;
  }
  for (Range &range : prepared.ranges)
    range.count = 0; // the allocation may be gone
}

std::string KernelModule::launch(Kernel &kernel,
                                 const LaunchArguments &arguments,
                                 const LaunchOptions &launchOptions) {
  labelParameters(kernel, arguments.parameters);
  LaunchRequest request;
  request.kernel = kernel.info;
  request.entry = kernel.entry;
  request.parameters = arguments.parameters;
  request.grid = arguments.grid;
  request.block = arguments.block;
  request.sharedBytes = staticSharedBytes() + arguments.dynamicBytes;
  request.sites = &prepared.sites;
  request.sharedRanges = prepared.sharedRanges;
  request.memory = &memory;
  request.counters = &kernel.counters;
  request.stacks = &stacks;
  request.count = counts();
  request.races = options.races;
  KernelCounters &counters = kernel.counters;
  ++counters.launches;
  counters.blocks += request.grid.count();
  counters.mostSharedBytes =
      std::max(counters.mostSharedBytes, request.sharedBytes);
  Launch launch(request, launchOptions);
  // Exceptions masked, round to nearest; bit 15: FTZ, bit 6: DAZ.
  unsigned mode = 0x1F80 | (kernel.info->flushesResults ? 0x8000 : 0) |
                  (kernel.info->flushesInputs ? 0x0040 : 0);
  unsigned outer = _mm_getcsr();
  _mm_setcsr(mode);
  launch.run();
  _mm_setcsr(outer);
  return launch.failure;
}

Error KernelModule::writeCounters() const {
  if (options.counters.empty())
    return Error::success();
  json::Object object;
  for (const auto &[name, kernel] : kernels)
    object[name] = kernel.counters.toJson(prepared.sites);
  std::error_code error;
  raw_fd_ostream os(options.counters, error);
  if (error)
    return createStringError("cannot write '" + options.counters +
                             "': " + error.message());
  os << formatv("{0:2}\n", json::Value(std::move(object)));
  return Error::success();
}
