//===- CompileCommand.cpp - ssmc compile ----------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "mlir/Parser/Parser.h"
#include "tools/ssmc/Commands.h"
#include "tools/ssmc/Compilation.h"
#include "tools/ssmc/CompileCuda.h"
#include "tools/ssmc/CompileFiles.h"
#include "tools/ssmc/ModelName.h"
#include "tools/ssmc/NamedFiles.h"
#include "tools/ssmc/TrainCommands.h"
#include "tools/ssmc/Verify.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;
using namespace ssmc;

static constexpr Flag kFlags[] = {
    {"-o", "PREFIX",
     "write PREFIX.o, PREFIX.h, ... (default: the model's name,\n"
     "in the current folder); with / at its end, a folder\n"
     "that exists"},
    {"--name", "ID",
     "name of the model, in front of every C function and\n"
     "macro: a C identifier (default: from PREFIX or MODEL)"},
    kLateWeightsFlag,
    kTargetsFlag,
    {"--emit", "LIST",
     "what to write, separated by commas (default obj,header):\n"
     "  obj     PREFIX.o, an object file\n"
     "  header  PREFIX.h, its C header\n"
     "  shared  PREFIX.so, a shared library\n"
     "  asm     PREFIX.s, assembly\n"
     "  llvm    PREFIX.ll, LLVM IR\n"
     "  mlir    PREFIX.mlir, the LLVM dialect, without weights\n"
     "  model   PREFIX.model.mlir, the model level with weights,\n"
     "          from which ssm-opt goes on\n"
     "and for GPUs, in the place of asm, llvm and mlir:\n"
     "  ptx     PREFIX.ptx, or PREFIX.sm_NN.ptx for several\n"
     "  cubin   PREFIX.cubin, machine code (by ptxas)\n"
     "  nvvm    PREFIX.nvvm.ll, the LLVM IR that becomes PTX\n"
     "  gpu-mlir  PREFIX.gpu.mlir, kernels in the gpu dialect"},
    {"--verify", "",
     "run the object against the f64 interpreter on random\n"
     "input before writing it, and print the errors"},
    {"--compile-to", "LEVEL",
     "stop at a level of the IR and write PREFIX.LEVEL.mlir:\n"
     "model, recurrence, chunk, loops or llvm; the first two\n"
     "with weights"},
    {"--compile-from", "LEVEL",
     "MODEL is an .mlir file at this level; code is compiled\n"
     "from model or recurrence level, --compile-to goes on\n"
     "from any"},
    {"--without-dispatch", "",
     "code for one x86-64 CPU that does not check on which it\n"
     "runs: for programs that load no indirect functions (musl,\n"
     "no C library at all)"},
    kTimeStepsInputFlag,
    kTrainToFlag,
    kWithoutHeadFlag,
    kChunkFlag,
    kTileFlag,
    kPtxasFlag,
    kProductsFlag,
    kIgnoreUnknownFlag};

static constexpr CommandSpec kSpec = {
    "compile", "MODEL",
    "Compiles a trained model to a native object file and its C header. MODEL "
    "is a\nmodel.json, or a folder with model.json and model.safetensors.",
    kFlags,
    "Files are written all or none.\n\n"
    "example:\n"
    "  ssmc compile digits/s5 -o digits --verify\n"
    "  cc main.c digits.o -o main        # main.c includes digits.h\n"
    "  ssmc compile digits/s5 -o digits_gpu --target cuda:sm_80,sm_90\n"};

namespace {
/// The levels between which to compile; `to` is empty for code.
struct Levels {
  Level from = Level::Model;
  std::optional<Level> to;
};
} // namespace

static Expected<Levels> parseLevels(const CommandLine &line) {
  Levels levels;
  auto parse = [&](StringRef flag) -> Expected<Level> {
    if (std::optional<Level> level = parseLevel(line.get(flag)))
      return *level;
    return createStringError(flag + ": unknown level '" + line.get(flag) +
                             "'; expected model, recurrence, chunk, loops or "
                             "llvm");
  };
  if (line.has("--compile-from")) {
    auto from = parse("--compile-from");
    if (!from)
      return from.takeError();
    levels.from = *from;
  }
  if (line.has("--compile-to")) {
    auto to = parse("--compile-to");
    if (!to)
      return to.takeError();
    levels.to = *to;
    if (*to < levels.from)
      return createStringError("--compile-to: level '" + getLevelName(*to) +
                               "' comes before '" + getLevelName(levels.from) +
                               "', where the model is");
  }
  return levels;
}

