//===- InspectCommand.cpp - ssmc inspect ----------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/ImportModel.h"
#include "lib/Reference/RunModel.h"
#include "lib/Target/RuntimeConstants.h"
#include "lib/Target/StateLayout.h"
#include "tools/ssmc/Commands.h"
#include "tools/ssmc/Compilation.h"
#include "tools/ssmc/CostReport.h"
#include "tools/ssmc/LayerSummary.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/Format.h"

using namespace llvm;
using namespace ssmc;

static constexpr Flag kJsonFlag = {"--json", "", "print JSON, for programs"};

static constexpr Flag kFlags[] = {
    kLateWeightsFlag,   kTargetFlag, kTimeStepsInputFlag, kChunkFlag, kTileFlag,
    kIgnoreUnknownFlag, kJsonFlag};

static constexpr CommandSpec kSpec = {
    "inspect", "MODEL",
    "Prints what a model consists of and what it costs when compiled.", kFlags,
    "Sizes and costs do not depend on the weights: --weights random:0 does for "
    "a model\nwithout any. The default CPU is x86-64-v3.\n"};

static void printLayers(raw_ostream &os, ArrayRef<LayerSummary> layers) {
  os << "layers\n";
  for (const LayerSummary &layer : layers)
    os << "  " << left_justify(layer.path, 22) << " "
       << left_justify(layer.description, 30)
       << format(" -> %5lld  %8lld parameters  ", (long long)layer.features,
                 (long long)layer.parameters)
       << layer.className << "\n";
}

static const char *describeKind(StateEntry::Kind kind) {
  switch (kind) {
  case StateEntry::Kind::Diagonal:
    return "complex modes";
  case StateEntry::Kind::Oscillator:
    return "complex oscillators";
  case StateEntry::Kind::Channels:
    return "channels";
  case StateEntry::Kind::Matrices:
    return "features of heads";
  case StateEntry::Kind::Sums:
    return "sums (f64)";
  case StateEntry::Kind::Count:
    return "step counter";
  }
  llvm_unreachable("all kinds are above");
}

static void printStates(raw_ostream &os, const ModelInfo &info) {
  os << "state of a stream\n";
  for (const StateEntry &entry : info.states)
    os << "  " << left_justify(entry.path, 22) << " "
       << format("%5lld", (long long)entry.size) << " "
       << left_justify(describeKind(entry.kind), 20)
       << format(" offset %6lld, %6lld bytes\n", (long long)entry.offset,
                 (long long)getPackedBytes(entry));
}

/// Bytes of an object file's machine code.
static Expected<uint64_t> getCodeBytes(ArrayRef<char> bytes) {
  auto object = object::ObjectFile::createObjectFile(
      MemoryBufferRef(StringRef(bytes.data(), bytes.size()), "model.o"));
  if (!object)
    return object.takeError();
  uint64_t size = 0;
  for (const object::SectionRef &section : (*object)->sections())
    if (section.isText())
      size += section.getSize();
  return size;
}

namespace {
/// All that is printed.
struct Inspection {
  InputType input;
  std::vector<LayerSummary> layers;
  ModelInfo info;
  std::string cpu;
  uint64_t weightBytes = 0, codeBytes = 0, objectBytes = 0;
  CostReport costs;
  /// Bytes of stack by function of the C API.
  std::map<std::string, int64_t> stack;
};
} // namespace

static void printText(raw_ostream &os, const Inspection &found) {
  const ModelInfo &info = found.info;
  os << "input   " << (found.input.isTokens ? "token ids" : "floats") << ", "
     << found.input.features << " per time step\n"
     << "output  " << info.outputFeatures << " floats per "
     << (info.pooled ? "sequence" : "time step") << "\n";
  printLayers(os, found.layers);
  if (info.isBidirectional())
    os << "forward only: bidirectional, whole sequences without states\n";
  else
    printStates(os, info);
  auto line = [&](const Twine &what, const Twine &value) {
    os << "  " << left_justify(what.str(), 22) << " " << value << "\n";
  };
  os << "compiled for " << found.cpu << "\n";
  line("parameters", Twine(info.parameters));
  line("packed weights", Twine(found.weightBytes) + " bytes");
  if (info.takesWeights) {
    line("set of weights", Twine(getWeightsBytes(info)) + " bytes");
    line("workspace of load", Twine(getLoadWorkspaceBytes(info)) + " bytes");
  }
  line("operations per step",
       Twine(found.costs.flops) + " (products and recurrences; an FMA is two)");
  if (!info.isBidirectional())
    line("state of a stream", Twine(info.stateBytes) + " bytes");
  line("workspace of a worker", Twine(getWorkspaceBytes(info)) + " bytes");
  if (info.isBidirectional())
    line("and per time step", Twine(info.sequenceBytes) + " bytes");
  else
    line("streams per group", Twine(info.rowsPerChunk));
  line("time steps per chunk", Twine(info.rowsPerChunk));
  line("machine code", Twine(found.codeBytes) + " bytes");
  line("object file", Twine(found.objectBytes) + " bytes");
  for (const auto &[function, bytes] : found.stack)
    line("stack of " + function, Twine(bytes) + " bytes");
  found.costs.print(os);
}

