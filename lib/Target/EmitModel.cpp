//===- EmitModel.cpp - A lowered model's code, with its C API -------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Target/EmitModel.h"
#include "lib/Target/EmitObject.h"
#include "lib/Target/EntryPoints.h"
#include "llvm/Transforms/Utils/Cloning.h"

using namespace llvm;
using namespace ssmc;

Expected<ModelCode> ModelCode::build(mlir::ModuleOp lowered,
                                     const ModelInfo &info,
                                     ArrayRef<char> weights,
                                     const TargetCpu &target) {
  ModelCode code;
  code.context = std::make_unique<LLVMContext>();
  auto machine = createTargetMachine(target);
  if (!machine)
    return machine.takeError();
  code.machine = std::move(*machine);
  auto module = translateToLLVM(lowered, *code.context);
  if (!module)
    return module.takeError();
  code.module = std::move(*module);
  if (Error error = addEntryPoints(*code.module, info))
    return error;
  bindToTarget(*code.module, target, *code.machine);
  optimize(*code.module, *code.machine);
  addWeights(*code.module, weights);
  return code;
}

// Code generation changes the IR it reads: it gets a copy.
Expected<SmallVector<char, 0>> ModelCode::emitObject() const {
  return emitMachineCode(*CloneModule(*module), *machine, CodeKind::Object);
}

Expected<SmallVector<char, 0>> ModelCode::emitAssembly() const {
  return emitMachineCode(*CloneModule(*module), *machine, CodeKind::Assembly);
}

SmallVector<char, 0> ModelCode::emitText() const {
  SmallVector<char, 0> text;
  raw_svector_ostream stream(text);
  module->print(stream, nullptr);
  return text;
}