/// MODEL as IR: imported, or parsed with --compile-from.
static mlir::OwningOpRef<mlir::ModuleOp>
loadModel(mlir::MLIRContext &context, const CommandLine &line, StringRef name) {
  if (!line.has("--compile-from"))
    return importModel(context, line, name);
  auto sizes = SizeFlags::parse(line);
  if (!sizes)
    return (void)report(context, sizes.takeError()), nullptr;
  auto model =
      mlir::parseSourceFile<mlir::ModuleOp>(line.getArgument(), &context);
  if (model)
    sizes->attachTo(*model);
  return model;
}

/// What the files' names begin with: -o, to which the name is added when it is
/// a folder.
static std::string choosePrefix(const CommandLine &line, StringRef name) {
  StringRef prefix = line.get("-o", name);
  return (prefix.ends_with("/") ? prefix + name : Twine(prefix)).str();
}

/// The file of one level.
static std::string chooseLevelFile(const CommandLine &line, StringRef name,
                                   Level to) {
  return (choosePrefix(line, name) + "." + getLevelName(to) + ".mlir").str();
}

/// Writes the model at another level.
static mlir::LogicalResult lowerToFile(mlir::MLIRContext &context,
                                       const CommandLine &line, StringRef name,
                                       ArrayRef<TargetCpu> targets,
                                       const Levels &levels) {
  auto model = loadModel(context, line, name);
  CompileOptions options;
  options.targets = targets;
  options.withoutHead = line.has(kWithoutHeadFlag.name);
  if (!model || failed(lowerModel(*model, levels.from, *levels.to, options)))
    return mlir::failure();
  bool withWeights = *levels.to <= Level::Recurrence;
  OutputFile file{chooseLevelFile(line, name, *levels.to),
                  toBytes(printModule(*model, withWeights))};
  return writeOutputFiles(&context, file);
}

static void printFiles(ArrayRef<OutputFile> files) {
  for (const OutputFile &file : files)
    outs() << file.path << ": " << file.bytes.size() << " bytes\n";
}

/// Says for which CPUs code was made.
static void printTargets(ArrayRef<TargetCpu> targets) {
  const TargetCpu &first = targets.front();
  outs() << "code for "
         << llvm::join(
                llvm::map_range(targets, [](const auto &t) { return t.cpu; }),
                ", ")
         << (targets.size() > 1 ? ", chosen when loaded" : "") << " ("
         << first.triple.str() << ")\n";
}

static mlir::LogicalResult compile(mlir::MLIRContext &context,
                                   const CommandLine &line, StringRef name,
                                   ArrayRef<TargetCpu> targets,
                                   const Levels &levels,
                                   ArrayRef<EmitKind> kinds) {
  mlir::OwningOpRef<mlir::ModuleOp> model, training;
  if (line.has(kTrainToFlag.name)) {
    training = importTrainingForm(context, line, name);
    if (!training)
      return mlir::failure();
    model = training->clone();
    if (failed(takeInferenceForm(*model)))
      return mlir::failure();
  } else {
    model = loadModel(context, line, name);
  }
  if (!model)
    return mlir::failure();
  if (line.has("--verify") && failed(requireWeights(*model, "--verify")))
    return mlir::failure();
  bool withoutHead = line.has(kWithoutHeadFlag.name);
  bool keepWeights =
      line.has("--verify") || llvm::is_contained(kinds, EmitKind::Model);
  auto native =
      compileForCpus(*model, targets, withoutHead, name, levels.from,
                     keepWeights, training ? *training : mlir::ModuleOp());
  if (failed(native))
    return mlir::failure();
  std::string prefix = choosePrefix(line, name);
  PrefixedFiles files(prefix);
  if (line.has("--verify") && failed(verifyModel(*model, *native, levels.from)))
    return mlir::failure();
  for (EmitKind kind : kinds)
    if (Error error = addNativeFile(*model, *native, kind, files))
      return report(context, std::move(error));
  if (failed(writeOutputFiles(&context, files.get())))
    return mlir::failure();
  printFiles(files.get());
  if (kinds != ArrayRef(EmitKind::Model))
    printTargets(targets);
  return mlir::success();
}

