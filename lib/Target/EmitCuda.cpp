//===- EmitCuda.cpp - An object with a model's code for GPUs --------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/EmitCuda.h"
#include "lib/Target/EmitObject.h"
#include "lib/Target/EntryPoints.h"

using namespace llvm;
using namespace ssmc;

Expected<SmallVector<char, 0>> ssmc::emitCudaObject(const CudaObject &object,
                                                    const TargetCpu &host) {
  LLVMContext context;
  auto machine = createTargetMachine(host);
  if (!machine)
    return machine.takeError();
  Module module("model", context);
  module.setTargetTriple(host.triple);
  module.setDataLayout((*machine)->createDataLayout());
  if (Error error =
          addCudaEntryPoints(module, object.info, object.kernels,
                             object.weights.size(), object.leastCapability))
    return error;
  std::string prefix = object.info.name + ".";
  finishEntryPoints(module, object.info, prefix);
  bindToTarget(module, host, **machine);
  optimize(module, **machine);
  // PTX is text, which ends at a zero.
  SmallVector<char, 0> image(object.image.begin(), object.image.end());
  image.push_back(0);
  std::pair<StringRef, ArrayRef<char>> blobs[] = {
      {kImageSymbol, image}, {kWeightsSymbol, object.weights}};
  auto nameOf = [&](StringRef symbol) {
    return prefix + symbol.substr(symbol.find('_') + 1).str();
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
