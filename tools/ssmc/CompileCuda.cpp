//===- CompileCuda.cpp - ssmc compile for GPUs ----------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/ssmc/CompileCuda.h"
#include "lib/Target/EmitCuda.h"
#include "lib/Target/EmitHeader.h"
#include "lib/Target/EmitObject.h"
#include "tools/ssmc/Compilation.h"
#include "tools/ssmc/Progress.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace ssmc;

bool CudaRequest::needsBundle(ArrayRef<EmitKind> kinds) const {
  bool hasImage = llvm::is_contained(kinds, EmitKind::Object) ||
                  llvm::is_contained(kinds, EmitKind::Shared);
  return hasImage && !target.isPlainPtx();
}

bool CudaRequest::needsTools(ArrayRef<EmitKind> kinds) const {
  return llvm::is_contained(kinds, EmitKind::Cubin) || needsBundle(kinds);
}

/// What a header declares is in objects only. Alone it may be of one that is
/// made elsewhere.
static Error checkHeader(ArrayRef<EmitKind> kinds) {
  auto has = [&](EmitKind kind) { return llvm::is_contained(kinds, kind); };
  bool hasKernels = has(EmitKind::Ptx) || has(EmitKind::Cubin) ||
                    has(EmitKind::Nvvm) || has(EmitKind::GpuMlir);
  if (!has(EmitKind::Header) || !hasKernels || has(EmitKind::Object) ||
      has(EmitKind::Shared))
    return Error::success();
  return createStringError("--emit: a header declares functions of an object, "
                           "and there is none; add obj or shared, or leave "
                           "header off");
}

Error ssmc::refuseGpuFlags(const CommandLine &line) {
  for (StringRef flag : {kPtxasFlag.name, kProductsFlag.name})
    if (line.has(flag))
      return createStringError(flag + " is for GPUs; leave it off for CPUs");
  return Error::success();
}

/// What --products calls chains of multiply-adds.
static constexpr StringLiteral kFmaProducts = "fma";

static Expected<std::optional<TensorProducts>>
parseProducts(const CommandLine &line) {
  StringRef text = line.get(kProductsFlag.name, kFmaProducts);
  std::optional<TensorProducts> products = symbolizeTensorProducts(text);
  if (!products && text != kFmaProducts)
    return createStringError(kProductsFlag.name + ": '" + text +
                             "' is not known; expected fma, bf16x3 or tf32");
  return products;
}

static StringRef nameProducts(const CudaRequest &request) {
  if (request.products)
    return stringifyTensorProducts(*request.products);
  return kFmaProducts;
}

Expected<CudaRequest> CudaRequest::parse(const CommandLine &line,
                                         ArrayRef<EmitKind> kinds) {
  CudaRequest request;
  auto target = parseCudaTarget(line.get(kTargetsFlag.name));
  if (!target)
    return target.takeError();
  request.target = std::move(*target);
  auto host = getCudaHost();
  if (!host)
    return host.takeError();
  request.host = std::move(*host);
  auto products = parseProducts(line);
  if (!products)
    return products.takeError();
  request.products = *products;
  if (Error error = checkHeader(kinds))
    return error;
  if (llvm::is_contained(kinds, EmitKind::Cubin) &&
      request.target.cubins.empty())
    return createStringError(
        "--emit cubin: the target names PTX only; expected "
        "machine code of a GPU, cuda:sm_NN");
  if (line.has(kPtxasFlag.name) && !request.needsTools(kinds))
    return createStringError(kPtxasFlag.name + ": PTX and IR are made without "
                                               "ptxas; leave it off");
  return request;
}

Error CudaRequest::findTools(const CommandLine &line,
                             ArrayRef<EmitKind> kinds) {
  if (!needsTools(kinds))
    return Error::success();
  auto found = CudaTools::find(line.get(kPtxasFlag.name));
  if (!found)
    return found.takeError();
  tools = std::move(*found);
  return needsBundle(kinds) ? tools->requireFatbinary() : Error::success();
}

mlir::FailureOr<CompiledCudaModel>
ssmc::lowerForGpus(mlir::ModuleOp model, const CompileOptions &options,
                   StringRef name, ArrayRef<unsigned> architectures) {
  uint64_t hash = hashModel(model, options.withoutHead);
  Progress progress("lowering the model");
  mlir::OwningOpRef<mlir::ModuleOp> copy = model.clone();
  mlir::FailureOr<CompiledCudaModel> lowered =
      compileCudaModel(*copy, options, architectures);
  if (succeeded(lowered))
    nameModel(lowered->info, model, name, hash);
  return lowered;
}

namespace {
/// Makes files, each kind of code once.
class Emitter {
public:
  Emitter(mlir::ModuleOp model, CompiledCudaModel &lowered,
          const CudaRequest &request, PrefixedFiles &files)
      : model(model), lowered(lowered), request(request), files(files) {}

  Error add(EmitKind kind);

private:
  mlir::ModuleOp model;
  CompiledCudaModel &lowered;
  const CudaRequest &request;
  PrefixedFiles &files;
  std::map<unsigned, std::string> ptx;
  std::map<unsigned, SmallVector<char, 0>> cubins;

  Expected<StringRef> getPtx(unsigned architecture);
  Expected<ArrayRef<char>> getCubin(unsigned architecture);
  Expected<SmallVector<char, 0>> makeImage();
  Expected<SmallVector<char, 0>> makeObject();
  Error addShared();