/// The same for GPUs.
static mlir::LogicalResult compile(mlir::MLIRContext &context,
                                   const CommandLine &line, StringRef name,
                                   const CudaRequest &request, Level from,
                                   ArrayRef<EmitKind> kinds) {
  auto model = loadModel(context, line, name);
  if (!model)
    return mlir::failure();
  CompileOptions options;
  options.withoutHead = line.has(kWithoutHeadFlag.name);
  options.from = from;
  options.keepWeights = llvm::is_contained(kinds, EmitKind::Model);
  options.products = request.products;
  auto lowered = lowerForGpus(*model, options, name, request.target.getAll());
  if (failed(lowered))
    return mlir::failure();
  std::string prefix = choosePrefix(line, name);
  PrefixedFiles files(prefix);
  if (failed(emitForGpus(*model, *lowered, request, kinds, files)) ||
      failed(writeOutputFiles(&context, files.get())))
    return mlir::failure();
  printFiles(files.get());
  return mlir::success();
}

/// Refuses options that would have no effect together.
static Error checkTogether(const CommandLine &line, const Levels &levels,
                           ArrayRef<EmitKind> kinds) {
  if (Error error = checkTrainToFlag(line))
    return error;
  if (line.get("-o") == "-")
    return createStringError("-o is '-', but nothing is compiled to standard "
                             "output; expected what files' names begin with");
  if (line.getArgument().ends_with(".mlir") && !line.has("--compile-from"))
    return createStringError("MODEL is an .mlir file; name its level with "
                             "--compile-from");
  if (Error error = checkTimeStepsInput(line))
    return error;
  if (line.has("--verify") && line.has(kWithoutHeadFlag.name))
    return createStringError("--verify checks a model with and without its "
                             "head; leave --without-head off");
  if (levels.to && (line.has("--emit") || line.has("--verify")))
    return createStringError("--compile-to writes IR; leave --emit and "
                             "--verify off");
  if (line.has("--compile-from") && line.has(kTimeStepsFlag))
    return createStringError("--compile-from reads IR, which says itself "
                             "whether it takes time deltas; leave " +
                             kTimeStepsFlag + " off");
  for (StringRef flag : {kWeightsFlag.name, kIgnoreUnknownFlag.name})
    if (line.has("--compile-from") && line.has(flag))
      return createStringError("--compile-from reads IR with its weights; "
                               "leave " +
                               flag + " off");
  if (levels.from > Level::Recurrence && line.has(kChunkFlag.name))
    return createStringError("--compile-from " + getLevelName(levels.from) +
                             ": chunks have their rows already; leave " +
                             kChunkFlag.name + " off");
  if (levels.from > Level::Chunk && line.has(kTileFlag.name))
    return createStringError("--compile-from " + getLevelName(levels.from) +
                             ": there are loops already; leave " +
                             kTileFlag.name + " off");
  if (levels.from != Level::Model && llvm::is_contained(kinds, EmitKind::Model))
    return createStringError("--emit model: the model is at " +
                             getLevelName(levels.from) + " level already");
  return Error::success();
}

/// Refuses to write over what is read. The dialect's files of each of `cpus`
/// are none that code is compiled from.
static Error checkFiles(const CommandLine &line, StringRef name,
                        const Levels &levels, ArrayRef<EmitKind> kinds,
                        size_t cpus) {
  NamedFiles files;
  if (line.has("--compile-from"))
    files.addInput("MODEL", line.getArgument());
  else
    files.addModel(line);
  if (levels.to) {
    std::string file = chooseLevelFile(line, name, *levels.to);
    files.addOutput(file, file);
    return files.check();
  }
  for (EmitKind kind : kinds) {
    if (kind == EmitKind::MLIR && cpus > 1)
      continue;
    std::string file = choosePrefix(line, name) + getExtension(kind).str();
    files.addOutput(file, file);
  }
  return files.check();
}