static void printStates(json::OStream &json, const ModelInfo &info) {
  json.attributeArray("states", [&] {
    for (const StateEntry &entry : info.states)
      json.object([&] {
        json.attribute("path", entry.path);
        json.attribute("kind", describeKind(entry.kind));
        json.attribute("size", entry.size);
        json.attribute("offset", entry.offset);
        json.attribute("bytes", getPackedBytes(entry));
      });
  });
}

static void printJson(raw_ostream &os, const Inspection &found) {
  const ModelInfo &info = found.info;
  json::OStream json(os, 2);
  json.object([&] {
    json.attribute("tokens", found.input.isTokens);
    json.attribute("input_features", found.input.features);
    json.attribute("output_features", info.outputFeatures);
    json.attribute("pooled", info.pooled);
    json.attributeArray("layers", [&] {
      for (const LayerSummary &layer : found.layers)
        json.object([&] {
          json.attribute("path", layer.path);
          json.attribute("class", layer.className);
          json.attribute("description", layer.description);
          json.attribute("features", layer.features);
          json.attribute("parameters", layer.parameters);
        });
    });
    json.attribute("forward_only", info.isBidirectional());
    if (!info.isBidirectional())
      printStates(json, info);
    json.attribute("cpu", found.cpu);
    json.attribute("parameters", info.parameters);
    json.attribute("weight_bytes", found.weightBytes);
    if (info.takesWeights) {
      json.attribute("weight_set_bytes", getWeightsBytes(info));
      json.attribute("load_workspace_bytes", getLoadWorkspaceBytes(info));
    }
    json.attribute("flops_per_step", found.costs.flops);
    json.attribute("workspace_bytes", getWorkspaceBytes(info));
    if (info.isBidirectional()) {
      json.attribute("workspace_bytes_per_step", info.sequenceBytes);
    } else {
      json.attribute("state_bytes", info.stateBytes);
      json.attribute("streams_per_group", info.rowsPerChunk);
    }
    json.attribute("steps_per_chunk", info.rowsPerChunk);
    json.attribute("code_bytes", found.codeBytes);
    json.attribute("object_bytes", found.objectBytes);
    json.attributeObject("stack_bytes", [&] {
      for (const auto &[function, bytes] : found.stack)
        json.attribute(function, bytes);
    });
    found.costs.print(json);
  });
  os << "\n";
}

/// The operations of a model, and what model.json calls the layers they are of.
static mlir::FailureOr<std::vector<LayerSummary>>
findLayers(mlir::func::FuncOp model, const CommandLine &line) {
  std::vector<LayerSummary> layers = summarizeLayers(model);
  // The import gave the warnings.
  mlir::ScopedDiagnosticHandler silence(
      model.getContext(), [](mlir::Diagnostic &diagnostic) {
        return mlir::success(diagnostic.getSeverity() !=
                             mlir::DiagnosticSeverity::Error);
      });
  auto file = readModelFile(*model.getContext(), line.getArgument(),
                            line.has(kIgnoreUnknownFlag.name));
  if (failed(file))
    return mlir::failure();
  nameClasses(layers, file->config);
  return layers;
}

static mlir::FailureOr<Inspection> inspect(mlir::MLIRContext &context,
                                           const CommandLine &line,
                                           const TargetCpu &target) {
  auto module = importModel(context, line, "model");
  if (!module)
    return mlir::failure();
  auto model = reference::getModelFunction(*module);
  if (failed(model))
    return mlir::failure();
  CompileOptions options;
  options.targets = {target};
  auto layers = findLayers(*model, line);
  if (failed(layers))
    return mlir::failure();
  auto costs = CostReport::make(*module, options);
  if (failed(costs))
    return mlir::failure();
  auto native = compileForCpus(*module, target, /*withoutHead=*/false, "model");
  if (failed(native))
    return mlir::failure();
  auto object = native->code.emitObject();
  if (!object)
    return report(context, object.takeError());
  auto codeBytes = getCodeBytes(*object);
  if (!codeBytes)
    return report(context, codeBytes.takeError());
  auto stack = native->code.measureStack();
  if (!stack)
    return report(context, stack.takeError());
  Inspection found;
  found.input = getInputType(*module);
  found.layers = std::move(*layers);
  found.info = native->lowered.info;
  found.cpu = target.cpu;
  found.weightBytes = native->lowered.info.packedBytes;
  found.codeBytes = *codeBytes;
  found.objectBytes = object->size();
  found.costs = std::move(*costs);
  for (StringRef function : {"step", "chunk", "forward"})
    if (function == "forward" || !found.info.isBidirectional())
      found.stack[function.str()] = (*stack)["model_" + function.str()];
  return found;
}

static int run(mlir::MLIRContext &context, const CommandLine &line) {
  if (Error error = checkTimeStepsInput(line))
    return reportUsage(kSpec.name, std::move(error));
  auto target = resolveTargetCpu(line.get(kTargetFlag.name, "x86-64-v3"));
  if (!target)
    return reportUsage(kSpec.name, target.takeError());
  auto found = inspect(context, line, *target);
  if (failed(found))
    return kFailure;
  line.has(kJsonFlag.name) ? printJson(outs(), *found)
                           : printText(outs(), *found);
  return kSuccess;
}

const Command ssmc::kInspectCommand = {kSpec, run};
