//===- RunCommand.cpp - ssmc run ------------------------------------------===//
//
// Part of the ssmc project, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Import/ArrayFile.h"
#include "lib/Import/AtomicFile.h"
#include "lib/Import/DiagnosticPrinter.h"
#include "lib/Reference/RunModel.h"
#include "tools/ssmc/Commands.h"
#include "tools/ssmc/Compilation.h"
#include "tools/ssmc/CompileCuda.h"
#include "tools/ssmc/NamedFiles.h"
#include "tools/ssmc/NativeModel.h"
#include "tools/ssmc/Progress.h"
#include "tools/ssmc/StateFiles.h"
#include "tools/ssmc/Threads.h"
#include "tools/ssmc/TrainCommands.h"

using namespace llvm;
using namespace ssmc;

/// The files that code for a GPU is made for here.
static constexpr EmitKind kObject[] = {EmitKind::Object};

static constexpr Flag kRunTargetFlag = {
    kTargetFlag.name, "CPU",
    "CPU to compile for: LLVM's name (x86-64-v3, ...) or\n"
    "'native', this machine's; cuda:compute_80, cuda:sm_90:\n"
    "this machine's first NVIDIA GPU"};

static constexpr Flag kFlags[] = {
    {"--input", "X", "what to run the model on (see below)"},
    {"--output", "Y", "where to write what it computes (see below)"},
    {"--mode", "MODE",
     "forward: whole sequences at once (the default)\n"
     "step: one time step per call\n"
     "chunk=N: N time steps per call"},
    {kThreadsFlag, "N", "share the work among N threads"},
    {"--state-in", "FILE", "start from the states in a safetensors file"},
    {"--state-out", "FILE",
     "write the states after the last time step there: one\n"
     "tensor per state, such as layers.1.blocks.0; '-' is\n"
     "standard output"},
    {kTimeStepsFlag, "FILE",
     "time deltas, of X's batch and steps, that multiply each mode's\n"
     "own step size (S5, LinOSS); formats are those of X"},
    {"--reference", "",
     "compute with the f64 interpreter instead of compiled\n"
     "code, and write f64"},
    kTrainFlag,
    kKeyFlag,
    kKeysFlag,
    kWeightsOutFlag,
    kWithoutHeadFlag,
    kWeightsFlag,
    kRunTargetFlag,
    kPtxasFlag,
    kProductsFlag,
    kChunkFlag,
    kTileFlag,
    kIgnoreUnknownFlag};

static constexpr CommandSpec kSpec = {
    "run", "MODEL",
    "Compiles a model in memory and runs it on the time series in a file.",
    kFlags,
    "X and Y are FILE.npy, FILE.csv (a row per time step), "
    "FILE.safetensors:TENSOR, or\n- for raw little-endian float (int32 for "
    "tokens) on standard input and output.\nX has shape (L, F) or (B, L, F), "
    "for token models (L) or (B, L): L time steps,\nF features, a batch of B. "
    "Y "
    "is (L, O) or (O) accordingly, with B in front if X\nhas it. The CPU is "
    "this machine's unless --target names another.\n\n"
    "example:\n"
    "  ssmc run digits/s5 --input test.safetensors:x --output y.npy\n"};

namespace {
/// What a run gives.
struct RunResult {
  Array y;
  StateMap states;
};
} // namespace

/// The states of a model, without those of its head when that is left off.
static std::vector<StateEntry> getUsedStates(mlir::ModuleOp model,
                                             bool withoutHead) {
  std::vector<StateEntry> entries = getStateEntries(model);
  if (withoutHead)
    llvm::erase_if(entries, [](const StateEntry &entry) {
      return entry.kind == StateEntry::Kind::Sums ||
             entry.kind == StateEntry::Kind::Count;
    });
  return entries;
}

/// Whether there is one answer for all time steps.
static bool isPooled(ArrayRef<StateEntry> used) {
  return llvm::any_of(used, [](const StateEntry &entry) {
    return entry.kind == StateEntry::Kind::Sums;
  });
}

static mlir::FailureOr<RunResult> runReference(mlir::ModuleOp model,
                                               const Array &x, const Array &dt,
                                               const StateMap *states,
                                               bool withoutHead) {
  Progress progress("interpreting");
  reference::ModelOptions options;
  std::vector<StateEntry> used = getUsedStates(model, withoutHead);
  if (states)
    options.initialStates = toReference(*states, used);
  if (!dt.shape.empty())
    options.timeSteps = toReference(dt);
  auto run = reference::runModel(model, toReference(x), options);
  if (failed(run))
    return mlir::failure();
  const reference::Tensor &y = withoutHead ? run->hidden : run->y;
  StateMap all = fromReference(run->states), last;
  for (const StateEntry &entry : used)
    last[entry.path] = all.at(entry.path);
  return RunResult{Array::fromF64(y.shape, y.floats()), std::move(last)};
}

