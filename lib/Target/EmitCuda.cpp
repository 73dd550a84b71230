//===- EmitCuda.cpp - An object with a model's code for GPUs --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/EmitCuda.h"
#include "lib/Target/Dispatch.h"
#include "lib/Target/EmitObject.h"
#include "lib/Target/EntryPoints.h"
#include "llvm/Linker/Linker.h"

using namespace llvm;
using namespace ssmc;

/// What @prepare is compiled for: it takes fused multiply-adds, which not every
/// x86-64 CPU has. NAME_cuda_load looks for them.
static Expected<TargetCpu> getPreparingCpu(const TargetCpu &host) {
  return host.isX86() ? resolveTargetCpu("x86-64-v3") : host;
}

/// Adds the model's @prepare, for weights that come at run time, to a module
/// that is bound to `host` already.
static Error addPrepare(Module &module, mlir::ModuleOp prepare,
                        const TargetCpu &host) {
  auto cpu = getPreparingCpu(host);
  if (!cpu)
    return cpu.takeError();
  auto machine = createTargetMachine(*cpu);
  if (!machine)
    return machine.takeError();
  auto translated = translateToLLVM(prepare, module.getContext());
  if (!translated)
    return translated.takeError();
  bindToTarget(**translated, *cpu, **machine);
  if (Linker::linkModules(module, std::move(*translated)))
    return createStringError("@prepare does not fit the entry points");
  if (host.isX86())
    defineNeeds(module, *cpu);
  return Error::success();
}

/// All but the image and the weights, optimized.
static Error fillModule(Module &module, const CudaObject &object,
                        const TargetCpu &host, TargetMachine &machine) {
  bool takesWeights = object.info.takesWeights;
  if (takesWeights != bool(object.prepare) ||
      (!takesWeights &&
       object.weights.size() != size_t(object.info.packedBytes)))
    return createStringError("the model's packed weights are not what its "
                             "description says");
  if (Error error = addCudaEntryPoints(module, object.info, object.kernels,
                                       object.leastCapability))
    return error;
  bindToTarget(module, host, machine);
  if (takesWeights)
    if (Error error = addPrepare(module, object.prepare, host))
      return error;
  finishEntryPoints(module, object.info, object.info.name + ".");
  optimize(module, machine);
  return Error::success();
}

Expected<SmallVector<char, 0>> ssmc::emitCudaObject(const CudaObject &object,
                                                    const TargetCpu &host) {
  LLVMContext context;
  auto machine = createTargetMachine(host);
  if (!machine)
    return machine.takeError();
  Module module("model", context);
  module.setTargetTriple(host.triple);
  module.setDataLayout((*machine)->createDataLayout());
  if (Error error = fillModule(module, object, host, **machine))
    return error;
  // PTX is text, which ends at a zero.
  SmallVector<char, 0> image(object.image.begin(), object.image.end());
  image.push_back(0);
  SmallVector<std::pair<StringRef, ArrayRef<char>>> blobs = {
      {kImageSymbol, image}};
  if (!object.info.takesWeights)
    blobs.push_back({kWeightsSymbol, object.weights});
  auto nameOf = [&](StringRef symbol) {
    return object.info.name + "." + symbol.substr(symbol.find('_') + 1).str();
  };
  for (auto [symbol, bytes] : blobs)
    reserveBlob(module, symbol, nameOf(symbol), bytes.size());
  auto code = emitMachineCode(module, **machine, CodeKind::Object,
                              image.size() + object.weights.size());
  if (!code)
    return code.takeError();
  for (auto [symbol, bytes] : blobs)
    if (Error error = fillBlob(*code, nameOf(symbol), bytes))
      return error;
  return code;
}