  /// A file for each of `architectures`, with their names when they are many.
  Error
  addEach(ArrayRef<unsigned> architectures, StringRef extension,
          llvm::function_ref<Expected<SmallVector<char, 0>>(unsigned)> make);
};
} // namespace

/// For functions that report their errors themselves.
static Error alreadyReported(const Twine &task) {
  return createStringError("cannot " + task + " (see the errors above)");
}

Expected<StringRef> Emitter::getPtx(unsigned architecture) {
  auto [entry, isNew] = ptx.try_emplace(architecture);
  if (isNew) {
    auto text = emitPtx(lowered, architecture);
    if (failed(text))
      return alreadyReported("make PTX for sm_" + Twine(architecture));
    entry->second = std::move(*text);
  }
  return StringRef(entry->second);
}

Expected<ArrayRef<char>> Emitter::getCubin(unsigned architecture) {
  auto [entry, isNew] = cubins.try_emplace(architecture);
  if (isNew) {
    auto text = getPtx(architecture);
    if (!text)
      return text.takeError();
    auto code = request.tools->assemble(*text, architecture);
    if (!code)
      return code.takeError();
    entry->second = std::move(*code);
  }
  return ArrayRef<char>(entry->second);
}

/// PTX alone as it is, everything else in a fat binary.
Expected<SmallVector<char, 0>> Emitter::makeImage() {
  std::vector<CudaCode> parts;
  for (unsigned architecture : request.target.cubins) {
    auto code = getCubin(architecture);
    if (!code)
      return code.takeError();
    parts.push_back(
        {/*isPtx=*/false, architecture, {code->begin(), code->end()}});
  }
  for (unsigned architecture : request.target.ptx) {
    auto text = getPtx(architecture);
    if (!text)
      return text.takeError();
    parts.push_back({/*isPtx=*/true, architecture, toBytes(*text)});
  }
  if (request.target.isPlainPtx())
    return std::move(parts.front().bytes);
  return request.tools->bundle(parts);
}

Expected<SmallVector<char, 0>> Emitter::makeObject() {
  auto image = makeImage();
  if (!image)
    return image.takeError();
  return emitCudaObject({lowered.info, lowered.kernels, lowered.blob, *image,
                         request.target.getLeast(),
                         lowered.prepare ? *lowered.prepare : mlir::ModuleOp()},
                        request.host);
}

Error Emitter::addShared() {
  if (const SmallVector<char, 0> *object = files.find(".o"))
    return files.add(".so", linkSharedLibrary(*object, request.host.triple));
  auto object = makeObject();
  if (!object)
    return object.takeError();
  return files.add(".so", linkSharedLibrary(*object, request.host.triple));
}

Error Emitter::addEach(
    ArrayRef<unsigned> architectures, StringRef extension,
    llvm::function_ref<Expected<SmallVector<char, 0>>(unsigned)> make) {
  for (unsigned architecture : architectures) {
    std::string which =
        architectures.size() > 1 ? ".sm_" + utostr(architecture) : "";
    if (Error error = files.add(which + extension, make(architecture)))
      return error;
  }
  return Error::success();
}

Error Emitter::add(EmitKind kind) {
  using Bytes = Expected<SmallVector<char, 0>>;
  SmallVector<unsigned> all = request.target.getAll();
  switch (kind) {
  case EmitKind::Object:
    return files.add(".o", makeObject());
  case EmitKind::Shared:
    return addShared();
  case EmitKind::Header:
    return files.add(".h", toBytes(emitCudaHeader(lowered.info, request.target,
                                                  nameProducts(request))));
  case EmitKind::Ptx:
    return addEach(all, ".ptx", [&](unsigned architecture) -> Bytes {
      auto text = getPtx(architecture);
      if (!text)
        return text.takeError();
      return toBytes(*text);
    });
  case EmitKind::Cubin:
    return addEach(request.target.cubins, ".cubin",
                   [&](unsigned architecture) -> Bytes {
                     auto code = getCubin(architecture);
                     if (!code)
                       return code.takeError();
                     return SmallVector<char, 0>(code->begin(), code->end());
                   });
  case EmitKind::Nvvm:
    return addEach(all, ".nvvm.ll", [&](unsigned architecture) -> Bytes {
      auto text = emitNvvm(lowered, architecture);
      if (failed(text))
        return alreadyReported("make LLVM IR for sm_" + Twine(architecture));
      return toBytes(*text);
    });
  case EmitKind::GpuMlir:
    return files.add(".gpu.mlir",
                     toBytes(printModule(*lowered.gpu, /*withWeights=*/false)));
  case EmitKind::Model:
    return files.add(".model.mlir",
                     toBytes(printModule(model, /*withWeights=*/true)));
  case EmitKind::Assembly:
  case EmitKind::LLVM:
  case EmitKind::MLIR:
    break;
  }
  llvm_unreachable("parseEmit leaves the CPU's kinds out");
}

mlir::LogicalResult ssmc::emitForGpus(mlir::ModuleOp model,
                                      CompiledCudaModel &lowered,
                                      const CudaRequest &request,
                                      ArrayRef<EmitKind> kinds,
                                      PrefixedFiles &files) {
  Progress progress("generating code");
  Emitter emitter(model, lowered, request, files);
  for (EmitKind kind : kinds)
    if (Error error = emitter.add(kind))
      return report(*model->getContext(), std::move(error));
  return mlir::success();
}
