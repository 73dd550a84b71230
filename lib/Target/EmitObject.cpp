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
#include "llvm/Object/ObjectFile.h"
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

/// Puts a local constant with `content` in the place of a declaration.
static GlobalVariable *replaceDeclaration(Module &module, StringRef symbol,
                                          StringRef name, Constant *content) {
  auto *blob =
      new GlobalVariable(module, content->getType(), /*isConstant=*/true,
                         GlobalValue::InternalLinkage, content);
  if (GlobalVariable *declared = module.getGlobalVariable(symbol, true)) {
    declared->replaceAllUsesWith(blob);
    declared->eraseFromParent();
  }
  blob->setName(name);
  blob->setAlignment(Align(64));
  return blob;
}

void ssmc::defineBlob(Module &module, StringRef symbol, StringRef name,
                      ArrayRef<char> bytes) {
  auto *type =
      ArrayType::get(Type::getInt8Ty(module.getContext()), bytes.size());
  Constant *content =
      bytes.empty()
          ? static_cast<Constant *>(ConstantAggregateZero::get(type))
          : ConstantDataArray::getRaw(StringRef(bytes.data(), bytes.size()),
                                      bytes.size(), type->getElementType());
  replaceDeclaration(module, symbol, name, content);
}

void ssmc::reserveBlob(Module &module, StringRef symbol, StringRef name,
                       size_t size) {
  auto *type = ArrayType::get(Type::getInt8Ty(module.getContext()), size);
  GlobalVariable *blob = replaceDeclaration(module, symbol, name,
                                            ConstantAggregateZero::get(type));
  // What is written here is not what will be there.
  blob->setExternallyInitialized(true);
}

Error ssmc::fillBlob(MutableArrayRef<char> bytes, StringRef name,
                     ArrayRef<char> content) {
  auto object = object::ObjectFile::createObjectFile(
      MemoryBufferRef(StringRef(bytes.data(), bytes.size()), "model.o"));
  if (!object)
    return object.takeError();
  for (const object::SymbolRef &symbol : (*object)->symbols()) {
    Expected<StringRef> found = symbol.getName();
    if (!found)
      return found.takeError();
    // Mach-O puts an underscore in front.
    if (*found != name && *found != ("_" + name).str())
      continue;
    auto section = symbol.getSection();
    auto address = symbol.getAddress();
    if (!section || !address)
      return joinErrors(section.takeError(), address.takeError());
    auto data = (*section)->getContents();
    if (!data)
      return data.takeError();
    uint64_t offset = *address - (*section)->getAddress();
    if (offset + content.size() > data->size())
      break;
    llvm::copy(content, bytes.begin() + (data->data() - bytes.data()) + offset);
    return Error::success();
  }
  // Code that reads no weights has no place for them.
  return content.empty() ? Error::success()
                         : createStringError("the object file has no place "
                                             "for the weights");
}

/// What functions of a system must say beyond the CPU.
static void setSystemAttributes(Function &function, const TargetCpu &target) {
  // LLVM prefers 256 bits on AVX-512 CPUs; the register tiles are written for
  // all 512.
  if (target.isX86())
    function.addFnAttr("prefer-vector-width", target.hasAvx512 ? "512" : "256");
  // RISC-V flushes nothing.
  if (!target.triple.isRISCV())
    function.addFnAttr("denormal-fp-math", "preserve-sign,preserve-sign");
  if (target.triple.isOSWindows()) {
    // No call of the C library's __chkstk; what unwinds stacks needs tables.
    function.addFnAttr("no-stack-arg-probe");
    function.setUWTableKind(UWTableKind::Default);
  }
}

void ssmc::bindToTarget(Module &module, const TargetCpu &target,
                        TargetMachine &machine) {
  module.setTargetTriple(target.triple);
  module.setDataLayout(machine.createDataLayout());
  module.setModuleFlag(Module::Min, "PIC Level", PICLevel::BigPIC);
  if (!target.abi.empty())
    module.setModuleFlag(Module::Error, "target-abi",
                         MDString::get(module.getContext(), target.abi));
  for (Function &function : module) {
    if (function.isDeclaration())
      continue;
    function.addFnAttr("target-cpu", target.cpu);
    function.removeFnAttr("target-features");
    function.removeFnAttr("tune-cpu");
    if (!target.features.empty())
      function.addFnAttr("target-features", target.features);
    setSystemAttributes(function, target);
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
  // O3 takes a third more of the compile time for code of the same speed. A
  // dozen passes picked from O1 take a sixth less, but code of LinOSS is
  // then 4 to 5 % slower on AVX-512.
  builder.buildPerModuleDefaultPipeline(OptimizationLevel::O1)
      .run(module, modules);
}

Expected<SmallVector<char, 0>> ssmc::emitMachineCode(Module &module,
                                                     TargetMachine &machine,
                                                     CodeKind kind,
                                                     size_t sizeHint) {
  std::string broken;
  raw_string_ostream why(broken);
  if (verifyModule(module, &why))
    return createStringError("generated LLVM IR is invalid: " + broken);
  SmallVector<char, 0> code;
  code.reserve(sizeHint + (16 << 20));
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
