//===- JitSession.cpp - Compiled code, loaded into this process -----------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/JitSession.h"
#include "lib/Target/EmitObject.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/Support/MemoryBuffer.h"
#include <cstring>

using namespace llvm;
using namespace ssmc;

JitSession::JitSession(std::unique_ptr<orc::LLJIT> jit) : jit(std::move(jit)) {}

JitSession::~JitSession() = default;

template <typename Function>
static orc::ExecutorSymbolDef makeSymbol(Function *function) {
  return {orc::ExecutorAddr::fromPtr(function),
          JITSymbolFlags::Exported | JITSymbolFlags::Callable};
}

Expected<std::unique_ptr<JitSession>>
JitSession::load(ArrayRef<char> object, ArrayRef<HostFunction> hostFunctions) {
  // LLJIT asks for the host's target even to load finished objects.
  if (auto host = resolveTargetCpu("x86-64-v3"))
    (void)createTargetMachine(*host);
  auto jit = orc::LLJITBuilder()
                 .setLinkProcessSymbolsByDefault(false)
                 .setPlatformSetUp(orc::setUpInactivePlatform)
                 .create();
  if (!jit)
    return jit.takeError();

  auto &dylib = (*jit)->getMainJITDylib();
  orc::SymbolMap allowed;
  allowed[(*jit)->mangleAndIntern("memcpy")] = makeSymbol(&::memcpy);
  allowed[(*jit)->mangleAndIntern("memmove")] = makeSymbol(&::memmove);
  allowed[(*jit)->mangleAndIntern("memset")] = makeSymbol(&::memset);
  for (const HostFunction &function : hostFunctions)
    allowed[(*jit)->mangleAndIntern(function.name)] = {
        orc::ExecutorAddr::fromPtr(function.address),
        JITSymbolFlags::Exported | JITSymbolFlags::Callable};
  if (Error error = dylib.define(orc::absoluteSymbols(std::move(allowed))))
    return error;
  auto buffer = MemoryBuffer::getMemBufferCopy(
      StringRef(object.data(), object.size()), "model.o");
  if (Error error = (*jit)->addObjectFile(std::move(buffer)))
    return error;
  return std::unique_ptr<JitSession>(new JitSession(std::move(*jit)));
}

Expected<std::unique_ptr<JitSession>>
JitSession::compile(mlir::ModuleOp module, CodeGenOptLevel level,
                    ArrayRef<HostFunction> hostFunctions) {
  auto target = resolveTargetCpu("native");
  if (!target)
    return target.takeError();
  auto object = compileToObject(module, *target, level);
  if (!object)
    return object.takeError();
  return load(*object, hostFunctions);
}

Expected<void *> JitSession::lookup(StringRef symbol) {
  auto address = jit->lookup(symbol);
  if (!address)
    return address.takeError();
  return address->toPtr<void *>();
}
