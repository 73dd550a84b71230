//===- EmitObject.cpp - From the LLVM dialect to machine code -------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/EmitObject.h"
#include "mlir/Target/LLVMIR/Dialect/Builtin/BuiltinToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Dialect/LLVMIR/LLVMToLLVMIRTranslation.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Analysis/TargetLibraryInfo.h"
#include "llvm/IR/Constants.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Verifier.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"

using namespace llvm;
using namespace ssmc;

void ssmc::registerTranslations(mlir::DialectRegistry &registry) {
  mlir::registerBuiltinDialectTranslation(registry);
  mlir::registerLLVMDialectTranslation(registry);
}

Expected<std::unique_ptr<Module>> ssmc::translateToLLVM(mlir::ModuleOp module,
                                                        LLVMContext &context) {
  mlir::DialectRegistry registry;
  registerTranslations(registry);
  module.getContext()->appendDialectRegistry(registry);
  std::unique_ptr<Module> translated =
      mlir::translateModuleToLLVMIR(module, context, "model");
  if (!translated)
    return createStringError("the module has operations that LLVM IR cannot "
                             "express (see the errors above)");
  return translated;
}

void ssmc::defineBlob(Module &module, StringRef symbol, ArrayRef<char> bytes) {
  auto *type =
      ArrayType::get(Type::getInt8Ty(module.getContext()), bytes.size());
  Constant *content =
      bytes.empty()
          ? static_cast<Constant *>(ConstantAggregateZero::get(type))
          : ConstantDataArray::getRaw(StringRef(bytes.data(), bytes.size()),
                                      bytes.size(), type->getElementType());
  auto *blob = new GlobalVariable(module, type, /*isConstant=*/true,
                                  GlobalValue::PrivateLinkage, content);
  if (GlobalVariable *declared = module.getGlobalVariable(symbol, true)) {
    declared->replaceAllUsesWith(blob);
    declared->eraseFromParent();
  }
  blob->setName(symbol);
  blob->setAlignment(Align(64));
  blob->setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
}

void ssmc::bindToTarget(Module &module, const TargetCpu &target,
                        TargetMachine &machine) {
  module.setTargetTriple(Triple(target.triple));
  module.setDataLayout(machine.createDataLayout());
  module.setModuleFlag(Module::Min, "PIC Level", PICLevel::BigPIC);
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    function.removeFnAttr("target-features");
    function.removeFnAttr("tune-cpu");
    if (!target.features.empty())
      function.addFnAttr("target-features", target.features);
    // LLVM prefers 256 bits on AVX-512 CPUs; the register tiles are written
    // for all 512.
    function.addFnAttr("prefer-vector-width", target.hasAvx512 ? "512" : "256");
    function.addFnAttr("denormal-fp-math", "preserve-sign,preserve-sign");
    function.addFnAttr("no-trapping-math", "true");
    function.addFnAttr(Attribute::NoUnwind);
  }
}

/// Library functions that optimizations may call: all that an object may need
/// of the program it is linked into.
static TargetLibraryInfoImpl getAllowedLibrary(const Module &module) {
  TargetLibraryInfoImpl library(module.getTargetTriple());
  library.disableAllFunctions();
  for (LibFunc function : {LibFunc_memcpy, LibFunc_memmove, LibFunc_memset})
    library.setAvailable(function);
  return library;
}

/// Loops come tiled, unrolled and vectorized as they should be. Letting LLVM
/// try again doubles its time and changes nothing measurable in theirs.
static PipelineTuningOptions getTuning() {
  PipelineTuningOptions tuning;
  tuning.LoopUnrolling = false;
  tuning.LoopInterleaving = false;
  tuning.LoopVectorization = false;
  tuning.SLPVectorization = false;
  return tuning;
}

void ssmc::optimize(Module &module, TargetMachine &machine) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager callGraph;
  ModuleAnalysisManager modules;
  TargetLibraryInfoImpl library = getAllowedLibrary(module);
  functions.registerPass([&] { return TargetLibraryAnalysis(library); });
  PassBuilder builder(&machine, getTuning());
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(callGraph);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, callGraph, modules);
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O3)
      .run(module, modules);
}

Expected<SmallVector<char, 0>>
ssmc::emitMachineCode(Module &module, TargetMachine &machine, CodeKind kind) {
  std::string broken;
  raw_string_ostream why(broken);
  if (verifyModule(module, &why))
    return createStringError("generated LLVM IR is invalid: " + broken);
  SmallVector<char, 0> code;
  raw_svector_ostream stream(code);
  legacy::PassManager passes;
  passes.add(new TargetLibraryInfoWrapperPass(getAllowedLibrary(module)));
  auto type = kind == CodeKind::Object ? CodeGenFileType::ObjectFile
                                       : CodeGenFileType::AssemblyFile;
  if (machine.addPassesToEmitFile(passes, stream, nullptr, type))
    return createStringError("LLVM cannot write this kind of file for '" +
                             module.getTargetTriple().str() + "'");
  passes.run(module);
  return code;
}

Expected<SmallVector<char, 0>> ssmc::compileToObject(mlir::ModuleOp module,
                                                     const TargetCpu &target,
                                                     CodeGenOptLevel level) {
  LLVMContext context;
  auto translated = translateToLLVM(module, context);
  if (!translated)
    return translated.takeError();
  auto machine = createTargetMachine(target, level);
  if (!machine)
    return machine.takeError();
  bindToTarget(**translated, target, **machine);
  if (level > CodeGenOptLevel::Less)
    optimize(**translated, **machine);
  return emitMachineCode(**translated, **machine, CodeKind::Object);
}
