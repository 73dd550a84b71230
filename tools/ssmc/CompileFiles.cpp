//===- CompileFiles.cpp - What ssmc compile writes ------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/CompileFiles.h"
#include "lib/Target/EmitHeader.h"
#include "lib/Target/EmitObject.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace ssmc;

namespace {
struct KnownKind {
  StringRef name;
  EmitKind kind;
  StringRef extension;
  bool forCpus, forGpus;
};
} // namespace

static constexpr KnownKind kKinds[] = {
    {"obj", EmitKind::Object, ".o", true, true},
    {"header", EmitKind::Header, ".h", true, true},
    {"shared", EmitKind::Shared, ".so", true, true},
    {"asm", EmitKind::Assembly, ".s", true, false},
    {"llvm", EmitKind::LLVM, ".ll", true, false},
    {"mlir", EmitKind::MLIR, ".mlir", true, false},
    {"ptx", EmitKind::Ptx, ".ptx", false, true},
    {"cubin", EmitKind::Cubin, ".cubin", false, true},
    {"nvvm", EmitKind::Nvvm, ".nvvm.ll", false, true},
    {"gpu-mlir", EmitKind::GpuMlir, ".gpu.mlir", false, true},
    {"model", EmitKind::Model, ".model.mlir", true, true}};

/// "obj, header, ... or model".
static std::string listKinds(bool forGpus) {
  SmallVector<StringRef> names;
  for (const KnownKind &known : kKinds)
    if (forGpus ? known.forGpus : known.forCpus)
      names.push_back(known.name);
  StringRef last = names.pop_back_val();
  return (llvm::join(names, ", ") + " or " + last).str();
}

Expected<std::vector<EmitKind>> ssmc::parseEmit(StringRef list, bool forGpus) {
  std::vector<EmitKind> kinds;
  SmallVector<StringRef> words;
  list.split(words, ',');
  for (StringRef word : words) {
    auto known = llvm::find_if(
        kKinds, [&](const KnownKind &kind) { return kind.name == word; });
    if (known == std::end(kKinds))
      return createStringError("--emit: unknown kind '" + word +
                               "'; expected " + listKinds(forGpus));
    if (!(forGpus ? known->forGpus : known->forCpus))
      return createStringError("--emit: there is no '" + word +
                               "' of code for " + (forGpus ? "GPUs" : "CPUs") +
                               "; expected " + listKinds(forGpus));
    if (!llvm::is_contained(kinds, known->kind))
      kinds.push_back(known->kind);
  }
  return kinds;
}

StringRef ssmc::getExtension(EmitKind kind) {
  return llvm::find_if(
             kKinds, [&](const KnownKind &known) { return known.kind == kind; })
      ->extension;
}

SmallVector<char, 0> ssmc::toBytes(StringRef text) {
  return SmallVector<char, 0>(text.begin(), text.end());
}

std::string ssmc::printModule(mlir::ModuleOp module, bool withWeights) {
  mlir::OpPrintingFlags flags;
  if (!withWeights)
    flags.elideLargeElementsAttrs().elideLargeResourceString();
  std::string text;
  raw_string_ostream stream(text);
  module->print(stream, flags);
  return text;
}

Error PrefixedFiles::add(const Twine &extension,
                         Expected<SmallVector<char, 0>> bytes) {
  if (!bytes)
    return bytes.takeError();
  files.push_back({(prefix + extension).str(), std::move(*bytes)});
  return Error::success();
}

const SmallVector<char, 0> *PrefixedFiles::find(StringRef extension) const {
  for (const OutputFile &file : files)
    if (file.path == (prefix + extension).str())
      return &file.bytes;
  return nullptr;
}

/// The LLVM dialect, a file per CPU.
static Error addModules(const NativeCode &native, PrefixedFiles &files) {
  ArrayRef<CompiledVariant> variants = native.lowered.variants;
  for (const CompiledVariant &variant : variants) {
    std::string cpu = variants.size() > 1 ? "." + variant.target.cpu : "";
    if (Error error = files.add(
            cpu + ".mlir",
            toBytes(printModule(*variant.module, /*withWeights=*/false))))
      return error;
  }
  return Error::success();
}

static Error addShared(const NativeCode &native, PrefixedFiles &files) {
  const Triple &triple = native.lowered.variants.front().target.triple;
  if (const SmallVector<char, 0> *object = files.find(".o"))
    return files.add(".so", linkSharedLibrary(*object, triple));
  auto object = native.code.emitObject();
  if (!object)
    return object.takeError();
  return files.add(".so", linkSharedLibrary(*object, triple));
}

Error ssmc::addNativeFile(mlir::ModuleOp model, const NativeCode &native,
                          EmitKind kind, PrefixedFiles &files) {
  switch (kind) {
  case EmitKind::Object:
    return files.add(".o", native.code.emitObject());
  case EmitKind::Shared:
    return addShared(native, files);
  case EmitKind::Header:
    return files.add(".h", toBytes(emitHeader(native.lowered.info)));
  case EmitKind::Assembly:
    return files.add(".s", native.code.emitAssembly());
  case EmitKind::LLVM:
    return files.add(".ll", native.code.emitText());
  case EmitKind::MLIR:
    return addModules(native, files);
  case EmitKind::Model:
    return files.add(".model.mlir",
                     toBytes(printModule(model, /*withWeights=*/true)));
  case EmitKind::Ptx:
  case EmitKind::Cubin:
  case EmitKind::Nvvm:
  case EmitKind::GpuMlir:
    break;
  }
  llvm_unreachable("parseEmit leaves the GPU's kinds out");
}
