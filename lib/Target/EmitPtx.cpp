//===- EmitPtx.cpp - From the NVVM dialect to PTX -------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/EmitPtx.h"
#include "mlir/Target/LLVMIR/Dialect/All.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/NVPTXAddrSpace.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Transforms/Scalar/InferAddressSpaces.h"
#include <mutex>

using namespace llvm;
using namespace ssmc;

/// The first architecture whose minimum and maximum hand NaN on.
static constexpr unsigned kOldestArchitecture = 80;

static const Target &getBackend() {
  static std::once_flag once;
  std::call_once(once, [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
  });
  std::string ignored;
  return *TargetRegistry::lookupTarget(Triple("nvptx64-nvidia-cuda"), ignored);
}

std::vector<unsigned> ssmc::getPtxArchitectures() {
  std::unique_ptr<MCSubtargetInfo> backend(getBackend().createMCSubtargetInfo(
      Triple("nvptx64-nvidia-cuda"), "sm_80", ""));
  std::vector<unsigned> known;
  for (const SubtargetSubTypeKV &chip :
       backend->getAllProcessorDescriptions()) {
    unsigned sm;
    StringRef name = chip.Key;
    // Not the variants that run on one chip only, such as sm_90a.
    if (name.consume_front("sm_") && !name.getAsInteger(10, sm) &&
        sm >= kOldestArchitecture)
      known.push_back(sm);
  }
  llvm::sort(known);
  return known;
}

static FailureOr<std::unique_ptr<TargetMachine>>
createMachine(mlir::Operation *gpuModule, unsigned sm) {
  std::vector<unsigned> known = getPtxArchitectures();
  if (!is_contained(known, sm)) {
    mlir::InFlightDiagnostic error = mlir::emitError(gpuModule->getLoc());
    error << "cannot make code for sm_" << sm << "; expected one of ";
    interleave(
        known, [&](unsigned one) { error << "sm_" << one; },
        [&] { error << ", "; });
    return failure();
  }
  TargetOptions options;
  options.AllowFPOpFusion = FPOpFusion::Strict;
  return std::unique_ptr<TargetMachine>(getBackend().createTargetMachine(
      Triple("nvptx64-nvidia-cuda"), "sm_" + utostr(sm), /*Features=*/"",
      options, /*RM=*/std::nullopt, /*CM=*/std::nullopt,
      CodeGenOptLevel::Aggressive));
}

/// Dynamic shared memory is declared, of size zero, and not defined: the launch
/// says how large it is. Upstream's lowering makes it a definition, which would
/// be static.
static void declareDynamicShared(Module &module) {
  for (GlobalVariable &global : module.globals()) {
    auto *array = dyn_cast<ArrayType>(global.getValueType());
    if (global.getAddressSpace() != NVPTXAS::ADDRESS_SPACE_SHARED || !array ||
        array->getNumElements() != 0)
      continue;
    global.setInitializer(nullptr);
    global.setLinkage(GlobalValue::ExternalLinkage);
  }
}

static void prepareFunctions(Module &module) {
  // For what may be linked to this: code for both modes asks for this flag.
  module.addModuleFlag(Module::Override, "nvvm-reflect-ftz", 1);
  for (Function &function : module) {
    // LLVM does not know that all threads of a warp have to come there.
    if (function.getName().starts_with("llvm.nvvm.mma."))
      for (User *user : function.users())
        cast<CallInst>(user)->setConvergent();
    if (function.isDeclaration())
      continue;
    // For f64, GPUs have no such mode.
    function.addFnAttr("denormal-fp-math-f32", "preserve-sign,preserve-sign");
    function.addFnAttr("no-trapping-math", "true");
    function.addFnAttr(Attribute::NoUnwind);
    if (function.getCallingConv() == CallingConv::PTX_Kernel)
      continue;
    function.setLinkage(GlobalValue::InternalLinkage);
    if (!function.hasFnAttribute(Attribute::NoInline))
      function.addFnAttr(Attribute::AlwaysInline);
  }
}

static void optimize(Module &module, TargetMachine &machine) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager callGraph;
  ModuleAnalysisManager modules;
  PassBuilder builder(&machine);
  // After inlining, so that what follows knows which accesses cannot overlap.
  builder.registerCGSCCOptimizerLateEPCallback([](CGSCCPassManager &passes,
                                                  OptimizationLevel) {
    passes.addPass(createCGSCCToFunctionPassAdaptor(InferAddressSpacesPass()));
  });
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3)
      .run(module, modules);
}

/// A gpu.module as an optimized module of `context`.
static FailureOr<std::unique_ptr<Module>>
buildModule(mlir::Operation *gpuModule, TargetMachine &machine,
            LLVMContext &context) {
  mlir::DialectRegistry registry;
  mlir::registerAllGPUToLLVMIRTranslations(registry);
  gpuModule->getContext()->appendDialectRegistry(registry);
  std::unique_ptr<Module> module =
      mlir::translateModuleToLLVMIR(gpuModule, context, "kernels");
  if (!module)
    return failure();
  module->setTargetTriple(machine.getTargetTriple());
  module->setDataLayout(machine.createDataLayout());
  declareDynamicShared(*module);
  prepareFunctions(*module);
  optimize(*module, machine);
  std::string broken;
  raw_string_ostream why(broken);
  if (verifyModule(*module, &why))
    return mlir::emitError(gpuModule->getLoc(),
                           "generated LLVM IR is invalid: ")
           << broken;
  return module;
}

FailureOr<std::string> ssmc::emitNvvmIr(mlir::Operation *gpuModule,
                                        unsigned sm) {
  auto machine = createMachine(gpuModule, sm);
  if (failed(machine))
    return failure();
  LLVMContext context;
  auto module = buildModule(gpuModule, **machine, context);
  if (failed(module))
    return failure();
  std::string text;
  raw_string_ostream(text) << **module;
  return text;
}

FailureOr<std::string> ssmc::emitPtx(mlir::Operation *gpuModule, unsigned sm) {
  auto machine = createMachine(gpuModule, sm);
  if (failed(machine))
    return failure();
  LLVMContext context;
  auto module = buildModule(gpuModule, **machine, context);
  if (failed(module))
    return failure();
  SmallVector<char, 0> text;
  raw_svector_ostream stream(text);
  legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, stream, nullptr,
                                      CodeGenFileType::AssemblyFile))
    return mlir::emitError(gpuModule->getLoc(), "LLVM cannot write PTX");
  passes.run(**module);
  return std::string(text.data(), text.size());
}