static Expected<RunResult> runCode(const NativeModel &model, const Array &x,
                                   const Array &dt, const StateMap *states,
                                   RunMode mode, const Threads &threads) {
  int64_t batch = x.shape[0];
  auto records = model.makeRecords(batch);
  if (!records)
    return records.takeError();
  if (states)
    packStates(*states, model.getInfo(), batch, records->data());
  auto y = model.run(x.view(), dt.view().toF32(), mode, *records,
                     /*isFresh=*/!states, threads.getExecutor());
  if (!y)
    return y.takeError();
  return RunResult{std::move(*y),
                   unpackStates(model.getInfo(), batch, records->data())};
}

namespace {
/// The command line, checked.
struct RunOptions {
  ArrayPath input, output;
  std::optional<ArrayPath> timeSteps;
  RunMode mode;
  int32_t threads = 1;
  TargetCpu target;
  /// In the place of a CPU.
  std::optional<CudaRequest> gpu;
};
} // namespace

static Error parseTarget(const CommandLine &line, RunOptions &options) {
  StringRef name = line.get(kTargetFlag.name, "native");
  if (!isCudaTarget(name)) {
    if (Error error = refuseGpuFlags(line))
      return error;
    auto target = resolveTargetCpu(name);
    if (!target)
      return target.takeError();
    options.target = std::move(*target);
    return Error::success();
  }
  for (StringRef flag : {StringRef(kThreadsFlag), kTileFlag.name})
    if (line.has(flag))
      return createStringError(flag + " is for CPUs; leave it off for GPUs");
  auto request = CudaRequest::parse(line, kObject);
  if (!request)
    return request.takeError();
  options.gpu = std::move(*request);
  return Error::success();
}

static Expected<RunOptions> parseOptions(const CommandLine &line) {
  for (StringRef needed : {"--input", "--output"})
    if (!line.has(needed))
      return createStringError("option '" + needed + "' is missing");
  auto input = ArrayPath::parse(line.get("--input"));
  if (!input)
    return createStringError("--input " + line.get("--input") + ": " +
                             toString(input.takeError()));
  auto output = ArrayPath::parse(line.get("--output"));
  if (!output)
    return createStringError("--output " + line.get("--output") + ": " +
                             toString(output.takeError()));
  auto mode = RunMode::parse(line.get("--mode", "forward"));
  if (!mode)
    return mode.takeError();
  auto threads = parseThreads(line);
  if (!threads)
    return threads.takeError();
  for (StringRef native :
       {StringRef("--mode"), StringRef(kThreadsFlag), StringRef("--target")})
    if (line.has("--reference") && line.has(native))
      return createStringError("option '" + native +
                               "' has no meaning with --reference");
  RunOptions options{
      std::move(*input), std::move(*output), std::nullopt, *mode, *threads, {},
      std::nullopt};
  if (line.has(kTimeStepsFlag)) {
    auto deltas = ArrayPath::parse(line.get(kTimeStepsFlag));
    if (!deltas)
      return createStringError(kTimeStepsFlag + " " + line.get(kTimeStepsFlag) +
                               ": " + toString(deltas.takeError()));
    options.timeSteps = std::move(*deltas);
  }
  if (Error error = parseTarget(line, options))
    return error;
  return options;
}

static mlir::FailureOr<NativeModel> compileAndLoadOnGpu(mlir::ModuleOp model,
                                                        const CommandLine &line,
                                                        CudaRequest request) {
  mlir::MLIRContext &context = *model->getContext();
  CompileOptions options;
  options.withoutHead = line.has(kWithoutHeadFlag.name);
  options.products = request.products;
  auto lower = [&] {
    return lowerForGpus(model, options, "model", request.target.getAll());
  };
  // That no GPU runs the model does not depend on this machine.
  if (isBidirectional(model) && failed(lower()))
    return mlir::failure();
  // Before long work.
  auto device = CudaDevice::open();
  if (!device)
    return report(context, device.takeError());
  if (Error error = request.findTools(line, kObject))
    return report(context, std::move(error));
  auto lowered = lower();
  if (failed(lowered))
    return mlir::failure();
  PrefixedFiles files("");
  if (failed(emitForGpus(model, *lowered, request, kObject, files)))
    return mlir::failure();
  auto loaded = NativeModel::loadOnGpu(std::move(*device), *files.find(".o"),
                                       lowered->info);
  if (!loaded)
    return report(context, loaded.takeError());
  return std::move(*loaded);
}

static mlir::FailureOr<RunResult> runCompiled(mlir::ModuleOp model,
                                              const CommandLine &line,
                                              const RunOptions &options,
                                              const Array &x, const Array &dt,
                                              const StateMap *states) {
  mlir::MLIRContext &context = *model->getContext();
  if (!options.gpu)
    if (Error error = checkRunsHere(options.target))
      return report(context, std::move(error));
  auto threads = Threads::start(options.threads);
  if (!threads)
    return report(context, threads.takeError());
  auto loaded = options.gpu
                    ? compileAndLoadOnGpu(model, line, *options.gpu)
                    : compileAndLoad(model, options.target,
                                     line.has(kWithoutHeadFlag.name), "model");
  if (failed(loaded))
    return mlir::failure();
  Progress progress("running");
  auto result = runCode(*loaded, x, dt, states, options.mode, *threads);
  if (!result)
    return report(context, result.takeError());
  return std::move(*result);
}

