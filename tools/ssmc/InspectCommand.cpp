//===- InspectCommand.cpp - ssmc inspect ----------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Reference/RunModel.h"
#include "lib/Target/StateLayout.h"
#include "tools/ssmc/Commands.h"
#include "tools/ssmc/Compilation.h"
#include "tools/ssmc/LayerSummary.h"
#include "llvm/Object/ObjectFile.h"
#include "llvm/Support/Format.h"

using namespace llvm;
using namespace ssmc;

static constexpr Flag kFlags[] = {kWeightsFlag, kTargetFlag,
                                  kIgnoreUnknownFlag};

static constexpr CommandSpec kSpec = {
    "inspect", "MODEL",
    "Prints what a model consists of and what it costs when compiled.", kFlags,
    "Sizes and costs do not depend on the weights: --weights random:0 does for "
    "a model\nwithout any. The default CPU is x86-64-v3.\n"};

/// The multiplications of carried states: 4 FMAs for a complex mode, 6 for a
/// complex oscillator.
static int64_t countScanFlops(const StateEntry &entry) {
  switch (entry.kind) {
  case StateEntry::Kind::Diagonal:
    return 8 * entry.size;
  case StateEntry::Kind::Oscillator:
    return 12 * entry.size;
  case StateEntry::Kind::Sums:
    return entry.size;
  case StateEntry::Kind::Count:
    return 0;
  }
  llvm_unreachable("all kinds are above");
}

static void printLayers(raw_ostream &os, mlir::func::FuncOp model) {
  os << "layers\n";
  for (const LayerSummary &layer : summarizeLayers(model))
    os << "  " << left_justify(layer.path, 22) << " "
       << left_justify(layer.description, 30)
       << format(" -> %5lld  %8lld parameters\n", (long long)layer.features,
                 (long long)layer.parameters);
}

static const char *describeKind(StateEntry::Kind kind) {
  switch (kind) {
  case StateEntry::Kind::Diagonal:
    return "complex modes";
  case StateEntry::Kind::Oscillator:
    return "complex oscillators";
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
                 (long long)getPackedBytes(entry.kind, entry.size));
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

static void printCosts(raw_ostream &os, mlir::func::FuncOp model,
                       const NativeCode &native, const TargetCpu &target,
                       uint64_t codeBytes, uint64_t objectBytes) {
  const ModelInfo &info = native.lowered.info;
  int64_t flops = 0;
  for (const LayerSummary &layer : summarizeLayers(model))
    flops += layer.flops;
  for (const StateEntry &entry : info.states)
    flops += countScanFlops(entry);
  auto line = [&](StringRef what, const Twine &value) {
    os << "  " << left_justify(what, 22) << " " << value << "\n";
  };
  os << "compiled for " << target.cpu << "\n";
  line("parameters", Twine(info.parameters));
  line("packed weights", Twine(native.lowered.blob.size()) + " bytes");
  line("operations per step",
       Twine(flops) + " (products and recurrences; an FMA is two)");
  line("state of a stream", Twine(info.stateBytes) + " bytes");
  line("workspace of a worker", Twine(info.workspaceBytes) + " bytes");
  line("streams per group", Twine(info.rowsPerGroup));
  line("time steps per chunk", Twine(info.stepsPerChunk));
  line("machine code", Twine(codeBytes) + " bytes");
  line("object file", Twine(objectBytes) + " bytes");
}

static mlir::LogicalResult inspect(mlir::MLIRContext &context,
                                   const CommandLine &line,
                                   const TargetCpu &target) {
  auto module = importModel(context, line, "model");
  if (!module)
    return mlir::failure();
  auto model = reference::getModelFunction(*module);
  if (failed(model))
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

  InputType type = getInputType(*module);
  const ModelInfo &info = native->lowered.info;
  raw_ostream &os = outs();
  os << "input   " << (type.isTokens ? "token ids" : "floats") << ", "
     << type.features << " per time step\n"
     << "output  " << info.outputFeatures << " floats per "
     << (info.pooled ? "sequence" : "time step") << "\n";
  printLayers(os, *model);
  printStates(os, info);
  printCosts(os, *model, *native, target, *codeBytes, object->size());
  return mlir::success();
}

static int run(mlir::MLIRContext &context, const CommandLine &line) {
  auto target = resolveTargetCpu(line.get(kTargetFlag.name, "x86-64-v3"));
  if (!target)
    return reportUsage(kSpec.name, target.takeError());
  return succeeded(inspect(context, line, *target)) ? kSuccess : kFailure;
}

const Command ssmc::kInspectCommand = {kSpec, run};