/// The CPUs to compile for. IR below the recurrence level is for one of them,
/// and so is code without dispatch.
static Expected<std::vector<TargetCpu>> parseTargets(const CommandLine &line) {
  StringRef one;
  for (StringRef flag : {"--compile-to", "--without-dispatch"})
    if (line.has(flag))
      one = flag;
  StringRef otherwise = kDefaultTargets;
  if (!one.empty())
    otherwise = "x86-64-v3";
  StringRef list = line.get(kTargetsFlag.name, otherwise);
  // A system stands for several CPUs only where there can be several.
  if (!one.empty() && !list.contains(',')) {
    auto target = resolveTargetCpu(list);
    if (!target)
      return target.takeError();
    target->isDispatched &= !line.has("--without-dispatch");
    return std::vector<TargetCpu>{std::move(*target)};
  }
  auto targets = resolveTargets(list);
  if (!targets)
    return targets;
  if (!one.empty() && targets->size() > 1)
    return createStringError(one + " is for one CPU, and --target names " +
                             Twine(targets->size()));
  return targets;
}

/// Refuses options that are for CPUs only.
static Error checkForGpus(const CommandLine &line) {
  if (line.has("--verify"))
    return createStringError("--verify runs code on this machine's CPU; leave "
                             "it off for GPUs");
  if (line.has("--compile-to"))
    return createStringError("--compile-to stops on the way to code for CPUs; "
                             "for GPUs there is --emit gpu-mlir");
  for (StringRef flag : {StringRef("--without-dispatch"), kTileFlag.name})
    if (line.has(flag))
      return createStringError(flag + " is for CPUs; leave it off for GPUs");
  return Error::success();
}

static int runForGpus(mlir::MLIRContext &context, const CommandLine &line,
                      StringRef name, const Levels &levels,
                      ArrayRef<EmitKind> kinds) {
  if (Error error = checkForGpus(line))
    return reportUsage(kSpec.name, std::move(error));
  if (Error error = checkFiles(line, name, levels, kinds, /*cpus=*/0))
    return reportUsage(kSpec.name, std::move(error));
  auto request = CudaRequest::parse(line, kinds);
  if (!request)
    return reportUsage(kSpec.name, request.takeError());
  if (Error error = request->findTools(line, kinds))
    return failed(report(context, std::move(error))) ? kFailure : kSuccess;
  if (failed(checkOutputFolder(&context, choosePrefix(line, name))))
    return kFailure;
  auto result = compile(context, line, name, *request, levels.from, kinds);
  return succeeded(result) ? kSuccess : kFailure;
}

static int runForCpus(mlir::MLIRContext &context, const CommandLine &line,
                      StringRef name, const Levels &levels,
                      ArrayRef<EmitKind> kinds) {
  auto targets = parseTargets(line);
  if (!targets)
    return reportUsage(kSpec.name, targets.takeError());
  if (Error error = refuseGpuFlags(line))
    return reportUsage(kSpec.name, std::move(error));
  if (Error error = checkFiles(line, name, levels, kinds, targets->size()))
    return reportUsage(kSpec.name, std::move(error));
  if (failed(checkOutputFolder(&context, choosePrefix(line, name))))
    return kFailure;
  auto result = levels.to
                    ? lowerToFile(context, line, name, *targets, levels)
                    : compile(context, line, name, *targets, levels, kinds);
  return succeeded(result) ? kSuccess : kFailure;
}

static int run(mlir::MLIRContext &context, const CommandLine &line) {
  bool forGpus = isCudaTarget(line.get(kTargetsFlag.name));
  auto kinds = parseEmit(line.get("--emit", "obj,header"), forGpus);
  if (!kinds)
    return reportUsage(kSpec.name, kinds.takeError());
  auto name = chooseName(line);
  if (!name)
    return reportUsage(kSpec.name, name.takeError());
  auto levels = parseLevels(line);
  if (!levels)
    return reportUsage(kSpec.name, levels.takeError());
  if (Error error = checkTogether(line, *levels, *kinds))
    return reportUsage(kSpec.name, std::move(error));
  if (!levels->to)
    tellOfOtherName(line, *name);
  return forGpus ? runForGpus(context, line, *name, *levels, *kinds)
                 : runForCpus(context, line, *name, *levels, *kinds);
}

const Command ssmc::kCompileCommand = {kSpec, run};