/// A bidirectional model needs all of a sequence for its first output.
static Error checkWholeSequences(const CommandLine &line,
                                 const RunOptions &options) {
  const char *asked = options.mode.kind != RunMode::Kind::Forward ? "--mode"
                      : line.has("--state-in")                    ? "--state-in"
                      : line.has("--state-out") ? "--state-out"
                                                : nullptr;
  if (!asked)
    return Error::success();
  return createStringError(Twine(asked) +
                           ": the model is bidirectional: an output needs the "
                           "inputs after it, so that only whole sequences can "
                           "be run, without states; leave " +
                           asked + " off");
}

static mlir::LogicalResult runModel(mlir::MLIRContext &context,
                                    const CommandLine &line,
                                    const RunOptions &options) {
  auto model = importModel(context, line, "model");
  if (!model || failed(requireWeights(*model, "running a model")))
    return mlir::failure();
  if (isBidirectional(*model))
    if (Error error = checkWholeSequences(line, options))
      return report(context, std::move(error));
  InputType type = getInputType(*model);
  auto input = readModelInput(options.input, type.isTokens ? 0 : type.features);
  if (!input)
    return emitFileError(&context, line.get("--input"), input.takeError());
  const Array &x = input->array;
  bool withoutHead = line.has(kWithoutHeadFlag.name);
  std::vector<StateEntry> used = getUsedStates(*model, withoutHead);
  if (x.shape[1] == 0 && isPooled(used) && !line.has("--state-in"))
    return emitFileError(
        &context, line.get("--input"),
        createStringError("has shape " + input->describeShape() +
                          ", no time steps, and the head has no answer for "
                          "none; expected at least one"));

  Array dt;
  if (options.timeSteps) {
    auto read = readTimeSteps(*options.timeSteps, *input);
    if (!read)
      return emitFileError(&context, line.get(kTimeStepsFlag),
                           read.takeError());
    dt = std::move(*read);
  }
  std::optional<StateMap> states;
  if (line.has("--state-in")) {
    auto read = readStates(line.get("--state-in"), used, x.shape[0]);
    if (!read)
      return emitFileError(&context, line.get("--state-in"), read.takeError());
    states = std::move(*read);
  }
  const StateMap *start = states ? &*states : nullptr;
  auto result = line.has("--reference")
                    ? runReference(*model, x, dt, start, withoutHead)
                    : runCompiled(*model, line, options, x, dt, start);
  if (failed(result))
    return mlir::failure();

  ArrayView y = result->y.view();
  if (!input->isBatched)
    y.shape.erase(y.shape.begin());
  auto writeOutput = [&](raw_pwrite_stream &os) {
    return writeArray(os, options.output, y);
  };
  auto writeState = [&](raw_pwrite_stream &os) {
    writeStates(os, result->states, input->isBatched);
    return Error::success();
  };
  SmallVector<FileToWrite, 2> files = {{options.output.file, writeOutput}};
  if (line.has("--state-out"))
    files.push_back({line.get("--state-out"), writeState});
  if (Error error = writeFiles(files))
    return emitFileError(&context, line.get("--output"), std::move(error));
  return mlir::success();
}

/// What is written must not be what is read, but for states and statistics
/// that go on from those before.
static Error checkFiles(const CommandLine &line) {
  NamedFiles files;
  files.addModel(line);
  for (StringRef flag :
       {StringRef("--input"), StringRef(kTimeStepsFlag), kKeysFlag.name})
    files.addArrayInput(line, flag);
  if (line.has("--state-in"))
    files.addInput("--state-in", line.get("--state-in"));
  files.addArrayOutput(line, "--output");
  if (line.has("--state-out"))
    files.addOutput("--state-out", line.get("--state-out"), {"--state-in"});
  if (line.has(kWeightsOutFlag.name))
    files.addOutput(kWeightsOutFlag.name, line.get(kWeightsOutFlag.name),
                    {NamedFiles::kWeights, kWeightsFlag.name});
  return files.check();
}

static int run(mlir::MLIRContext &context, const CommandLine &line) {
  if (Error error = checkTrainFlags(line))
    return reportUsage(kSpec.name, std::move(error));
  if (Error error = checkFiles(line))
    return reportUsage(kSpec.name, std::move(error));
  for (StringRef other : {StringRef(kTimeStepsFlag), kKeysFlag.name})
    if (line.get("--input") == "-" && line.get(other) == "-")
      return reportUsage(kSpec.name,
                         createStringError("--input and " + other +
                                           " are both standard input; expected "
                                           "a file for one of them"));
  if (line.has(kTrainFlag.name))
    return runInTrainingMode(context, line);
  auto options = parseOptions(line);
  if (!options)
    return reportUsage(kSpec.name, options.takeError());
  return succeeded(runModel(context, line, *options)) ? kSuccess : kFailure;
}

const Command ssmc::kRunCommand = {kSpec, run};
