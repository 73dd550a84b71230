//===- ImportModel.cpp - model.json and weights to model-level IR ---------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/ImportModel.h"
#include "lib/Analysis/RuntimeWeights.h"
#include "lib/Import/BuildModel.h"
#include "lib/Import/Parameters.h"
#include "lib/Import/TimeSteps.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace llvm;
using namespace mlir;
using namespace ssmc;

std::string ssmc::deriveModelName(StringRef path) {
  // "." and ".." have names too, unless the current folder is gone.
  SmallString<128> absolute(path);
  if (sys::fs::make_absolute(absolute))
    absolute = path;
  sys::path::remove_dots(absolute, /*remove_dot_dot=*/true);
  StringRef stem = sys::path::stem(absolute);
  if (sys::fs::is_directory(absolute))
    stem = sys::path::filename(absolute);
  else if (sys::path::filename(absolute) == "model.json")
    stem = sys::path::filename(sys::path::parent_path(absolute));
  std::string name;
  for (char c : stem)
    name += isAlnum(c) ? c : '_';
  if (name.empty() || !isAlpha(name.front()))
    name.insert(0, "model_");
  return name;
}

static constexpr StringLiteral kRandomWeights = "random:";

std::string ssmc::getModelPath(StringRef model) {
  SmallString<128> path(model);
  if (sys::fs::is_directory(path))
    sys::path::append(path, "model.json");
  return path.str().str();
}

std::optional<std::string> ssmc::getWeightsPath(StringRef modelFile,
                                                StringRef weights) {
  if (weights == kRuntimeWeights || weights.starts_with(kRandomWeights))
    return std::nullopt;
  if (!weights.empty())
    return weights.str();
  SmallString<128> beside(modelFile);
  sys::path::remove_filename(beside);
  sys::path::append(beside, "model.safetensors");
  return beside.str().str();
}

/// Binds the parameters to what the option `weights` says.
static FailureOr<std::vector<BoundParameter>>
bindParameters(MLIRContext &context, ArrayRef<ParameterSpec> specs,
               StringRef weights, StringRef modelFile) {
  if (weights == kRuntimeWeights)
    return bindAtRuntime(&context, specs);
  StringRef seedText = weights;
  if (seedText.consume_front(kRandomWeights)) {
    uint64_t seed;
    if (seedText.getAsInteger(10, seed))
      return emitError(UnknownLoc::get(&context))
             << "weights '" << weights
             << "': expected random:SEED with an integer SEED from 0 to 2^64-1";
    return bindToRandom(&context, specs, seed);
  }
  std::string path = *getWeightsPath(modelFile, weights);
  if (weights.empty() && !sys::fs::exists(path)) {
    InFlightDiagnostic error =
        emitError(FileLineColLoc::get(&context, path, 0, 0))
        << "there is no such file";
    error.attachNote(UnknownLoc::get(&context))
        << "--weights names another file, random:SEED for a configuration "
           "that was not trained, or runtime for weights that come when the "
           "model runs; ssmc init makes the weights that training starts from";
    return error;
  }
  return bindToFile(&context, specs, path);
}

FailureOr<ModelFile> ssmc::readModelFile(MLIRContext &context, StringRef model,
                                         bool ignoreUnknown) {
  std::string path = getModelPath(model);
  auto buffer = MemoryBuffer::getFile(path);
  if (!buffer)
    return emitError(FileLineColLoc::get(&context, path, 0, 0))
           << "cannot be read: " << buffer.getError().message();
  JsonDiagnostics diagnostics(&context, path);
  JsonError jsonError;
  std::optional<JsonValue> json = parseJson((*buffer)->getBuffer(), jsonError);
  if (!json)
    return diagnostics.error(jsonError.position) << jsonError.message;
  FailureOr<ModelConfig> config =
      readModelConfig(*json, diagnostics, ignoreUnknown);
  if (failed(config))
    return failure();
  FailureOr<std::vector<ParameterSpec>> specs =
      listParameters(*config, diagnostics);
  if (failed(specs))
    return failure();
  return ModelFile{path, diagnostics, std::move(*config), std::move(*specs)};
}

OwningOpRef<ModuleOp> ssmc::importModel(MLIRContext &context,
                                        const ImportOptions &options) {
  FailureOr<ModelFile> model =
      readModelFile(context, options.model, options.ignoreUnknown);
  if (failed(model))
    return nullptr;
  if (options.takesTimeSteps &&
      failed(checkTimeSteps(model->config, model->diagnostics)))
    return nullptr;
  FailureOr<std::vector<BoundParameter>> parameters =
      bindParameters(context, model->parameters, options.weights, model->path);
  if (failed(parameters))
    return nullptr;
  OwningOpRef<ModuleOp> module = buildModel(
      context, model->config, model->parameters, *parameters,
      model->diagnostics,
      options.name.empty() ? deriveModelName(options.model) : options.name,
      options.takesTimeSteps);
  if (module && options.weights == kRuntimeWeights)
    (*module)->setAttr(kTensorsAttr,
                       describeTensors(&context, model->parameters));
  return module;
}
